"""Which doors into an organisation are open: the one place where its sign-up switches are read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from tenants.models import Domain, Tenant
from tenants.selectors import has_lapsed, is_blocked


class Door(Enum):
    SIGN_UP = "people sign up by themselves, and open links that were sent to them"
    ADMINISTRATION = "those who administer the organisation create or import accounts"


@dataclass(frozen=True, slots=True)
class Doors:
    """`may_ask`: whether anybody may come to this door; `may_create`: whether an account may come of it."""

    may_ask: bool
    may_create: bool


def doors(domain: Domain | None, door: Door, *, now: dt.datetime) -> Doors:
    """`domain` is None where no organisation has it yet.

    The switches are about people who sign up. Administration goes past them, and needs the domain verified
    and not blocked: nobody has opened the mailboxes that it names. (Sign-up asks about blocked domains by itself.)
    """
    if door is Door.ADMINISTRATION:
        return Doors(may_ask=True, may_create=_may_administer(domain, now))
    if domain is None:
        return Doors(may_ask=True, may_create=True)
    tenant = domain.tenant
    return Doors(
        may_ask=tenant.allow_ad_hoc_subscriptions,
        may_create=tenant.allow_email_verified_users and not _is_lapsed(domain, now),
    )


def _may_administer(domain: Domain | None, now: dt.datetime) -> bool:
    return (
        domain is not None
        and domain.state == Domain.State.VERIFIED
        and not _is_lapsed(domain, now)
        and not is_blocked(domain.name)
    )


def _is_lapsed(domain: Domain, now: dt.datetime) -> bool:
    is_managed = domain.tenant.state == Tenant.State.MANAGED
    return is_managed and has_lapsed(domain.name, now)
