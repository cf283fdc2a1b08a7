"""The inbox page of embedded runs: mail that would have gone out, for whoever tries the product."""

from __future__ import annotations

import base64
import hashlib
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from operator import itemgetter
from typing import Any

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import mark_safe

from outbox.backends import inbox as open_inbox
from rms_portal.environment import is_loopback

SHOWN = 100
URL = re.compile(r"https?://[^\s<>]+")
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


def _require_this_machine(request: HttpRequest) -> None:
    if not is_loopback(request.META.get("REMOTE_ADDR", "")):
        raise Http404


def _read(key: str) -> EmailMessage:
    try:
        raw = open_inbox().get_bytes(key)
    except KeyError:
        raise Http404 from None
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _listed(key: str) -> dict[str, Any]:
    message = _read(key)
    return {"key": key, "message": message, "date": parsedate_to_datetime(str(message["Date"]))}


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part else ""


def inbox(request: HttpRequest) -> HttpResponse:
    _require_this_machine(request)
    keys = open_inbox().keys()
    mails = [_listed(key) for key in keys]
    mails.sort(key=itemgetter("date"), reverse=True)
    return render(request, "dev_mail/inbox.html", {"mails": mails[:SHOWN]})


def message(request: HttpRequest, key: str) -> HttpResponse:
    _require_this_machine(request)
    mail = _read(key)
    context = {"key": key, "message": mail, "text": _part(mail, "plain")}
    return render(request, "dev_mail/message.html", context)


def message_html(request: HttpRequest, key: str) -> HttpResponseBase:
    """The HTML part as a mail program shows it, with exactly its own style sheet allowed."""
    _require_this_machine(request)
    html = _part(_read(key), "html")
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        for style in STYLE.findall(html)
    ]
    view = csp_update({"style-src": hashes})(lambda _: HttpResponse(mark_safe(html)))  # noqa: S308
    response = view(request)
    response["Referrer-Policy"] = "no-referrer"
    return response
