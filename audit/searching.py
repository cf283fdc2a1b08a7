"""Lists that stay fast, however long they are: what is typed into their search, and how far they count."""

from __future__ import annotations

import string
from typing import Any, cast

import idna
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

COUNTED_TO = 10_000
# Pages up to here are read as they come; those behind them are looked for by an index alone.
NEAR = 10
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class CountingPaginator(Paginator):  # type: ignore[type-arg]
    """Counts no further than people read: the whole of a table takes seconds to count."""

    def page(self, number: int | str) -> Page[Any]:
        """Of what lies before a far page, only ids are read, and nothing that belongs to the rows."""
        page = super().page(number)
        if page.number > NEAR:
            rows, shown = (cast("QuerySet[Any]", part.object_list) for part in (self, page))
            page.object_list = rows.filter(pk__in=shown.values("pk"))
        return page

    @cached_property
    def _counted(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: COUNTED_TO + 1].count())

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED_TO)

    @property
    def has_more(self) -> bool:
        return self._counted > COUNTED_TO


def as_stored(typed: str) -> str:
    """The beginning of an address or a domain as the database spells them: see tenants/addresses.py."""
    local_part, at, domain = typed.strip().rpartition("@")
    return local_part.translate(ASCII_LOWER) + at + _domain_as_stored(domain)


def _domain_as_stored(typed: str) -> str:
    lower = typed.lower()
    if lower.isascii():
        return lower
    try:
        return idna.encode(lower, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return lower
