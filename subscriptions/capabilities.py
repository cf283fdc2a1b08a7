"""The one question that pages, API, commands and the rights service ask: may this person, or this organisation,
do something now; if not, why, and what would allow it.

Reading takes an account and nothing else. What the free plan gives, everyone in an organisation with a live
paid plan has, and otherwise whoever has a unit: of the free plan, or of a plan that has ended and was thereby
fallen back from. The rest takes a live subscription that unlocks it, and for what a person does, a unit of it.

An answer may be `remembering.REMEMBERED` seconds old.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions import facts
from subscriptions.exceptions import NotUnlocked
from subscriptions.models import OF_THE_ORGANISATION, Capability
from subscriptions.situation import Situation, situation_of
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
    WhyNot.NO_FREE_UNIT: gettext_lazy(
        "Sign out and in again: it is free, and comes by itself. If it does not, sign up with its address at "
        "%(sign_up)s, or ask your administrator."
    ),
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
    return ask_all(who, [capability], now=now)[capability]


def ask_all(
    who: User | Tenant,
    capabilities: Iterable[Capability] = Capability,
    *,
    now: dt.datetime | None = None,
) -> dict[Capability, Answer]:
    """The answers to several questions, from one look at what there is."""
    now = now or timezone.now()
    if isinstance(who, Tenant):
        here = situation_of(who.pk, now)
        return {capability: of_organisation(here, capability) for capability in capabilities}
    person = facts.person(who.pk)
    here = situation_of(person.tenant_id, now)
    return {capability: _of_person(person, here, capability) for capability in capabilities}


def require(who: User | Tenant, capability: Capability, *, now: dt.datetime | None = None) -> None:
    """Raises NotUnlocked, in the answer's words."""
    answer = ask(who, capability, now=now)
    if not answer.allowed:
        raise NotUnlocked(answer.reason, answer.remedy)


def of_organisation(here: Situation, capability: Capability) -> Answer:
    """Whether anybody there can have it. What the free plan gives, anybody can."""
    if capability in here.free_capabilities or here.unlocking(capability):
        return Answer(capability)
    if ended := here.ended_with(capability):
        return Answer(capability, WhyNot.ENDED, here.names(ended))
    return Answer(capability, WhyNot.NOT_IN_PLAN, here.names(here.plans_with(capability)))


def _of_person(person: facts.OfAPerson, here: Situation, capability: Capability) -> Answer:
    if why_not := _why_not_at_all(person):
        return Answer(capability, why_not)
    if capability is Capability.READ:
        return Answer(capability)
    if capability in here.free_capabilities:
        is_free = here.has_paid or any(one.id in person.units for one in here.keeping_free())
        return Answer(capability, None if is_free else WhyNot.NO_FREE_UNIT)
    of_all = of_organisation(here, capability)
    if not of_all.allowed or capability in OF_THE_ORGANISATION:
        return of_all
    live = here.unlocking(capability)
    if any(one.id in person.units for one in live):
        return Answer(capability)
    return Answer(capability, WhyNot.NO_UNIT, here.names({one.plan_id for one in live}))


def _why_not_at_all(person: facts.OfAPerson) -> WhyNot | None:
    if person.standing is Standing.NOT_ACTIVE:
        return WhyNot.NOT_ACTIVE
    if person.standing is not Standing.GOOD:
        return WhyNot.MAILBOX_NOT_PROVEN
    return WhyNot.NO_ORGANISATION if person.tenant_id is None else None
