"""Sensitive actions ask for the second factor once more where the last was given some minutes ago.

What was asked for waits in the session meanwhile and goes on after the proof, with all that was typed. The
browser is told to send its form to the first page (307), and this puts what waited in the place of the code:
so the answer stands at the page's own address. Files are not kept: a form with one is not sensitive.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import stash_and_reauthenticate
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from audit import freshness
from tenants.models import User

FRESH_FOR = dt.timedelta(minutes=10)
FOLLOWS_WITHIN = 60  # seconds
GOES_ON = "fresh_factor_goes_on"
REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
View = Callable[..., HttpResponse]


def requires_fresh_factor(view: View) -> View:
    """For pages; a page of the administration says what is sensitive: see audit/scoped_admin.py."""

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        freshness.require(request)
        return view(request, *args, **kwargs)

    return asking


def has_factor(user: User) -> bool:
    """Recovery codes alone are none."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=REAL).exists())


def is_needed_by(user: User) -> bool:
    """Whether nothing but a second factor shows that it is still them: staff who have one."""
    return user.is_staff and has_factor(user)


def gave_factor(request: HttpRequest, *, within: dt.timedelta | None = None) -> bool:
    """Whether a second factor was given in this session; in the last minutes, where `within` says how many."""
    return _last(request, {"mfa"}) > (time.time() - within.total_seconds() if within else 0)


def is_fresh(request: HttpRequest) -> bool:
    """Who has no second factor gives the password again."""
    if not isinstance(request.user, User):
        return False
    if gave_factor(request, within=FRESH_FOR):
        return True
    since = time.time() - FRESH_FOR.total_seconds()
    return _last(request, {"password"}) > since and not has_factor(request.user)


def _last(request: HttpRequest, methods: set[str]) -> float:
    records = get_authentication_records(request, request.user)
    return max((record["at"] for record in records if record["method"] in methods), default=0.0)


def ask(request: HttpRequest) -> HttpResponse:
    """Leads to the proof, and from there back to what was asked for."""
    state = {
        "path": request.get_full_path(),
        "fields": list(request.POST.lists()) if request.method == "POST" else None,
    }
    stash_and_reauthenticate(request, state, f"{__name__}.{go_on.__name__}")
    assert isinstance(request.user, User)
    return HttpResponseRedirect(_proof_of(request.user))


def _proof_of(user: User) -> str:
    types = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    if Authenticator.Type.TOTP in types:
        return reverse("mfa_reauthenticate")
    if Authenticator.Type.WEBAUTHN in types:
        return reverse("mfa_reauthenticate_webauthn")
    return reverse("account_reauthenticate")


def is_asked_for(request: HttpRequest) -> bool:
    """Whether a second factor, and no password, is what the session at hand waits for."""
    waiting = request.session.get("account_reauthentication_state") or {}
    callback = str(waiting.get("callback", ""))
    return (
        callback.startswith(__name__)
        and isinstance(request.user, User)
        and has_factor(request.user)
    )


def go_on(request: HttpRequest, state: dict[str, Any]) -> HttpResponse:
    """allauth calls it once the proof is given."""
    if state["fields"] is None:
        return HttpResponseRedirect(state["path"])
    # The token tells the form that follows, unlike any other: each page has a mask of its own.
    token = request.POST.get("csrfmiddlewaretoken", "")
    request.session[GOES_ON] = {**state, "token": token, "at": time.time()}
    return HttpResponseRedirect(state["path"], preserve_request=True)


def put_back(request: HttpRequest) -> None:
    """Puts what waited in the place of the proof, where `request` is what follows it."""
    if request.method != "POST" or GOES_ON not in request.session:
        return
    state = request.session.pop(GOES_ON)
    follows = (
        state["path"] == request.get_full_path()
        and state["token"] == request.POST.get("csrfmiddlewaretoken", "")
        and time.time() - state["at"] < FOLLOWS_WITHIN
    )
    if not follows:
        return
    fields = QueryDict(mutable=True)
    for name, values in state["fields"]:
        fields.setlist(name, values)
    request.POST = fields  # type: ignore[assignment]
