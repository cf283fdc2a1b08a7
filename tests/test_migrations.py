"""Migrations run while the version before still serves: what they may not do, and how indexes are made."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.postgres import operations as postgres_operations
from django.db import connection, models
from django.db.migrations import Migration, RunPython, RunSQL
from django.db.migrations import operations as ops
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.fields import NOT_PROVIDED

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently
from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT, clean_environment

# The last migration of each app before the rules. Nothing older was ever upgraded while it served.
BASELINE = {"audit": 1, "outbox": 1, "signup": 2, "subscriptions": 2, "tenants": 1}
TAKES_AWAY = (
    ops.DeleteModel,
    ops.RenameModel,
    ops.AlterModelTable,
    ops.RemoveField,
    ops.RenameField,
    RunSQL,
)
LOCKS_A_TABLE = (
    ops.AddConstraint,
    ops.AddIndex,
    ops.RemoveIndex,
    ops.AlterUniqueTogether,
    ops.AlterIndexTogether,
)
LETS_OTHERS_WORK = (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    postgres_operations.AddConstraintNotValid,
    postgres_operations.ValidateConstraint,
)


def is_ours(app: str) -> bool:
    return (ROOT / app / "migrations").is_dir()


def broken_rules(migration: Migration, state: ProjectState) -> Iterator[str]:
    """A sentence for each operation that the version before, still serving, would notice."""
    state = state.clone()
    made_here: set[str] = set()
    for operation in migration.operations:
        if isinstance(operation, ops.CreateModel):
            made_here.add(operation.name_lower)
        elif getattr(operation, "model_name", "").lower() not in made_here:
            problem = problem_of(operation, migration.app_label, state)
            if problem:
                yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {problem}"
        operation.state_forwards(migration.app_label, state)


def problem_of(operation: Operation, app: str, before: ProjectState) -> str | None:
    match operation:
        case _ if isinstance(operation, LETS_OTHERS_WORK):
            return None
        case _ if isinstance(operation, TAKES_AWAY):
            return "the version before still uses it; take it away one release later."
        case _ if isinstance(operation, LOCKS_A_TABLE):
            return "it locks the table for as long as it takes; use the concurrent operation."
        case ops.AddField():
            return problem_of_new_field(operation.field)
        case ops.AlterField():
            fields = before.models[app, operation.model_name_lower].fields
            return problem_of_change(fields[operation.name], operation.field)
        case _:
            return None


def problem_of_new_field(field: Any) -> str | None:
    if field.many_to_many:
        return None
    if not field.null and field.db_default is NOT_PROVIDED:
        return "the version before inserts without it; let it be null, or give it a db_default."
    if field.unique or field.db_index:
        return "its index locks the table; add it concurrently, in a migration of its own."
    return None


def problem_of_change(before: Any, after: Any) -> str | None:
    if before.null and not after.null:
        return "the version before still writes null there."
    if (after.unique, after.db_index) != (before.unique, before.db_index):
        return "its index locks the table; add it concurrently, in a migration of its own."
    if isinstance(before, models.ForeignKey) and isinstance(after, models.ForeignKey):
        is_same = str(before.remote_field.model).lower() == str(after.remote_field.model).lower()
        return None if is_same else "it refers to another table; add a second field and copy."
    grows = (
        isinstance(before, models.CharField)
        and isinstance(after, models.CharField)
        and (after.max_length or 0) >= (before.max_length or 0)
    )
    if before.db_type(connection) != after.db_type(connection) and not grows:
        return "another type rewrites the table; add a second field and copy."
    return None


def test_no_migration_hurts_the_version_that_still_serves() -> None:
    loader = MigrationLoader(None)
    found: list[str] = []
    for app, name in sorted(loader.disk_migrations):
        if not is_ours(app) or int(name[:4]) <= BASELINE.get(app, 0):
            continue
        migration = loader.disk_migrations[app, name]
        if getattr(migration, "safe_because", ""):
            continue
        found += broken_rules(migration, loader.project_state((app, name), at_end=False))
    assert found == []


def state_with_a_table() -> ProjectState:
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=20)),
        ("note", models.TextField(null=True)),
    ]
    state.add_model(ModelState("signup", "Thing", fields))
    return state


def migration_of(*operations: Operation) -> Migration:
    made = type("Example", (Migration,), {"operations": list(operations)})
    migration: Migration = made("0099_example", "signup")
    return migration


@pytest.mark.parametrize(
    "operation",
    [
        ops.RemoveField("thing", "name"),
        ops.RenameField("thing", "name", "title"),
        ops.DeleteModel("thing"),
        ops.RenameModel("thing", "other"),
        ops.AlterModelTable("thing", "other"),
        ops.AddField("thing", "size", models.IntegerField(default=0)),
        ops.AddField("thing", "code", models.CharField(max_length=9, null=True, unique=True)),
        ops.AlterField("thing", "note", models.TextField(default="")),
        ops.AlterField("thing", "name", models.CharField(max_length=10)),
        ops.AlterField("thing", "name", models.IntegerField()),
        ops.AlterField("thing", "name", models.CharField(max_length=20, db_index=True)),
        ops.AddIndex("thing", models.Index(fields=["name"], name="thing_name")),
        ops.AddConstraint("thing", models.UniqueConstraint(fields=["name"], name="one_name")),
        RunSQL("DROP TABLE signup_thing"),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_the_version_before_would_notice_is_refused(operation: Operation) -> None:
    assert len(list(broken_rules(migration_of(operation), state_with_a_table()))) == 1


@pytest.mark.parametrize(
    "operation",
    [
        ops.AddField("thing", "size", models.IntegerField(null=True)),
        ops.AddField("thing", "size", models.IntegerField(default=0, db_default=0)),
        ops.AlterField("thing", "name", models.CharField(max_length=40)),
        AddIndexConcurrently("thing", models.Index(fields=["name"], name="thing_name")),
        RunPython(RunPython.noop),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_it_does_not_notice_is_allowed(operation: Operation) -> None:
    assert list(broken_rules(migration_of(operation), state_with_a_table())) == []


def test_a_new_table_may_have_what_it_needs() -> None:
    migration = migration_of(
        ops.CreateModel("Fresh", [("id", models.BigAutoField(primary_key=True))]),
        ops.AddField("fresh", "size", models.IntegerField(default=0)),
        ops.AddIndex("fresh", models.Index(fields=["size"], name="fresh_size")),
    )
    assert list(broken_rules(migration, state_with_a_table())) == []


# --- Indexes made while others write ---------------------------------------------------------------

SCRIPT = """
import django, json
django.setup()
from django.db import connection, models
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently
from django.core.management import call_command
call_command("migrate", verbosity=0)
before = MigrationLoader(connection).project_state()
index = models.Index(fields=["action"], name="audit_probe")
def names():
    with connection.cursor() as cursor:
        return "audit_probe" in connection.introspection.get_constraints(cursor, "audit_auditevent")
{before}
migration = Migration("0099_probe", "audit")
migration.atomic = False
migration.operations = [AddIndexConcurrently("auditevent", index)]
with connection.schema_editor(atomic=False) as editor:
    after = migration.apply(before.clone(), editor)
