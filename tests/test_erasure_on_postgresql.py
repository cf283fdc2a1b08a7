"""Nothing is left of an erased person on PostgreSQL either: all of its tables are looked through."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT
from tests.test_audit_on_postgresql import environment

pytestmark = [pytest.mark.services, pytest.mark.long]
FILES = (
    "tests/test_erasure_of_everything.py",
    "tests/test_erasure.py",
    "tests/test_audit_whereabouts.py",
)


def test_the_same_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *FILES]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(postgres, tmp_path, "tests.settings"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
