"""Whatever hangs on a tenant takes part in a takeover: every table of it belongs to a belonging."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model

from tenants.models import Tenant
from tenants.takeover.registry import belongings

# Each with its reason.
STAY = {
    "tenants.Tenant",  # what everything hangs on
}


def hangs_on_a_tenant(model: type[Model]) -> bool:
    """By a relation, or by a bare id, which is how rows refer to a tenant that they outlive."""
    fields = (*model._meta.get_fields(),)
    refers = any(
        getattr(field, "related_model", None) is Tenant and not field.auto_created
        for field in fields
    )
    return refers or any("tenant" in field.name for field in fields if not field.auto_created)


def names_a_domain(model: type[Model]) -> bool:
    """By its bare name, which belongs to whoever has the domain by now."""
    fields = {field.name for field in model._meta.fields if not field.is_relation}
    return bool(fields & {"domain", "domain_name"})


def covered() -> set[str]:
    return {model._meta.label for belonging in belongings() for model in belonging.models}


def test_every_model_that_hangs_on_a_tenant_takes_part() -> None:
    hanging = {model._meta.label for model in apps.get_models() if hangs_on_a_tenant(model)}
    assert {"tenants.User", "subscriptions.Subscription", "audit.AuditEvent"} <= hanging
    assert hanging - STAY <= covered(), sorted(hanging - STAY - covered())


def test_what_joins_two_of_them_takes_part_as_well() -> None:
    """Rows that would lie between two tenants if only one of the rows they speak of went along."""
    hanging = {model for model in apps.get_models() if hangs_on_a_tenant(model)}
    between = {
        model._meta.label
        for model in apps.get_models()
        if sum(field.related_model in hanging for field in model._meta.fields)
        + names_a_domain(model)
        > 1
    }
    expected = {"tenants.GroupMembership", "subscriptions.AssignedLicence", "signup.SignUp"}
    assert expected <= between
    assert between <= covered(), sorted(between - covered())


def test_the_exceptions_are_models_that_there_are() -> None:
    assert {model._meta.label for model in apps.get_models()} >= STAY
