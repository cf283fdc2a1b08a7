"""The pages of the walk. GET changes nothing; everything that is done here is a function of a flow."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from accounts import browsers
from accounts.return_urls import safe_return_url
from accounts.sign_in import sign_in_with_new_password
from accounts.token_pages import token_page
from limits import networks
from limits.exceptions import ChallengeNeeded
from signup import asking, selectors
from signup.decision import Page
from signup.exceptions import (
    AccountExists,
    DocumentsChanged,
    LinkUnusable,
    SignUpSwitchedOff,
)
from signup.flows import confirm
from signup.flows import request as requests
from signup.flows.confirm import LinkState
from signup.forms import AddressForm, AgainForm, OneLastThingForm
from signup.models import LegalDocument, SignUp, WelcomeItem
from signup.receivers import ADDING_PLAN
from tenants.addresses import AddressRefused, shown_domain
from tenants.models import User
from tenants.selectors import domain_to_prove
from tenants.standing import Standing, mailbox_proof, opening

SIGN_UP = "sign_up"
DOCUMENTS_CHANGED = gettext_lazy(
    "The terms of use or the privacy notice have changed since this page was shown. Look at them again, then press Start once more."
)
UNUSABLE = {
    LinkState.EXPIRED: "signup/link_expired.html",
    LinkState.USED: "signup/link_used.html",
}


def printable(text: str) -> str:
    """`text`, or nothing where it holds what nobody types and PostgreSQL does not store."""
    return text if text.isprintable() else ""


class SignUpView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, AddressForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AddressForm(request.POST)
        if not form.is_valid():
            return self._page(request, form)
        asked = request.POST if "sku" in request.POST or "ru" in request.POST else request.GET
        try:
            answer = requests.request_sign_up(
                address=form.cleaned_data["email"],
                sku=printable(asked.get("sku", ""))[:60],
                return_url=safe_return_url(asked.get("ru", "")),
                language=get_language() or settings.LANGUAGE_CODE,
                browser=browsers.describe(request.headers.get("User-Agent", "")),
                network=networks.of_request(request),
                is_person=form.solves_challenge(),
            )
        except ChallengeNeeded:
            form.ask_for_digits()
            return self._page(request, form)
        if answer.page is Page.CLOSED:
            return _closed(request, form.cleaned_data["email"].domain)
        assert answer.sign_up is not None
        is_in_mail = answer.page is Page.CHECK_MAIL
        response = redirect("signup:check_mail") if is_in_mail else self._sign_in(answer)
        return asking.remember(response, answer.sign_up)

    @staticmethod
    def _page(request: HttpRequest, form: AddressForm) -> HttpResponse:
        asked = request.POST if request.method == "POST" else request.GET
        context = {"form": form, "sku": asked.get("sku", ""), "ru": asked.get("ru", "")}
        return render(request, "signup/sign_up.html", context)

    @staticmethod
    def _sign_in(answer: requests.Answer) -> HttpResponse:
        """The organisation has a plan: its people sign in, and go on from there."""
        sign_up = answer.sign_up
        assert sign_up is not None
        query = urlencode({"next": sign_up.return_url or reverse("welcome"), "plan": "1"})
        return redirect(f"{reverse('account_login')}?{query}")


@require_safe
def check_mail(request: HttpRequest) -> HttpResponse:
    sign_up = asking.asked_for(request)
    if sign_up is None:
        return redirect("signup:sign_up")
    return _check_mail(request, sign_up, AgainForm())


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    sign_up = asking.asked_for(request)
    if sign_up is None:
        return redirect("signup:sign_up")
    form = AgainForm(request.POST)
    if not _sent_again(request, sign_up, form):
        return _check_mail(request, sign_up, form)
    # The same whether or not a limit kept it back: others may have asked for mail to this address too.
    said = _(
        "Another mail is on its way, at most one a minute and three an hour. "
        "The first one still works too."
    )
    messages.success(request, said)
    return redirect("signup:check_mail")


def _check_mail(request: HttpRequest, sign_up: SignUp, form: AgainForm) -> HttpResponse:
    delivery = selectors.delivery_of(sign_up).value
    context = {"address": sign_up.address, "delivery": delivery, "form": form}
    return render(request, "signup/check_mail.html", context)


def _sent_again(request: HttpRequest, sign_up: SignUp, form: AgainForm) -> bool:
    """Whether all that had to happen for one more mail has; else `form` asks for digits."""
    try:
        requests.resend(
            sign_up_id=sign_up.id,
            network=networks.of_request(request),
            is_person=form.solves_challenge(),
        )
    except ChallengeNeeded:
        form.ask_for_digits()
        return False
    return True


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
        except SignUpSwitchedOff:
            return _closed(request, sign_up.domain)
        except AddressRefused as refusal:
            return render(request, "signup/refused.html", {"sentence": refusal.sentence})
        return sign_in_with_new_password(
            request, user, next_url=reverse("welcome"), notes={SIGN_UP: str(sign_up.id)}
        )

    @staticmethod
    def _form(sign_up: SignUp, data: Any = None) -> OneLastThingForm:
        return OneLastThingForm(data, address=sign_up.address)

    @staticmethod
    def _page(request: HttpRequest, sign_up: SignUp, form: OneLastThingForm) -> HttpResponse:
        documents = selectors.current_documents(sign_up.language)
        context = {"form": form, "sign_up": sign_up, "documents": documents}
        return render(request, "signup/one_last_thing.html", context)


def _closed(request: HttpRequest, domain: str) -> HttpResponse:
    return render(request, "signup/closed.html", {"organisation": shown_domain(domain)})


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
@require_POST
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """A new mail to the address of an old link."""
    opening = confirm.open_link(token)
    if opening.sign_up is None:
        return redirect("signup:sign_up")
    form = AgainForm(request.POST)
    if not _sent_again(request, opening.sign_up, form):
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


@require_safe
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    sign_up = selectors.sign_up_with_id(request.session.get(SIGN_UP))
    assert isinstance(request.user, User)
    is_own = sign_up is not None and sign_up.address == request.user.email
    items = list(selectors.welcome_items(get_language() or settings.LANGUAGE_CODE))
    now = timezone.now()
    may_open = opening(request.user, now=now) is Standing.GOOD
    context: dict[str, Any] = {
        "mailbox": mailbox_proof(request.user, now=now),
        "domain_to_prove": domain_to_prove(request.user),
        "return_url": sign_up.return_url if sign_up and is_own and may_open else "",
    }
    context |= {
        f"{section}s": [item for item in items if item.section == section]
        for section in WelcomeItem.Section.values
    }
    return render(request, "signup/welcome.html", context)


@require_safe
def legal(request: HttpRequest, kind: str) -> HttpResponse:
    if kind not in LegalDocument.Kind.values:
        raise Http404
    document = selectors.current_document(kind, get_language() or settings.LANGUAGE_CODE)
    if document is None:
        raise Http404
    return render(request, "signup/legal.html", {"document": document})


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    return render(request, "signup/guide.html")
