"""What is kept about people: every table of it belongs to a holding, so that it is handed out and erased."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model

from tenants.models import User
from tenants.personal_data import holdings

# They have no person's row, or none is ever written here; each with its reason.
EMPTY = {
    "account.EmailAddress",  # addresses are ours (decision 4)
    "account.EmailConfirmation",
    "admin.LogEntry",  # of what operators edit: documents, rules, the welcome page
}
OF_PEOPLE = {"address", "to_address", "email", "ip", "user_agent", "first_name", "last_name"}


def is_about_people(model: type[Model]) -> bool:
    fields = (*model._meta.fields, *model._meta.many_to_many)
    refers = any(
        getattr(field, "remote_field", None) and field.related_model is User for field in fields
    )
    return refers or bool(OF_PEOPLE & {field.name for field in fields})


def test_every_model_about_people_belongs_to_a_holding() -> None:
    held = {model._meta.label for holding in holdings() for model in holding.models}
    about_people = {model._meta.label for model in apps.get_models() if is_about_people(model)}
    assert "tenants.Address" in about_people
    assert about_people - EMPTY <= held, sorted(about_people - EMPTY - held)


def test_the_exceptions_are_models_that_there_are() -> None:
    assert {model._meta.label for model in apps.get_models()} >= EMPTY
