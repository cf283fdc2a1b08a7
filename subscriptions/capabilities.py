"""The one question that pages, API, commands and the rights service ask: may this person, or this organisation,
do something now; if not, why, and what would allow it.

Reading takes an account and nothing else. What the free plan gives, everyone in an organisation with a live
paid plan has, and otherwise whoever has a unit: of the free plan, or of a plan that has ended and was thereby
fallen back from. The rest takes a live subscription that unlocks it, and for what a person does, a unit of it.

An answer may be `remembering.REMEMBERED` seconds old.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions import facts
from subscriptions.exceptions import NotUnlocked
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import FREE_PLAN, OF_THE_ORGANISATION, Capability, Subscription
from tenants.models import Tenant, User
from tenants.standing import Standing


class WhyNot(Enum):
    NOT_ACTIVE = "not_active"
    MAILBOX_NOT_PROVEN = "mailbox_not_proven"
    NO_ORGANISATION = "no_organisation"
    NO_FREE_UNIT = "no_free_unit"
    NOT_IN_PLAN = "not_in_plan"
    ENDED = "ended"
    NO_UNIT = "no_unit"


REASONS: dict[WhyNot, str | Promise] = {
    WhyNot.NOT_ACTIVE: gettext_lazy("This account is not active."),
    WhyNot.MAILBOX_NOT_PROVEN: gettext_lazy(
        "It is too long ago that this account's mailbox was proven."
    ),
    WhyNot.NO_ORGANISATION: gettext_lazy(
        "An operator's account belongs to no organisation, so it has no plan."
    ),
    WhyNot.NO_FREE_UNIT: gettext_lazy("This account does not have the free plan yet."),
    WhyNot.NOT_IN_PLAN: gettext_lazy("The organisation's plan does not include %(capability)s."),
    WhyNot.ENDED: gettext_lazy("The organisation's plan that included %(capability)s has ended."),
    WhyNot.NO_UNIT: gettext_lazy("No unit of %(plans)s is assigned to this account."),
}
REMEDIES: dict[WhyNot, str | Promise] = {
    WhyNot.NOT_ACTIVE: gettext_lazy("Ask your administrator to restore it."),
    WhyNot.MAILBOX_NOT_PROVEN: gettext_lazy(
        "Sign in and ask for a new mail on the page of your account."
    ),
    WhyNot.NO_ORGANISATION: gettext_lazy("Use an account with a work address."),
    WhyNot.NO_FREE_UNIT: gettext_lazy("Sign up with its address at %(sign_up)s: it is free."),
    WhyNot.NOT_IN_PLAN: gettext_lazy(
        "These plans include it: %(plans)s. Ask your administrator, or whoever runs this service."
    ),
    WhyNot.ENDED: gettext_lazy(
        "Ask your administrator, or whoever runs this service, to renew it: %(plans)s."
    ),
    WhyNot.NO_UNIT: gettext_lazy("Ask your administrator to assign one to you."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Allowed, or why not; `plans` are the names of plans that would allow it."""

    capability: Capability
    why_not: WhyNot | None = None
    plans: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.why_not is None

    @property
    def reason(self) -> str:
        return self._in_words(REASONS)

    @property
    def remedy(self) -> str:
        return self._in_words(REMEDIES)

    def _in_words(self, words: dict[WhyNot, str | Promise]) -> str:
        if self.why_not is None:
            return ""
        return str(words[self.why_not]) % {
            "capability": self.capability.label,
            "plans": ", ".join(self.plans) or _("none that there is now"),
            "sign_up": f"{settings.PUBLIC_URL}/signup/",
        }


def ask(who: User | Tenant, capability: Capability, *, now: dt.datetime | None = None) -> Answer:
    now = now or timezone.now()
    if isinstance(who, Tenant):
        return _ask_organisation(facts.subscriptions_of(who.pk), capability, now)
    return _ask_person(who, capability, now)


def require(who: User | Tenant, capability: Capability, *, now: dt.datetime | None = None) -> None:
    """Raises NotUnlocked, in the answer's words."""
    answer = ask(who, capability, now=now)
    if not answer.allowed:
        raise NotUnlocked(answer.reason, answer.remedy)


def _ask_person(user: User, capability: Capability, now: dt.datetime) -> Answer:
    known = facts.person(user.pk)
    if not user.is_active or known.standing is Standing.NOT_ACTIVE:
        return Answer(capability, WhyNot.NOT_ACTIVE)
    if known.standing is not Standing.GOOD:
        return Answer(capability, WhyNot.MAILBOX_NOT_PROVEN)
    if known.tenant_id is None:
        return Answer(capability, WhyNot.NO_ORGANISATION)
    if capability is Capability.READ:
        return Answer(capability)
    subscriptions = facts.subscriptions_of(known.tenant_id)
    if capability in _free_capabilities():
        is_free = _has_paid(subscriptions, now) or _has_free_unit(subscriptions, known, now)
        return Answer(capability, None if is_free else WhyNot.NO_FREE_UNIT)
    of_all = _ask_organisation(subscriptions, capability, now)
    if not of_all.allowed or capability in OF_THE_ORGANISATION:
        return of_all
    unlocking = _unlocking(subscriptions, capability, now)
    if any(one.id in known.units for one in unlocking):
        return Answer(capability)
    return Answer(capability, WhyNot.NO_UNIT, _names({one.plan_id for one in unlocking}))


def _ask_organisation(
    subscriptions: tuple[Subscription, ...], capability: Capability, now: dt.datetime
) -> Answer:
    """Whether anybody there can have it. What the free plan gives, anybody can."""
    if capability in _free_capabilities() or _unlocking(subscriptions, capability, now):
        return Answer(capability)
    plans = facts.plans(None)
    ended = {one.plan_id for one in subscriptions if capability in _unlocked_by(one)}
    if ended:
        return Answer(capability, WhyNot.ENDED, _names(ended))
    would = {sku for sku, plan in plans.items() if capability in plan.capabilities}
    return Answer(capability, WhyNot.NOT_IN_PLAN, _names(would))


def _unlocking(
    subscriptions: tuple[Subscription, ...], capability: Capability, now: dt.datetime
) -> list[Subscription]:
    return [
        one
        for one in subscriptions
        if capability in _unlocked_by(one) and state_of(one, now) in LIVE
    ]


def _unlocked_by(subscription: Subscription) -> set[Capability]:
    plan = facts.plans(None).get(subscription.plan_id)
    return plan.capabilities if plan else set()


def _free_capabilities() -> set[Capability]:
    """Reading is among them whatever becomes of the catalogue."""
    plan = facts.plans(None).get(FREE_PLAN)
    return {Capability.READ} | (plan.capabilities if plan else set())


def _has_paid(subscriptions: tuple[Subscription, ...], now: dt.datetime) -> bool:
    return any(not _is_free(one) and state_of(one, now) in LIVE for one in subscriptions)


def _has_free_unit(
    subscriptions: tuple[Subscription, ...], known: facts.OfAPerson, now: dt.datetime
) -> bool:
    return any(
        one.id in known.units and (not _is_free(one) or state_of(one, now) in LIVE)
        for one in subscriptions
    )


def _is_free(subscription: Subscription) -> bool:
    plan = facts.plans(None).get(subscription.plan_id)
    return plan is not None and plan.is_free


def _names(skus: set[str]) -> tuple[str, ...]:
    plans = facts.plans(None)
    return tuple(sorted(plans[sku].name for sku in skus if sku in plans))
