"""The rule of addresses, held by the database: every address of a user, alias or group lies in a domain of its
own tenant, and one that nobody proved by opening its mailbox needs that domain verified. Whoever is in a group,
or a group in a group, belongs to its tenant as well.

On PostgreSQL constraint triggers look when the transaction commits, so that a takeover may move a domain and
whom it carries one after the other. They hold what they look at until then, so that of two who change both sides
at once the later one sees what the earlier one did.

SQLite has no triggers that wait for the end: there they look at what is written to addresses, accounts,
memberships and nestings, but not at a tenant that changes, which is what a move does: address_check.py does. They are made anew after
every migration, because Django alters a table by making it anew, which SQLite refuses while triggers of other
tables speak of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, OperationalError, connections

from audit.schema import HoldRule

REFUSAL = "An address lies in a domain of its own tenant, which is verified unless the mailbox was proven."
OTHER_TENANT = "Whoever is in a group belongs to its tenant."
# What a tombstone (tenants/tombstones.py) holds the place of is no address any more.
BROKEN_ADDRESS = """
    a.address LIKE '%@%' AND (
        NOT EXISTS (
            SELECT 1 FROM tenants_user WHERE id = a.user_id AND tenant_id = d.tenant_id UNION ALL
            SELECT 1 FROM tenants_group WHERE id = a.group_id AND tenant_id = d.tenant_id)
        OR substr(a.address, length(a.address) - length(d.name)) <> '@' || d.name
        OR (a.proven_at IS NULL AND d.state <> 'verified'))
"""
BROKEN_ADDRESSES = f"""
    SELECT 1 FROM tenants_address a JOIN tenants_domain d ON d.id = a.domain_id WHERE {BROKEN_ADDRESS}
"""  # noqa: S608 -- nothing in this file is text of people
BROKEN_EMAILS = """
    SELECT 1 FROM tenants_user u WHERE u.tenant_id IS NOT NULL AND u.email LIKE '%@%' AND NOT EXISTS (
        SELECT 1 FROM tenants_domain d
        WHERE d.tenant_id = u.tenant_id AND d.name = substr(u.email, {at} + 1))
"""
BROKEN_MEMBERSHIPS = """
    SELECT 1 FROM tenants_groupmembership m
    JOIN tenants_group g ON g.id = m.group_id JOIN tenants_user u ON u.id = m.user_id
    WHERE (u.tenant_id IS NULL OR g.tenant_id <> u.tenant_id)
"""
BROKEN_NESTINGS = """
    SELECT 1 FROM tenants_groupnesting n
    JOIN tenants_group o ON o.id = n.outer_id JOIN tenants_group i ON i.id = n.inner_id
    WHERE o.tenant_id <> i.tenant_id
