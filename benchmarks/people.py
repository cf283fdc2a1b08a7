"""Visitors of the product for the load: each on a connection of its own, every request somebody else's."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlencode

from benchmarks.argon2id import PASSWORD
from benchmarks.load import Answer, Client, Visitor, Work

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/140.0"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


def asks_to_join(client: Client) -> Work:
    """Opens the form once; then signs up again and again: another address, domain and network each time."""
    cookie, form = _opened(client, "/signup/")

    def work(client: Client) -> None:
        address = f"person@firm-{secrets.token_hex(8)}.com"
        answer = client.post("/signup/", _headers(cookie), urlencode(form | {"email": address}))
        _expect(answer, "/signup/check-your-mail/")

    return work


def completes(paths: list[str]) -> Visitor:
    """Opens the page of a link once; then completes one waiting sign-up after the other."""

    def visitor(client: Client) -> Work:
        cookie, form = _opened(client, paths[-1])
        answers = form | {"first_name": "Robin", "last_name": "Recipient"}
        answers |= {"password1": PASSWORD, "password2": PASSWORD}

        def work(client: Client) -> None:
            # Taking from the end of a list is atomic, so each link is somebody else's.
            answer = client.post(paths.pop(), _headers(cookie), urlencode(answers))
            _expect(answer, "/welcome/")
            assert "session=" in answer.head, answer.head

        return work

    return visitor


def asks_the_bare_view(client: Client) -> Work:
    def work(client: Client) -> None:
        _expect(client.post("/", "", ""), "/")

    return work


def _opened(client: Client, path: str) -> tuple[str, dict[str, str]]:
    """The cookie and the hidden fields of a page: the token against forged requests, and what it shows."""
    answer = client.get(path)
    cookie = answer.header("Set-Cookie").partition(";")[0]
    hidden = dict(HIDDEN.findall(answer.body.decode()))
    assert hidden["csrfmiddlewaretoken"]
    return cookie, hidden


def _headers(cookie: str) -> str:
    network = ".".join(str(secrets.randbelow(250) + 1) for _ in range(3))
    return (
        f"Cookie: {cookie}\r\nX-Forwarded-For: 20.{network}\r\nUser-Agent: {AGENT}\r\n"
        "Accept: text/html\r\nAccept-Language: en\r\nAccept-Encoding: gzip\r\n"
    )


def _expect(answer: Answer, location: str) -> None:
    assert answer.status == 302, (answer.head, answer.body[-2000:])
    assert answer.header("Location") == location, answer.head
