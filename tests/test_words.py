"""The administration speaks the reader's language, and the people's words: what the code calls a tenant is an
organisation to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Field
from django.utils.functional import Promise

from tests.german import CATALOGUE


def shown_fields(page: Any) -> Iterator[Field[Any, Any]]:
    """Those whose names stand on the page: above a column, beside a value, in a filter."""
    filters = [item if isinstance(item, str) else item[0] for item in _plain(page)]
    names = {*getattr(page, "list_display", ()), *(page.fields or ()), *filters}
    for field in page.model._meta.fields:
        if not field.primary_key and (field.name in names or not page.fields):
            yield field


def _plain(page: Any) -> Iterator[Any]:
    for item in getattr(page, "list_filter", ()):
        if isinstance(item, (str, tuple)):
            yield item


def test_every_name_in_the_administration_is_translated() -> None:
    untranslated = [
        f"{page.model._meta.label}.{field.name}"
        for registered in admin.site._registry.values()
        for page in (registered, *registered.inlines)
        for field in shown_fields(page)
        if not isinstance(field.verbose_name, Promise) and field.editable
    ]
    assert untranslated == []


def test_nobody_reads_of_tenants() -> None:
    texts = [entry.msgid for entry in CATALOGUE]
    assert [text for text in texts if re.search(r"\btenants?\b", text, re.IGNORECASE)] == []