seen = [names()]
{after}
migration.operations = [RemoveIndexConcurrently("auditevent", "audit_probe")]
with connection.schema_editor(atomic=False) as editor:
    migration.apply(after.clone(), editor)
print(json.dumps([*seen, names()]))
"""


def migrated(tmp_path: Path, *, before: str = "", after: str = "", **settings: str) -> list[bool]:
    """Whether the index is there after it was added, and after it was removed."""
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="rms_portal.settings",
        SECRET_KEY="only-for-this-test-0123456789abcdef",
        VAR_DIR=str(tmp_path),
        **settings,
    )
    done = subprocess.run(
        [PYTHON, "-c", SCRIPT.replace("{before}", before).replace("{after}", after)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: list[bool] = json.loads(done.stdout)
    return answer


def test_a_concurrent_index_is_an_ordinary_one_on_sqlite(tmp_path: Path) -> None:
    assert migrated(tmp_path) == [True, False]


@pytest.mark.services
def test_a_build_that_was_interrupted_is_made_anew_on_postgresql(
    postgres: Postgres, tmp_path: Path
) -> None:
    unfinished = """
with connection.cursor() as cursor:
    cursor.execute("CREATE INDEX audit_probe ON audit_auditevent (action)")
    cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_probe'::regclass")
"""
    is_valid = """
with connection.cursor() as cursor:
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'audit_probe'::regclass")
    assert cursor.fetchone() == (True,)
"""
    url = postgres.new_url()
    assert migrated(tmp_path, before=unfinished, after=is_valid, DATABASE_URL=url, **SERVED) == [
        True,
        False,
    ]


SERVED = {"EMAIL_URL": "smtp://127.0.0.1", "MAIL_FROM": "no-reply@rights.example.com"}
