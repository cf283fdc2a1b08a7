"""The admin's lists on PostgreSQL: as many queries for many rows as for few, and none that reads a whole table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import stack
from benchmarks.crowded import PEOPLE, admin_pages, product_of
from tests.services.postgres import Postgres
from tests.services.redis import Redis

pytestmark = pytest.mark.services
FEW, SOME = 100, 20_000
MOST_MILLISECONDS = 500


@pytest.fixture
def here(postgres: Postgres, redis: Redis, tmp_path: Path) -> stack.Stack:
    return stack.Stack(postgres, redis, tmp_path)


def queries(pages: list[dict[str, Any]]) -> dict[str, int]:
    return {page["page"]: page["queries"] for page in pages}


def test_lists_take_as_many_queries_for_many_rows_as_for_few(here: stack.Stack) -> None:
    few, some = admin_pages(product_of(here, FEW)), admin_pages(product_of(here, SOME))
    assert queries(some) == queries(few)
    assert {page["page"]: page["read_whole"] for page in some if page["read_whole"]} == {}


@pytest.mark.long
def test_lists_of_a_million_rows_open_at_once(here: stack.Stack) -> None:
    pages = admin_pages(product_of(here, PEOPLE))
    assert {page["page"]: page["read_whole"] for page in pages if page["read_whole"]} == {}
    slow = {page["page"]: page["milliseconds"] for page in pages}
    assert max(slow.values()) < MOST_MILLISECONDS, slow
