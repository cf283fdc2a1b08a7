"""Every address of the administration, from what is registered there, so that a page that is added is among them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.models import User
from tests.factories import OperatorFactory
from tests.foreign import make_all
from tests.staff import sign_in_fresh

# Signing out, and no longer acting for an organisation, would end a walk.
ENDS = re.compile(r"/logout/|/act/end/")
PLACEHOLDER = re.compile(r"<(path|uuid|str|int):\w+>")
Rows = dict[type[Model], Model]


def patterns(found: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in found:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def addresses(rows: Rows) -> Iterator[tuple[str, Any]]:
    """With the row of `rows` where one is named."""
    for route in patterns(get_resolver().url_patterns):
        if not route.startswith("/admin/") or "(?P" in route or ENDS.search(route):
            continue
        model = next(
            (m for m in rows if f"/{m._meta.app_label}/{m._meta.model_name}/" in route), None
        )
        key = rows[model].pk if model else "1"
        yield PLACEHOLDER.sub(str(key), route), key


def pages(client: Client, rows: Rows) -> list[str]:
    """Those that are a page for whoever asks: no file, no refusal; where one leads on, the page that it leads to."""
    found = dict[str, None]()
    for address, _key in addresses(rows):
        answer = client.get(address)
        reached = answer.headers.get("Location", address)
        if reached != address and reached.startswith("/admin/"):
            answer = client.get(reached)
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        if answer.status_code == 200 and is_page:
            found[reached] = None
    return list(found)


def tell() -> None:
    """For a test in another process: the pages of both kinds of staff, and a session of each."""
    settings.ALLOWED_HOSTS.append("testserver")
    rows = make_all()
    boss = rows[User]
    assert isinstance(boss, User)
    told = {}
    for name, user in (("operator", OperatorFactory.create()), ("administrator", boss)):
        client = sign_in_fresh(Client(), user)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        told[name] = {"session": session, "pages": pages(client, rows)}
    print(json.dumps(told))  # noqa: T201
