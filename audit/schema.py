"""Operations for migrations that run while the version before still serves; see docs/developers.md."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

IS_UNFINISHED = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(%s) AND NOT indisvalid"  # of an earlier run


def _is_postgres(schema_editor: BaseDatabaseSchemaEditor) -> bool:
    return schema_editor.connection.vendor == "postgresql"


@contextmanager
def _patient(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """CONCURRENTLY waits for every older transaction and blocks nobody meanwhile, so it may wait."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", (before,))


class AddIndexConcurrently(postgres.AddIndexConcurrently):
    """Django's, and on other engines an ordinary AddIndex. The migration says `atomic = False`.

    A build that was interrupted leaves an index that PostgreSQL keeps up to date and never uses: it is
    dropped first, so that the migration can simply run again.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        arguments: tuple[Any, ...] = (app_label, schema_editor, from_state, to_state)
        if not _is_postgres(schema_editor):
            AddIndex.database_forwards(self, *arguments)
            return
        self._ensure_not_in_transaction(schema_editor)
        with _patient(schema_editor):
            _drop_unfinished(schema_editor, self.index.name)
            super().database_forwards(*arguments)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        arguments: tuple[Any, ...] = (app_label, schema_editor, from_state, to_state)
        if not _is_postgres(schema_editor):
            AddIndex.database_backwards(self, *arguments)
            return
        with _patient(schema_editor):
            super().database_backwards(*arguments)


class RemoveIndexConcurrently(postgres.RemoveIndexConcurrently):
    """Django's, and on other engines an ordinary RemoveIndex. The migration says `atomic = False`."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        arguments: tuple[Any, ...] = (app_label, schema_editor, from_state, to_state)
        if not _is_postgres(schema_editor):
            RemoveIndex.database_forwards(self, *arguments)
            return
        with _patient(schema_editor):
            super().database_forwards(*arguments)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        arguments: tuple[Any, ...] = (app_label, schema_editor, from_state, to_state)
        if not _is_postgres(schema_editor):
            RemoveIndex.database_backwards(self, *arguments)
            return
        with _patient(schema_editor):
            super().database_backwards(*arguments)


class HoldRule(Operation):
    """Functions and triggers that hold a rule on PostgreSQL. A rule derives from it, so that migrations name it alone."""

    reduces_to_sql = True
    reversible = True
    functions: tuple[str, ...]

    @abstractmethod
    def statements(self) -> Iterable[str]:
        """What makes `functions` and the triggers that call them."""

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models do not know of triggers."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if _is_postgres(schema_editor):
            for statement in self.statements():
                schema_editor.execute(statement, params=None)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if _is_postgres(schema_editor):
            for name in self.functions:
                schema_editor.execute(f"DROP FUNCTION {name}() CASCADE", params=None)


def _drop_unfinished(schema_editor: BaseDatabaseSchemaEditor, name: str) -> None:
    quoted = schema_editor.quote_name(name)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(IS_UNFINISHED, (quoted,))
        if cursor.fetchone():
            cursor.execute(f"DROP INDEX CONCURRENTLY {quoted}")
