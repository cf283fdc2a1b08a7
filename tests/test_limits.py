"""Limits: exact, atomic, the same in Redis and in the embedded file, and there while Redis is not."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis as Client

from limits import limit as limits
from limits import redis_store, sqlite_store
from limits.limit import LIMITS, Limit
from limits.rates import SECOND, Rate, parse
from limits.records import EXACT, Action
from limits.redis_store import RedisStore
from limits.sqlite_store import SqliteStore
from limits.stores import LastingStore, Store
from tests.services.redis import Redis
from tests.services.redis import redis as start_redis
from tests.services.waiting import PATIENCE, until

NOON = 1_800_000_000 * SECOND
KEY = "somebody"
RATES = parse("2 in 10 seconds, 5 in 60 seconds, 3 in 2 minutes after 30 seconds")
LONGEST = 120 * SECOND


@pytest.fixture
def named() -> Iterator[Callable[[str], Limit]]:
    """Makes limits that are gone after the test."""
    made: list[str] = []

    def make(words: str) -> Limit:
        made.append(f"tests.number_{len(made)}")
        return Limit(made[-1], words)

    yield make
    for name in made:
        del LIMITS[name]


def patient(where: str | Path) -> Store:
    """As the product's, but that nobody is let go on without it: a busy machine may answer late."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (sqlite_store, "WAIT_SECONDS"),
            (redis_store, "CONNECT_SECONDS"),
            (redis_store, "ANSWER_SECONDS"),
        ):
            patch.setattr(module, name, PATIENCE)
        store: Store = SqliteStore(where) if isinstance(where, Path) else RedisStore(where)
        store.forget(KEY)  # the connection is made
    return store


@pytest.fixture(
    params=["file", "memory", pytest.param("redis", marks=pytest.mark.services)], scope="module"
)
def new_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Store]:
    match request.param:
        case "redis":
            server: Redis = request.getfixturevalue("redis")
            return lambda: patient(server.new_url())
        case "file":
            return lambda: patient(tmp_path_factory.mktemp("limits") / "limits.sqlite3")
        case _:
            return lambda: SqliteStore(None)


