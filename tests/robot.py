"""A mail scanner that goes all the way: it follows every link and presses every button, breadth first."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.test import Client

URL = re.compile(r"https?://[^\s\"'<>]+")
MOST_STEPS = 2000


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)

    def filled(self, word: str) -> dict[str, str]:
        """Every field that is not hidden holds `word`."""
        hidden = {name: value for name, value in self.fields.items() if name.startswith("!")}
        typed = dict.fromkeys((name for name in self.fields if name not in hidden), word)
        return typed | {name.removeprefix("!"): value for name, value in hidden.items()}

    def as_it_is(self) -> dict[str, str]:
        return {name.removeprefix("!"): value for name, value in self.fields.items()}


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.links, self.forms = base, list[str](), list[Form]()
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "src"):
            if name in given:
                self.links.append(urljoin(self.base, given[name]))
        if tag == "form":
            action = urljoin(self.base, given.get("action", ""))
            self._open = Form(action, given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open and tag in {"input", "button", "select", "textarea"} and "name" in given:
            mark = "!" if given.get("type") == "hidden" else ""
            self._open.fields[mark + given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


@dataclass
class Robot:
    """`words` are what it fills into the fields of a form, once each; it also sends the form as it is."""

    client: Client
    home: str
    words: tuple[str, ...] = ()
    seen: set[object] = field(default_factory=set)
    pressed: list[str] = field(default_factory=list)
    _waiting: deque[Callable[[], None]] = field(default_factory=deque)

    def read_mail(self, *parts: str) -> None:
        for part in parts:
            for url in URL.findall(part):
                self._follow(url)
            self._read(part, self.home)

    def run(self) -> None:
        steps = 0
        while self._waiting:
            self._waiting.popleft()()
            steps += 1
            assert steps < MOST_STEPS, "The robot does not come to an end."

    def _is_here(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.home).netloc

    def _follow(self, url: str) -> None:
        url = url.partition("#")[0]
        if self._is_here(url) and url not in self.seen:
            self.seen.add(url)
            self._waiting.append(lambda: self._get(url))

    def _get(self, url: str) -> None:
        parts = urlsplit(url)
        answer = self.client.get(f"{parts.path}?{parts.query}")
        self._look(answer.status_code, answer, url)

    def _read(self, text: str, base: str) -> None:
        reader = _Reader(base)
        reader.feed(text)
        for link in reader.links:
            self._follow(link)
        for form in reader.forms:
            for number, fields in enumerate(self._fillings(form)):
                known = (form.action, form.method, frozenset(form.fields), number)
                if self._is_here(form.action) and known not in self.seen:
                    self.seen.add(known)
                    self._waiting.append(lambda form=form, fields=fields: self._send(form, fields))  # type: ignore[misc]

    def _fillings(self, form: Form) -> Iterator[dict[str, str]]:
        yield form.as_it_is()
        yield from (form.filled(word) for word in self.words)

    def _send(self, form: Form, fields: dict[str, str]) -> None:
        path = urlsplit(form.action).path
        send = self.client.post if form.method == "post" else self.client.get
        answer = send(path, fields)
        self.pressed.append(path)
        self._look(answer.status_code, answer, form.action)

    def _look(self, status: int, answer: object, url: str) -> None:
        headers = getattr(answer, "headers", {})
        assert status < 500, url
        if "Location" in headers:
            self._follow(urljoin(url, headers["Location"]))
        elif "html" in headers.get("Content-Type", ""):
            self._read(getattr(answer, "content", b"").decode(), url)
