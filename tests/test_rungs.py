"""Time is told of: every rung of the ladder once and in order, however rarely the clock looks and whoever decides meanwhile."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from audit.models import AuditEvent
from feed.models import Event
from subscriptions.flows.ends import note_states
from subscriptions.ladder import SubscriptionState, passed, state_of
from subscriptions.models import Subscription
from tenants.models import Tenant
from tests.factories import SubscriptionFactory, TenantFactory
from tests.test_commands import run

START = dt.datetime(2028, 1, 31, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
days = st.integers(0, 120)


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def told() -> list[str]:
    return [kind.removeprefix("subscription.") for kind in events().values_list("kind", flat=True)]


def events() -> Any:
    return Event.objects.order_by("id")


@pytest.mark.django_db
def test_a_trial_during_which_nothing_looked_is_told_of_to_its_end(tenant: Tenant) -> None:
    with time_machine.travel(START, tick=False) as clock:
        run("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--units", "5",
            "--trial", "30")  # fmt: skip
        clock.shift(61 * DAY)
        note_states()
        note_states()
    assert told() == ["created", "trial_ended", "entered_grace", "suspended"]
    reached = [event.data.get("reached_at") for event in events()[1:]]
    assert reached == [(START + after * DAY).isoformat() for after in (30, 30, 60)]
    assert {event.data["state"] for event in events()[1:]} == {"suspended"}
    steps = AuditEvent.objects.filter(action="subscription.state_changed")
    assert {(step.details["before"], step.details["state"]) for step in steps} == {
        ("trial", "grace"),
        ("grace", "suspended"),
    }


@pytest.mark.django_db
def test_whoever_decides_looks_first(tenant: Tenant) -> None:
    """A renewal after the grace: what had happened by then is told before it, and nothing is told twice."""
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--units", "5")
    renew = ("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "1")
    with time_machine.travel(START, tick=False) as clock:
        run(*words, "--until", "2028-02-10")
        clock.shift(60 * DAY)
        run(*renew)
        note_states()
        clock.shift(32 * DAY)
        run(*renew)
        clock.shift(100 * DAY)
        run("cancel_subscription", "walkers.com")
        note_states()
    assert told() == [
        "created",
        "entered_grace",
        "suspended",
        "renewed",
        "entered_grace",
        "renewed",
        "entered_grace",
        "suspended",
        "cancelled",
    ]


@pytest.mark.django_db
def test_what_was_cancelled_at_its_end_is_over_also_where_nothing_looked(tenant: Tenant) -> None:
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--units", "5")
    with time_machine.travel(START, tick=False) as clock:
        run(*words, "--until", "2028-02-10")
        run("cancel_subscription", "walkers.com", "--at-end")
        clock.shift(60 * DAY)
        run(*words)
    assert told() == ["created", "cancels_at_end", "cancelled", "created"]
    paid = Subscription.objects.filter(plan__is_free=False).order_by("started_at")
    assert [row.cancelled_at for row in paid] == [dt.datetime(2028, 2, 11, tzinfo=dt.UTC), None]


@pytest.mark.django_db
def test_what_was_never_looked_at_is_told_of_from_its_beginning(tenant: Tenant) -> None:
    """Rows of before there were events, or of a scheduler that never ran."""
    with time_machine.travel(START, tick=False) as clock:
        SubscriptionFactory.create(tenant=tenant, trial_ends_at=START + 5 * DAY)
        clock.shift(6 * DAY)
        note_states()
    assert told() == ["trial_ended", "entered_grace"]


@given(
    trial=st.none() | days,
    end=st.none() | days,
    cancelled=st.none() | days,
    at_end=st.booleans(),
    looks=st.lists(days, max_size=6),
)
def test_however_rarely_one_looks_one_sees_what_an_hourly_clock_sees(
    trial: int | None, end: int | None, cancelled: int | None, looks: list[int], *, at_end: bool
) -> None:
    def moment(after: int | None) -> dt.datetime | None:
        return None if after is None else START + after * DAY

    row = Subscription(
        started_at=START,
        trial_ends_at=moment(trial),
        ends_at=moment(end),
        cancelled_at=moment(cancelled),
        cancels_at_end=at_end,
    )
    assert seen(row, sorted({*looks, 200})) == seen(row, range(201))


def seen(row: Subscription, looks: Any) -> list[SubscriptionState]:
    found, before = [], str(state_of(row, START))
    for look in looks:
        rungs = passed(row, before, START + look * DAY)
        found += [state for _, state in rungs]
        before = str(found[-1]) if found else before
    return found
