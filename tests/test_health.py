"""`/readyz`: when it takes a process out of service, and when it only says what is wrong. The key's mark."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import AuditEvent
from outbox.models import OutboxMail
from outbox.services import enqueue
from rms_portal import health, keys
from rms_portal.models import KeyMark
from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, served
from tests.services.redis import redis as start_redis
from tests.services.waiting import until


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has just started."""
    monkeypatch.setattr(health, "_right_for_good", set())


def ready(client: Client, query: str = "") -> tuple[int, dict[str, Any]]:
    answer = client.get(f"/readyz{query}")
    return answer.status_code, answer.json()


@pytest.mark.django_db
def test_a_sound_installation_is_ready(client: Client) -> None:
    names = ("ready", "database", "migrations", "secret_key", "broker", "mail")
    right = dict.fromkeys(names, True) | {"oldest_due_mail_seconds": 0}
    assert ready(client) == (200, right)
    assert ready(client, "?all") == (200, right)


@pytest.mark.django_db
def test_late_mail_is_reported_and_takes_nothing_out_of_service(client: Client) -> None:
    mail = enqueue(kind="accounts.no_account", to_address="anna@walkers.com", language="en")
    late = timezone.now() - dt.timedelta(minutes=9)
    OutboxMail.objects.filter(id=mail.id).update(next_attempt_at=late)
    assert ready(client)[1]["mail"] is True
    OutboxMail.objects.filter(id=mail.id).update(next_attempt_at=late - dt.timedelta(minutes=1))
    status, parts = ready(client)
    assert (status, parts["ready"], parts["mail"]) == (200, True, False)
    assert parts["oldest_due_mail_seconds"] >= 600
    assert ready(client, "?all")[0] == 503


@pytest.mark.django_db
def test_a_database_older_than_the_code_is_not_ready(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'rms_portal'")
    status, parts = ready(client)
    assert (status, parts["ready"], parts["migrations"]) == (503, False, False)


@pytest.mark.django_db
def test_a_key_of_somewhere_else_is_not_ready(client: Client, settings: Settings) -> None:
    keys.remember()
    settings.SECRET_KEY = "another-key-" * 5
    status, parts = ready(client)
    assert (status, parts["ready"], parts["secret_key"]) == (503, False, False)


@pytest.mark.services
def test_without_a_broker_people_go_on_and_monitors_see_it(
    postgres: Postgres, tmp_path: Path
) -> None:
    with start_redis() as redis:
        product = served(
            tmp_path,
            database_url=postgres.new_url(),
            redis_url=redis.url(0),
            email_url="smtp://127.0.0.1:1",
            WEB_PROCESSES="1",
        )
        product.manage("prepare")
        product.start("web")
        product.wait_until_ready("web")
        visitor = walk.HttpVisitor(product.url)
        assert json.loads(visitor.get("/readyz?all").text)["broker"] is True
    try:
        page = visitor.get("/readyz")
        assert (page.status, json.loads(page.text)["broker"]) == (200, False)
        assert visitor.get("/readyz?all").status == 503
        assert walk.ask(visitor, "robin@waiting-walkers.com").status == 302
    finally:
        product.stop("web")


# --- The key's mark --------------------------------------------------------------------------------


def prepare(*words: str) -> None:
    call_command("prepare", *words, stdout=io.StringIO())


@pytest.fixture
def other_key(settings: Settings) -> str:
    """An installation that was prepared, and then got another SECRET_KEY; the one of before."""
    keys.remember()
    before: str = settings.SECRET_KEY
    settings.SECRET_KEY = "another-key-" * 5
    return before


@pytest.mark.django_db
def test_the_mark_is_made_once_and_does_not_give_the_key(settings: Settings) -> None:
    prepare()
    mark = KeyMark.objects.get()
    prepare()
    assert KeyMark.objects.get().made_at == mark.made_at
    assert settings.SECRET_KEY not in mark.mark
    assert keys.state() is keys.KeyState.CURRENT


@pytest.mark.django_db
@pytest.mark.usefixtures("other_key")
def test_a_lost_key_stops_the_start_with_a_sentence_that_says_what_to_do() -> None:
    with pytest.raises(CommandError, match=r"SECRET_KEY is not the one .* --new-secret-key"):
        prepare()
    assert keys.state() is keys.KeyState.WRONG


@pytest.mark.django_db
@pytest.mark.usefixtures("other_key")
def test_an_operator_goes_on_without_a_key_that_is_lost() -> None:
    prepare("--new-secret-key")
    assert keys.state() is keys.KeyState.CURRENT
    event = AuditEvent.objects.get(action="installation.key_changed")
    assert event.details == {"old_key_still_read": False}
    prepare()


@pytest.mark.django_db
def test_a_key_that_was_rotated_is_followed(other_key: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [other_key]
    assert keys.state() is keys.KeyState.FALLBACK
    prepare()
    settings.SECRET_KEY_FALLBACKS = []
    assert keys.state() is keys.KeyState.CURRENT
    event = AuditEvent.objects.get(action="installation.key_changed")
    assert event.details == {"old_key_still_read": True}


@pytest.mark.services
def test_processes_that_start_with_a_wrong_key_say_so_in_their_log(
    postgres: Postgres, tmp_path: Path
) -> None:
    with start_redis() as redis:
        right = served(
            tmp_path / "right",
            database_url=postgres.migrated_url(),
            redis_url=redis.url(0),
            email_url="smtp://127.0.0.1:1",
        )
        right.folder.mkdir()
        right.manage("prepare")
        wrong = Product(tmp_path, {**right.settings, "SECRET_KEY": "wrong-key-" * 6})
        try:
            for name in ("web", "worker"):
                wrong.start(name)
            for name in ("web", "worker"):
                until(
                    lambda name=name: "CRITICAL rms_portal.keys" in wrong.log(name),  # type: ignore[misc]
                    what=f"the line of {name}",
                )
        finally:
            for name in list(wrong.processes):
                wrong.stop(name)
