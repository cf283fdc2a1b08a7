"""Behind the button of an invitation: *One last thing …*, for an account that is there already."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View

from accounts.buttons import pressed
from accounts.sign_in import sign_in_with_new_password
from accounts.token_pages import token_page
from signup import selectors
from signup.exceptions import DocumentsChanged, LinkUnusable
from signup.flows import invite
from signup.flows.invite import LinkState, Opening
from signup.forms import OneLastThingForm
from signup.link_views import DOCUMENTS_CHANGED
from signup.models import LegalDocument
from tenants.models import User

UNUSABLE = {
    LinkState.EXPIRED: ("signup/invitation_expired.html", 410),
    LinkState.USED: ("signup/link_used.html", 410),
    LinkState.UNKNOWN: ("signup/link_unknown.html", 404),
}


@method_decorator(token_page, name="dispatch")
class InvitationView(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = invite.open_link(token)
        if opening.state is not LinkState.GOOD or opening.user is None:
            return _unusable(request, opening)
        return _page(request, opening.user, _form(opening.user))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = invite.open_link(token)
        if opening.state is not LinkState.GOOD or opening.user is None:
            return _unusable(request, opening)
        form = _form(opening.user, request.POST)
        if not form.is_valid():
            return _page(request, opening.user, form)
        return _accept(request, opening, opening.user, form)


def _accept(
    request: HttpRequest, opening: Opening, user: User, form: OneLastThingForm
) -> HttpResponse:
    answers, kinds = form.cleaned_data, LegalDocument.Kind.values
    try:
        user = invite.accept(
            user=user,
            first_name=answers["first_name"],
            last_name=answers["last_name"],
            password=answers["password1"],
            accepted={kind: request.POST[kind] for kind in kinds if kind in request.POST},
        )
    except DocumentsChanged:
        form.add_error(None, DOCUMENTS_CHANGED)
        return _page(request, user, form)
    except LinkUnusable:
        return _unusable(request, Opening(LinkState.USED, opening.link, user))
    return sign_in_with_new_password(request, user, next_url=reverse("welcome"))


def _form(user: User, data: Any = None) -> OneLastThingForm:
    names = {"first_name": user.first_name, "last_name": user.last_name}
    return OneLastThingForm(data, initial=names, address=user.email or "")


def _page(request: HttpRequest, user: User, form: OneLastThingForm) -> HttpResponse:
    context = {"form": form, "documents": selectors.current_documents(user.language)}
    return render(request, "signup/one_last_thing.html", context)


def _unusable(request: HttpRequest, opening: Opening) -> HttpResponse:
    """What is the matter is told only to the holder of a genuine link."""
    template, status = UNUSABLE[opening.state]
    address = opening.link.address if opening.link else ""
    return render(request, template, {"address": address}, status=status)


@token_page
@pressed("signup:invitation")
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """A new invitation to the address of an old one."""
    opening = invite.open_link(token)
    if opening.state is not LinkState.EXPIRED or opening.user is None:
        return redirect("signup:invitation", token=token)
    if invite.send_again(user=opening.user):
        messages.success(request, _("The mail is on its way. Press the button in it."))
    else:
        messages.warning(
            request,
            _(
                "You have got such a mail already. Look into your spam folder too, and try again later."
            ),
        )
    return redirect("account_login")
