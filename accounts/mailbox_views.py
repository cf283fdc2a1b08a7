"""Proving the mailbox again: the page that sends the mail, and the page behind the mail's button."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_http_methods

from accounts import browsers
from accounts.buttons import pressed
from accounts.flows import prove_mailbox
from accounts.flows.prove_mailbox import LinkState, Opening
from accounts.token_pages import token_page
from tenants.models import User
from tenants.standing import mailbox_proof

UNUSABLE = {
    LinkState.DONE: ("accounts/mailbox_proven.html", 200),
    LinkState.EXPIRED: ("accounts/mailbox_link_expired.html", 410),
    LinkState.UNKNOWN: ("accounts/mailbox_link_unknown.html", 404),
}


@login_required
@require_http_methods(["GET", "POST"])
def mailbox(request: HttpRequest) -> HttpResponse:
    """When the mailbox was proven, and the mail for the next time."""
    assert isinstance(request.user, User)
    proof = mailbox_proof(request.user, now=timezone.now())
    if proof is None:
        return redirect("account")
    if request.method == "POST":
        _send(request, request.user)
        return redirect("mailbox")
    return render(request, "accounts/mailbox.html", {"mailbox": proof})


def _send(request: HttpRequest, user: User) -> None:
    is_sent = prove_mailbox.ask(
        user=user,
        language=get_language() or settings.LANGUAGE_CODE,
        browser=browsers.describe(request.headers.get("User-Agent", "")),
    )
    if is_sent:
        messages.success(request, _("The mail is on its way. Press the button in it."))
    else:
        messages.warning(
            request,
            _(
                "You have got such a mail already. Look into your spam folder too, and try again later."
            ),
        )


@method_decorator(token_page, name="dispatch")
class ProveMailboxView(View):
    """*Is this still your mailbox?*"""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = prove_mailbox.open_link(token)
        if opening.state is not LinkState.GOOD:
            return _unusable(request, opening, token)
        context = {"address": _address(opening), "is_own": request.user == opening.user}
        return render(request, "accounts/prove_mailbox.html", context)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = prove_mailbox.open_link(token)
        if opening.state is not LinkState.GOOD:
            return _unusable(request, opening, token)
        if request.user == opening.user:
            prove_mailbox.prove(opening)
            messages.success(request, _("Thank you. Your mailbox is confirmed."))
            return redirect("welcome")
        logout(request)
        prove_mailbox.remember_press(request, opening)
        messages.info(request, _("Sign in, and your mailbox is confirmed."))
        return redirect(f"{reverse('account_login')}?{urlencode({'next': reverse('welcome')})}")


def _unusable(request: HttpRequest, opening: Opening, token: str) -> HttpResponse:
    """What is the matter is told only to the holder of a genuine link."""
    template, status = UNUSABLE[opening.state]
    context = {"address": _address(opening), "token": token}
    return render(request, template, context, status=status)


def _address(opening: Opening) -> str:
    return opening.link.address if opening.link else ""


@token_page
@pressed("prove_mailbox")
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """A new mail to the address of an old link."""
    opening = prove_mailbox.open_link(token)
    if opening.user is None:
        return _unusable(request, opening, token)
    if opening.state is not LinkState.DONE:
        _send(request, opening.user)
    return redirect("mailbox" if request.user == opening.user else "account_login")
