"""The harness itself: its services are real, and nothing else can be reached."""

from __future__ import annotations

import smtplib
import socket
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from redis import Redis as RedisClient

from tests.services import programs
from tests.services.postgres import Postgres
from tests.services.product import alone_with
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.services.waiting import until


def send(server: Smtp, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.port) as client:
        client.sendmail("us@example.com", [recipient], b"Subject: Hello\r\n\r\nA text.\r\n")


@pytest.mark.services
def test_every_postgres_database_is_new(postgres: Postgres) -> None:
    urls = {postgres.new_url(), postgres.new_url()}
    assert len(urls) == 2
    for url in urls:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert cursor.fetchone() == (0,)


@pytest.mark.services
def test_every_migrated_database_is_a_copy_of_its_own(postgres: Postgres, tmp_path: Path) -> None:
    urls = [postgres.migrated_url(), postgres.migrated_url()]
    for number, url in enumerate(urls):
        with (
            closing(psycopg2.connect(url)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT count(*) FROM tenants_tenant")
            assert cursor.fetchone() == (0,)
            cursor.execute(
                "INSERT INTO tenants_tenant (id, name, state, allow_ad_hoc_subscriptions,"
                " allow_email_verified_users, created_at)"
                " VALUES (gen_random_uuid(), %s, 'managed', true, true, now())",
                [f"firm{number}"],
            )
    # Fails where a migration is missing.
    alone_with(urls[0], tmp_path).manage("migrate", "--check")


@pytest.mark.services
def test_every_redis_database_is_empty(redis: Redis) -> None:
    one, other = RedisClient.from_url(redis.new_url()), RedisClient.from_url(redis.new_url())
    one.set("name", "value")
    assert (one.dbsize(), other.dbsize()) == (1, 0)


def test_the_mail_server_collects_what_it_accepts(smtp: Smtp) -> None:
    send(smtp, "robin@example.org")
    mail = smtp.wait_for("robin@example.org")
    assert (mail.sender, mail.message["Subject"]) == ("us@example.com", "Hello")


def test_the_mail_server_answers_as_it_was_told_and_then_accepts_again(smtp: Smtp) -> None:
    smtp.replies["RCPT"].append("451 4.3.0 Later")
    smtp.replies["DATA"].append("554 5.7.1 Never")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp, "robin@example.org")
    with pytest.raises(smtplib.SMTPDataError):
        send(smtp, "robin@example.org")
    send(smtp, "robin@example.org")
    assert len(smtp.to("robin@example.org")) == 1


def test_the_mail_server_can_go_away_and_come_back() -> None:
    server = Smtp()
    with serving(server):
        send(server, "before@example.org")
    with pytest.raises(ConnectionRefusedError):
        send(server, "meanwhile@example.org")
    with serving(server):
        send(server, "after@example.org")
    assert [mail.recipients for mail in server.received] == [
        ["before@example.org"],
        ["after@example.org"],
    ]


def test_nothing_beyond_this_machine_can_be_reached() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        socket.getaddrinfo("example.com", 80)


def test_a_missing_program_skips_by_name_and_fails_where_services_are_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "find", lambda _: None)
    monkeypatch.setattr(programs, "REQUIRE_SERVICES", False)
    with pytest.raises(pytest.skip.Exception, match="Redis is not installed"):
        programs.need("Redis")
    monkeypatch.setattr(programs, "REQUIRE_SERVICES", True)
    with pytest.raises(pytest.fail.Exception, match="Redis is not installed"):
        programs.need("Redis")


def test_waiting_in_vain_names_what_for() -> None:
    with pytest.raises(TimeoutError, match="the moon"):
        until(lambda: Path("/nowhere").exists(), seconds=0.1, what="the moon")
