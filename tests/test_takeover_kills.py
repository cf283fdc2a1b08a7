"""kill -9 at every step of a takeover and of undoing it, on PostgreSQL: before or after, never between, and resumed."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tenants.takeover.registry import belongings
from tests.services.postgres import Postgres
from tests.services.product import PYTHON

pytestmark = pytest.mark.services


def killed(postgres: Postgres, folder: Path, *, rounds: int) -> list[list[str]]:
    """Of each kill: before which step, which way, how the connection ended, and what was there then."""
    product = postgres.product(folder)
    done = subprocess.run(
        [PYTHON, "-m", "tests.crashing", str(rounds)],
        cwd=product.root,
        env=product.environment | {"DJANGO_SETTINGS_MODULE": "rms_portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: list[list[str]] = json.loads(done.stdout)
    return seen


def assert_before_or_after(seen: list[list[str]]) -> None:
    """A COMMIT that the server has been given may be carried out after its sender's death; nothing else is."""
    expected = [
        "after" if gate == "commit" and how == "late" else "before" for gate, _, how, _ in seen
    ]
    assert [found for *_, found in seen] == expected


def test_killed_before_each_step(postgres: Postgres, tmp_path: Path) -> None:
    seen = killed(postgres, tmp_path, rounds=1)
    assert {gate for gate, *_ in seen} == {*(one.name for one in belongings()), "commit"}
    assert_before_or_after(seen)


@pytest.mark.long
def test_killed_a_hundred_times(postgres: Postgres, tmp_path: Path) -> None:
    seen = killed(postgres, tmp_path, rounds=3)
    assert len(seen) >= 100
    assert min(Counter((gate, way) for gate, way, *_ in seen).values()) >= 6
    assert_before_or_after(seen)
