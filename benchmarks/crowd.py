"""Fills a PostgreSQL database with people who signed up, ten in each organisation or all of them in one.

One of them signs up as everybody does; the others are copies of all the rows that this made, with ids,
addresses and times of their own. So the rows are what the code makes, whatever it comes to make.
"""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from audit.models import AuditEvent, PersonKey
from outbox.models import MailLink, OutboxMail
from signup.flows.confirm import complete
from signup.flows.request import request_sign_up
from signup.models import Acceptance, SignUp
from signup.selectors import current_documents
from subscriptions.models import AssignedLicence, Subscription
from tenants.addresses import parse
from tenants.models import Address, Domain, Tenant, User

PEOPLE_PER_TENANT = 10
TEMPLATE = "template@template-of-the-crowd.com"
# The number of somebody's organisation.
TENANT = "((n - 1) / %(per_tenant)s + 1)"
ADDRESS = f"'person-' || n || '@company-' || {TENANT} || '.com'"
DOMAIN = f"'company-' || {TENANT} || '.com'"
# One every 20 seconds up to now: a million in 230 days.
TIME = "now() - (n || ' seconds')::interval * 20"


def identity(kind: str, number: str = "n") -> str:
    return f"md5('{kind}' || {number})::uuid"


def fill(people: int, per_tenant: int = PEOPLE_PER_TENANT) -> None:
    _sign_up_template()
    tenants = people // per_tenant
    in_one = people == per_tenant
    with transaction.atomic(), connection.cursor() as cursor:
        # Copies refer to copies; checking each reference takes longer than all the rest.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model, columns in OWN.items():
            is_of_tenant = model in {Tenant, Domain, Subscription}
            own = columns | (VARIED if in_one and model is User else {})
            values = {column: value % {"per_tenant": per_tenant} for column, value in own.items()}
            _copies(cursor, model, values, tenants if is_of_tenant else people)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _sign_up_template() -> None:
    answer = request_sign_up(address=parse(TEMPLATE), language="en")
    assert answer.sign_up is not None
    documents = {document.kind: document.version for document in current_documents("en")}
    user = complete(
        sign_up=answer.sign_up,
        first_name="Robin",
        last_name="Recipient",
        password="nine violet teapots on parade",
        accepted=documents,
    )
    OutboxMail.objects.filter(to_address=TEMPLATE).update(
        state="sent", handed_over_at=answer.sign_up.created_at
    )
    assert user.tenant is not None


# What differs between the copies, by column.
OWN: dict[type[models.Model], dict[str, str]] = {
    Tenant: {"id": identity("tenant"), "name": "'company-' || n || '.com'", "created_at": TIME},
    Domain: {
        "id": identity("domain"),
        "name": "'company-' || n || '.com'",
        "tenant_id": identity("tenant"),
        "created_at": TIME,
    },
    Subscription: {
        "id": identity("subscription"),
        "tenant_id": identity("tenant"),
        "started_at": TIME,
    },
    User: {
        "id": identity("user"),
        "email": ADDRESS,
        "tenant_id": identity("tenant", TENANT),
        "created_at": TIME,
    },
    Address: {
        "id": identity("address"),
        "address": ADDRESS,
        "user_id": identity("user"),
        "domain_id": identity("domain", TENANT),
        "proven_at": TIME,
    },
    AssignedLicence: {
        "id": identity("licence"),
        "user_id": identity("user"),
        "subscription_id": identity("subscription", TENANT),
        "assigned_at": TIME,
    },
    Acceptance: {"user_id": identity("user"), "accepted_at": TIME},
    SignUp: {
        "id": identity("signup"),
        "address": ADDRESS,
        "domain": DOMAIN,
        "user_id": identity("user"),
        "created_at": TIME,
        "ended_at": TIME,
    },
    OutboxMail: {
        "id": identity("mail"),
        "to_address": ADDRESS,
        "created_at": TIME,
        "next_attempt_at": TIME,
        "handed_over_at": TIME,
    },
    MailLink: {
        "id": "gen_random_uuid()",
        "mail_id": identity("mail"),
        "address": ADDRESS,
        "subject_id": identity("signup"),
        "digest": "md5(n || t.purpose) || md5(n || 'more')",
        "created_at": TIME,
    },
    AuditEvent: {
        "id": "gen_random_uuid()",
        "at": TIME,
        "tenant_id": identity("tenant", TENANT),
        "actor_id": identity("user"),
        "subject": f"'user:' || {identity('user')}",
        "details": "jsonb_set(t.details, '{came_from,person}',"
        f" to_jsonb(({identity('user')})::text))",
    },
    PersonKey: {"person_id": identity("user"), "made_at": TIME},
}

# In an organisation of many, one in ten is of each rarer kind, so that few and many fill a page of a list.
VARIED = {
    "state": "CASE WHEN mod(n, 10) = 1 THEN 'disabled' ELSE t.state END",
    "creation_method": "CASE WHEN mod(n, 10) = 2 THEN 'admin' ELSE t.creation_method END",
    # Newer accounts and older ones alike, one in twelve today; one in ten never did.
    "last_login": "CASE WHEN mod(n, 10) <> 3 THEN"
    " now() - (power(mod(n * 7919::bigint, 1000), 2) / 300 || ' hours')::interval END",
}

# The first operator was there before.
WHERE: dict[type[models.Model], str] = {
    User: "tenant_id IS NOT NULL",
    AuditEvent: "tenant_id IS NOT NULL AND action NOT IN ('tenant.created', 'subscription.created')",
}


def _copies(
    cursor: CursorWrapper, model: type[models.Model], own: dict[str, str], count: int
) -> None:
    """As many copies of every row that there is of a model as are wanted; there are those of one person."""
    table = model._meta.db_table
    columns = [
        str(field.column)
        for field in model._meta.concrete_fields
        if field.column in own or not field.primary_key
    ]
    values = [own.get(column, f"t.{column}") for column in columns]
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608
        f"FROM (SELECT * FROM {table} WHERE {WHERE.get(model, 'true')}) t, generate_series(1, %s) n",
        [count],
    )


if __name__ == "__main__":
    fill(*map(int, sys.argv[1:]))
