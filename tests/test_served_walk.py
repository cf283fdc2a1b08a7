"""The walk on PostgreSQL, Redis, gunicorn, a Celery worker, the scheduler and a real mail server."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import EmailMessage
from pathlib import Path
from threading import Barrier

import psycopg2
import pytest
import requests
from psycopg2 import sql

from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.services.waiting import PATIENCE

FIRST_USERS = 20
SIGNING_IN, UNITS = 8, 3
pytestmark = pytest.mark.services

TOKEN = re.compile(r"/signup/(?:confirm|not-me)/([\w-]{43})/")


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Smtp]:
    with serving(Smtp()) as server:
        yield server


@pytest.fixture(scope="module")
def product(
    postgres: Postgres,
    redis: Redis,
    mail_server: Smtp,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Product]:
    with running(
        served(
            tmp_path_factory.mktemp("served"),
            database_url=postgres.migrated_url(),
            redis_url=redis.new_url(),
            email_url=mail_server.url,
        )
    ) as product:
        yield product


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content


def test_a_stranger_signs_up_and_stands_on_the_welcome_page(
    product: Product, mail_server: Smtp
) -> None:
    address = "robin@walk-walkers.com"
    walk.sign_up(walk.HttpVisitor(product.url), walk.SmtpInbox(mail_server), address)
    users = json.loads(product.manage("list_users", "walk-walkers.com", "--json"))
    assert [(user["email"], user["creation_method"]) for user in users] == [
        (address, "email_verified")
    ]


def test_the_mail_says_the_same_in_text_and_html(product: Product, mail_server: Smtp) -> None:
    walk.ask(walk.HttpVisitor(product.url), "robin@parts-walkers.com")
    message = mail_server.wait_for("robin@parts-walkers.com").message
    assert message.get_content_type() == "multipart/alternative"
    text, page = text_of(message, "plain"), text_of(message, "html")
    links = set(re.findall(r"https?://\S+?/signup/[\w-]+/[\w-]{43}/", text))
    assert len(links) == 2
    assert all(link in page for link in links)
    for words in ("Yes, that's me", "This was not me", "robin@parts-walkers.com"):
        assert words in text
        assert words in page.replace("&#x27;", "'")


def test_the_mail_has_the_headers_of_a_machine_that_asks_once(
    product: Product, mail_server: Smtp
) -> None:
    walk.ask(walk.HttpVisitor(product.url), "robin@headers-walkers.com")
    received = mail_server.wait_for("robin@headers-walkers.com")
    message = received.message
    assert message["Subject"] == "Finish signing up for Information Protection"
    assert message["To"] == "robin@headers-walkers.com"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert re.fullmatch(r"<[\w-]+@rights\.example\.com>", str(message["Message-ID"]))
    assert received.sender == "no-reply@rights.example.com"


def everything_in(database_url: str) -> str:
    """Every row of every table, as text."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        rows: list[str] = []
        for table in tables:
            cursor.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table)))
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_no_token_or_password_is_in_any_log_or_in_the_database(
    product: Product, mail_server: Smtp
) -> None:
    visitor, address = walk.HttpVisitor(product.url), "robin@secrets-walkers.com"
    mail = walk.sign_up(visitor, walk.SmtpInbox(mail_server), address)
    tokens = TOKEN.findall(mail.text)
    assert len(tokens) == 2
    logs = product.logs()
    assert "POST /signup/confirm/[redacted]/ 302" in logs, (
        "The log has no line for the request at all."
    )
    assert "outbox.tasks.deliver_mail" in logs
    rows = everything_in(product.settings["DATABASE_URL"])
    assert address in rows
    for secret in (*tokens, walk.PASSWORD):
        assert secret not in logs
        assert secret not in rows


def test_the_log_of_every_process_has_one_form(product: Product) -> None:
    line = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [\w.]+ request=\S+ ")
    for name in product.commands:
        lines = [text for text in product.log(name).splitlines() if text.startswith("20")]
        assert lines, f"The {name} wrote nothing."
        assert all(line.match(text) for text in lines), f"The {name} wrote: {lines}"


def test_readiness_speaks_of_database_and_broker(product: Product) -> None:
    page = walk.HttpVisitor(product.url).get("/readyz")
    assert page.status == 200
    assert json.loads(page.text)["database"]
    assert json.loads(page.text)["broker"]


def test_the_inbox_page_does_not_exist(product: Product) -> None:
    assert walk.HttpVisitor(product.url).get("/dev/mail/").status == 404


