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


# --- Every column that can hold a text ---------------------------------------------------------------

# What is written there about a person goes when the person is erased.
GOES_WITH_THE_PERSON = {
    "mfa.Authenticator": "data",
    "usersessions.UserSession": "ip session_key user_agent data",
    "sessions.Session": "session_key session_data",  # those that are over go every hour
    "audit.AuditEvent": "details",  # by the key; `address` was written by versions before
    "audit.PersonKey": "wrapped",
    "outbox.OutboxMail": "to_address context last_error",
    "outbox.MailLink": "address digest",
    "outbox.MailEvent": "reason",
    "tenants.User": "password email first_name last_name language",
    "tenants.Address": "address",
    "tenants.PendingErasure": "addresses",
    "tenants.ActingFor": "reason",
    "tenants.MovedRow": "before",  # aliases
    "signup.ImportedLine": "email reason",
    "signup.UserImport": "file_name",
    "signup.SignUp": "address sku return_url language browser",
}
# Gone within 30 days of its being written, whoever it is about.
GOES_BY_ITSELF = {
    "idempotency.RequestKey": "scope key fingerprint answer",  # 24 hours
    "signup.UserImport": "file_name text",  # the text with its last row, the rest after 30 days
    "signup.ImportedLine": "email reason",
    "signup.MailPause": "address",  # 7 days
}
# The words of organisations, of operators, of the product; ids, digests and settings.
SAYS_NOTHING_OF_PEOPLE = {
    "admin.LogEntry": "object_id object_repr change_message",  # see EMPTY
    "account.EmailAddress": "email",
    "account.EmailConfirmation": "key",
    "auth.Permission": "name codename",
    "auth.Group": "name",
    "contenttypes.ContentType": "app_label model",
    "audit.AuditEvent": "action subject request_id address",
    "audit.ChainLink": "previous hash",
    "audit.ChainHead": "hash seal",
    "outbox.OutboxMail": "kind language service_id",
    "outbox.MailLink": "purpose",
    "outbox.MailEvent": "service event_id",
    "tenants.Tenant": "name",
    "tenants.Domain": "name",
    "tenants.Group": "name name_key description",
    "tenants.DomainProof": "domain_name value detail",
    "tenants.DomainRule": "domain reason",
    "tenants.MailboxRule": "name reason",
    "tenants.Takeover": "domain_name source_name target_name refusal_name refusal_about refusal reason",
    "tenants.TakeoverStep": "name",
    "tenants.MovedRow": "kind",
    "tenants.TakeoverNotice": "domain_name organisation",
    "tenants.DomainHandOver": "domain_name",
    "subscriptions.ServicePlan": "name title capabilities",
    "subscriptions.Plan": "sku name",
    "subscriptions.OrganisationPlans": "name",
    "subscriptions.Subscription": "noted_state",
    "subscriptions.UseOfDay": "state",
    "signup.SignUp": "domain",
    "signup.LegalDocument": "version language title text",
    "signup.Acceptance": "version",
    "signup.WelcomeItem": "language title description url",
    "signup.DomainList": "source text digest",
    "feed.Event": "data",
    "feed.Endpoint": "url kinds secret previous_secret",
    "feed.Delivery": "last_error",
    "rms_portal.KeyMark": "name mark",
    "rms_portal.Tally": "of numbers",
}
CLASSES = (GOES_WITH_THE_PERSON, GOES_BY_ITSELF, SAYS_NOTHING_OF_PEOPLE)
# Numbers, times, states, ids and what points to rows.
HOLD_NO_TEXT = {
    *("AutoField", "BigAutoField", "UUIDField", "BooleanField", "DateField", "DateTimeField"),
    *("PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"),
    *("ForeignKey", "OneToOneField"),
}


def columns(classes: tuple[dict[str, str], ...]) -> set[str]:
    return {f"{model}.{name}" for one in classes for model in one for name in one[model].split()}


def can_hold_text(model: type[Model]) -> set[str]:
    fields = model._meta.concrete_fields
    return {
        f"{model._meta.label}.{field.name}"
        for field in fields
        if field.get_internal_type() not in HOLD_NO_TEXT and not field.choices
    }


def test_of_every_column_that_can_hold_text_it_is_said_what_becomes_of_people_in_it() -> None:
    """A new one: may it hold anything about a person? Then its room erases it, and tests/test_erasure_of_everything.py
    writes something there.
    """
    there = {
        name
        for model in apps.get_models(include_auto_created=True)
        for name in can_hold_text(model)
    }
    assert there == columns(CLASSES)


def test_what_goes_with_the_person_belongs_to_a_holding() -> None:
    held = {model._meta.label for holding in holdings() for model in holding.models}
    by_the_flow_itself = {"sessions.Session", "audit.PersonKey"}
    assert set(GOES_WITH_THE_PERSON) - by_the_flow_itself <= held
