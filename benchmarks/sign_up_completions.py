"""Completed sign-ups per second, from the pressed *Start* to the committed account that is signed in, beside
the machine's raw Argon2id rate at the same parameters.
"""

from __future__ import annotations

import statistics
import subprocess

from benchmarks import argon2id, people, stack
from benchmarks.load import press
from benchmarks.results import Result, keep, show
from tests.services.product import PYTHON, ROOT, Product

NAME = "sign_up_completions"
GOAL = 0.7
ROUNDS = 5
SECONDS = 5.0
VISITORS = 8
LINKS_PER_ROUND = 700


def main() -> None:
    with stack.stack() as here:
        product = here.product(here.postgres.new_url())
        with stack.serving(product):
            measure(here, product)


def measure(here: stack.Stack, product: Product) -> None:
    paths = waiting_links(product, (ROUNDS + 1) * LINKS_PER_ROUND)
    press(product.port, people.completes(paths), visitors=VISITORS, seconds=2)
    results = [one_round(here, product, paths) for _ in range(ROUNDS)]
    for result in results:
        keep(NAME, result)
    show(NAME, results)
    share = statistics.median(float(result["share"]) for result in results)
    print(f"Median share of the raw rate: {share:.2f} (goal: at least {GOAL}).")


def one_round(here: stack.Stack, product: Product, paths: list[str]) -> Result:
    raw, hash_ms = argon2id.rate(2), argon2id.milliseconds()
    before = here.cpu(product)
    rate = press(product.port, people.completes(paths), visitors=VISITORS, seconds=SECONDS)
    used = stack.shares(before, here.cpu(product), rate * SECONDS)
    raw = (raw + argon2id.rate(2)) / 2
    return {
        "completed_per_second": round(rate, 1),
        "argon2id_per_second": round(raw, 1),
        "share": round(rate / raw, 3),
        **used,
        "hash_cpu_ms": round(hash_ms, 2),
        "cpu_share": round(hash_ms / sum(used.values()), 3),
    }


def waiting_links(product: Product, count: int) -> list[str]:
    """The addresses of links that wait to be opened; their sign-ups are made here, five in each domain."""
    done = subprocess.run(
        [PYTHON, "-m", "benchmarks.waiting_links", str(count)],
        cwd=ROOT,
        env=product.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()
