"""Where counts lie while many processes count, and how they outlive the processes.

Each process writes files of its own below VAR_DIR (prometheus_client's multiprocess mode), also in another
container that has the same volume; a scrape adds all of them up. A process holds a lock on a file of its
own for as long as it lives. Whose lock is gone has ended: its counts are added to those of all that ended
before, so that sums never fall and the number of files stays that of the processes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

KINDS = ("counter", "histogram")
ENDED = "ended"
# Reserved on the disk, not only promised: writing to a mapped file on a full disk kills the process.
RESERVED_BYTES = 512 * 1024


def folder() -> Path:
    path: Path = settings.VAR_DIR / "metrics"
    return path


def _counts(kind: str, name: str) -> Path:
    return folder() / f"{kind}_{name}.db"


class ProcessName:
    """The name of the process in the names of its files: another one after a fork."""

    def __init__(self) -> None:
        self._process_id = 0
        self._name = ""
        self._sign_of_life: IO[bytes] | None = None

    def __call__(self) -> str:
        if os.getpid() != self._process_id:
            self._begin()
        return self._name

    def _begin(self) -> None:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        name = uuid.uuid4().hex
        for kind in KINDS:
            _reserve(_counts(kind, name))
        unseen = folder() / f"{name}.new"
        sign_of_life = unseen.open("wb")
        fcntl.flock(sign_of_life, fcntl.LOCK_EX)
        # Seen only once it is locked: nobody takes a process for ended that just begins.
        unseen.rename(folder() / f"{name}.alive")
        self._name, self._process_id, self._sign_of_life = name, os.getpid(), sign_of_life


def _reserve(path: Path) -> None:
    unseen = path.with_suffix(".new")
    with unseen.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVED_BYTES)
    unseen.rename(path)


_making = threading.Lock()


@cache
def _value_class() -> Any:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder())
    return values.MultiProcessValue(ProcessName())


def _value(*arguments: Any, **options: Any) -> Any:
    """Files come with the first count: a process that counts nothing makes none."""
    with _making:
        made = _value_class()
    return made(*arguments, **options)


def use_files() -> None:
    """From here on, metrics that are defined count in files."""
    values.ValueClass = _value


@contextmanager
def standing_still() -> Iterator[Path]:
    """The folder, without files of processes that ended, and with nobody else tidying it up."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder() / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for sign_of_life in folder().glob("*.alive"):
            if _has_ended(sign_of_life):
                _keep_counts_of(sign_of_life.stem)
                sign_of_life.unlink()
        yield folder()


def _has_ended(sign_of_life: Path) -> bool:
    with sign_of_life.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _keep_counts_of(name: str) -> None:
    for kind in KINDS:
        source, target = _counts(kind, name), _counts(kind, ENDED)
        if not source.exists():
            continue
        unseen = target.with_suffix(".new")
        unseen.unlink(missing_ok=True)
        if target.exists():
            shutil.copyfile(target, unseen)
        _add(source, unseen)
        unseen.rename(target)
        source.unlink()


def _add(source: Path, target: Path) -> None:
    sums = MmapedDict(str(target))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(source)):
        sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    sums.close()
