"""What somebody should look at, each with a sentence and where to go.

Every number comes from an index that holds little else, and stops where more makes no difference.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.fresh_factor import REAL
from audit.spelling import shown_domain
from outbox.models import OutboxMail
from rms_portal.metrics.gauges import oldest_due_seconds
from rms_portal.scheduler import last_sign_of_life
from subscriptions.flows.ends import untold
from subscriptions.models import LAST_DAY, Order, Subscription
from tenants.models import Domain, DomainHandOver, Takeover, Tenant, User
from tenants.selectors import LAPSES_AFTER, proofs_in_danger

MOST = 1_000
MOST_NAMED = 5
FAILED_WITHIN = dt.timedelta(days=7)
ENDS_WITHIN = dt.timedelta(days=30)
LATE_MAIL_SECONDS = 10 * 60
SILENT_SCHEDULER_SECONDS = 10 * 60


@dataclass(frozen=True, slots=True)
class Notice:
    text: str
    # The page of the administration with more, by the name of its model, and what it is filtered by.
    page: str = ""
    filters: str = ""
    is_grave: bool = False


def notices(tenant_id: uuid.UUID | None, now: dt.datetime) -> list[Notice]:
    """Of one organisation, or of the installation; the gravest first."""
    sources: tuple[Callable[[uuid.UUID | None, dt.datetime], Iterator[Notice]], ...] = (
        _proofs,
        _given_up,
        _takeovers,
        _offers,
        _mails,
        _subscriptions,
        _orders,
        _untold_ends,
        _without_factor,
        _role_mailboxes,
    )
    found = [] if tenant_id else list(_machinery(now))
    found += [notice for source in sources for notice in source(tenant_id, now)]
    return sorted(found, key=lambda notice: not notice.is_grave)


def _orders(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    """For whoever decides them."""
    waiting = Order.objects.filter(state=Order.State.PLACED)
    if tenant_id is None and (count := _counted(waiting)):
        text = ngettext(
            "%(count)s order waits for your decision.",
            "%(count)s orders wait for your decision.",
            count,
        )
        yield Notice(text % {"count": _shown(count)}, "subscriptions.order", "state__exact=placed")


def _counted(rows: QuerySet[Any]) -> int:
    return rows.order_by()[:MOST].count()


def _machinery(now: dt.datetime) -> Iterator[Notice]:
    late = oldest_due_seconds()
    if late > LATE_MAIL_SECONDS:
        text = _("Mail has been waiting for %(minutes)d minutes. Does the worker run?")
        yield Notice(
            text % {"minutes": late // 60},
            "outbox.outboxmail",
            "state__exact=queued",
            is_grave=True,
        )
    alive = last_sign_of_life()
    if alive is not None and now.timestamp() - alive > SILENT_SCHEDULER_SECONDS:
        text = _("The scheduler has done nothing for %(minutes)d minutes. Does it run?")
        yield Notice(text % {"minutes": (now.timestamp() - alive) // 60}, is_grave=True)


def _proofs(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    endangered = proofs_in_danger(tenant_id)
    for proof in endangered[:MOST_NAMED]:
        if proof.proof_lost_at is None:
            text = _(
                "%(domain)s: the DNS record was not found at the last look. Is it still there?"
            )
            yield Notice(text % {"domain": proof.domain_name}, "tenants.domain")
            continue
        ends = proof.proof_lost_at + LAPSES_AFTER
        text = (
            _(
                "%(domain)s: the DNS record is missing. From %(date)s nobody joins through it any more."
            )
            if ends > now
            else _("%(domain)s: the DNS record is missing. Nobody joins through it since %(date)s.")
        )
        values = {"domain": proof.domain_name, "date": date_format(ends, "DATE_FORMAT")}
        yield Notice(text % values, "tenants.domain", is_grave=True)
    more = _counted(endangered) - MOST_NAMED
    if more > 0:
        text = ngettext(
            "The DNS record of %(count)s more domain is missing.",
            "The DNS records of %(count)s more domains are missing.",
            more,
        )
        yield Notice(text % {"count": _shown(more)}, "tenants.domain", is_grave=True)


def _given_up(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    """Until somebody looks, its domain is between two organisations: nobody else takes it over."""
    failed = Takeover.objects.filter(state=Takeover.State.UNDOING, given_up_at__isnull=False)
    if tenant_id or not (count := _counted(failed)):
        return
    text = ngettext(
        "Undoing %(count)s takeover failed and is not tried any more. Its log says why; then run resume_takeovers.",
        "Undoing %(count)s takeovers failed and is not tried any more. The log says why; then run resume_takeovers.",
        count,
    )
    yield Notice(
        text % {"count": _shown(count)}, "tenants.takeover", "state__exact=undoing", is_grave=True
    )


def _takeovers(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    """While the new administrators are limited, those concerned and operators can still object."""
    recent = Takeover.objects.filter(state=Takeover.State.DONE, limited_until__gt=now)
    if tenant_id:
        recent = recent.filter(target_tenant_id=tenant_id)
    for takeover in recent.order_by("limited_until")[:MOST_NAMED]:
        text = (
            _("%(domain)s: a member became its administrator.")
            if takeover.kind == Takeover.Kind.INTERNAL
            else _("%(domain)s was taken over by %(organisation)s.")
        )
        text += " " + _("Until %(date)s (UTC) accounts from before are not deleted or reset.")
        values = {
            "domain": shown_domain(takeover.domain_name),
            "organisation": takeover.target_name,
            "date": date_format(takeover.limited_until or now, "DATETIME_FORMAT"),
        }
        yield Notice(text % values, "tenants.takeover")
    more = _counted(recent) - MOST_NAMED
    if more > 0:
        text = ngettext(
            "%(count)s more takeover is under its limits.",
            "%(count)s more takeovers are under their limits.",
            more,
        )
        yield Notice(text % {"count": _shown(more)}, "tenants.takeover")


def _offers(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    """Of domains, to be answered."""
    if tenant_id is None:
        return
    offers = DomainHandOver.objects.filter(target_tenant_id=tenant_id, expires_at__gt=now)
    for offer in offers.filter(state=DomainHandOver.State.OFFERED)[:MOST_NAMED]:
        text = _("%(domain)s is offered to you until %(date)s. Accept or decline it.")
        date = date_format(offer.expires_at, "DATE_FORMAT")
        values = {"domain": shown_domain(offer.domain_name), "date": date}
        yield Notice(text % values, "tenants.domain")


def _mails(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    failed = OutboxMail.objects.filter(
        state__in=(OutboxMail.State.FAILED, OutboxMail.State.BOUNCED),
        failed_at__gt=now - FAILED_WITHIN,
    )
    if tenant_id:
        own = Q()
        for name in Domain.objects.filter(tenant=tenant_id).values_list("name", flat=True):
            own |= Q(to_address__endswith=f"@{name}")
        failed = failed.filter(own) if own else failed.none()
    if count := _counted(failed):
        text = ngettext(
            "%(count)s mail of the last 7 days could not be delivered.",
            "%(count)s mails of the last 7 days could not be delivered.",
            count,
        )
        yield Notice(text % {"count": _shown(count)}, "outbox.outboxmail", "state__exact=failed")


def _subscriptions(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    ending = Subscription.objects.filter(
        Q(cancelled_at__isnull=True) | Q(cancelled_at__gt=now), plan__is_free=False
    ).annotate(end=LAST_DAY)
    ending = ending.filter(end__gt=now, end__lte=now + ENDS_WITHIN).order_by("end")
    if tenant_id:
        ending = ending.filter(tenant=tenant_id)
    for subscription in ending.select_related("plan", "tenant")[:MOST_NAMED]:
        text = _("%(organisation)s: the subscription to %(plan)s ends on %(date)s.")
        values = {
            "organisation": subscription.tenant.name,
            "plan": subscription.plan.name,
            "date": date_format(subscription.end, "DATE_FORMAT"),
        }
        yield Notice(text % values, "subscriptions.subscription")
    more = _counted(ending) - MOST_NAMED
    if more > 0:
        text = ngettext(
            "%(count)s more subscription ends within 30 days.",
            "%(count)s more subscriptions end within 30 days.",
            more,
        )
        yield Notice(text % {"count": _shown(more)}, "subscriptions.subscription")


def _untold_ends(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    """Nobody administers the organisation, so it is the operator's to tell somebody there."""
    subscriptions = untold(now).order_by().values("subscription").distinct()
    if tenant_id or not (count := subscriptions[:MOST].count()):
        return
    text = ngettext(
        "%(count)s plan ends, and its organisation has no administrator who could be told.",
        "%(count)s plans end, and their organisations have no administrators who could be told.",
        count,
    )
    yield Notice(text % {"count": _shown(count)}, "subscriptions.endwarning", "told__exact=0")


