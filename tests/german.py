"""The German catalogue, and how to notice English on a page that should be German."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import chain

import polib

from rms_portal.translations import LOCALE_DIR
from tests import walk

CATALOGUE = polib.pofile(str(LOCALE_DIR / "de" / "LC_MESSAGES" / "django.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
TOO_SHORT_TO_TELL = 12
SHOWN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}


class VisibleText(HTMLParser):
    """What a page says to whoever reads it or has it read out."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.parts += [value or "" for name, value in attrs if name in SHOWN_ATTRIBUTES]

    def handle_data(self, data: str) -> None:
        if self._inside not in {"script", "style"}:
            self.parts.append(data)


def visible(html: str) -> str:
    parser = VisibleText()
    parser.feed(html)
    return one_line(" ".join(parser.parts))


def one_line(text: str) -> str:
    return " ".join(text.split())


def pieces(text: str) -> set[str]:
    """The words of a text as a page shows them: without what is filled in, and without tags."""
    plain = PLACEHOLDER.sub("\0", walk.TAG.sub("\0", text))
    return {one_line(piece) for piece in plain.split("\0")}


def translations(entry: polib.POEntry) -> list[str]:
    return [*entry.msgstr_plural.values()] or [entry.msgstr]


def english_pieces() -> set[str]:
    """What cannot be on a German page: English of some length that no German text holds too."""
    german = " ".join(chain.from_iterable(map(translations, CATALOGUE)))
    texts = (f"{entry.msgid}\0{entry.msgid_plural}" for entry in CATALOGUE)
    found = set(chain.from_iterable(map(pieces, texts)))
    return {piece for piece in found if len(piece) > TOO_SHORT_TO_TELL and piece not in german}


ENGLISH = english_pieces()


def english_in(text: str) -> list[str]:
    return sorted(piece for piece in ENGLISH if piece in one_line(text))
