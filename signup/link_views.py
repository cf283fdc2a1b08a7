"""Behind the links of a sign-up's mail. GET changes nothing; a press is a function of a flow."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.buttons import pressed
from accounts.sign_in import sign_in_with_new_password
from accounts.token_pages import token_page
from signup import asking, selectors
from signup.exceptions import (
    AccountExists,
    AddressIsAGroups,
    DocumentsChanged,
    LinkUnusable,
    SignUpSwitchedOff,
)
from signup.flows import confirm
from signup.flows import request as requests
from signup.flows.confirm import LinkState
from signup.forms import AgainForm, OneLastThingForm
from signup.models import LegalDocument, SignUp
from signup.receivers import ADDING_PLAN
from signup.views import closed_page, sent_again
from signup.welcome_views import SIGN_UP
from tenants.addresses import AddressRefused
from tenants.models import User

DOCUMENTS_CHANGED = gettext_lazy(
    "The terms of use or the privacy notice have changed since this page was shown. Look at them again, then press Start once more."
)
OF_A_GROUP = gettext_lazy(
    "This is the address of a group in your organisation, and nobody signs in with it. Sign up with your own address at work."
)
UNUSABLE = {
    LinkState.EXPIRED: "signup/link_expired.html",
    LinkState.USED: "signup/link_used.html",
}


@method_decorator(token_page, name="dispatch")
class ConfirmView(View):
    """*One last thing …*"""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = confirm.open_link(token)
        if opening.state is not LinkState.GOOD or opening.sign_up is None:
            return _unusable(request, opening)
        if opening.sign_up.outcome == SignUp.Outcome.ADD_PLAN:
            return render(request, "signup/add_plan.html", {"sign_up": opening.sign_up})
        return self._page(request, opening.sign_up, self._form(opening.sign_up))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = confirm.open_link(token)
        if opening.state is not LinkState.GOOD or opening.sign_up is None:
            return _unusable(request, opening)
        if opening.sign_up.outcome == SignUp.Outcome.ADD_PLAN:
            return _add_plan(request, opening, opening.sign_up)
        form = self._form(opening.sign_up, request.POST)
        if not form.is_valid():
            return self._page(request, opening.sign_up, form)
        return self._complete(request, opening.sign_up, form)

    def _complete(
        self, request: HttpRequest, sign_up: SignUp, form: OneLastThingForm
    ) -> HttpResponse:
        answers, kinds = form.cleaned_data, LegalDocument.Kind.values
        try:
            user = confirm.complete(
                sign_up=sign_up,
                first_name=answers["first_name"],
                last_name=answers["last_name"],
                password=answers["password1"],
                accepted={kind: request.POST[kind] for kind in kinds if kind in request.POST},
            )
        except DocumentsChanged:
            form.add_error(None, DOCUMENTS_CHANGED)
            return self._page(request, sign_up, form)
        except (AccountExists, LinkUnusable):
            return render(request, "signup/link_used.html", {"sign_up": sign_up})
        except AddressIsAGroups:
            return render(request, "signup/refused.html", {"sentence": OF_A_GROUP})
        except SignUpSwitchedOff:
            return closed_page(request, sign_up.domain)
        except AddressRefused as refusal:
            return render(request, "signup/refused.html", {"sentence": refusal.sentence})
        return sign_in_with_new_password(
            request,
            user,
            next_url=reverse("welcome"),
            notes={SIGN_UP: str(sign_up.id)},
            is_new=True,
        )

    @staticmethod
    def _form(sign_up: SignUp, data: Any = None) -> OneLastThingForm:
        return OneLastThingForm(data, address=sign_up.address)

    @staticmethod
    def _page(request: HttpRequest, sign_up: SignUp, form: OneLastThingForm) -> HttpResponse:
        documents = selectors.current_documents(sign_up.language)
        context = {"form": form, "sign_up": sign_up, "documents": documents}
        return render(request, "signup/one_last_thing.html", context)


def _add_plan(request: HttpRequest, opening: confirm.Opening, sign_up: SignUp) -> HttpResponse:
    """Who holds the mailbox signs in as the account's owner, whoever else is signed in here."""
    if isinstance(request.user, User) and request.user.email == sign_up.address:
        try:
            confirm.add_plan(sign_up=sign_up, user=request.user)
        except (LinkUnusable, AddressRefused):
            return render(request, "signup/link_used.html", {"sign_up": sign_up})
        return redirect("welcome")
    assert opening.link is not None
    logout(request)
    request.session[ADDING_PLAN] = (str(sign_up.id), opening.link.expires_at.timestamp())
    return redirect(f"{reverse('account_login')}?{urlencode({'next': reverse('welcome')})}")


def _unusable(request: HttpRequest, opening: confirm.Opening) -> HttpResponse:
    """Expired and used are told apart only to the holder of a genuine link. Each is one press from a mail."""
    return render(
        request,
        UNUSABLE.get(opening.state, "signup/link_unknown.html"),
        {"sign_up": opening.sign_up, "asked": asking.asked_for(request)},
        status=410 if opening.link else 404,
    )


@token_page
@pressed("signup:confirm")
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """A new mail to the address of an old link."""
    opening = confirm.open_link(token)
    if opening.sign_up is None:
        return redirect("signup:sign_up")
    form = AgainForm(request.POST)
    is_holder = opening.state is LinkState.EXPIRED
    if not sent_again(request, opening.sign_up, form, is_holder=is_holder):
        context = {"sign_up": opening.sign_up, "form": form}
        return render(request, UNUSABLE.get(opening.state, UNUSABLE[LinkState.EXPIRED]), context)
    return asking.remember(redirect("signup:check_mail"), opening.sign_up)


@method_decorator(token_page, name="dispatch")
class NotMeView(View):
    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = confirm.open_link(token, purpose=requests.NOT_ME)
        if opening.sign_up is None:
            return _unusable(request, opening)
        return render(request, "signup/not_me.html", {"sign_up": opening.sign_up})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = confirm.open_link(token, purpose=requests.NOT_ME)
        if opening.sign_up is None:
            return _unusable(request, opening)
        requests.not_me(sign_up_id=opening.sign_up.id)
        return render(request, "signup/not_me_done.html", {"sign_up": opening.sign_up})