def _without_factor(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type__in=REAL)
    lacking = User.objects.filter(~Exists(factor), state=User.State.ACTIVE)
    administrators = lacking.filter(
        role=User.Role.ADMINISTRATOR, tenant__state=Tenant.State.MANAGED
    )
    if tenant_id:
        administrators = administrators.filter(tenant=tenant_id)
    if count := _counted(administrators):
        text = ngettext(
            "%(count)s administrator has no second factor, and cannot enter the administration.",
            "%(count)s administrators have no second factor, and cannot enter the administration.",
            count,
        )
        yield Notice(text % {"count": _shown(count)}, "tenants.user", "role__exact=administrator")
    if tenant_id is None and (count := _counted(lacking.filter(role=User.Role.OPERATOR))):
        text = ngettext(
            "%(count)s operator signs in with a password alone.",
            "%(count)s operators sign in with a password alone.",
            count,
        )
        yield Notice(
            text % {"count": _shown(count)},
            "tenants.user",
            "role__exact=operator",
            is_grave=True,
        )


def _role_mailboxes(tenant_id: uuid.UUID | None, now: dt.datetime) -> Iterator[Notice]:
    awaited = User.objects.filter(admission=User.Admission.AWAITED, state=User.State.ACTIVE)
    if tenant_id:
        awaited = awaited.filter(tenant=tenant_id)
    if count := _counted(awaited):
        text = ngettext(
            "%(count)s mailbox that several people may read awaits admission.",
            "%(count)s mailboxes that several people may read await admission.",
            count,
        )
        yield Notice(text % {"count": _shown(count)}, "tenants.user", "admission__exact=awaited")


def _shown(count: int) -> str:
    return f"{MOST:,}+" if count >= MOST else str(count)
