"""The admin's lists at a million rows, beside a thousand: of an operator, and of an administrator whose organisation has
as many accounts. Time, queries, rows on the page, and what is read from end to end.
"""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks import stack
from benchmarks.crowded import PEOPLE, admin_pages, organisation_of, product_of
from benchmarks.results import Result, keep, show
from tests.services.product import Product

NAME = "admin_lists"
GOAL = 1.5
FEW = 1_000
ROUNDS = 3
MAKERS = {"operator": product_of, "administrator": organisation_of}
Page = dict[str, Any]


def main() -> None:
    with stack.stack() as here:
        for who, make in MAKERS.items():
            compare(who, make(here, FEW), make(here, PEOPLE))


def compare(who: str, few: Product, many: Product) -> None:
    """In turns, because the machine is never quiet."""
    rounds = [(admin_pages(few, who), admin_pages(many, who)) for _ in range(ROUNDS)]
    of_few = [medians(pages) for pages in zip(*(pages for pages, _ in rounds), strict=True)]
    of_many = [medians(pages) for pages in zip(*(pages for _, pages in rounds), strict=True)]
    results = [row(who, *both) for both in zip(of_few, of_many, strict=True)]
    for result in results:
        keep(NAME, result)
    show(f"{NAME}: {who}", results)
    slow = [result["list"] for result in results if float(result["times"]) > GOAL]
    print(f"Beyond {GOAL} times: {', '.join(map(str, slow)) or 'none'}.")


def medians(pages: tuple[Page, ...]) -> Page:
    """The same page in several rounds."""
    measured = ("milliseconds", "cpu_ms")
    return pages[0] | {name: statistics.median(page[name] for page in pages) for name in measured}


def row(who: str, few: Page, many: Page) -> Result:
    return {
        "who": who,
        "list": many["page"],
        "milliseconds": many["milliseconds"],
        "with_a_thousand": few["milliseconds"],
        "times": round(many["milliseconds"] / few["milliseconds"], 2),
        "cpu_ms": many["cpu_ms"],
        "cpu_times": round(many["cpu_ms"] / few["cpu_ms"], 2),
        "rows": f"{many['rows']} / {few['rows']}",
        "queries": f"{many['queries']} / {few['queries']}",
        "read_whole": ", ".join(many["read_whole"]) or "-",
    }
