from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05
# What takes an instant on a quiet machine has come within this many seconds on one with far too much to do. Waiting
# ends as soon as it came, so a long patience costs nothing but where something is broken.
PATIENCE = 180
_reservations: list[socket.socket] = []


def until(condition: Callable[[], T | None], *, what: str, seconds: float = PATIENCE) -> T:
    """The first true answer of `condition`. Fails, naming `what`, when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {seconds:g} seconds in vain for {what}.")
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A port of 127.0.0.1 that stays free until a server of this process' tests takes it, which may be seconds later.

    The system gives nobody a port outside of its range without being asked for that very one; and other processes
    with tests, of this checkout or another, see the reservation, which ends with this process.
    """
    return next(port for port in _ports() if _reserve(port) and _is_free(port))


def _ports() -> range:
    own = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    first, last = map(int, own)
    widest = max(range(20_000, first), range(last + 1, 65_536), key=len)
    return widest if len(widest) > 1000 else range(20_000, 65_536)


def _reserve(port: int) -> bool:
    """By a name that Linux gives to one process at a time, and takes back when that ends (unix(7), abstract)."""
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0rms-tests-port-{port}")
    except OSError:
        reservation.close()
        return False
    _reservations.append(reservation)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
