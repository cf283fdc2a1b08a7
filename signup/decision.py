"""What a sign-up leads to: the table of the organisation's plan and switches, and of the account.

The page depends on the organisation alone, so that it tells nothing about a person; the mail, which only
the holder of the mailbox reads, depends on the account too. One function, for every door.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.utils import timezone

from signup.models import SignUp
from subscriptions import selectors as plans
from subscriptions.models import FREE_PLAN, Subscription
from tenants import selectors as directory
from tenants.addresses import Address
from tenants.joining import Door, doors
from tenants.models import Domain, User

Outcome = SignUp.Outcome


class Page(Enum):
    CHECK_MAIL = "check your mail"
    SIGN_IN = "sign in"
    CLOSED = "sign-up is switched off"


@dataclass(frozen=True, slots=True)
class Decision:
    page: Page
    outcome: SignUp.Outcome | None
    domain: Domain | None = None
    user: User | None = None
    subscription: Subscription | None = None

    @property
    def may_create_account(self) -> bool:
        return self.outcome is Outcome.CONFIRM


def decide(address: Address) -> Decision:
    """What a request to join with `address` leads to now."""
    domain = directory.domain_named(address.domain)
    tenant = domain.tenant if domain else None
    # Nobody but an operator has an address in a domain that is in no directory.
    look_up = directory.user_by_address if domain else directory.operator_by_address
    user = look_up(str(address))
    if user and user.state == User.State.CLOSED:
        user = None
    now = timezone.now()
    paid = plans.entitling_subscription(tenant, now) if tenant else None
    open_doors = doors(domain, Door.SIGN_UP, now=now)
    ad_hoc, new_accounts = open_doors.may_ask, open_doors.may_create

    if paid:
        page, outcome = Page.SIGN_IN, _in_paid_organisation(user, ad_hoc and new_accounts)
    elif not ad_hoc:
        page, outcome = Page.CLOSED, None
    elif not new_accounts:
        page, outcome = Page.CHECK_MAIL, _without_new_accounts(user, address)
    else:
        page, outcome = Page.CHECK_MAIL, _open(user)
    return Decision(page, outcome, domain, user, paid)


def _open(user: User | None) -> SignUp.Outcome:
    if user is None:
        return Outcome.CONFIRM
    return Outcome.ALREADY_REGISTERED if user.is_active else Outcome.ASK_ADMINISTRATOR


def _in_paid_organisation(user: User | None, may_sign_up: bool) -> SignUp.Outcome:
    if user is None:
        return Outcome.CONFIRM if may_sign_up else Outcome.ASK_ADMINISTRATOR
    return Outcome.SIGN_IN if user.is_active else Outcome.ASK_ADMINISTRATOR


def _without_new_accounts(user: User | None, address: Address) -> SignUp.Outcome:
    """The plan is added by a link to the account's own mailbox: an alias may be somebody else's to read."""
    if user is None or not user.is_active:
        return Outcome.ASK_ADMINISTRATOR
    if user.is_operator or user.email != str(address):
        return Outcome.ALREADY_REGISTERED
    return Outcome.ALREADY_REGISTERED if plans.has_unit(user, FREE_PLAN) else Outcome.ADD_PLAN