def test_the_scheduler_is_healthy_while_it_runs(product: Product, tmp_path: Path) -> None:
    product.manage("scheduler_health")
    other = Product(tmp_path, {**product.settings, "VAR_DIR": str(tmp_path)})
    with pytest.raises(AssertionError, match="has not saved a schedule"):
        other.manage("scheduler_health")


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": 'session="abcdefgh\\000ijkl"'},
        {"Cookie": 'session="\\303\\050abcdefg"; csrf="\\000"; language="\\000"'},
        {"Content-Type": "text/plain; charset=hex"},
    ],
)
def test_what_postgresql_or_python_would_trip_over_is_answered(
    product: Product, headers: dict[str, str]
) -> None:
    for path in ("/signup/?sku=%00", "/signup/check-your-mail/", "/accounts/login/?next=%00"):
        answer = requests.get(product.url + path, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200


def test_who_is_disabled_is_out_of_every_session_in_every_process_at_once(
    product: Product, mail_server: Smtp
) -> None:
    """Disabled by a process of its own; each of the web processes believes no session from that moment on."""
    address = "robin@out-walkers.com"
    visitors = [walk.HttpVisitor(product.url) for _ in range(6)]
    walk.sign_up(visitors[0], walk.SmtpInbox(mail_server), address)
    for visitor in visitors[1:]:
        walk.sign_in(visitor, address)
    assert [visitor.get("/welcome/").status for visitor in visitors] == [200] * 6
    product.manage("disable_user", address)
    # From the very next request on: more than the five seconds that are promised.
    for _ in range(4):
        assert {visitor.get("/welcome/").status for visitor in visitors} == {302}
    assert walk.sign_in(visitors[0], address).location != "/welcome/"
    product.manage("restore_user", address)
    assert {visitor.get("/welcome/").status for visitor in visitors} == {302}
    walk.sign_in(visitors[0], address)
    assert visitors[0].get("/welcome/").status == 200


def test_first_users_of_a_domain_at_the_same_instant_make_one_organisation(
    product: Product, mail_server: Smtp
) -> None:
    addresses = [f"robin{number}@first-walkers.com" for number in range(FIRST_USERS)]
    inbox = walk.SmtpInbox(mail_server)
    for address in addresses:
        walk.ask(walk.HttpVisitor(product.url), address)
    links = [walk.wait_for_mail(inbox, address).link() for address in addresses]
    start = Barrier(FIRST_USERS)

    def press(link: str) -> walk.Page:
        visitor = walk.HttpVisitor(product.url)
        start.wait(PATIENCE)
        return walk.finish(visitor, link)

    with ThreadPoolExecutor(FIRST_USERS) as people:
        pages = list(people.map(press, links))
    assert {(page.status, page.location) for page in pages} == {(302, "/welcome/")}
    tenants = json.loads(product.manage("list_tenants", "--json"))
    assert [row["domains"] for row in tenants].count(["first-walkers.com"]) == 1
    users = json.loads(product.manage("list_users", "first-walkers.com", "--json"))
    assert sorted(user["email"] for user in users) == sorted(addresses)
    (subscription,) = json.loads(
        product.manage("list_subscriptions", "first-walkers.com", "--json")
    )
    assert subscription["used"] == FIRST_USERS


def test_one_link_pressed_many_times_at_once_makes_one_account(
    product: Product, mail_server: Smtp
) -> None:
    address = "robin@pressed-walkers.com"
    walk.ask(walk.HttpVisitor(product.url), address)
    link = walk.wait_for_mail(walk.SmtpInbox(mail_server), address).link()
    start = Barrier(FIRST_USERS)

    def press(_: int) -> int:
        visitor = walk.HttpVisitor(product.url)
        start.wait(PATIENCE)
        return walk.finish(visitor, link).status

    with ThreadPoolExecutor(FIRST_USERS) as people:
        statuses = list(people.map(press, range(FIRST_USERS)))
    assert statuses.count(302) == 1
    assert set(statuses) <= {200, 302, 410}
    users = json.loads(product.manage("list_users", "pressed-walkers.com", "--json"))
    assert len(users) == 1


def test_the_last_units_of_a_plan_are_given_once_however_many_sign_in_at_once(
    product: Product, mail_server: Smtp
) -> None:
    addresses = [f"robin{number}@units-walkers.com" for number in range(SIGNING_IN)]
    inbox = walk.SmtpInbox(mail_server)
    for address in addresses:
        walk.sign_up(walk.HttpVisitor(product.url), inbox, address)
    plan = ("--plan", "ENTERPRISEPACK", "--units", str(UNITS))
    product.manage("convert_subscription", "units-walkers.com", *plan)
    start = Barrier(SIGNING_IN)

    def sign_in(address: str) -> str:
        visitor = walk.HttpVisitor(product.url)
        start.wait(PATIENCE)
        return walk.sign_in(visitor, address).location

    with ThreadPoolExecutor(SIGNING_IN) as people:
        assert {*people.map(sign_in, addresses)} == {"/welcome/"}
    rows = json.loads(product.manage("list_subscriptions", "units-walkers.com", "--json"))
    assert [row["used"] for row in rows if row["plan"] == "ENTERPRISEPACK"] == [UNITS]
