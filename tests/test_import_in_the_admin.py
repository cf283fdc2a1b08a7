"""A file of accounts handed over in the administration: imported in the background, watched, and told row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from outbox import announcing
from outbox.models import OutboxMail
from signup.flows import import_in_background
from signup.flows.import_in_background import carry_on, carry_on_forgotten
from signup.models import ImportedLine, UserImport
from signup.tasks import import_users, purge_signups
from tenants.exceptions import NotAllowed
from tenants.models import Domain, User
from tests.factories import OperatorFactory
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
ADD = reverse("admin:signup_userimport_add")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The imports that a worker was asked for."""
    found: list[str] = []
    monkeypatch.setattr(announcing, "ask", lambda task, *arguments, **_: found.extend(arguments))
    return found


@pytest.fixture
def boss(client: Client) -> User:
    boss = administrator()
    Domain.objects.update(state=Domain.State.VERIFIED)
    sign_in_fresh(client, boss)
    return boss


def file_of(*rows: str, name: str = "people.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join(("email,first_name,last_name", *rows)).encode())


def hand_over(client: Client, *rows: str, **more: Any) -> UserImport:
    answer = client.post(ADD, {"file": file_of(*rows), **more})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return UserImport.objects.latest("created_at")


def table(client: Client, job: UserImport, query: str = "") -> list[str]:
    answer = client.get(reverse("admin:signup_userimport_lines", args=(job.pk,)) + query)
    return b"".join(cast("Iterable[bytes]", answer)).decode().splitlines()


def shown(client: Client, job: UserImport) -> str:
    page = client.get(reverse("admin:signup_userimport_change", args=(job.pk,)))
    return page.content.decode()


def test_each_row_is_told_and_the_file_is_forgotten(
    client: Client, boss: User, asked: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = hand_over(
            client, f"anna@{boss.tenant},Anna,A", str(boss.email), "no address", "x@other.com,=1,B"
        )
    assert asked == [str(job.pk)]
    assert "0 of 4 rows are done." in shown(client, job)
    import_users(str(job.pk))
    job.refresh_from_db()
    assert (job.created, job.exists, job.refused) == (1, 1, 2)
    assert (job.state, job.text) == ("done", "")
    page = shown(client, job)
    assert "4 of 4 rows are done." in page
    assert "no address" in page
    assert [line.split(",")[:3] for line in table(client, job)[1:3]] == [
        ["2", f"anna@{boss.tenant}", "created"],
        ["3", str(boss.email), "exists"],
    ]
    assert len(table(client, job, "?refused")) == 3
    anna = User.objects.get(email=f"anna@{boss.tenant}")
    assert (anna.tenant, anna.first_name) == (boss.tenant, "Anna")
    assert OutboxMail.objects.filter(to_address=anna.email, kind="signup.invitation").exists()
    event = AuditEvent.objects.get(action="users.imported")
    assert (event.actor_id, event.tenant_id) == (boss.pk, boss.tenant_id)


def test_the_page_asks_for_news_until_it_is_over(
    client: Client, boss: User, asked: list[str]
) -> None:
    job = hand_over(client, f"anna@{boss.tenant}")
    progress = reverse("admin:signup_userimport_progress", args=(job.pk,))
    before = client.get(progress).json()
    page = shown(client, job)
    assert progress in page
    assert '<noscript><meta http-equiv="refresh"' in page
    carry_on(job.pk)
    assert client.get(progress).json() != before
    assert "data-waits-at" not in shown(client, job)


def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on(
    client: Client, boss: User, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [f"person{number}@{boss.tenant}" for number in range(10)]
    job = hand_over(client, *people)
    note = import_in_background._note

    def killed_at_the_fifth(job: UserImport, row: Any) -> None:
        if row.line == 6:
            raise SystemExit
        note(job, row)

    monkeypatch.setattr(import_in_background, "_note", killed_at_the_fifth)
    with pytest.raises(SystemExit):
        carry_on(job.pk)
    monkeypatch.setattr(import_in_background, "_note", note)
    assert ImportedLine.objects.count() == 4
    assert carry_on_forgotten() == 0
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=3)):
        assert carry_on_forgotten() == 1
        assert asked == [str(job.pk)]
        carry_on(job.pk)
    job.refresh_from_db()
    assert (job.created, job.exists, job.finished) == (10, 0, 10)
    assert User.objects.filter(email__in=people).count() == 10
    carry_on(job.pk)
    assert AuditEvent.objects.filter(action="users.imported").count() == 1


def test_of_two_workers_on_one_file_each_row_has_one(
    client: Client, boss: User, asked: list[str]
) -> None:
    job = hand_over(client, f"anna@{boss.tenant}", f"bert@{boss.tenant}")
    ImportedLine.objects.create(user_import=job, line=1, result="created")

    def the_other_is_faster(line: int) -> None:
        ImportedLine.objects.create(user_import=job, line=line, result="created")

    the_other_is_faster(3)
    import_in_background._one(job, 3, {"email": f"bert@{boss.tenant}"})
    assert not User.objects.filter(email=f"bert@{boss.tenant}").exists()


def test_whoever_lost_the_power_meanwhile_makes_nothing(
    client: Client, boss: User, asked: list[str]
) -> None:
    job = hand_over(client, f"anna@{boss.tenant}")
    User.objects.filter(pk=boss.pk).update(role="member")
    carry_on(job.pk)
    job.refresh_from_db()
    assert job.refused == 1


def stop(client: Client, job: UserImport) -> str:
    there = reverse("admin:signup_userimport_stop", args=(job.pk,))
    assert client.get(there).status_code == 405
    return client.post(there, follow=True).content.decode()


@pytest.fixture
def half_done(
    client: Client, boss: User, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> UserImport:
    """A worker was killed in the middle: two rows of five are done."""
    job = hand_over(client, *(f"person{number}@{boss.tenant}" for number in range(5)))
    note = import_in_background._note

    def killed_at_the_third(job: UserImport, row: Any) -> None:
        if row.line == 4:
            raise SystemExit
        note(job, row)

    with monkeypatch.context() as patched:
        patched.setattr(import_in_background, "_note", killed_at_the_third)
        with pytest.raises(SystemExit):
            carry_on(job.pk)
    return job


def test_an_import_is_stopped_what_was_done_stays_and_each_row_is_told(
    client: Client, boss: User, half_done: UserImport
) -> None:
    assert "Stop the import" in shown(client, half_done)
    said = stop(client, half_done)
    assert "Rows that were done stay as they are: 2. Rows that were not: 3." in said
    assert '<h2 id="what-became">Stopped</h2>' in said
    assert "Stop the import" not in said
    half_done.refresh_from_db()
    assert (half_done.created, half_done.stopped, half_done.text) == (2, 3, "")
    results = [line.split(",")[2] for line in table(client, half_done)[1:]]
    assert results == ["created", "created", "stopped", "stopped", "stopped"]
    carry_on(half_done.pk)
    assert carry_on_forgotten() == 0
    assert User.objects.filter(email__startswith="person").count() == 2
    event = AuditEvent.objects.get(action="users.import_stopped")
    assert (event.actor_id, event.details["stopped"]) == (boss.pk, 3)
    assert not AuditEvent.objects.filter(action="users.imported").exists()


def test_a_worker_that_is_at_a_row_ends_after_it(
    client: Client, boss: User, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = hand_over(client, *(f"person{number}@{boss.tenant}" for number in range(5)))
    note = import_in_background._note

    def stopped_after_the_second(job: UserImport, row: Any) -> None:
        note(job, row)
        if row.line == 3:
            stop(client, job)

    monkeypatch.setattr(import_in_background, "_note", stopped_after_the_second)
    carry_on(job.pk)
    job.refresh_from_db()
    assert (job.created, job.stopped, job.finished) == (2, 3, 2)
    assert User.objects.filter(email__startswith="person").count() == 2


def test_a_row_that_was_noted_as_stopped_is_nobodys_any_more(
    client: Client, boss: User, half_done: UserImport
) -> None:
    """A worker that had looked a moment before the press."""
    stop(client, half_done)
    import_in_background._one(half_done, 4, {"email": f"person2@{boss.tenant}"})
    assert not User.objects.filter(email=f"person2@{boss.tenant}").exists()


def test_the_maker_a_colleague_and_an_operator_stop_it_and_nobody_else(
    client: Client, boss: User, asked: list[str]
) -> None:
    colleague, outsider = administrator(boss.tenant), administrator()
    for who in (boss, colleague, OperatorFactory.create()):
        sign_in_fresh(client, boss)
        job = hand_over(client, f"anna@{boss.tenant}")
        sign_in_fresh(client, outsider)
        there = reverse("admin:signup_userimport_stop", args=(job.pk,))
        assert client.post(there).status_code == 404
        with pytest.raises(NotAllowed):
            import_in_background.stop(job=job, acting_user=outsider)
        sign_in_fresh(client, who)
        assert "The import was stopped." in stop(client, job)
        assert "is over already" in stop(client, job)
    assert UserImport.objects.filter(stopped=1).count() == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name\nanna", "This is no table of accounts"),
        (b"email\n\xff\xfe@x.com", "This is no table of accounts"),
        (b"email\nanna\0@x.com", "This is no table of accounts"),
        (b"", "This is no table of accounts"),
        (b"email\n" + b"x@y.com\n" * 10_001, "up to 10000 rows"),
        (b"email\n" + b"x" * 2 * 1024 * 1024, "larger than 2 MB"),
    ],
)
def test_what_is_no_table_is_refused_at_the_field(
    client: Client, boss: User, content: bytes, words: str
) -> None:
    page = client.post(ADD, {"file": SimpleUploadedFile("people.csv", content)})
    assert words in page.content.decode().replace("10,000", "10000")
    assert not UserImport.objects.exists()


def test_an_operator_says_for_whom(client: Client, boss: User, asked: list[str]) -> None:
    sign_in_fresh(client, operator := OperatorFactory.create())
    refused = client.post(ADD, {"file": file_of(), "domain": "nowhere.com"})
    assert "No tenant has the domain" in refused.content.decode()
    job = hand_over(client, f"anna@{boss.tenant}", domain=str(boss.tenant))
    carry_on(job.pk)
    assert (job.tenant, job.asked_by) == (boss.tenant, operator)
    assert User.objects.filter(email=f"anna@{boss.tenant}").exists()


def test_what_became_of_rows_is_forgotten_after_30_days(
    client: Client, boss: User, asked: list[str]
) -> None:
    carry_on(hand_over(client, f"anna@{boss.tenant}").pk)
    with time_machine.travel(timezone.now() + dt.timedelta(days=29)):
        purge_signups()
        assert ImportedLine.objects.exists()
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        purge_signups()
        assert not UserImport.objects.exists()
