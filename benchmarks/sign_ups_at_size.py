"""Sign-up requests and completions with a million people in a hundred thousand organisations, beside an
empty database: in turns, because the machine is never quiet.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

from benchmarks import people, stack
from benchmarks.crowded import product_of
from benchmarks.load import Visitor, press
from benchmarks.results import Result, keep, show
from benchmarks.sign_up_completions import waiting_links
from tests.services.product import Product

NAME = "sign_ups_at_size"
GOAL = 0.8
ROUNDS = 5
SECONDS = 4.0
VISITORS = 16
LINKS_PER_ROUND = 500
Makes = Callable[[Product], Visitor]


def main() -> None:
    with stack.stack() as here:
        empty, crowded = here.product(here.postgres.new_url()), product_of(here)
        links = {
            product.port: waiting_links(product, (ROUNDS + 1) * LINKS_PER_ROUND)
            for product in (empty, crowded)
        }
        with stack.serving(empty, crowded):
            for product in (empty, crowded):
                press(product.port, people.asks_to_join, visitors=VISITORS, seconds=3)
                warm_up = people.completes(links[product.port])
                press(product.port, warm_up, visitors=VISITORS, seconds=3)
            measure(here, empty, crowded, "requests", lambda product: people.asks_to_join)
            measure(
                here,
                empty,
                crowded,
                "completions",
                lambda product: people.completes(links[product.port]),
            )


def measure(here: stack.Stack, empty: Product, crowded: Product, what: str, makes: Makes) -> None:
    results = [one_round(here, empty, crowded, what, makes) for _ in range(ROUNDS)]
    for result in results:
        keep(NAME, result)
    show(f"{NAME}: {what}", results)
    ratio = statistics.median(float(result["ratio"]) for result in results)
    print(f"Median: {ratio:.2f} of the rate on an empty database (goal: at least {GOAL}).")


def one_round(
    here: stack.Stack, empty: Product, crowded: Product, what: str, makes: Makes
) -> Result:
    rates, used = [], []
    for product in (empty, crowded):
        before = here.cpu(product)
        rates.append(press(product.port, makes(product), visitors=VISITORS, seconds=SECONDS))
        spent = stack.shares(before, here.cpu(product), rates[-1] * SECONDS)
        used.append(sum(spent.values()))
    return {
        "what": what,
        "per_second_empty": round(rates[0], 1),
        "per_second_crowded": round(rates[1], 1),
        "ratio": round(rates[1] / rates[0], 3),
        "cpu_ms_empty": round(used[0], 2),
        "cpu_ms_crowded": round(used[1], 2),
    }
