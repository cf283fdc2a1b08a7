"""The house: imports point one way, from the doors to the small shared rooms."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = {"audit", "idempotency"}
MAY_IMPORT = {
    "idempotency": set[str](),
    "limits": set[str](),
    "audit": {"idempotency"},
    "outbox": SHARED,
    "tenants": {*SHARED, "outbox"},
    "subscriptions": {*SHARED, "outbox", "tenants"},
    "accounts": {*SHARED, "limits", "outbox", "tenants", "subscriptions"},
    "feed": {*SHARED, "outbox", "tenants", "subscriptions"},
    "signup": {*SHARED, "limits", "outbox", "tenants", "subscriptions", "accounts"},
}
ROOMS = {*MAY_IMPORT, "rms_portal", "tests", "benchmarks"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found & ROOMS


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_point_one_way(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    wrong = {
        str(path.relative_to(ROOT)): sorted(imports(path) - allowed)
        for path in (ROOT / room).rglob("*.py")
        if imports(path) - allowed
    }
    assert not wrong


def test_the_project_does_not_import_the_tests() -> None:
    for path in (ROOT / "rms_portal").rglob("*.py"):
        assert not imports(path) & {"tests", "benchmarks"}, path
