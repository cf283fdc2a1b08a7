"""The chain over the audit log: what was changed with SQL past the triggers is found."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from audit import heads
from audit.chain import INSTALLATION, chain_of, hash_of
from audit.flows import chain as chaining
from audit.flows.chain import chain_pending
from audit.flows.verify import verify
from audit.models import AuditEvent, ChainHead, ChainLink
from audit.services import record
from audit.tasks import SCHEDULE, chain_audit_log
from tests.audit_chains import ROWS, TENANTS, note, say_verified, wrong
from tests.factories import TenantFactory
from tests.past_triggers import execute, past_the_triggers

pytestmark = pytest.mark.django_db


def links(chain: uuid.UUID) -> list[ChainLink]:
    return list(ChainLink.objects.filter(chain=chain).order_by("number"))


# --- Chaining --------------------------------------------------------------------------------------


def test_every_row_is_chained_once_in_the_chain_of_its_tenant(log: None) -> None:
    assert ChainLink.objects.count() == AuditEvent.objects.count() == ROWS
    for chain in (*TENANTS, INSTALLATION):
        assert [link.number for link in links(chain)] == [1, 2, 3, 4]
    assert wrong() == []
    assert chain_pending() == chain_pending(everything=True) == 0


def test_recording_is_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        record(action="thing.made", subject="thing:1", tenant_id=None, acting_user=None)


def test_what_commits_after_a_batch_is_in_the_next_one(log: None) -> None:
    note(TENANTS[0], at=timezone.now() - dt.timedelta(minutes=9))
    assert chain_pending() == 1
    note(TENANTS[0], at=timezone.now() - dt.timedelta(minutes=50))
    assert chain_pending() == 0
    assert chain_pending(everything=True) == 1
    assert wrong() == []


def test_a_log_longer_than_a_batch_is_chained_by_one_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chaining, "BATCH", 2)
    monkeypatch.setattr(chaining, "LOOKED_FOR_AT_ONCE", 4)
    now = timezone.now()
    for number in range(10):
        note(TENANTS[number % 2], at=now)
    assert chain_pending() == 10
    assert wrong() == []


def test_the_task_chains_and_exports_each_head_once(tmp_path: Path, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path
    note(TENANTS[0])
    for _ in range(2):
        chain_audit_log()
    note(TENANTS[0])
    chain_audit_log(everything=True)
    exported = list(heads.read(tmp_path / heads.FILE))
    assert [(head.chain, head.number) for head in exported] == [(TENANTS[0], 1), (TENANTS[0], 2)]
    assert (tmp_path / heads.FILE).stat().st_mode & 0o777 == 0o600
    assert {entry["task"] for entry in SCHEDULE.values()} == {chain_audit_log.name}


# --- What is found ---------------------------------------------------------------------------------


def edit(place: int) -> None:
    link = links(TENANTS[0])[place]
    execute("UPDATE audit_auditevent SET action = 'thing.lost' WHERE id = %s", [key(link.event_id)])


def delete_the_row(place: int) -> None:
    link = links(TENANTS[0])[place]
    execute("DELETE FROM audit_auditevent WHERE id = %s", [key(link.event_id)])


def delete_row_and_link(place: int) -> None:
    delete_the_row(place)
    execute(
        "DELETE FROM audit_chainlink WHERE id = %s",
        [links(TENANTS[0])[place].id],
    )


def exchange_two(place: int) -> None:
    one, other = links(TENANTS[0])[place], links(TENANTS[0])[(place + 1) % 4]
    set_event(one, uuid.UUID(int=9))
    set_event(other, one.event_id)
    set_event(one, other.event_id)


def add_a_link(place: int) -> None:
    """A row of its own, with a link in the place of another, whose successors move on by one."""
    event = note(TENANTS[0])
    for link in reversed(links(TENANTS[0])[place:]):
        execute("UPDATE audit_chainlink SET number = number + 1 WHERE id = %s", [link.id])
    before = links(TENANTS[0])[place - 1].hash if place else "0" * 64
    forge(event, place + 1, before)


def add_a_row_dated_back(place: int) -> None:
    note(TENANTS[0], at=timezone.now() - dt.timedelta(days=place + 1))


def move_to_another_tenant(place: int) -> None:
    link = links(TENANTS[0])[place]
    execute(
        "UPDATE audit_auditevent SET tenant_id = %s WHERE id = %s",
        [key(TENANTS[1]), key(link.event_id)],
    )


def make_all_of_it_anew(place: int) -> None:
    """Whoever changes a row and computes every hash anew, up to the head, has no key for the seal."""
    edit(place)
    chain = links(TENANTS[0])
    execute("DELETE FROM audit_chainlink WHERE chain = %s", [key(TENANTS[0])])
    before = "0" * 64
    for number, link in enumerate(chain, 1):
        event = AuditEvent.objects.get(id=link.event_id)
        before = forge(event, number, before)
    execute("UPDATE audit_chainhead SET hash = %s WHERE chain = %s", [before, key(TENANTS[0])])


def cut_the_end_off(place: int) -> None:
    for link in reversed(links(TENANTS[0])[place:]):
        execute("DELETE FROM audit_auditevent WHERE id = %s", [key(link.event_id)])
        execute("DELETE FROM audit_chainlink WHERE id = %s", [link.id])


def take_the_head_away(place: int) -> None:
    execute("DELETE FROM audit_chainhead WHERE chain = %s", [key(TENANTS[0])])


WAYS = (
    edit,
    delete_the_row,
    delete_row_and_link,
    exchange_two,
    add_a_link,
    add_a_row_dated_back,
    move_to_another_tenant,
    make_all_of_it_anew,
    cut_the_end_off,
    take_the_head_away,
)


def key(value: uuid.UUID) -> object:
    """As the engine stores it."""
    return AuditEvent._meta.get_field("id").get_db_prep_value(value, connection)


def set_event(link: ChainLink, event_id: uuid.UUID) -> None:
    execute("UPDATE audit_chainlink SET event_id = %s WHERE id = %s", [key(event_id), link.id])


def forge(event: AuditEvent, number: int, before: str) -> str:
    now = timezone.now()
    chain = chain_of(event)
    digest = hash_of(event, chain=chain, number=number, previous=before, chained_at=now)
    ChainLink.objects.create(
        chain=chain,
        number=number,
        event_id=event.id,
        previous=before,
        hash=digest,
        chained_at=now,
    )
    return digest


@examples(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(way=st.sampled_from(WAYS), place=st.integers(0, 3))
def test_whatever_is_done_to_a_row_is_found(
    log: None, way: Callable[[int], None], place: int
) -> None:
    assert wrong() == []
    with transaction.atomic():
        with past_the_triggers():
            way(place)
        chain_pending(everything=True)
        assert wrong() != [], way.__name__
        transaction.set_rollback(True)


def test_an_end_that_was_cut_off_under_an_older_head_is_found_by_exported_heads(
    tmp_path: Path, settings: Settings
) -> None:
    settings.VAR_DIR = tmp_path
    tenant = TenantFactory.create(name="walkers.com")
    note(tenant.id)
    chain_audit_log()
    older = ChainHead.objects.get(chain=tenant.id)
    newer_row = note(tenant.id)
    chain_audit_log()
    with past_the_triggers():
        execute("DELETE FROM audit_auditevent WHERE id = %s", [key(newer_row.id)])
        execute("DELETE FROM audit_chainlink WHERE event_id = %s", [key(newer_row.id)])
        older.save()
    assert wrong() == []
    assert say_verified("walkers.com") == ({"intact": True, "wrong": []}, 0)
    found, status = say_verified("walkers.com", "--heads", str(tmp_path / heads.FILE))
    assert status == 1
    assert [(row["number"], row["what"]) for row in found["wrong"]] == [
        (2, "an exported head names a link that is gone")
    ]


def test_no_link_is_added_to_a_head_that_was_not_sealed_here(
    log: None, caplog: pytest.LogCaptureFixture
) -> None:
    ChainHead.objects.filter(chain=TENANTS[0]).update(seal="0" * 64)
    note(TENANTS[0])
    note(TENANTS[1])
    with caplog.at_level(logging.CRITICAL):
        assert chain_pending() == 1
    assert str(TENANTS[0]) in caplog.text
    assert wrong() == ["the newest head was not sealed with our key"]


def test_seals_stay_good_when_a_master_key_is_set_and_the_secret_key_changes(
    log: None, settings: Settings
) -> None:
    settings.MASTER_KEY = "master-key-" * 5
    assert wrong() == []
    note(TENANTS[0])
    chain_pending()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    assert wrong() == []
    settings.SECRET_KEY_FALLBACKS = []
    assert wrong() == ["the newest head was not sealed with our key"] * 2
    settings.MASTER_KEY = "other-master-key-" * 5
    assert len(wrong()) == 3


def test_every_night_heads_are_sealed_under_the_newest_key(
    log: None, settings: Settings, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    chain_audit_log(everything=True)
    settings.SECRET_KEY_FALLBACKS = []
    assert wrong() == []
    assert list(verify(heads=heads.read(tmp_path / heads.FILE))) == []
