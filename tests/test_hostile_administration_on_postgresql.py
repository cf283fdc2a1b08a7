"""Junk in the administration on PostgreSQL, which takes no NUL, no year -1 and no number of 23 digits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT
from tests.test_audit_on_postgresql import environment

pytestmark = [pytest.mark.services, pytest.mark.long]


def test_the_same_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "long or not long"]
    done = subprocess.run(
        [*command, "tests/test_hostile_administration.py"],
        cwd=ROOT,
        env=environment(postgres, tmp_path, "tests.settings"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
