"""Webhooks as their receiver sees them: signed, once more after a failure with the same id, in a declared order."""

from __future__ import annotations

import datetime as dt
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from feed import secrets, signing
from feed.flows import deliver, endpoints, keep
from feed.models import Delivery, Endpoint, Event, Kind
from feed.services import publish
from rms_portal.environment import networks
from tests.factories import TenantFactory
from tests.services.product import ROOT
from tests.services.receiver import Receiver, receiving
from tests.tables import everything
from tests.webhooks import is_genuine, work

pytestmark = pytest.mark.django_db
TENANT = uuid.uuid4()
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = networks(["127.0.0.0/8"])
    with receiving() as found:
        yield found


def happen(*, tenant_id: uuid.UUID = TENANT, kind: Kind = Kind.SUBSCRIPTION_CREATED) -> Event:
    return publish(kind=kind, tenant_id=tenant_id, data={"plan": "ENTERPRISEPACK", "units": 5})


def test_the_signature_is_that_of_the_published_example() -> None:
    """The example of the reference implementations of Standard Webhooks."""
    found = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_arrives_signed_and_once(receiver: Receiver) -> None:
    _, secret = endpoints.create(url=receiver.url, acting_user=None)
    event = happen()
    work()
    work()
    (told,) = receiver.told
    assert told.path == "/hooks?from=portal"
    assert told.headers["webhook-id"] == told.event["id"] == str(event.uid)
    assert (told.event["type"], told.event["sequence"]) == ("subscription.created", 1)
    assert told.event["data"] == {"plan": "ENTERPRISEPACK", "units": 5}
    assert is_genuine(told, secret)
    assert Delivery.objects.get().state == "delivered"


def test_a_receiver_notices_forgery_and_replay(receiver: Receiver) -> None:
    _, secret = endpoints.create(url=receiver.url, acting_user=None)
    happen()
    work()
    (told,) = receiver.told
    forged = type(told)(told.path, told.headers, told.body.replace(b"5", b"6"))
    assert not is_genuine(forged, secret)
    assert not is_genuine(told, secret, now=timezone.now().timestamp() + 301)
    other = type(told)(told.path, told.headers | {"webhook-id": "another"}, told.body)
    assert not is_genuine(other, secret)


@pytest.mark.parametrize("answer", [500, 503, 404, 429, "junk"])
def test_what_was_not_taken_comes_again_with_the_same_id_and_body(
    receiver: Receiver, answer: int | str
) -> None:
    _, secret = endpoints.create(url=receiver.url, acting_user=None)
    receiver.answers.append(answer)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        happen()
        work()
        work()
        assert len(receiver.told) == 1
        clock.shift(31)
        work()
        first, second = receiver.told
        assert is_genuine(second, secret, now=timezone.now().timestamp())
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("delivered", 2, "")


def test_numbers_tell_the_order_of_an_organisation_whatever_order_things_arrive_in(
    receiver: Receiver,
) -> None:
    endpoints.create(url=receiver.url, acting_user=None)
    tenants = [uuid.uuid4() for _ in range(3)]
    order = [random.choice(tenants) for _ in range(20)]  # noqa: S311 -- which comes first does not matter
    receiver.answers.extend([500, 204, 500])
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number, tenant in enumerate(order):
            publish(kind=Kind.LICENCE_ASSIGNED, tenant_id=tenant, data={"n": number})
        for _ in range(3):
            work()
            clock.shift(dt.timedelta(minutes=2))
    taken = [told.event for told in receiver.told if told.event["tenant_id"] == str(tenants[0])]
    known = {event["sequence"]: event["data"]["n"] for event in taken}
    made = [number for number, tenant in enumerate(order) if tenant == tenants[0]]
    assert [known[sequence] for sequence in sorted(known)] == made
    assert sorted(known) == list(range(1, len(made) + 1))


def test_who_asked_for_some_events_or_one_organisation_gets_no_others(receiver: Receiver) -> None:
    tenant = TenantFactory.create()
    endpoints.create(url=receiver.url, acting_user=None, kinds=[Kind.TENANT_TAKEN_OVER])
    endpoints.create(url=f"{receiver.url}&of=one", acting_user=None, tenant=tenant)
    happen()
    happen(kind=Kind.TENANT_TAKEN_OVER)
    happen(tenant_id=tenant.pk)
    work()
    found = {(told.path, told.event["type"], told.event["tenant_id"]) for told in receiver.told}
    assert found == {
        ("/hooks?from=portal", "tenant.taken_over", str(TENANT)),
        ("/hooks?from=portal&of=one", "subscription.created", str(tenant.pk)),
    }


def test_after_a_rotation_both_secrets_verify_until_the_older_ends(receiver: Receiver) -> None:
    endpoint, first = endpoints.create(url=receiver.url, acting_user=None)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        second = endpoints.rotate_secret(endpoint=endpoint, acting_user=None)
        happen()
        work()
        clock.shift(dt.timedelta(hours=24, seconds=1))
        happen()
        work()
        keep.forget_older_secrets()
        both, newer = receiver.told
        at = timezone.now().timestamp()
        assert is_genuine(both, first, now=at - 86401)
        assert is_genuine(both, second, now=at - 86401)
        assert is_genuine(newer, second, now=at)
        assert not is_genuine(newer, first, now=at)
    endpoint.refresh_from_db()
    assert endpoint.previous_secret == ""