"""

# --- PostgreSQL ------------------------------------------------------------------------------------

EMAILS = BROKEN_EMAILS.format(at="strpos(u.email, '@')")
HOLD = "PERFORM 1 FROM {table} WHERE id IN ({ids}) FOR SHARE;"
DOMAIN, USER, GROUP = "tenants_domain", "tenants_user", "tenants_group"
# For each trigger: table, when it looks, whose rows it holds, what must not be.
WATCHES: dict[str, tuple[str, str, str, tuple[tuple[str, str], ...]]] = {
    "address_rule": (
        "tenants_address",
        "INSERT OR UPDATE OF address, domain_id, user_id, group_id, proven_at",
        HOLD.format(table=DOMAIN, ids="NEW.domain_id")
        + HOLD.format(table=USER, ids="NEW.user_id")
        + HOLD.format(table=GROUP, ids="NEW.group_id"),
        ((f"{BROKEN_ADDRESSES} AND a.id = NEW.id", REFUSAL),),
    ),
    "user_rule": (
        USER,
        "INSERT OR UPDATE OF tenant_id, email",
        "",
        ((f"{EMAILS} AND u.id = NEW.id", REFUSAL),),
    ),
    "moved_user_rule": (
        USER,
        "UPDATE OF tenant_id",
        "",
        (
            (f"{BROKEN_ADDRESSES} AND a.user_id = NEW.id", REFUSAL),
            (f"{BROKEN_MEMBERSHIPS} AND m.user_id = NEW.id", OTHER_TENANT),
        ),
    ),
    "domain_rule": (
        DOMAIN,
        "UPDATE OF tenant_id, state, name",
        "",
        ((f"{BROKEN_ADDRESSES} AND a.domain_id = NEW.id", REFUSAL),),
    ),
    "group_rule": (
        GROUP,
        "UPDATE OF tenant_id",
        "",
        (
            (f"{BROKEN_ADDRESSES} AND a.group_id = NEW.id", REFUSAL),
            (f"{BROKEN_MEMBERSHIPS} AND m.group_id = NEW.id", OTHER_TENANT),
            (f"{BROKEN_NESTINGS} AND NEW.id IN (n.outer_id, n.inner_id)", OTHER_TENANT),
        ),
    ),
    "membership_rule": (
        "tenants_groupmembership",
        "INSERT OR UPDATE OF group_id, user_id",
        HOLD.format(table=GROUP, ids="NEW.group_id") + HOLD.format(table=USER, ids="NEW.user_id"),
        ((f"{BROKEN_MEMBERSHIPS} AND m.id = NEW.id", OTHER_TENANT),),
    ),
    "nesting_rule": (
        "tenants_groupnesting",
        "INSERT OR UPDATE OF outer_id, inner_id",
        HOLD.format(table=GROUP, ids="NEW.outer_id, NEW.inner_id"),
        ((f"{BROKEN_NESTINGS} AND n.id = NEW.id", OTHER_TENANT),),
    ),
}


def _postgres(name: str) -> list[str]:
    table, event, holds, checks = WATCHES[name]
    looks = "".join(
        f"IF EXISTS ({broken}) THEN RAISE EXCEPTION '{sentence}' "
        f"USING ERRCODE = 'check_violation', CONSTRAINT = '{name}'; END IF;\n"
        for broken, sentence in checks
    )
    function = (
        f"CREATE OR REPLACE FUNCTION tenants_{name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {holds} {looks} RETURN NULL; END $$"
    )
    trigger = (
        f"DROP TRIGGER IF EXISTS tenants_{name} ON {table}; "
        f"CREATE CONSTRAINT TRIGGER tenants_{name} AFTER {event} ON {table} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tenants_{name}()"
    )
    return [function, trigger]


DEADLOCK = (
    "40P01"  # PostgreSQL's code for a transaction that it ended because two waited for each other
)


class DomainMoved(Exception):
    """The domain went to another tenant while somebody joined it. What was done is undone; it can be done again."""


@contextmanager
def moved_meanwhile() -> Iterator[None]:
    """Around a transaction that makes an account in a domain which it read before. Raises DomainMoved, also where it and
    a move waited for each other: both may make the same subscription, and nobody who joins holds the tenant before that.
    """
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) == DEADLOCK:
            raise DomainMoved from None
        raise
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if diagnosis and diagnosis.constraint_name in WATCHES:
            raise DomainMoved from None
        raise


class HoldAddressRule(HoldRule):
    """The triggers of PostgreSQL; those of SQLite come after every migration."""

    functions = tuple(f"tenants_{name}" for name in WATCHES)

    def statements(self) -> list[str]:
        return [part for name in WATCHES for part in _postgres(name)]

    def describe(self) -> str:
        return "Hold the rule of addresses"


# --- SQLite ----------------------------------------------------------------------------------------

ADDRESS_OF_DOMAIN = """
    SELECT 1 FROM tenants_address a JOIN tenants_domain d ON d.id = a.domain_id
    WHERE d.id = NEW.id AND a.address LIKE '%@%' AND a.proven_at IS NULL AND d.state <> 'verified'
"""
LAST_TABLE = "tenants_groupnesting"
ONCE: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "address_rule": (
        "tenants_address",
        ("INSERT", "UPDATE OF address, domain_id, user_id, group_id, proven_at"),
        f"{BROKEN_ADDRESSES} AND a.id = NEW.id",
        REFUSAL,
    ),
    "user_rule": (
        USER,
        ("INSERT", "UPDATE OF email"),
        BROKEN_EMAILS.format(at="instr(u.email, '@')") + " AND u.id = NEW.id",
        REFUSAL,
    ),
    "domain_rule": (DOMAIN, ("UPDATE OF state",), ADDRESS_OF_DOMAIN, REFUSAL),
    "membership_rule": (
        "tenants_groupmembership",
        ("INSERT", "UPDATE"),
        f"{BROKEN_MEMBERSHIPS} AND m.id = NEW.id",
        OTHER_TENANT,
    ),
    "nesting_rule": (
        "tenants_groupnesting",
        ("INSERT", "UPDATE"),
        f"{BROKEN_NESTINGS} AND n.id = NEW.id",
        OTHER_TENANT,
    ),
}


def let_go(*, using: str, **_: Any) -> None:
    """Before migrations, on SQLite."""
    if connections[using].vendor == "sqlite":
        for name, _statement in _sqlite():
            _execute(using, f"DROP TRIGGER IF EXISTS {name}")


def hold(*, using: str, **_: Any) -> None:
    """After migrations, on SQLite."""
    let_go(using=using)
    connection = connections[using]
    if connection.vendor == "sqlite" and LAST_TABLE in connection.introspection.table_names():
        for _name, statement in _sqlite():
            _execute(using, statement)


def _execute(using: str, statement: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(statement)


def _sqlite() -> list[tuple[str, str]]:
    """Name and statement of each trigger."""
    triggers: list[tuple[str, str]] = []
    for rule, (table, events, broken, sentence) in ONCE.items():
        for number, event in enumerate(events):
            name = f"tenants_{rule}_{number}"
            looks = f"WHEN EXISTS ({broken}) BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            triggers.append((name, f"CREATE TRIGGER {name} AFTER {event} ON {table} {looks}"))
    return triggers
