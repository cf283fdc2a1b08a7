"""Reports of a mail service against the running portal on PostgreSQL: also the same one many times at once."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests import mail_reports, walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.redis import Redis
from tests.services.waiting import PATIENCE

pytestmark = pytest.mark.services
AT_ONCE = 16


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    made = served(
        tmp_path_factory.mktemp("reports"),
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:9",
        ANYMAIL_ESP="mailgun",
        ANYMAIL_MAILGUN_API_KEY="key",
        ANYMAIL_MAILGUN_WEBHOOK_SIGNING_KEY=mail_reports.SIGNING_KEY,
        ANYMAIL_WEBHOOK_SECRET=mail_reports.SECRET,
    )
    made.commands = {"web": made.commands["web"]}
    with running(made) as product:
        yield product


def a_mail(product: Product) -> str:
    """The Message-ID of a mail that waits."""
    address = f"robin-{secrets.token_hex(4)}@reported-walkers.com"
    walk.ask(walk.HttpVisitor(product.url), address)
    rows = json.loads(product.manage("list_outbox", "--json"))
    (mail_id,) = (row["id"] for row in rows if row["to_address"] == address)
    return f"<{mail_id}@rights.example.com>"


def report(product: Product, body: str, secret: str = mail_reports.SECRET) -> int:
    answer = requests.post(
        f"{product.url}/anymail/mailgun/tracking/",
        data=body,
        headers={"Content-Type": "application/json", **mail_reports.basic(secret)},
        timeout=PATIENCE,
    )
    return answer.status_code


def events(product: Product, action: str, message_id: str) -> int:
    program = (
        "from audit.models import AuditEvent; from outbox.models import MailEvent; "
        f"print(AuditEvent.objects.filter(action='{action}', "
        f"subject='mail:{message_id[1:37]}').count(), "
        f"MailEvent.objects.filter(mail_id='{message_id[1:37]}').count())"
    )
    audited, noted = map(int, product.manage("shell", "--no-imports", "-c", program).split())
    assert audited == noted
    return noted


def test_one_report_told_many_times_at_once_counts_once(product: Product) -> None:
    message_id = a_mail(product)
    body = mail_reports.mailgun(message_id)
    start = Barrier(AT_ONCE)

    def tell(_: int) -> int:
        start.wait(PATIENCE)
        return report(product, body)

    with ThreadPoolExecutor(AT_ONCE) as services:
        statuses = Counter(services.map(tell, range(AT_ONCE)))
    assert statuses == {200: AT_ONCE}
    assert events(product, "mail.bounced", message_id) == 1
    bounced = json.loads(product.manage("list_outbox", "--state", "bounced", "--json"))
    assert message_id[1:37] in {row["id"] for row in bounced}


def test_what_is_forged_malformed_or_foreign_is_refused_or_ignored(product: Product) -> None:
    message_id = a_mail(product)
    assert report(product, mail_reports.mailgun(message_id, key="guessed")) == 400
    assert report(product, mail_reports.mailgun(message_id), secret="reports:guessed") == 400
    assert report(product, "{") == 400
    assert report(product, mail_reports.mailgun("<foreign@example.org>")) == 200
    for strange in ("a\0b", "\u202e", "x" * 10_000):
        assert report(product, mail_reports.mailgun(strange)) in {200, 400}
        told = mail_reports.mailgun(message_id, variables={"mail_id": strange}, event="opened")
        assert report(product, told) in {200, 400}
    strange_id = mail_reports.mailgun(message_id, token="t\0" * 200)
    assert report(product, strange_id) in {200, 400}
    assert events(product, "mail.bounced", message_id) == 1, "Signed, if by a strange name."
    assert " 500 " not in product.log("web")


def test_the_log_has_a_line_for_what_was_refused_and_no_secret(product: Product) -> None:
    report(product, mail_reports.mailgun(a_mail(product), key="guessed"))
    assert "incorrect signature" in product.log("web")
    assert mail_reports.SECRET.partition(":")[2] not in product.logs()
    assert mail_reports.SIGNING_KEY not in product.logs()
