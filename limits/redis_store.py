"""Limits in Redis: one script, so one round trip, for each action."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.retry import Retry

from limits.rates import Rate
from limits.records import Action

SCRIPT = (Path(__file__).parent / "redis_script.lua").read_text()
CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 0.5


class RedisStore:
    def __init__(self, url: str) -> None:
        client = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            # Once more, at once: a connection that Redis closed while it idled says so only when used.
            retry=Retry(NoBackoff(), 1, supported_errors=(NotConnected,)),
        )
        self._client = client
        self._script = client.register_script(SCRIPT)

    def act(
        self, action: Action, keys: Sequence[tuple[str, Sequence[Rate]]], now: int, amount: int = 1
    ) -> list[bool]:
        rates = [[(rate.number, rate.window, rate.delay) for rate in rates] for _, rates in keys]
        names = [f"limits:{key}" for key, _ in keys]
        full = self._script(keys=names, args=[now, action.value, amount, json.dumps(rates)])
        return [bool(answer) for answer in full]

    def forget(self, key: str) -> None:
        self._client.delete(f"limits:{key}")