class Model:
    """What is promised, said as simply as possible: every time is kept, and counted anew."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.allowed: list[tuple[int, int]] = []

    def is_full(self, now: int) -> bool:
        return any(self._is_full(rate, now) for rate in RATES)

    def _is_full(self, rate: Rate, now: int) -> bool:
        counted = sum(
            rate.delay <= max(now - at, 0) and abs(now - at) < rate.window for at in self.times
        )
        more = sum(number for at, number in self.allowed if abs(now - at) < rate.window)
        return counted >= rate.number + more

    def act(self, action: Action, now: int, amount: int) -> bool:
        was_full = self.is_full(now)
        if action is Action.LOOK or (action is Action.TAKE and was_full):
            return was_full
        # What is over is forgotten, also if the clock is set back after that.
        self.times = [at for at in self.times if now - at < LONGEST]
        self.allowed = [(at, more) for at, more in self.allowed if now - at < LONGEST]
        if action is Action.GIVE_BACK:
            was_full = bool(self.times)
            del self.times[-1:]
        elif action is Action.TAKE:
            self.times.append(now)
        else:
            self.allowed.append((now, amount))
        return was_full


steps = st.lists(
    st.tuples(
        st.sampled_from([*Action, Action.TAKE, Action.TAKE, Action.TAKE]),
        # Clocks of several machines differ, and are set back.
        st.sampled_from(
            [
                0,
                1,
                SECOND,
                4 * SECOND,
                10 * SECOND,
                30 * SECOND,
                120 * SECOND,
                -SECOND,
                -60 * SECOND,
            ]
        ),
        st.integers(1, 2),
    ),
    max_size=40,
)


@given(steps)
@hypothesis_settings(max_examples=60, deadline=None)
def test_every_store_counts_as_the_model_does(
    new_store: Callable[[], Store], steps: list[tuple[Action, int, int]]
) -> None:
    store, model, now = new_store(), Model(), NOON
    for action, pause, amount in steps:
        now += pause
        assert store.act(action, [(KEY, RATES)], now, amount) == [model.act(action, now, amount)]


def test_a_clock_that_is_behind_counts_what_one_ahead_has_counted(
    new_store: Callable[[], Store],
) -> None:
    store, once = new_store(), [(KEY, parse("1 a minute"))]
    assert store.act(Action.TAKE, once, NOON + 30 * SECOND) == [False]
    assert store.act(Action.TAKE, once, NOON) == [True]
    assert store.act(Action.TAKE, once, NOON + 90 * SECOND) == [False]


def test_a_clock_that_was_years_ahead_shuts_nobody_out(new_store: Callable[[], Store]) -> None:
    store, once = new_store(), [(KEY, parse("1 a minute"))]
    assert store.act(Action.TAKE, once, 2 * NOON) == [False]
    assert store.act(Action.TAKE, once, NOON) == [False]
    assert store.act(Action.TAKE, once, NOON) == [True]


def test_all_are_counted_or_none(new_store: Callable[[], Store]) -> None:
    store = new_store()
    both = [("one", parse("1 an hour")), ("three", parse("3 an hour"))]
    assert store.act(Action.TAKE, both, NOON) == [False, False]
    for _ in range(5):
        assert store.act(Action.TAKE, both, NOON) == [True, False]
    assert store.act(Action.TAKE, both[1:], NOON) == [False]
    assert store.act(Action.TAKE, both[1:], NOON) == [False]
    assert store.act(Action.TAKE, both[1:], NOON) == [True]


def test_a_long_log_stays_short(new_store: Callable[[], Store], tmp_path: Path) -> None:
    """However much is counted, at most 300 exact entries and 300 parts of the window."""
    rates = parse("1000000 a day")
    store, now = new_store(), NOON
    for _ in range(EXACT + 500):
        store.act(Action.TAKE, [(KEY, rates)], now)
        now += SECOND
    exactly = [Rate(EXACT + 500, rates[0].window)]
    one_more = [Rate(EXACT + 501, rates[0].window)]
    assert store.act(Action.LOOK, [(KEY, exactly)], now) == [True]
    assert store.act(Action.LOOK, [(KEY, one_more)], now) == [False]
    assert entries(store) < EXACT + 10


def entries(store: Store) -> int:
    if isinstance(store, SqliteStore):
        with store._transaction() as connection:
            return len(store._read(connection, KEY).counts) // 2
    assert isinstance(store, RedisStore)
    # Nine octets for a time, one to three for a count.
    return len(store._client.get(f"limits:{KEY}") or b"") // 10


def test_forgotten_is_forgotten(new_store: Callable[[], Store]) -> None:
    store, once = new_store(), [(KEY, parse("1 a day"))]
    assert store.act(Action.TAKE, once, NOON) == [False]
    assert store.act(Action.TAKE, once, NOON) == [True]
    store.forget(KEY)
    assert store.act(Action.TAKE, once, NOON) == [False]


def taken(where: str | Path, times: int, start: Barrier) -> int:
    store = patient(where)
    rates = parse("100 an hour")
    start.wait(PATIENCE)

    def take(_: int) -> bool:
        return not store.act(Action.TAKE, [(KEY, rates)], NOON)[0]

    with ThreadPoolExecutor(8) as threads:
        return sum(threads.map(take, range(times)))


@pytest.mark.parametrize("kind", ["file", pytest.param("redis", marks=pytest.mark.services)])
def test_never_more_than_the_limit_however_many_ask_at_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    where = (
        tmp_path / "limits.sqlite3"
        if kind == "file"
        else request.getfixturevalue("redis").new_url()
    )
    spawning = multiprocessing.get_context("spawn")
    with spawning.Manager() as manager, spawning.Pool(4) as processes:
        # One process starts long after another: they wait for each other.
        counts = processes.starmap(taken, [(where, 200, manager.Barrier(4))] * 4)
    assert sum(counts) == 100


def test_a_file_that_nobody_has_opened_yet_is_opened_by_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "WAIT_SECONDS", PATIENCE)
    once = [(KEY, parse("1 an hour"))]
    with ThreadPoolExecutor(8) as threads:
        for round_ in range(40):
            path, start = tmp_path / str(round_) / "limits.sqlite3", Barrier(8)

            def take(path: Path = path, start: Barrier = start) -> bool:
                start.wait(PATIENCE)
                return not SqliteStore(path).act(Action.TAKE, once, NOON)[0]

            assert sum(answer.result() for answer in [threads.submit(take) for _ in range(8)]) == 1


@pytest.mark.services
def test_counting_goes_on_while_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    rates = parse("3 an hour")

    def take(store: Store) -> bool:
        return not store.act(Action.TAKE, [(KEY, rates)], NOON)[0]

    with start_redis() as server:
        store = LastingStore(patient(server.url(0)), pause_seconds=1)
        assert [take(store) for _ in range(4)] == [True, True, True, False]
    with caplog.at_level(logging.INFO, "limits.stores"):
        assert [take(store) for _ in range(1000)] == [True] * 3 + [False] * 997
        with start_redis(server.port):
            until(lambda: take(store), what="counting in Redis again")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert KEY not in caplog.text


def test_a_silent_redis_costs_one_short_wait(tmp_path: Path) -> None:
    """Whoever answers nothing at that address: the first request waits, the others do not."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        store = LastingStore(RedisStore(f"redis://127.0.0.1:{listening.getsockname()[1]}/0"))
        started = time.perf_counter()
        for _ in range(20):
            assert store.act(Action.TAKE, [(KEY, parse("100 an hour"))], NOON) == [False]
        assert time.perf_counter() - started < 5  # twenty waits would take ten


