"""The admin's lists at a million rows, beside a thousand: time, queries, and what is read from end to end."""

from __future__ import annotations

from benchmarks import stack
from benchmarks.crowded import PEOPLE, admin_pages, product_of
from benchmarks.results import Result, keep, show

NAME = "admin_lists"
FEW = 1_000


def main() -> None:
    with stack.stack() as here:
        few = {page["page"]: page for page in admin_pages(product_of(here, FEW))}
        many = admin_pages(product_of(here, PEOPLE))
    results: list[Result] = [
        {
            "list": page["page"],
            "milliseconds": page["milliseconds"],
            "with_a_thousand": few[page["page"]]["milliseconds"],
            "queries": page["queries"],
            "queries_with_a_thousand": few[page["page"]]["queries"],
            "read_whole": ", ".join(page["read_whole"]) or "-",
        }
        for page in many
    ]
    for result in results:
        keep(NAME, result)
    show(NAME, results)
