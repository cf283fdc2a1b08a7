"""Static files are collected again only when one of them changed: the second start is a quick one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

SOURCES_FILE = ".sources"


def collect_static() -> bool:
    """Collects the static files unless they are there already; whether there was anything to do."""
    kept = Path(settings.STATIC_ROOT) / SOURCES_FILE
    wanted = _fingerprint()
    if kept.is_file() and kept.read_text() == wanted:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    kept.write_text(wanted)
    return True


def _fingerprint() -> str:
    """SHA-256 over the names and contents of all static files of the installed applications."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list(None), key=lambda item: item[0]):
            digest.update(f"\0{name}\0".encode())
            digest.update(Path(storage.path(name)).read_bytes())
    return digest.hexdigest()
