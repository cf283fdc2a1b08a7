"""The catalogues: complete, true to what is filled in, and holding every text of the product."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import chain

from django.conf import settings
from django.utils.translation.template import templatize

from rms_portal.translations import gaps
from tests import walk
from tests.german import CATALOGUE, PLACEHOLDER, translations

OURS = (
    "accounts",
    "audit",
    "feed",
    "limits",
    "outbox",
    "rms_portal",
    "signup",
    "subscriptions",
    "tenants",
)
TRANSLATES = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
# As Django's own makemessages sees a template: calls between blanks.
TEMPLATE_CALL = re.compile(r"""gettext\(u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|_\(("[^"]*")\)""")


def test_every_catalogue_is_complete() -> None:
    assert list(gaps()) == []


def blanks(text: str) -> list[str]:
    return sorted([*PLACEHOLDER.findall(text), *walk.TAG.findall(text)])


def test_a_translation_keeps_what_is_filled_in_and_the_tags() -> None:
    pairs = [
        (entry.msgid_plural or entry.msgid, translated)
        for entry in CATALOGUE
        for translated in translations(entry)
    ]
    assert [pair for pair in pairs if blanks(pair[0]) != blanks(pair[1])] == []


def texts_of_python() -> Iterator[str]:
    for path in chain.from_iterable((settings.BASE_DIR / app).rglob("*.py") for app in OURS):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATES:
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}: translate a literal text."
                yield str(first.value)


def texts_of_templates() -> Iterator[str]:
    for path in (settings.BASE_DIR / "templates").rglob("*.*"):
        for found in TEMPLATE_CALL.finditer(templatize(path.read_text())):
            yield ast.literal_eval(found[1] or found[2])


def test_every_text_of_the_product_is_in_the_catalogue() -> None:
    known = {entry.msgid for entry in CATALOGUE}
    texts = {*texts_of_python(), *texts_of_templates()}
    assert len(texts) > 300
    assert sorted(texts - known) == [], "Run `make messages`, and translate what is new."
