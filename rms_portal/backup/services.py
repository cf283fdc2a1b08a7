"""Making a backup and restoring it: what may be done, in which order, and what is left to do."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit.services import record
from rms_portal import keys
from rms_portal.backup import postgres, sqlite
from rms_portal.backup.archive import SECRETS, Manifest, Reader, Writer
from rms_portal.backup.exceptions import (
    CannotWrite,
    FileIsThere,
    NewerThanTheCode,
    NoSuchFile,
    NotEmpty,
    OtherEngine,
)
from rms_portal.installation import replace_secret_key
from rms_portal.version import version
from tenants.flows.leave_again import leave_again

STANDARD_STREAM = "-"
STILL_THERE = (
    "The account {} had left since this backup was made, and is the last administrator or operator in it: close it "
    "once there is another."
)
ENGINES: dict[str, ModuleType] = {"postgresql": postgres, "sqlite": sqlite}


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    # What the operator has to do, in sentences.
    to_do: list[str]
    # Accounts that had left since the backup was made.
    left_again: int = 0


def make_backup(target: str, *, with_secrets: bool) -> Manifest:
    """Writes the archive to `target` (`-` is standard output), readable by nobody else. Raises BackupError."""
    manifest = Manifest(
        version=version(),
        created=timezone.now().isoformat(timespec="seconds"),
        engine=connection.vendor,
        migrations=_applied(),
    )
    with _written_whole(target) as stream:
        writer = Writer(stream, manifest)
        engine = ENGINES[connection.vendor]
        with writer.part(engine.PART, compress=not engine.IS_COMPRESSED) as part:
            engine.dump(part)
        if with_secrets:
            writer.add(SECRETS, _secrets())
        writer.finish()
    with transaction.atomic():
        record(
            action="installation.backed_up",
            subject="installation:database",
            tenant_id=None,
            acting_user=None,
            details={"with_secrets": with_secrets},
        )
    return manifest


def _applied() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


def _secrets() -> dict[str, object]:
    return {
        "SECRET_KEY": settings.SECRET_KEY,
        "SECRET_KEY_FALLBACKS": list(settings.SECRET_KEY_FALLBACKS),
        "MASTER_KEY": settings.MASTER_KEY,
    }


@contextmanager
def _written_whole(target: str) -> Iterator[IO[bytes]]:
    """A file has its name only once all of it is safely on the disk."""
    if target == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    if path.exists():
        raise FileIsThere(path)
    try:
        descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise CannotWrite(path, error.strerror) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(unfinished).rename(path)
    except OSError as error:
        raise CannotWrite(path, error.strerror) from None
    finally:
        with suppress(FileNotFoundError):
            Path(unfinished).unlink()


def restore(source: str, *, force: bool, check_only: bool = False) -> Restored:
    """Replaces the database by the one in the archive at `source` (`-` is standard input).

    Raises BackupError, and then nothing is changed. With `check_only`, nothing is changed in any case.
    """
    with _read(source) as reader:
        reader.check()
        _refuse(reader.manifest, force=force)
        if check_only:
            return Restored(reader.manifest, [])
        _replace_database(reader)
        call_command("migrate", interactive=False, verbosity=0)
        to_do = _restore_key(reader, source)
    again = leave_again()
    with transaction.atomic():
        record(
            action="installation.restored",
            subject="installation:database",
            tenant_id=None,
            acting_user=None,
            details={"backup_of": reader.manifest.created},
        )
    stayed = [STILL_THERE.format(user_id) for user_id in again.still_there]
    return Restored(reader.manifest, [*to_do, *stayed], left_again=again.count)


@contextmanager
def _read(source: str) -> Iterator[Reader]:
    with tempfile.NamedTemporaryFile(dir=settings.VAR_DIR, prefix="restore-") as copy:
        path = Path(source)
        if source == STANDARD_STREAM:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.flush()
            path = Path(copy.name)
        if not path.is_file():
            raise NoSuchFile(source)
        reader = Reader(path)
        try:
            yield reader
        finally:
            reader.close()


def _refuse(manifest: Manifest, *, force: bool) -> None:
    if manifest.engine != connection.vendor:
        raise OtherEngine(manifest.engine, connection.vendor)
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    unknown = [name for name in manifest.migrations if name not in known]
    if unknown:
        raise NewerThanTheCode(manifest.version, unknown[0])
    if connection.introspection.table_names() and not force:
        raise NotEmpty
    ENGINES[connection.vendor].refuse_while_in_use()


def _replace_database(reader: Reader) -> None:
    engine = ENGINES[connection.vendor]
    with tempfile.NamedTemporaryFile(dir=settings.VAR_DIR, prefix="restore-") as copy:
        reader.extract(engine.PART, copy)
        engine.restore(Path(copy.name))
    connection.close()


def _restore_key(reader: Reader, source: str) -> list[str]:
    """An embedded installation gets its key back; elsewhere it is the operator who sets it."""
    kept = reader.secrets().get("SECRET_KEY", "")
    if kept and settings.SECRET_KEY_IS_KEPT_HERE:
        replace_secret_key(settings.VAR_DIR, kept)
        return []
    if keys.state() is not keys.KeyState.WRONG:
        return []
    where = (
        f"`unzip -p {source} {SECRETS}` shows the one that belongs to this backup."
        if kept
        else "This backup was made without --with-secrets: look for it where you keep secrets."
    )
    return [f"SECRET_KEY is not the one that this backup was made with. {where}", keys.WRONG]
