"""Sign-up requests per second, beside a bare view that reads three rows and commits two."""

from __future__ import annotations

import statistics

from benchmarks import people, stack
from benchmarks.load import Visitor, press
from benchmarks.results import Result, keep, show
from tests.services.product import Product

NAME = "sign_up_requests"
GOAL = 0.5
ROUNDS = 5
SECONDS = 4.0
VISITORS = 16


def main() -> None:
    with stack.stack() as here:
        url = here.postgres.new_url()
        product = here.product(url)
        bare = here.bare(url)
        with stack.serving(product, bare):
            measure(here, product, bare)


def measure(here: stack.Stack, product: Product, bare: Product) -> None:
    press(product.port, people.asks_to_join, visitors=VISITORS, seconds=2)
    press(bare.port, people.asks_the_bare_view, visitors=VISITORS, seconds=1)
    results = [one_round(here, product, bare) for _ in range(ROUNDS)]
    for result in results:
        keep(NAME, result)
    show(NAME, results)
    share = statistics.median(float(result["share"]) for result in results)
    print(f"Median share of the bare view: {share:.2f} (goal: at least {GOAL}).")


def one_round(here: stack.Stack, product: Product, bare: Product) -> Result:
    floor, floor_used = pressed(here, bare, people.asks_the_bare_view)
    rate, used = pressed(here, product, people.asks_to_join)
    return {
        "requests_per_second": round(rate, 1),
        "bare_per_second": round(floor, 1),
        "share": round(rate / floor, 3),
        **used,
        "bare_cpu_ms": round(sum(floor_used.values()), 2),
        "cpu_share": round(sum(floor_used.values()) / sum(used.values()), 3),
    }


def pressed(
    here: stack.Stack, product: Product, visitor: Visitor
) -> tuple[float, dict[str, float]]:
    """Requests per second, and milliseconds of the processor for each."""
    before = here.cpu(product)
    rate = press(product.port, visitor, visitors=VISITORS, seconds=SECONDS)
    return rate, stack.shares(before, here.cpu(product), rate * SECONDS)
