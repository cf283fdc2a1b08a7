"""`/metrics`: what it counts, in all processes; who may read it; and that it costs little."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from feed.flows import endpoints
from feed.models import Delivery, Endpoint, Kind
from feed.services import publish
from outbox.models import OutboxMail
from rms_portal.metrics import views
from rms_portal.metrics.gauges import DatabaseGauges
from tests import walk
from tests.services.product import PYTHON, ROOT, Product, clean_environment, embedded, running
from tests.services.waiting import PATIENCE, until

TOKEN = "a-token-that-is-long-enough"


def values_in(text: str) -> dict[tuple[str, frozenset[str]], float]:
    """By name and the values of the labels."""
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, *labels: str) -> float:
    return values_in(text).get((name, frozenset(labels)), 0.0)


# --- Who may read it -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_this_machine_reads_it_and_nobody_else_does(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 403


@pytest.mark.django_db
def test_whoever_has_the_token_reads_it_from_elsewhere(client: Client, settings: Settings) -> None:
    def status(given: str) -> int:
        headers = {"authorization": given}
        return client.get("/metrics", headers=headers, REMOTE_ADDR="203.0.113.9").status_code

    assert status(f"Bearer {TOKEN}") == 403
    settings.METRICS_TOKEN = TOKEN
    assert status(f"Bearer {TOKEN}") == 200
    assert status(f"Bearer {TOKEN}x") == 403
    assert status("Bearer ") == 403
    assert status(f"Basic {TOKEN}") == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "passed_on",
    [{"x-forwarded-for": "127.0.0.1"}, {"via": "1.1 proxy"}, {"x-real-ip": "127.0.0.1"}, {}],
)
def test_what_came_through_a_proxy_on_this_machine_is_not_from_this_machine(
    client: Client, settings: Settings, passed_on: dict[str, str]
) -> None:
    if passed_on:
        assert client.get("/metrics", headers=passed_on).status_code == 403
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    assert client.get("/metrics", headers=passed_on).status_code == 403


# --- What it says ----------------------------------------------------------------------------------


@pytest.fixture
def fresh_gauges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that an earlier test found."""
    monkeypatch.setattr(views, "_database_gauges", DatabaseGauges())


@pytest.mark.django_db
def test_it_counts_requests_by_route_and_never_by_what_people_sent(client: Client) -> None:
    def count() -> float:
        text = client.get("/metrics").content.decode()
        assert "zzz-what-people-sent" not in text
        labels = ("GET", "/signup/confirm/<str:token>/", "404")
        return value(text, "rms_http_requests_total", *labels)

    before = count()
    client.get("/signup/confirm/zzz-what-people-sent/")
    client.get("/zzz-what-people-sent/")
    client.generic("ZZZ-WHAT-PEOPLE-SENT", "/")
    assert count() - before == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("fresh_gauges")
def test_it_tells_what_waits_and_what_was_asked_for(client: Client) -> None:
    walk.ask(walk.ClientVisitor(Client()), "anna@walkers.com")
    late = timezone.now() - dt.timedelta(minutes=5)
    OutboxMail.objects.update(next_attempt_at=late)
    text = client.get("/metrics").content.decode()
    assert value(text, "rms_mails", "queued") == 1
    assert value(text, "rms_mails", "failed") == 0
    assert 299 < value(text, "rms_oldest_due_mail_seconds") < 320
    assert value(text, "rms_sign_ups_last_hour", "pending", "confirm") == 1
    assert value(text, "rms_database_up") == 1
    assert "walkers" not in text


@pytest.mark.django_db
@pytest.mark.usefixtures("fresh_gauges")
def test_it_tells_which_webhooks_are_behind_and_nothing_of_a_paused_one_is_late(
    client: Client,
) -> None:
    late = timezone.now() - dt.timedelta(minutes=5)
    live, paused = (
        endpoints.create(url=f"https://{name}.com/", acting_user=None)[0]
        for name in ("live", "paused")
    )
    endpoints.pause(endpoint=paused, reason=Endpoint.Reason.BY_HAND, acting_user=None)
    for at in (late, timezone.now(), late - dt.timedelta(hours=1)):
        event = publish(kind=Kind.SUBSCRIPTION_CHANGED, tenant_id=uuid.uuid4(), data={})
        Delivery.objects.create(
            event=event,
            endpoint=paused if at < late else live,
            next_attempt_at=at,
            give_up_at=at + dt.timedelta(days=3),
        )
    Delivery.objects.filter(endpoint=live).exclude(next_attempt_at=late).update(
        state="failed", failed_at=late
    )
    text = client.get("/metrics").content.decode()
    assert value(text, "rms_webhooks", "active") == value(text, "rms_webhooks", "paused") == 1
    assert value(text, "rms_webhook_deliveries", "queued") == 2
    assert value(text, "rms_webhook_deliveries", "failed") == 1
    assert 299 < value(text, "rms_oldest_due_webhook_seconds") < 320


