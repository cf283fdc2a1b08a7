"""Units of an open pool for many at once: one statement of the database, however many people there are."""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from subscriptions.models import AssignedLicence, Subscription
from tenants.models import User

NEW_ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
# Somebody who signs in just now may have it already.
GIVE = """
    INSERT INTO {units} (id, subscription_id, user_id, assigned_at, how)
    SELECT {new_id}, %s, people.id, %s, %s FROM ({people}) AS people WHERE true
    ON CONFLICT DO NOTHING
"""


def give_to_all(free: Subscription, people: QuerySet[User]) -> int:
    """How many got one."""
    query, values = people.values("id").query.sql_with_params()
    statement = GIVE.format(
        units=AssignedLicence._meta.db_table, new_id=NEW_ID[connection.vendor], people=query
    )
    unit = AssignedLicence(subscription=free, assigned_at=timezone.now())
    fields = {field.attname: field for field in AssignedLicence._meta.concrete_fields}
    own = [
        fields[name].get_db_prep_save(getattr(unit, name), connection)
        for name in ("subscription_id", "assigned_at", "how")
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*own, *values])
        return int(cursor.rowcount)
