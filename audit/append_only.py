"""Tables whose rows the database itself neither changes nor deletes, on PostgreSQL and SQLite.

Triggers hold off code, and whoever can slip a statement into it. Whoever owns the tables can drop the triggers:
the chain over the rows (audit/chain.py) is what makes that show.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

REFUSAL = "Rows of the audit log are never changed or deleted."
POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$
"""
# One of a statement, so that one that hits no row is refused as well.
POSTGRES = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
"""
SQLITE = (
    f"CREATE TRIGGER {{table}}_no_update BEFORE UPDATE ON {{table}} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    f"CREATE TRIGGER {{table}}_no_delete BEFORE DELETE ON {{table}} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    # INSERT OR REPLACE deletes without asking the trigger above.
    f"""
CREATE TRIGGER {{table}}_no_replace BEFORE INSERT ON {{table}}
WHEN EXISTS (SELECT 1 FROM {{table}} WHERE {{key}} = NEW.{{key}})
BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
""",  # noqa: S608 -- names of the migration
)


class AppendOnly(Operation):
    """Makes the table of a model append-only.

    On SQLite, Django alters a table by making it anew, without its triggers: a migration that does so to
    such a table names this operation again.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not know of triggers."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        is_postgres = schema_editor.connection.vendor == "postgresql"
        names = self._names(app_label, to_state)
        if is_postgres:
            schema_editor.execute(POSTGRES_FUNCTION, params=None)
        for statement in (POSTGRES,) if is_postgres else SQLITE:
            schema_editor.execute(statement.format(**names), params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = self._names(app_label, from_state)["table"]
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP TRIGGER {table}_append_only ON {table}", params=None)
            return
        for kind in ("update", "delete", "replace"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{kind}", params=None)

    def describe(self) -> str:
        return f"Refuse changes and deletions in {self.model_name}"

    def _names(self, app_label: str, state: ProjectState) -> dict[str, Any]:
        meta = state.apps.get_model(app_label, self.model_name)._meta
        assert meta.pk
        return {"table": meta.db_table, "key": meta.pk.column}
