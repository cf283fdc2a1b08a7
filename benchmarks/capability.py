"""May somebody do something by their plan: how long the question takes at a million people and at a thousand,
and how soon another process sees a change.
"""

from __future__ import annotations

import json
import subprocess
import time

from benchmarks import stack
from benchmarks.crowded import PEOPLE, product_of, run
from benchmarks.results import Result, keep, show
from tests.services.product import PYTHON, ROOT, Product

NAME = "capability"
FEW = 5_000
CHANGES = 8
DOMAIN, ADDRESS = "company-1.com", "person-1@company-1.com"
PLAN = "AIP_PREMIUM_P1"


def main() -> None:
    results: list[Result] = []
    with stack.stack() as here:
        for people in (FEW, PEOPLE):
            product = product_of(here, people)
            figures: Result = json.loads(run(product, "benchmarks.asking"))
            delays = seconds_until_seen(product)
            results.append(
                {
                    "people": people,
                    **figures,
                    "seen_after_s": round(max(delays), 2),
                    "of_changes": len(delays),
                }
            )
    for result in results:
        keep(NAME, result)
    show(NAME, results)


def seconds_until_seen(product: Product, changes: int = CHANGES) -> list[float]:
    """Each change commits in another process than the one that asks; counted from its end."""
    product.manage("convert_subscription", DOMAIN, "--plan", PLAN, "--units", "5")
    verbs = ("assign_licence", "remove_licence")
    return [
        _until_seen(product, verbs[number % 2], ADDRESS, "--plan", PLAN)
        for number in range(changes)
    ]


def _until_seen(product: Product, *command: str) -> float:
    with subprocess.Popen(
        [PYTHON, "-m", "benchmarks.asking", ADDRESS],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as asker:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "asking\n"
        product.manage(*command)
        changed_at = time.time()
        seen_at = float(asker.stdout.readline())
    return max(seen_at - changed_at, 0.0)
