"""PostgreSQL: pg_dump's custom format, and back in one transaction."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Any, Protocol

from django.db import connection

from rms_portal.backup.exceptions import InUse, ProgramFailed, ProgramMissing
from rms_portal.redaction import redact

PART = "database.dump"
IS_COMPRESSED = True
DEBIAN = Path("/usr/lib/postgresql")
REPLACE_EVERYTHING = b"BEGIN; DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"
# pg_restore from 17 on sets it whatever the server knows, and 16 refuses what it does not know.
SETS_WHAT_OLDER_SERVERS_REFUSE = b"SET transaction_timeout"
LONGEST_PREAMBLE = 40  # lines
ENVIRONMENT = {"NAME": "PGDATABASE", "HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER"}
ENVIRONMENT |= {"PASSWORD": "PGPASSWORD"}
OPTIONS = "-c lock_timeout=10s -c client_min_messages=warning"
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


class Target(Protocol):
    def write(self, data: bytes, /) -> int: ...


def program(name: str) -> str:
    """On PATH, or where Debian keeps it, one folder per version: the newest. Raises ProgramMissing."""
    folders = sorted(DEBIAN.glob("*/bin"), key=_version, reverse=True)
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, folders)))
    if not found:
        raise ProgramMissing(name)
    return found


def _version(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def _environment() -> dict[str, str]:
    """The password goes by the environment: everybody on the machine sees arguments."""
    database: dict[str, Any] = connection.settings_dict
    found = {
        ours: str(database[theirs]) for theirs, ours in ENVIRONMENT.items() if database[theirs]
    }
    for option in ("sslmode", "sslrootcert", "sslcert", "sslkey"):
        if option in database["OPTIONS"]:
            found[f"PG{option.upper()}"] = str(database["OPTIONS"][option])
    return {**os.environ, **found, "PGOPTIONS": OPTIONS, "PGCONNECT_TIMEOUT": "10"}


def dump(target: Target) -> None:
    """Everything as it was at one instant, while others go on. Raises ProgramMissing, ProgramFailed."""
    command = [program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges"]
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(  # noqa: S603 -- found by program()
            command, stdout=subprocess.PIPE, stderr=errors, env=_environment()
        ) as process:
            assert process.stdout
            shutil.copyfileobj(process.stdout, target)
        _require(process, errors)


def refuse_while_in_use() -> None:
    """Raises InUse."""
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        (others,) = cursor.fetchone()
    connection.close()
    if others:
        raise InUse


def restore(archive: Path) -> None:
    """Replaces everything by what is in `archive`, or nothing. Raises ProgramMissing, ProgramFailed."""
    reading = [program("pg_restore"), "--file=-", "--no-owner", "--no-privileges", str(archive)]
    writing = [program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with tempfile.TemporaryFile() as read_errors, tempfile.TemporaryFile() as write_errors:
        reader = subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=read_errors)  # noqa: S603
        writer = subprocess.Popen(  # noqa: S603
            writing,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=write_errors,
            env=_environment(),
        )
        try:
            _hand_on(reader, writer)
        except BrokenPipeError:
            # It has refused something, and ended: its words say what.
            reader.kill()
        writer.wait()
        reader.wait()
        _require(writer, write_errors)
        _require(reader, read_errors)


def _hand_on(reader: subprocess.Popen[bytes], writer: subprocess.Popen[bytes]) -> None:
    """Commits only what was read to its end."""
    assert reader.stdout
    assert writer.stdin
    with writer.stdin as target:
        target.write(REPLACE_EVERYTHING)
        for _ in range(LONGEST_PREAMBLE):
            line = reader.stdout.readline()
            if not line.startswith(SETS_WHAT_OLDER_SERVERS_REFUSE):
                target.write(line)
        shutil.copyfileobj(reader.stdout, target)
        if reader.wait() == 0:
            target.write(b"COMMIT;\n")


def _require(process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
    if process.returncode == 0:
        return
    errors.seek(0)
    words = " ".join(errors.read().decode(errors="replace").split())[:500]
    args = process.args
    assert isinstance(args, list)
    raise ProgramFailed(Path(str(args[0])).name, redact(words) or f"status {process.returncode}")
