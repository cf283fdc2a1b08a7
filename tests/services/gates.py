"""Pausing a process from outside, just before a row changes: a trigger waits for a lock that the test holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from tests.services.waiting import until

GATE = 4711
TRIGGER = """
CREATE OR REPLACE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_advisory_xact_lock_shared(%(gate)s); RETURN NEW; END $$;
CREATE TRIGGER gate BEFORE UPDATE ON outbox_outboxmail FOR EACH ROW
WHEN (NEW.state = %(state)s AND OLD.state <> NEW.state) EXECUTE FUNCTION wait_at_the_gate();
"""
WAITING = """
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted
"""


@dataclass
class Gate:
    """Closed: nobody moves a mail into the state until the gate is opened."""

    connection: Any

    def wait_until_somebody_waits(self) -> list[int]:
        return until(self._waiting, what="somebody at the gate")

    def end_who_waits(self) -> None:
        """What the database does when it notices that the client is gone: nothing is committed."""
        for process in self._waiting():
            self._run("SELECT pg_terminate_backend(%s)", (process,))
        until(lambda: not self._waiting(), what="an empty gate")

    def _waiting(self) -> list[int]:
        return [process for (process,) in self._run(WAITING, (GATE,))]

    def _run(self, statement: str, values: tuple[int, ...]) -> list[tuple[int]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[int]] = cursor.fetchall()
            return rows


@contextmanager
def gate_before(state: str, database_url: str) -> Iterator[Gate]:
    """Nobody moves a mail into `state` while this lasts."""
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (GATE,))
            cursor.execute(TRIGGER, {"gate": GATE, "state": state})
            try:
                yield Gate(connection)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
                cursor.execute("DROP TRIGGER gate ON outbox_outboxmail")
