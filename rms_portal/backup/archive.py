"""The archive: a zip file with parts, and `manifest.json`, which says what they are and their SHA-256."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from rms_portal.backup.exceptions import Damaged, NotABackup

FORMAT = 1
PRODUCT = "rms-portal"
MANIFEST = "manifest.json"
SECRETS = "secrets.json"
CHUNK = 1024 * 1024


@dataclass
class Manifest:
    version: str
    created: str
    engine: str
    migrations: list[str]
    parts: dict[str, str] = field(default_factory=dict)  # name: SHA-256
    format: int = FORMAT
    product: str = PRODUCT


class _Hashing:
    """Passes on what is written, and keeps its SHA-256."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._stream.write(data)


class Writer:
    """Writes parts one after another, then the manifest. The stream need not be a file."""

    def __init__(self, stream: IO[bytes], manifest: Manifest) -> None:
        self._zip = zipfile.ZipFile(stream, "w")
        self._manifest = manifest

    @contextmanager
    def part(self, name: str, *, compress: bool) -> Iterator[_Hashing]:
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        entry.external_attr = 0o600 << 16
        with self._zip.open(entry, "w", force_zip64=True) as stream:
            hashing = _Hashing(stream)
            yield hashing
        self._manifest.parts[name] = hashing.digest.hexdigest()

    def add(self, name: str, value: object) -> None:
        with self.part(name, compress=True) as part:
            part.write(json.dumps(value, indent=2).encode())

    def finish(self) -> None:
        self._zip.writestr(MANIFEST, json.dumps(asdict(self._manifest), indent=2))
        self._zip.close()


class Reader:
    """Raises NotABackup for what is none, and Damaged for a part that is not what was written."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            read: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
            self.manifest = Manifest(**read)
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, OSError):
            raise NotABackup(path) from None
        if (self.manifest.product, self.manifest.format) != (PRODUCT, FORMAT):
            raise NotABackup(path)

    def check(self) -> None:
        """Reads everything once."""
        if not any(name.startswith("database.") for name in self.manifest.parts):
            raise Damaged(MANIFEST)
        for name in self.manifest.parts:
            digest = hashlib.sha256()
            try:
                with self._zip.open(name) as part:
                    while chunk := part.read(CHUNK):
                        digest.update(chunk)
            except (zipfile.BadZipFile, zlib.error, KeyError, EOFError):
                raise Damaged(name) from None
            if digest.hexdigest() != self.manifest.parts[name]:
                raise Damaged(name)

    def extract(self, name: str, target: IO[bytes]) -> None:
        with self._zip.open(name) as part:
            shutil.copyfileobj(part, target, CHUNK)
        target.flush()

    def secrets(self) -> dict[str, Any]:
        """What `--with-secrets` put there; empty without."""
        if SECRETS not in self.manifest.parts:
            return {}
        read: dict[str, Any] = json.loads(self._zip.read(SECRETS))
        return read

    def close(self) -> None:
        self._zip.close()
