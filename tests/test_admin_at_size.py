"""Lists on PostgreSQL, however long: as many queries as for few rows, none that reads a whole table, and in the
commands no more memory.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from benchmarks import stack
from benchmarks.crowded import PEOPLE, admin_pages, organisation_of, product_of
from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT, Product
from tests.services.redis import Redis

pytestmark = pytest.mark.services
FEW, SOME = 100, 20_000
FIRST_LOOK = "dashboard, first look"
MOST_MILLISECONDS = 500
# What reading 19,900 rows more may cost; keeping all of them would cost more than 30 MB.
MOST_KILOBYTES_MORE = 10_000
PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "manage.py", *sys.argv[1:]], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="module")
def here(postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory) -> stack.Stack:
    return stack.Stack(postgres, redis, tmp_path_factory.mktemp("at-size"))


@pytest.fixture(scope="module")
def with_few(here: stack.Stack) -> Product:
    return product_of(here, FEW)


@pytest.fixture(scope="module")
def with_some(here: stack.Stack) -> Product:
    return product_of(here, SOME)


def queries(pages: list[dict[str, Any]]) -> dict[str, int]:
    return {page["page"]: page["queries"] for page in pages}


def peak_kilobytes(product: Product, *words: str) -> int:
    command = [PYTHON, "-c", PEAK, *words]
    return int(subprocess.check_output(command, cwd=ROOT, env=product.environment))


def assert_as_cheap(few: list[dict[str, Any]], some: list[dict[str, Any]]) -> None:
    first_look = queries(some)[FIRST_LOOK], queries(few)[FIRST_LOOK]
    # Many accounts are counted by a worker.
    assert first_look[0] < first_look[1]
    assert {**queries(some), FIRST_LOOK: 0} == {**queries(few), FIRST_LOOK: 0}
    assert {page["page"]: page["read_whole"] for page in some if page["read_whole"]} == {}


def test_lists_take_as_many_queries_for_many_rows_as_for_few(
    with_few: Product, with_some: Product
) -> None:
    assert_as_cheap(admin_pages(with_few, times=1), admin_pages(with_some, times=1))


@pytest.mark.long
def test_so_do_those_of_the_administrator_of_a_large_organisation(here: stack.Stack) -> None:
    few, some = (
        admin_pages(organisation_of(here, people), "administrator", times=1)
        for people in (FEW, SOME)
    )
    assert_as_cheap(few, some)


@pytest.mark.parametrize("command", ["list_signups", "list_tenants", "list_subscriptions"])
def test_commands_list_many_rows_in_the_memory_of_few(
    with_few: Product, with_some: Product, command: str
) -> None:
    few, some = (peak_kilobytes(product, command, "--json") for product in (with_few, with_some))
    assert some - few < MOST_KILOBYTES_MORE


def test_every_row_of_a_long_list_is_in_the_array(with_some: Product) -> None:
    assert len(json.loads(with_some.manage("list_signups", "--json"))) == SOME + 1


def test_long_tables_have_a_line_for_every_row(with_some: Product) -> None:
    assert len(with_some.manage("list_signups").splitlines()) == SOME + 2


@pytest.mark.long
def test_lists_of_a_million_rows_open_at_once(here: stack.Stack) -> None:
    pages = admin_pages(product_of(here, PEOPLE))
    assert {page["page"]: page["read_whole"] for page in pages if page["read_whole"]} == {}
    slow = {page["page"]: page["milliseconds"] for page in pages}
    assert max(slow.values()) < MOST_MILLISECONDS, slow
