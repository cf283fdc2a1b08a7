"""The form of a group: what is typed becomes calls of the flows, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.exceptions import Refusal
from tenants.addresses import parse
from tenants.flows import groups
from tenants.flows.group_addresses import set_addresses
from tenants.group_selectors import group_in, groups_within, user_in
from tenants.models import Group, Tenant, User
from tenants.selectors import get_tenant

MOST_LINES = 200


class Lines(forms.CharField):
    """One thing a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.Textarea(attrs={"rows": 4, "cols": 60, "spellcheck": "false"}),
            **kwargs,
        )

    def clean(self, value: Any) -> list[str]:
        typed = str(super().clean(value)).splitlines()
        lines = list(dict.fromkeys(line.strip() for line in typed if line.strip()))
        if len(lines) > MOST_LINES:
            raise forms.ValidationError(
                _("These are more than %(most)d lines. Enter fewer at a time."),
                params={"most": MOST_LINES},
            )
        return lines


class GroupForm(forms.ModelForm):  # type: ignore[type-arg]
    """The flows write while the form is checked: they alone know what they refuse, and what was typed is not lost.

    The page runs in a transaction, which a refusal rolls back to where the flows began.
    """

    acting_user: User
    own_tenant: Tenant | None = None
    note: Callable[[Refusal], None]

    domain = forms.CharField(
        label=_("Organisation"), help_text=_("A domain of the organisation that gets the group.")
    )
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
    )
    addresses = Lines(
        label=_("Addresses"),
        help_text=_(
            "One a line, the primary one first, in proven domains of the organisation. Those that are not here any "
            "more are taken away."
        ),
    )
    inner = Lines(
        label=_("Groups in it"),
        help_text=_("Their names, one a line. Those that are not here any more are taken out."),
    )
    joining = Lines(
        label=_("Add accounts"),
        help_text=_("Their addresses, one a line. To take accounts out, open the list of members."),
    )

    class Meta:
        model = Group
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        group = self.instance
        if group.tenant_id is not None or self.own_tenant:
            del self.fields["domain"]
        if group.tenant_id is not None:
            held = group.addresses.order_by("-is_primary", "address")
            self.initial.update(
                name=group.name,
                description=group.description,
                addresses="\n".join(held.values_list("address", flat=True)),
                inner="\n".join(groups_within(group).values_list("name", flat=True)),
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                with transaction.atomic():
                    self._apply(cleaned)
            except Refusal as refusal:
                self.note(refusal)
                self.add_error(None, str(refusal))
        return cleaned

    def _apply(self, typed: dict[str, Any]) -> None:
        group = self._named(typed)
        set_addresses(
            group=group,
            addresses=[parse(address) for address in typed["addresses"]],
            acting_user=self.acting_user,
        )
        self._nest(group, typed["inner"])
        for address in typed["joining"]:
            user = user_in(group.tenant, address)
            groups.add_member(group=group, user=user, acting_user=self.acting_user)
        self.instance = group

    def _named(self, typed: dict[str, Any]) -> Group:
        words = {"name": typed["name"], "description": typed["description"]}
        if self.instance.tenant_id is not None:
            return groups.change(group=self.instance, **words, acting_user=self.acting_user)
        tenant = self.own_tenant or get_tenant(typed["domain"])
        return groups.create(tenant=tenant, **words, acting_user=self.acting_user)

    def _nest(self, group: Group, names: Iterable[str]) -> None:
        wanted = {group_in(group.tenant, name) for name in names}
        held = set(groups_within(group))
        for inner in held - wanted:
            groups.remove_group(outer=group, inner=inner, acting_user=self.acting_user)
        for inner in sorted(wanted - held, key=lambda inner: inner.name_key):
            groups.add_group(outer=group, inner=inner, acting_user=self.acting_user)
