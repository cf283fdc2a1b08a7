"""Limits in a SQLite file of their own, shared by the processes of one machine; or in memory."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from limits import records
from limits.rates import Rate
from limits.records import Action, Record

WAIT_SECONDS = 5
TIDY_EVERY = 500
TABLE = """
CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, logs TEXT NOT NULL, ends INTEGER NOT NULL)
WITHOUT ROWID
"""


class SqliteStore:
    """Every action is one transaction, whose lock holds between threads and processes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._writes = 0

    def act(
        self, action: Action, keys: Sequence[tuple[str, Sequence[Rate]]], now: int, amount: int = 1
    ) -> list[bool]:
        with self._transaction() as connection:
            found = [(key, rates, self._read(connection, key)) for key, rates in keys]
            full = [records.is_full(record, rates, now) for _, rates, record in found]
            if action is Action.LOOK or (action is Action.TAKE and any(full)):
                return full
            for _, rates, record in found:
                records.trim(record, rates, now)
            if action is Action.GIVE_BACK:
                full = [bool(record.counts) for _, _, record in found]
            for key, rates, record in found:
                _change(record, action, rates, now, amount)
                ends = now + records.longest_window(rates)
                self._write(connection, key, record, ends)
            self._tidy(connection, now)
        return full

    def forget(self, key: str) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM records WHERE key = ?", (key,))

    def clear(self) -> None:
        with self._transaction() as connection:
            connection.execute("DELETE FROM records")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _open(self) -> sqlite3.Connection:
        """The connection of this process: SQLite's may not be carried through a fork."""
        if self._connection is None or self._process != os.getpid():
            with _alone(self._path):
                self._connection = _connect(self._path)
            self._process = os.getpid()
        return self._connection

    @staticmethod
    def _read(connection: sqlite3.Connection, key: str) -> Record:
        row = connection.execute("SELECT logs FROM records WHERE key = ?", (key,)).fetchone()
        return Record(*json.loads(row[0])) if row else Record()

    @staticmethod
    def _write(connection: sqlite3.Connection, key: str, record: Record, ends: int) -> None:
        logs = json.dumps([record.counts, record.allowed])
        connection.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", (key, logs, ends))

    def _tidy(self, connection: sqlite3.Connection, now: int) -> None:
        self._writes += 1
        if self._writes % TIDY_EVERY == 0:
            connection.execute("DELETE FROM records WHERE ends <= ?", (now,))


@contextmanager
def _alone(path: Path | None) -> Iterator[None]:
    """One at a time opens the file: SQLite's own wait does not cover the change to WAL.

    Two that make it at once would deadlock, so one is refused without waiting
    (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path or ":memory:", timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    # What a power cut loses here makes a limit lenient, no more.
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(TABLE)
    connection.execute("CREATE INDEX IF NOT EXISTS by_end ON records (ends)")
    return connection


def _change(record: Record, action: Action, rates: Sequence[Rate], now: int, amount: int) -> None:
    match action:
        case Action.TAKE:
            records.add(record.counts, rates, now, 1)
        case Action.GIVE_BACK:
            records.take_newest_back(record.counts)
        case Action.ALLOW_MORE:
            records.add(record.allowed, rates, now, amount)
