"""What is asked for on the pages of plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from idempotency.forms import OneTimeForm
from subscriptions.bounds import MOST_UNITS
from subscriptions.flows.orders import Wanted
from subscriptions.ladder import end_of, is_bought
from subscriptions.models import Plan, Subscription
from tenants.models import Tenant

TERMS = (1, 12, 36)


class UnitsForm(OneTimeForm):
    units = forms.IntegerField(
        label=_("Units"),
        min_value=1,
        max_value=MOST_UNITS,
        help_text=_("One for each person who is to have what the plan offers. Reading needs none."),
        error_messages={
            "required": _("Say how many units."),
            "invalid": _("Type a whole number."),
            "min_value": _("Order at least one unit."),
        },
    )


class OrderForm(UnitsForm):
    months = forms.TypedChoiceField(label=_("For how long"), coerce=int)
    instead_of = forms.ChoiceField(label=_("Your other plan"), required=False)
    field_order = ("units", "months", "instead_of", "one_time_key")

    def __init__(
        self,
        *args: Any,
        tenant: Tenant,
        plan: Plan,
        current: Subscription | None,
        others: Collection[Plan],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._tenant, self._plan, self._others = tenant, plan, {one.sku: one for one in others}
        is_kept = current is not None and is_bought(current)
        is_endless = current is not None and end_of(current) is None
        self._set_terms(keeps=bool(others) or is_kept, terms=() if is_endless else TERMS)
        if others and current is None:
            self._set_others()
        else:
            del self.fields["instead_of"]

    def _set_terms(self, *, keeps: bool, terms: tuple[int, ...]) -> None:
        """What has no end is not renewed: that would give it one."""
        kept = [("0", _("as long as now: the end stays"))] if keeps else []
        choices = [*kept, *((str(term), _months(term)) for term in terms)]
        self.fields["months"].choices = choices  # type: ignore[attr-defined]
        if not keeps:
            self.initial.setdefault("months", "12")

    def _set_others(self) -> None:
        words = [
            (sku, _("%(plan)s becomes it, with the units that are assigned") % {"plan": one.name})
            for sku, one in self._others.items()
        ]
        self.fields["instead_of"].choices = [*words, ("", _("stays beside it"))]  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        return Wanted(
            self._tenant,
            self._plan,
            self.cleaned_data["units"],
            self.cleaned_data["months"],
            self._others.get(self.cleaned_data.get("instead_of", "")),
        )


class CancelForm(OneTimeForm):
    when = forms.ChoiceField(label=_("When"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, end: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        at_end = [("at_end", _("at its end, %(date)s") % {"date": end})] if end else []
        self.fields["when"].choices = [*at_end, ("now", _("at once"))]  # type: ignore[attr-defined]
        self.initial.setdefault("when", "at_end" if end else "now")


def _months(number: int) -> str:
    return str(ngettext_lazy("%(count)d month", "%(count)d months", number) % {"count": number})
