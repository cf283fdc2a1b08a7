"""Forms of this room's pages. Each carries a key of its own, so that sending it twice does it once."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from idempotency.forms import OneTimeForm
from subscriptions.models import Plan, Subscription
from tenants.models import Group


class UnitForm(OneTimeForm):
    address = forms.CharField(label=_("Address of the account"), max_length=254)
    plan = forms.ModelChoiceField(label=_("Plan"), queryset=Plan.objects.none())
    may_wait = forms.BooleanField(
        label=_("Where all units are assigned, the account gets the next that is free"),
        required=False,
    )

    def __init__(self, tenant_id: uuid.UUID | None, data: Any = None) -> None:
        """Offers the plans that the organisation has; None: an operator, who is offered all that cost something."""
        super().__init__(data)
        plans = Plan.objects.filter(is_free=False).order_by("name")
        if tenant_id:
            own = Q(subscriptions__tenant=tenant_id, subscriptions__cancelled_at__isnull=True)
            plans = plans.filter(own)
        field = self.fields["plan"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = plans


class AssignmentForm(OneTimeForm):
    assignment = forms.ChoiceField(
        label=_("Units are given"),
        choices=Subscription.Assignment.choices,
        widget=forms.RadioSelect,
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=Group.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Only for units that members of groups get; also those of groups in these."),
    )

    def __init__(self, subscription: Subscription, data: Any = None) -> None:
        at_first = {
            "assignment": subscription.assignment,
            "groups": subscription.groups.all(),
        }
        super().__init__(data, initial=at_first)
        groups = Group.objects.filter(tenant=subscription.tenant_id).order_by("name_key")
        field = self.fields["groups"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = groups
