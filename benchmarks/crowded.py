"""A database with a million people, for the benchmarks that ask what size costs."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from benchmarks import stack
from tests.services.product import PYTHON, ROOT, Product

PEOPLE = 1_000_000


def product_of(here: stack.Stack, people: int = PEOPLE) -> Product:
    """The product on a database with so many people, ten in each organisation."""
    product = here.product(here.postgres.migrated_url())
    run(product, "benchmarks.crowd", str(people))
    return product


def organisation_of(here: stack.Stack, people: int = PEOPLE) -> Product:
    """The product on a database with so many people, all in one organisation."""
    product = here.product(here.postgres.migrated_url())
    run(product, "benchmarks.crowd", str(people), str(people))
    return product


def run(product: Product, module: str, *arguments: str) -> str:
    """Runs a module with the product's settings; what it prints."""
    done = subprocess.run(
        [PYTHON, "-m", module, *arguments],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def admin_pages(product: Product, who: str = "operator", *, times: int = 5) -> list[dict[str, Any]]:
    """What `who` (operator, administrator) meets on each list, opened so many times."""
    lines = run(product, "benchmarks.admin_pages", who, str(times)).splitlines()
    return [json.loads(line) for line in lines]
