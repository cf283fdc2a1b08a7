"""What it costs that the database holds the rule of addresses: accounts that people and administrators make, with its
triggers and without them, in turns.
"""

from __future__ import annotations

import json
from statistics import median

from benchmarks import stack
from benchmarks.crowded import run
from benchmarks.results import Result, keep, show

NAME = "address_rule"
GOAL = 1.05


def main() -> None:
    with stack.stack() as here:
        product = here.product(here.postgres.new_url())
        lines = run(product, "benchmarks.joining").splitlines()
    results: list[Result] = [json.loads(line) for line in lines]
    for result in results:
        keep(NAME, result)
    show(NAME, results)
    for what in dict.fromkeys(str(result["what"]) for result in results):
        own = [result for result in results if result["what"] == what]
        shares = [median(float(result[name]) for result in own) for name in ("times", "cpu_times")]
        print(
            f"{what}: {shares[0]:.2f} times as long with the rule, {shares[1]:.2f} times the processor time of"
            f" both (goal: at most {GOAL})."
        )
