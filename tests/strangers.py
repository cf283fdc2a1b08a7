"""People who have nothing in common: each asks from a network of their own."""

from __future__ import annotations

from ipaddress import IPv4Address
from itertools import count
from typing import Any

from django.test import Client

FIRST = int(IPv4Address("10.0.0.1"))
_numbers = count()


def network() -> str:
    """An address that nobody asked from before."""
    return str(IPv4Address(FIRST + next(_numbers)))


def stranger(**options: Any) -> Client:
    """A browser that was never here."""
    return Client(REMOTE_ADDR=network(), **options)
