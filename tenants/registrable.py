"""What somebody registered: a domain's part below its public suffix.

The list of suffixes lies in a room above, with those that operators load; it says here how it is asked.
"""

from __future__ import annotations

from collections.abc import Callable

Registrable = Callable[[str], str | None]
_ask: list[Registrable] = []


def use(registrable: Registrable) -> None:
    """`registrable` takes A-labels, and knows endings like github.io too; None: the name is a suffix itself."""
    _ask[:] = [registrable]


def registrable_domain(name: str) -> str | None:
    return _ask[0](name)


def is_within(name: str, parent: str) -> bool:
    """Whether `name` lies below `parent`, and whoever registered the one registered the other."""
    registered = registrable_domain(parent)
    return (
        name.endswith(f".{parent}")
        and registered is not None
        and registrable_domain(name) == registered
    )
