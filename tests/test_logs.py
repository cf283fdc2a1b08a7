"""The log: whose line it is can be told, and no secret is ever in it, wherever it was planted."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import requests
from cryptography.fernet import Fernet
from django.http import HttpRequest

from audit import origin
from rms_portal.logs import JsonFormatter, LineFormatter, RedactFilter
from rms_portal.redaction import REDACTED, _known, redact
from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.services.waiting import PATIENCE, until

TOKEN = "q3-vX" * 8 + "abc"  # 43 characters
SESSION = "k3zq9v0w8x7y6u5t4s3r2q1p0o9n8m7l"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Not Found: /signup/confirm/{TOKEN}/", TOKEN),
        ("Not Found: /signup/confirm/short-one/", "short-one"),
        ("Not Found: /signup/invitation/short-one/", "short-one"),
        ("Not Found: /accounts/password/reset/key/3b-c5d1ar-0a1b2c/", "c5d1ar-0a1b2c"),
        (f"GET /prove?t={TOKEN} failed", TOKEN),
        ("cannot reach postgres://rms:hunter2!x@db:5432/rms", "hunter2!x"),
        ("cannot reach redis://:hunter2@redis:6379/0", "hunter2"),
        ("connection failed: host=db password=hunter2 user=rms", "hunter2"),
        ("connection failed: password='hunter 2' user=rms", "hunter 2"),
        ("{'login': 'x', 'password': 'nine violet teapots'}", "violet"),
        ('{"password1": "nine \\"violet\\" teapots", "sku": "A"}', "violet"),
        ("Authorization: Bearer abc.def.ghi", "abc.def"),
        ("{'Authorization': 'Bearer abc.def.ghi'}", "abc.def"),
        (f"Cookie: __Host-session={SESSION}; __Host-csrf=zz9", "zz9"),
        (f"no session {SESSION} any more", SESSION),
        ("csrfmiddlewaretoken=Abc123&email=x", "Abc123"),
        ("METRICS_TOKEN=let-me-in-please", "let-me-in"),
        (f"cannot read {Fernet(Fernet.generate_key()).encrypt(b'seed').decode()}", "gAAAA"),
        ("Key (email)=(anna@walkers.com) already exists.", "anna@walkers.com"),
        ("DETAIL:  Key (tenant_id, name_key)=(4711, anna (she)) already exists.", "anna"),
        ("DETAIL:  Failing row contains (4711, Anna, O)Mc, null, argon2$argon2id$v=19).", "Anna"),
        ("DETAIL:  Failing row contains (4711, Anna, O)Mc, null, argon2$argon2id$v=19).", "argon"),
        ("Invalid request from ip=203.0.113.7: Invalid HTTP Version", "203.0.113.7"),
        ("Invalid request from ip=2001:db8::7: Invalid HTTP Version", "2001:db8"),
    ],
)
def test_what_looks_like_a_secret_is_not_written(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)


def test_what_is_known_to_be_secret_is_not_written_whatever_it_looks_like(settings: Any) -> None:
    settings.METRICS_TOKEN = "plain words"
    settings.REDIS_URL = "redis://:a%20bc%2Fd@redis:6379/0"
    _known.cache_clear()
    text = redact(
        f"answered plain words, plain+words, plain%20words and a bc/d; {settings.SECRET_KEY}"
    )
    _known.cache_clear()
    assert text == f"answered {', '.join([REDACTED] * 3)} and {REDACTED}; {REDACTED}"


@pytest.mark.parametrize(
    "text",
    [
        "celery@box.example.com ready.",
        "Mail 0c8a3e0e-1d5b-4b1f-9a33-6d4c9c5a0f11 (signup.confirm) was not handed over: TimeoutError",
        "POST /signup/confirm/[redacted]/ 302 12.3ms",
        "/signup/confirm/<str:token>/",
        "Forbidden (CSRF token missing.): /signup/",
        "nothing to see at https://rights.example.com:8000/welcome/",
    ],
)
def test_what_is_none_stays_readable(text: str) -> None:
    assert redact(text).replace(REDACTED, "<str:token>") == text.replace(REDACTED, "<str:token>")


def record(message: str, *arguments: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("a.logger", logging.INFO, __file__, 1, message, arguments, None)
    vars(made).update(fields)
    RedactFilter().filter(made)
    return made


def test_a_line_of_json_is_one_object_with_the_fields_of_its_own() -> None:
    line = JsonFormatter().format(record("two\nlines, %s", "“quoted”", status=302, route="/x/"))
    assert "\n" not in line
    parsed = json.loads(line)
    assert parsed["message"] == "two\nlines, “quoted”"
    assert (parsed["status"], parsed["route"], parsed["level"]) == (302, "/x/", "INFO")
    assert parsed["request_id"] is None


def test_a_traceback_and_a_stack_are_redacted_too() -> None:
    made = record("It failed.", exc_info=(RuntimeError, RuntimeError("://rms:hunter2@db"), None))
    for formatter in (LineFormatter(), JsonFormatter()):
        text = formatter.format(made)
        assert "RuntimeError" in text
        assert "hunter2" not in text
    assert "hunter2" not in LineFormatter().format(record("x", stack_info="token=hunter2"))


def test_a_line_that_is_written_once_the_request_is_over_has_its_id_too() -> None:
    request = HttpRequest()
    request.META[origin.KEPT_AS] = "the-id-of-the-request"
    made = record("Not Found: /x/", request=request)
    assert "request=the-id-of-the-request" in LineFormatter().format(made)
    assert json.loads(JsonFormatter().format(made))["request_id"] == "the-id-of-the-request"


# --- The product with secrets planted everywhere ---------------------------------------------------

PLANTED = {
    "SECRET_KEY": "planted-secret-key-" + "0123456789abcdef" * 3,
    "SECRET_KEY_FALLBACKS": "planted-fallback-key-" + "0123456789abcdef" * 3,
    "MASTER_KEY": "planted-master-key-" + "0123456789abcdef" * 3,
    "METRICS_TOKEN": "planted-metrics-token-0123456789",
    "database": "planted-database-password",
    "smtp": "planted-smtp-password",
}


def with_password(database_url: str) -> str:
    """PostgreSQL here trusts everybody: the password is only carried along."""
    parts = urlsplit(database_url)
    return parts._replace(netloc=f"postgres:{PLANTED['database']}@127.0.0.1:{parts.port}").geturl()


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Smtp]:
    with serving(Smtp()) as server:
        yield server


def planted(folder: Path, postgres: Postgres, redis: Redis, mail_server: Smtp) -> Product:
    names = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "MASTER_KEY", "METRICS_TOKEN")
    return served(
        folder,
        database_url=with_password(postgres.migrated_url()),
        redis_url=redis.new_url(),
        email_url=mail_server.url,
        LOG_FORMAT="json",
        **{name: PLANTED[name] for name in names},
    )


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, mail_server: Smtp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running(planted(tmp_path_factory.mktemp("logs"), postgres, redis, mail_server)) as product:
        yield product


@pytest.fixture
def doomed(
    postgres: Postgres, redis: Redis, mail_server: Smtp, tmp_path: Path
) -> Iterator[Product]:
    """One whose services are taken away."""
    with running(planted(tmp_path, postgres, redis, mail_server)) as product:
        yield product


def lines_of(product: Product, name: str) -> list[dict[str, Any]]:
    """Whole ones: the last may be on its way into the file."""
    lines = product.log(name).splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


@pytest.mark.services
def test_the_log_follows_a_request_into_the_task_that_it_caused(
    product: Product, mail_server: Smtp
) -> None:
    answer = walk.ask(walk.HttpVisitor(product.url), "robin@followed-walkers.com")
    request_id = answer.headers["X-Request-ID"]
    mail_server.wait_for("robin@followed-walkers.com")
    task = until(
        lambda: [
            line
            for line in lines_of(product, "worker")
            if line["request_id"] == request_id and line.get("outcome")
        ],
        what="the task's line",
    )[0]
    assert (task["task"], task["outcome"]) == ("outbox.tasks.deliver_mail", "success")
    assert task["duration_ms"] > 0
    (line,) = [line for line in lines_of(product, "web") if line["request_id"] == request_id]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/signup/", 302)
    assert line["duration_ms"] > 0


@pytest.mark.services
def test_a_task_that_no_request_caused_has_an_id_of_its_own(product: Product) -> None:
    def sweeps() -> list[dict[str, Any]]:
        lines = lines_of(product, "worker")
        return [line for line in lines if line.get("task") == "outbox.tasks.sweep_outbox"]

    until(sweeps, what="a sweep")
    ids = [line["request_id"] for line in sweeps()]
    assert all(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.services
def test_lines_name_the_account_that_is_signed_in_by_its_id(
    product: Product, mail_server: Smtp
) -> None:
    visitor, address = walk.HttpVisitor(product.url), "robin@named-walkers.com"
    walk.sign_up(visitor, walk.SmtpInbox(mail_server), address)
    request_id = visitor.get("/account/").headers["X-Request-ID"]
    (user,) = json.loads(product.manage("list_users", "named-walkers.com", "--json"))
    (line,) = [line for line in lines_of(product, "web") if line["request_id"] == request_id]
    assert line["user_id"] == user["id"]
    assert address not in product.logs()


@pytest.mark.long
@pytest.mark.services
def test_no_secret_is_in_any_log_wherever_it_was_planted(
    doomed: Product, mail_server: Smtp
) -> None:
    visitor, address = walk.HttpVisitor(doomed.url), "robin@planted-walkers.com"
    mail = walk.sign_up(visitor, walk.SmtpInbox(mail_server), address)
    token = mail.link().split("/")[-2]
    session = str(visitor._session.cookies["session"])
    basic = base64.b64encode(b"robin:planted-basic-password").decode()
    sent = {
        "Authorization": f"Basic {basic}",
        "Cookie": f"session={session}; csrf=planted-csrf-cookie-0123456789ab",
        "X-Api-Key": "planted-api-key",
    }
    for path in (f"/nothing/{token}/?token={token}", f"/signup/confirm/{token}/", "/signup/"):
        requests.get(doomed.url + path, headers=sent, timeout=PATIENCE)
    requests.post(
        f"{doomed.url}/accounts/login/",
        data={"password": "planted-typed-password"},
        timeout=PATIENCE,
    )
    walk.sign_in(walk.HttpVisitor(doomed.url), address, "planted-wrong-password")
    send_with_a_password_that_nobody_asked_for(doomed)
    lose_the_database(doomed, visitor)
    logs = doomed.logs()
    assert "Traceback" in logs
    assert '"status": 500' in logs
    secrets = {*PLANTED.values(), *sent.values(), token, session, basic, walk.PASSWORD}
    secrets |= {
        "planted-typed-password",
        "planted-wrong-password",
        "planted-api-key",
        "planted-csrf",
    }
    assert [secret for secret in secrets if secret in logs] == []


def send_with_a_password_that_nobody_asked_for(product: Product) -> None:
    """The mail server knows no sign-in, so every attempt fails."""
    port = urlsplit(product.settings["EMAIL_URL"]).port
    email_url = f"smtp://planted-user:{PLANTED['smtp']}@127.0.0.1:{port}"
    product.settings = {**product.settings, "EMAIL_URL": email_url}
    product.stop("worker")
    product.start("worker")
    walk.ask(walk.HttpVisitor(product.url), "robin@unsent-walkers.com")
    until(lambda: "was not handed over" in product.log("worker"), what="a failure")


def lose_the_database(product: Product, visitor: walk.HttpVisitor) -> None:
    """So that web and worker say what went wrong, at length."""
    url = urlsplit(product.settings["DATABASE_URL"])
    server = url._replace(netloc=f"postgres@127.0.0.1:{url.port}", path="/postgres").geturl()
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"DROP DATABASE {url.path[1:]} WITH (FORCE)")
    assert visitor.get("/account/").status == 500
    assert walk.HttpVisitor(product.url).get("/readyz").status == 503
    until(lambda: "Traceback" in product.log("worker"), what="a failed sweep")
