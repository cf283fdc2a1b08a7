"""The state that an installation keeps below VAR_DIR, made before Django's settings are read."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

import environ

from rms_portal.environment import SECRET_KEY_FILE, keeps_secret_key

FOLDERS = (
    "audit",
    "broker",
    "broker/control",
    "broker/processed",
    "broker/queue",
    "cache",
    "metrics",
    "secrets",
)
FIRST_OPERATOR_PASSWORD_FILE = Path("secrets") / "first_operator_password"
OWNER_ONLY = 0o700


def make_state(env: environ.Env, var_dir: Path) -> None:
    """Makes what is missing below `var_dir`; an embedded installation gets its SECRET_KEY there."""
    make_folders(var_dir)
    if keeps_secret_key(env):
        kept_secret(var_dir / SECRET_KEY_FILE, octets=48)


def make_folders(var_dir: Path) -> None:
    """Folders that only the account of the installation can read."""
    for folder in (var_dir, *(var_dir / name for name in FOLDERS)):
        folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)


def kept_secret(path: Path, *, octets: int) -> str:
    """The secret in `path`, made at random on first use; who starts at the same instant gets the same."""
    if not path.exists():
        fresh = _write_secret(path.parent, secrets.token_urlsafe(octets))
        # Linking fails where another process was first: then its secret counts.
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()


def replace_secret_key(var_dir: Path, key: str) -> None:
    """The key of an embedded installation becomes `key`, for those that start from now on."""
    path = var_dir / SECRET_KEY_FILE
    _write_secret(path.parent, key).replace(path)


def _write_secret(folder: Path, secret: str) -> Path:
    """A new file, readable by its owner alone, with `secret` safely on the disk."""
    descriptor, name = tempfile.mkstemp(dir=folder)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(name)