@pytest.mark.django_db
@pytest.mark.usefixtures("fresh_gauges")
def test_the_database_is_asked_once_in_ten_seconds(
    client: Client, django_assert_num_queries: object
) -> None:
    client.get("/metrics")
    with django_assert_num_queries(0):  # type: ignore[operator]
        client.get("/metrics")


# --- All processes ---------------------------------------------------------------------------------

COUNTING = """
import django, os, signal
django.setup()
from rms_portal.metrics import counts
counts.task_started("example")
if child := os.fork():
    os.waitpid(child, 0)
counts.task_started("example")
counts.task_ended("example", state="SUCCESS", seconds=0.02)
if not child:
    os.kill(os.getpid(), signal.SIGKILL)
print("counted", flush=True)
signal.pause()
"""
SCRAPING = """
import django
django.setup()
from rms_portal.metrics.views import _text
print(_text().decode())
"""


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return clean_environment(
        VAR_DIR=str(tmp_path), DJANGO_SETTINGS_MODULE="rms_portal.settings", SECRET_KEY="k" * 40
    )


def scrape(state: dict[str, str]) -> str:
    command = [PYTHON, "-c", SCRAPING]
    done = subprocess.run(command, cwd=ROOT, env=state, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def counting(state: dict[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes that have counted, each with a child that was killed after it had."""
    command = [PYTHON, "-c", COUNTING]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=state, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "counted\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_counts_outlive_the_processes_and_files_do_not(
    counting: list[subprocess.Popen[str]], state: dict[str, str]
) -> None:
    folder = Path(state["VAR_DIR"]) / "metrics"

    def counted() -> tuple[float, float, float]:
        text = scrape(state)
        return (
            value(text, "rms_tasks_total", "example", "started"),
            value(text, "rms_tasks_total", "example", "succeeded"),
            value(text, "rms_task_duration_seconds_count", "example"),
        )

    assert len(list(folder.glob("counter_*.db"))) == 4
    assert counted() == (6, 4, 4)
    assert len(list(folder.glob("counter_*.db"))) == 3
    for process in counting:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    assert counted() == (6, 4, 4)
    assert counted() == (6, 4, 4)
    assert {path.name for path in folder.iterdir()} == {
        "counter_ended.db",
        "histogram_ended.db",
        "lock",
    }


def test_where_nothing_can_be_written_the_work_goes_on(state: dict[str, str]) -> None:
    (Path(state["VAR_DIR"]) / "metrics").write_text("A file is where the folder should be.")
    script = (
        "import django; django.setup()\n"
        "from rms_portal.metrics import counts\n"
        "counts.task_started('example')\n"
        "print('went on')\n"
    )
    command = [PYTHON, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=state, capture_output=True, text=True, check=True)
    assert done.stdout == "went on\n"
    assert "Nothing is counted" in done.stderr


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("metrics"))) as product:
        yield product


def test_web_worker_and_scheduler_are_seen_in_one_scrape(product: Product) -> None:
    visitor = walk.HttpVisitor(product.url)
    walk.sign_up(visitor, walk.DevMail(visitor), "robin@metric-walkers.com")
    delivered = ("rms_tasks_total", "outbox.tasks.deliver_mail", "succeeded")

    def text() -> str:
        return visitor.get("/metrics").text

    until(lambda: value(text(), *delivered) >= 1, what="the worker's count")
    until(
        lambda: value(text(), "rms_tasks_total", "outbox.tasks.sweep_outbox", "started") >= 1,
        what="a sweep",
    )
    seen = text()
    assert value(seen, "rms_http_requests_total", "POST", "/signup/", "302") == 1
    assert value(seen, "rms_http_request_duration_seconds_count", "POST", "/signup/") == 1
    assert value(seen, "rms_scheduler_last_beat_timestamp_seconds") > 1e9
    assert not re.search(r"@|metric-walkers", seen)
