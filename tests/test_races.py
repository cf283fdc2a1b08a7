"""Everybody at once, on PostgreSQL and Redis, served by two processes of eight threads each."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.strangers import network

pytestmark = [pytest.mark.services, pytest.mark.long]

FIRST_USERS = 500
PRESSES = 100
PATIENCE = 120  # seconds; browsers wait longer
# Makes the links in the product's own database, as the sign-up page would, and prints them.
ASKED = """
import json
from outbox import links
from outbox.services import enqueue
from signup.models import SignUp
made = []
for address in {addresses!r}:
    domain = address.partition("@")[2]
    row = SignUp.objects.create(address=address, domain=domain, outcome="confirm", language="en")
    context = {{"sign_up": str(row.id), "browser": ""}}
    mail = enqueue(kind="signup.confirm", to_address=address, language="en", context=context)
    both = links.create_all(
        mail=mail, purposes=("signup.confirm", "signup.not_me"), address=address, subject_id=row.id
    )
    made.append([links.token_of(link) for link in both])
print("LINKS", json.dumps(made))
"""


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with (
        serving(Smtp()) as mail_server,
        running(
            served(
                tmp_path_factory.mktemp("raced"),
                database_url=postgres.migrated_url(),
                redis_url=redis.new_url(),
                email_url=mail_server.url,
                TRUSTED_PROXIES="127.0.0.1",
            )
        ) as product,
    ):
        yield product


def asked(product: Product, addresses: Sequence[str]) -> list[tuple[str, str]]:
    """For each address the links *Yes, that's me* and *This was not me* of a mail of its own."""
    printed = product.manage("shell", "-c", ASKED.format(addresses=list(addresses)))
    tokens = json.loads(printed.partition("LINKS ")[2].splitlines()[0])
    return [(f"/signup/confirm/{yes}/", f"/signup/not-me/{no}/") for yes, no in tokens]


def at_once(product: Product, steps: Sequence[Callable[[walk.HttpVisitor], Any]]) -> list[Any]:
    """Everybody takes their step from a browser and a network of their own, at the same instant."""
    start = Barrier(len(steps))

    def person(step: Callable[[walk.HttpVisitor], Any]) -> Any:
        visitor = walk.HttpVisitor(product.url, network=network(), patience=PATIENCE)
        start.wait(PATIENCE)
        return step(visitor)

    with ThreadPoolExecutor(len(steps)) as people:
        return list(people.map(person, steps))


def finishing(link: str) -> Callable[[walk.HttpVisitor], walk.Page]:
    return lambda visitor: walk.finish(visitor, link)


def rows(product: Product, command: str, domain: str) -> Any:
    return json.loads(product.manage(command, domain, "--json"))


def test_500_links_of_a_new_domain_pressed_at_once(product: Product) -> None:
    domain = "crowd-walkers.com"
    addresses = [f"robin{number}@{domain}" for number in range(FIRST_USERS)]
    pages = at_once(product, [finishing(link) for link, _ in asked(product, addresses)])
    assert Counter((page.status, page.location) for page in pages) == {
        (302, "/welcome/"): FIRST_USERS
    }
    tenants = json.loads(product.manage("list_tenants", "--json"))
    assert [row["domains"] for row in tenants].count([domain]) == 1
    users = rows(product, "list_users", domain)
    assert sorted(user["email"] for user in users) == sorted(addresses)
    (subscription,) = rows(product, "list_subscriptions", domain)
    assert subscription["used"] == FIRST_USERS


def test_one_link_pressed_100_times_at_once_makes_one_account(product: Product) -> None:
    ((link, _),) = asked(product, ["robin@once-walkers.com"])
    pages = at_once(product, [finishing(link)] * PRESSES)
    assert Counter(page.status for page in pages)[302] == 1
    assert {page.status for page in pages} <= {200, 302, 410}
    assert len(rows(product, "list_users", "once-walkers.com")) == 1


def test_one_address_asked_for_and_finished_in_many_browsers_at_once(product: Product) -> None:
    address = "robin@many-walkers.com"
    pages = at_once(product, [lambda visitor: walk.ask(visitor, address)] * 20)
    assert {(page.status, page.location) for page in pages} == {(302, "/signup/check-your-mail/")}
    links = asked(product, [address] * 10)
    pages = at_once(product, [finishing(link) for link, _ in links])
    assert Counter(page.status for page in pages)[302] == 1
    assert {page.status for page in pages} <= {200, 302, 410}
    assert [user["email"] for user in rows(product, "list_users", "many-walkers.com")] == [address]


@pytest.mark.parametrize("rival", ["not me", "resend", "renew", "switch", "block", "purge"])
def test_completing_beside_something_else_is_one_of_both_orders(
    product: Product, rival: str
) -> None:
    domain = f"{rival.replace(' ', '-')}-walkers.com"
    address = f"robin@{domain}"
    if rival == "switch":
        ((first, _),) = asked(product, [f"first@{domain}"])
        walk.finish(walk.HttpVisitor(product.url, network=network()), first)
    ((link, not_me),) = asked(product, [address])
    steps = {
        "not me": lambda visitor: visitor.post(not_me, {}),
        "resend": lambda visitor: walk.ask(visitor, address),
        "renew": lambda visitor: visitor.post(link.replace("confirm", "renew"), {}),
        "switch": lambda _: product.manage(
            "set_company_settings", domain, "--allow-email-verified-users", "false"
        ),
        "block": lambda _: product.manage("block_domain", domain),
        "purge": lambda _: product.manage("purge_signups"),
    }
    everybody = [finishing(link)] * 8 + [steps[rival]] * 4
    random.shuffle(everybody)
    pages = at_once(product, everybody)
    statuses = [page.status for page in pages if isinstance(page, walk.Page)]
    assert max(statuses) < 500
    users = [user for user in rows_if_any(product, domain) if user["email"] == address]
    assert len(users) <= 1
    if rival not in {"switch", "block"}:
        assert len(users) == 1


def rows_if_any(product: Product, domain: str) -> Any:
    tenants = json.loads(product.manage("list_tenants", "--json"))
    is_there = any(domain in row["domains"] for row in tenants)
    return rows(product, "list_users", domain) if is_there else []
