"""The product's main promise as one helper: a stranger signs up and stands on the welcome page.

`sign_up(visitor, inbox, address)` walks all of it; its steps are there for variations. A visitor is
a browser over HTTP or Django's test client; an inbox is the page at /dev/mail/ or a mail server.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from django.test import Client

from tests.services.smtp import Smtp
from tests.services.waiting import PATIENCE, until

PASSWORD = "nine violet teapots on parade"
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
SHOWN_DOCUMENT = re.compile(r'name="(terms|privacy)" value="([^"]+)"')
CONFIRM_LINK = re.compile(r"https?://\S+/signup/confirm/[\w-]{43}/")
NOT_ME_LINK = re.compile(r"https?://\S+/signup/not-me/[\w-]{43}/")
DEV_MAIL_LINK = re.compile(r'href="(/dev/mail/[^"/]+/)"')
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Page:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def location(self) -> str:
        """Where a redirect leads, without scheme and host."""
        parts = urlsplit(self.headers.get("Location", ""))
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True)
class Mail:
    subject: str
    text: str

    def link(self, pattern: re.Pattern[str] = CONFIRM_LINK) -> str:
        """The path of the link that the mail has for `pattern`."""
        found = pattern.search(self.text)
        assert found, f"No such link in: {self.text}"
        return urlsplit(found[0]).path


class Visitor(Protocol):
    """One person's browser. Redirects are not followed."""

    def get(self, path: str) -> Page: ...

    def post(self, path: str, fields: Mapping[str, str]) -> Page: ...


class Inbox(Protocol):
    def mails_to(self, address: str) -> list[Mail]:
        """Oldest first."""
        ...


class HttpVisitor:
    """Over HTTP, with cookies, and with the token that forms carry.

    `network` is where a trusted proxy says that the visitor asks from; they wait `patience` seconds.
    """

    def __init__(self, url: str, *, network: str = "", patience: float = PATIENCE) -> None:
        self._url, self._patience = url, patience
        self._session = requests.Session()
        self._session.trust_env = False
        if network:
            self._session.headers["X-Forwarded-For"] = network

    def get(self, path: str) -> Page:
        return self._page(
            self._session.get(self._url + path, allow_redirects=False, timeout=self._patience)
        )

    def post(self, path: str, fields: Mapping[str, str]) -> Page:
        """Fetches the form at `path` first, as somebody who fills it in would have."""
        form = CSRF_FIELD.search(self.get(path).text)
        token = {"csrfmiddlewaretoken": form[1]} if form else {}
        return self.send(path, {**fields, **token})

    def send(self, path: str, fields: Mapping[str, str]) -> Page:
        """Only the request, for whoever has the form's token."""
        response = self._session.post(
            self._url + path, data=dict(fields), allow_redirects=False, timeout=self._patience
        )
        return self._page(response)

    @staticmethod
    def _page(response: requests.Response) -> Page:
        return Page(response.status_code, response.headers, response.text)


class ClientVisitor:
    """Django's test client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, path: str) -> Page:
        return self._page(self._client.get(path))

    def post(self, path: str, fields: Mapping[str, str]) -> Page:
        return self._page(self._client.post(path, dict(fields)))

    @staticmethod
    def _page(response: Any) -> Page:
        return Page(response.status_code, response.headers, response.content.decode())


class DevMail:
    """The inbox page of embedded runs."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def mails_to(self, address: str) -> list[Mail]:
        links = DEV_MAIL_LINK.findall(self._visitor.get("/dev/mail/").text)
        pages = (self._visitor.get(link).text for link in reversed(links))
        return [self._mail(page) for page in pages if f"<dd>{address}</dd>" in page]

    @staticmethod
    def _mail(page: str) -> Mail:
        heading, text = re.search(r"<h1>(.*?)</h1>", page), re.search(r"(?s)<pre.*?</pre>", page)
        assert heading
        assert text
        return Mail(html.unescape(heading[1]), html.unescape(TAG.sub("", text[0])))


class SmtpInbox:
    """What a mail server was handed over."""

    def __init__(self, server: Smtp) -> None:
        self._server = server

    def mails_to(self, address: str) -> list[Mail]:
        return [self._mail(mail.message) for mail in self._server.to(address)]

    @staticmethod
    def _mail(message: Any) -> Mail:
        return Mail(str(message["Subject"]), message.get_body(("plain",)).get_content())


def wait_for_mail(inbox: Inbox, address: str, *, seconds: float = PATIENCE) -> Mail:
    """The newest mail to `address`, once there is one."""
    found = until(lambda: inbox.mails_to(address), seconds=seconds, what=f"a mail to {address}")
    return found[-1]


def ask(visitor: Visitor, address: str, query: str = "") -> Page:
    """Types the address into the sign-up page."""
    return visitor.post(f"/signup/{query}", {"email": address})


def finish(visitor: Visitor, link: str, *, password: str = PASSWORD) -> Page:
    """Fills *One last thing …* in and presses Start."""
    answers = {"first_name": "Robin", "last_name": "Recipient"}
    answers |= dict(SHOWN_DOCUMENT.findall(visitor.get(link).text))
    passwords = {"password1": password, "password2": password}
    return visitor.post(link, {**answers, **passwords})


def sign_in(visitor: Visitor, address: str, password: str = PASSWORD) -> Page:
    return visitor.post("/accounts/login/", {"login": address, "password": password})


def sign_up(visitor: Visitor, inbox: Inbox, address: str, *, seconds: float = PATIENCE) -> Mail:
    """The whole walk, each step checked; afterwards `visitor` is signed in. The confirmation mail."""
    asked = ask(visitor, address)
    assert (asked.status, asked.location) == (302, "/signup/check-your-mail/"), asked.text
    mail = wait_for_mail(inbox, address, seconds=seconds)
    assert "One last thing" in visitor.get(mail.link()).text
    finished = finish(visitor, mail.link())
    assert (finished.status, finished.location) == (302, "/welcome/"), finished.text
    welcome = visitor.get("/welcome/")
    assert welcome.status == 200
    return mail