def test_no_secret_lies_readable_in_the_database(receiver: Receiver) -> None:
    endpoint, first = endpoints.create(url=receiver.url, acting_user=None)
    second = endpoints.rotate_secret(endpoint=endpoint, acting_user=None)
    rows = "".join(row for rows in everything().values() for row in rows)
    assert str(endpoint.pk) in rows or endpoint.pk.hex in rows
    assert first not in rows
    assert second not in rows


def test_a_secret_is_read_after_the_secret_key_has_changed_and_sealed_anew(
    receiver: Receiver, settings: Settings
) -> None:
    _, secret = endpoints.create(url=receiver.url, acting_user=None)
    before, new = settings.SECRET_KEY, "another-key-" + "fedcba9876543210" * 4
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, [before]
    keep.renew_secrets()
    settings.SECRET_KEY_FALLBACKS = []
    happen()
    work()
    assert is_genuine(receiver.told[0], secret)


def test_a_lost_key_stops_nothing_and_says_what_to_do(
    receiver: Receiver, settings: Settings
) -> None:
    endpoint, _ = endpoints.create(url=receiver.url, acting_user=None)
    settings.SECRET_KEY = "another-key-" + "fedcba9876543210" * 4
    happen()
    work()
    assert (receiver.told, "rotate it" in Delivery.objects.get().last_error) == ([], True)
    secret = endpoints.rotate_secret(endpoint=endpoint, acting_user=None, overlap=dt.timedelta())
    endpoints.retry(endpoint=endpoint, acting_user=None)
    work()
    assert is_genuine(receiver.told[0], secret)


def test_who_takes_nothing_for_72_hours_is_paused_and_loses_nothing(receiver: Receiver) -> None:
    endpoint, _ = endpoints.create(url=receiver.url, acting_user=None)
    receiver.answers.extend([503] * 500)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        happen()
        while Delivery.objects.filter(state="queued").exists() or not Delivery.objects.exists():
            work()
            clock.shift(HOUR)
        endpoint.refresh_from_db()
        assert (endpoint.state, endpoint.reason) == ("paused", "not_answering")
        assert 70 < len(receiver.told) < 100
        happen()
        work()
        assert Delivery.objects.filter(state="queued").count() == 1
        receiver.answers.clear()
        assert endpoints.retry(endpoint=endpoint, acting_user=None) == 2
        work()
    assert [event["sequence"] for event in receiver.events[-2:]] == [1, 2]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_one_event_that_is_never_taken_fails_alone(receiver: Receiver) -> None:
    endpoint, _ = endpoints.create(url=receiver.url, acting_user=None)
    receiver.answers.extend([500, 204, 500])
    with time_machine.travel(timezone.now(), tick=False) as clock:
        happen()
        happen()
        work()
        clock.shift(73 * HOUR)
        work()
    endpoint.refresh_from_db()
    assert endpoint.state == "active"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered", "failed"}


def test_who_says_that_it_is_gone_is_paused_at_once(receiver: Receiver) -> None:
    endpoint, _ = endpoints.create(url=receiver.url, acting_user=None)
    receiver.answers.append(410)
    happen()
    work()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("paused", "gone")


def test_who_fails_often_is_left_alone_while_others_are_told(receiver: Receiver) -> None:
    endpoints.create(url=receiver.url, acting_user=None)
    receiver.answers.extend([503] * 100)
    with receiving() as healthy:
        endpoints.create(url=healthy.url, acting_user=None)
        for _ in range(10):
            happen()
        work()
        assert (len(receiver.told), len(healthy.told)) == (deliver.PATIENCE, 10)


def test_an_event_is_gone_with_the_change_that_is_rolled_back(receiver: Receiver) -> None:
    endpoints.create(url=receiver.url, acting_user=None)
    with transaction.atomic():
        happen()
        transaction.set_rollback(True)
    work()
    assert receiver.told == []


def test_a_worker_that_died_is_replaced_after_its_claim(receiver: Receiver) -> None:
    endpoints.create(url=receiver.url, acting_user=None)
    event = happen()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        work()
        Delivery.objects.update(
            state="sending", delivered_at=None, claimed_until=timezone.now() + deliver.CLAIM
        )
        work()
        assert len(receiver.told) == 1
        clock.shift(deliver.CLAIM + dt.timedelta(seconds=1))
        deliver.sweep()
        work()
    assert [told.headers["webhook-id"] for told in receiver.told] == [str(event.uid)] * 2


def test_events_are_kept_for_90_days_and_numbers_go_on_after_them(receiver: Receiver) -> None:
    endpoints.create(url=receiver.url, acting_user=None)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        happen()
        work()
        clock.shift(dt.timedelta(days=89))
        assert keep.purge() == 0
        clock.shift(dt.timedelta(days=2))
        assert keep.purge() == 1
        happen()
        work()
    assert [event["sequence"] for event in receiver.events] == [1, 2]
    assert Endpoint.objects.count() == 1


def test_the_example_in_the_documentation_verifies(receiver: Receiver) -> None:
    paper = (ROOT / "docs" / "webhooks.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", paper, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 -- what the paper tells receivers to write
    _, secret = endpoints.create(url=receiver.url, acting_user=None)
    happen()
    work()
    (told,) = receiver.told
    assert names["is_genuine"](told.headers, told.body, secret)
    assert not names["is_genuine"](told.headers, told.body + b" ", secret)
    assert not names["is_genuine"](told.headers, told.body, secrets.new())
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6)):
        assert not names["is_genuine"](told.headers, told.body, secret)


def test_every_event_is_described() -> None:
    paper = (ROOT / "docs" / "webhooks.md").read_text()
    assert [kind for kind in Kind.values if f"`{kind}`" not in paper] == []