def test_a_limit_in_words(named: Callable[[str], Limit]) -> None:
    limit = named("1 a minute, 3 an hour")
    with time_machine.travel(NOON / SECOND, tick=False) as clock:
        assert limit.take("a")
        assert not limit.take("a")
        assert limit.is_reached("a")
        assert limit.take("b")
        for _ in range(2):
            clock.shift(59.999)
            assert not limit.take("a")
            clock.shift(0.001)
            assert limit.take("a")
        clock.shift(3600 - 120 - 0.001)
        assert not limit.take("a")
        clock.shift(0.001)
        assert limit.take("a")


def test_given_back_raised_forgotten(named: Callable[[str], Limit]) -> None:
    limit = named("2 an hour")
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    limit.give_back("a")
    assert [limit.take("a") for _ in range(2)] == [True, False]
    limit.allow_more("a", 2)
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    limit.forget("a")
    assert limit.take("a")


def test_several_at_once_name_those_that_refused(named: Callable[[str], Limit]) -> None:
    one, two = named("1 an hour"), named("2 an hour")
    assert limits.take_all([(one, "a"), (two, "b")]) == set()
    assert limits.take_all([(one, "a"), (two, "b")]) == {one}
    assert limits.reached([(one, "a"), (two, "b")]) == {one}
    assert two.take("b")
    assert limits.reached([(one, "a"), (two, "b")]) == {one, two}


@pytest.mark.parametrize("words", ["", "often", "3 a year", "3 in 5", "1 a minute; 3 an hour"])
def test_what_is_no_rate_is_refused_at_once(words: str) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        parse(words)


def test_a_name_has_one_meaning(named: Callable[[str], Limit]) -> None:
    limit = named("1 an hour")
    with pytest.raises(ValueError, match="already"):
        Limit(limit.name, "2 an hour")


@pytest.mark.services
def test_the_store_names_nobody(
    redis: Redis, settings: Any, named: Callable[[str], Limit], tmp_path: Path
) -> None:
    settings.REDIS_URL = redis.new_url()
    named("2 an hour").take("anna@example.com")
    stored = Client.from_url(settings.REDIS_URL)
    keys = stored.keys("*")
    assert len(keys) == 1
    assert b"anna" not in keys[0]
    assert 0 < stored.pttl(keys[0]) <= 3_600_000
    settings.REDIS_URL, settings.VAR_DIR = "", tmp_path
    named("2 an hour").take("anna@example.com")
    assert b"anna" not in b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
