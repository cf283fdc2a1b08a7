"""Lists in the order of a column: sorting reads every row, so a long list has only the orders that an index has."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from audit.searching import CountingPaginator


class SortedList(ChangeList):
    """By whatever column was asked for, up to as many rows as are counted; beyond, by that of the list's own order or
    one whose values are unique. Search and filters come first, so that few rows can be sorted of any list.
    """

    is_too_long_to_sort = False

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        rows = super().get_queryset(request, *args, **kwargs)
        if ORDER_VAR not in self.params or self._has_index(request, rows):
            return rows
        self.is_too_long_to_sort = CountingPaginator(rows, self.list_per_page).has_more
        if not self.is_too_long_to_sort:
            return rows
        # The arrows and links of the page follow it.
        self.params = {name: value for name, value in self.params.items() if name != ORDER_VAR}
        return super().get_queryset(request, *args, **kwargs)

    def _has_index(self, request: HttpRequest, rows: QuerySet[Any]) -> bool:
        name = str(rows.query.order_by[0]).removeprefix("-")
        usual = self.model_admin.get_ordering(request) or self.lookup_opts.ordering or ()
        own = {str(field).removeprefix("-") for field in usual[:1]}
        unique = {field.name for field in self.lookup_opts.fields if field.unique}
        return name in {"pk", *own, *unique}
