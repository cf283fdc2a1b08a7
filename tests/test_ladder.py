"""The ladder of a subscription's states: one pure function of its dates, at every moment there is."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.ladder import (
    GRACE,
    LIVE,
    SubscriptionState,
    end_of,
    end_of_day,
    live_until,
    months_later,
    state_of,
)
from subscriptions.models import Subscription

State = SubscriptionState
ORDER = list(SubscriptionState)
SECOND = dt.timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
# Around leap days and the days on which clocks change.
SINCE = dt.datetime(2027, 1, 1)  # noqa: DTZ001 -- hypothesis adds the time zone
UNTIL = dt.datetime(2029, 12, 31)  # noqa: DTZ001
MOMENTS = st.datetimes(SINCE, UNTIL, timezones=st.just(dt.UTC))


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    return Subscription(
        started_at=draw(MOMENTS),
        trial_ends_at=draw(st.none() | MOMENTS),
        ends_at=draw(st.none() | MOMENTS),
        cancelled_at=draw(st.none() | MOMENTS),
        cancels_at_end=draw(st.booleans()),
    )


@given(subscriptions(), MOMENTS, MOMENTS)
def test_time_leads_down_the_ladder_and_never_up(
    subscription: Subscription, one: dt.datetime, other: dt.datetime
) -> None:
    sooner, later = sorted((one, other))
    before, after = (ORDER.index(state_of(subscription, now)) for now in (sooner, later))
    assert before <= after


@given(subscriptions(), MOMENTS)
def test_the_end_that_is_announced_is_the_one_that_comes(
    subscription: Subscription, now: dt.datetime
) -> None:
    subscription.cancelled_at = None
    end = live_until(subscription)
    trial = subscription.trial_ends_at
    if end is None:
        assert state_of(subscription, now) in LIVE
    else:
        last = max(end, trial) if trial else end
        assert state_of(subscription, last - SECOND) in LIVE
        assert state_of(subscription, last) not in LIVE


@given(subscriptions(), MOMENTS)
def test_the_clock_of_the_place_changes_nothing(
    subscription: Subscription, now: dt.datetime
) -> None:
    assert state_of(subscription, now) is state_of(subscription, now.astimezone(BERLIN))


@pytest.mark.parametrize(
    ("after_the_end", "state"),
    [
        (-SECOND, State.ACTIVE),
        (dt.timedelta(), State.GRACE),
        (GRACE - SECOND, State.GRACE),
        (GRACE, State.SUSPENDED),
        (dt.timedelta(days=3650), State.SUSPENDED),
    ],
)
def test_each_step_begins_at_its_instant(after_the_end: dt.timedelta, state: State) -> None:
    end = dt.datetime(2028, 2, 29, tzinfo=dt.UTC)
    subscription = Subscription(started_at=end - GRACE, ends_at=end)
    assert state_of(subscription, end + after_the_end) is state


def test_a_trial_that_was_not_bought_has_its_grace() -> None:
    end = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
    subscription = Subscription(started_at=end - GRACE, trial_ends_at=end)
    assert state_of(subscription, end - SECOND) is State.TRIAL
    assert state_of(subscription, end) is State.GRACE


def test_what_is_cancelled_at_its_end_works_until_then_and_has_no_grace() -> None:
    end = dt.datetime(2027, 3, 1, tzinfo=dt.UTC)
    subscription = Subscription(started_at=end - GRACE, ends_at=end, cancels_at_end=True)
    assert state_of(subscription, end - SECOND) is State.ACTIVE
    assert state_of(subscription, end) is State.CANCELLED


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (dt.date(2027, 3, 28), 23),  # clocks go forward
        (dt.date(2027, 10, 31), 25),  # clocks go back
        (dt.date(2028, 2, 29), 24),
    ],
)
def test_the_last_day_is_whole_however_long_it_is(day: dt.date, hours: int) -> None:
    with timezone.override(BERLIN):
        begin, end = end_of_day(day - dt.timedelta(days=1)), end_of_day(day)
    assert end.astimezone(BERLIN).time() == dt.time()
    assert end.astimezone(dt.UTC) - begin.astimezone(dt.UTC) == dt.timedelta(hours=hours)
    subscription = Subscription(started_at=begin, ends_at=end)
    assert state_of(subscription, end - SECOND) is State.ACTIVE
    assert state_of(subscription, end) is State.GRACE


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2027-12-15", 1, "2028-01-15"),
        ("2027-03-15", 7, "2027-10-15"),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(
    start: str, months: int, end: str
) -> None:
    with timezone.override(BERLIN):
        later = months_later(timezone.make_aware(dt.datetime.fromisoformat(start)), months)
        assert later == timezone.make_aware(dt.datetime.fromisoformat(end))


@given(MOMENTS, st.integers(1, 60))
def test_more_months_end_later(start: dt.datetime, months: int) -> None:
    with timezone.override(BERLIN):
        assert start < months_later(start, months) < months_later(start, months + 1)


@given(subscriptions())
def test_a_bought_end_counts_before_that_of_the_trial(subscription: Subscription) -> None:
    assert end_of(subscription) == (subscription.ends_at or subscription.trial_ends_at)
