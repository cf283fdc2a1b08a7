"""The pages of the walk. GET changes nothing; everything that is done here is a function of a flow."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_safe

from accounts import browsers
from accounts.buttons import pressed
from accounts.return_urls import safe_return_url
from audit.spelling import shown_domain
from limits import networks
from limits.exceptions import ChallengeNeeded
from signup import asking, selectors
from signup.decision import Page
from signup.flows import request as requests
from signup.forms import AddressForm, AgainForm
from signup.models import SignUp


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
            return closed_page(request, form.cleaned_data["email"].domain)
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


@pressed("signup:check_mail")
def resend(request: HttpRequest) -> HttpResponse:
    sign_up = asking.asked_for(request)
    if sign_up is None:
        return redirect("signup:sign_up")
    form = AgainForm(request.POST)
    if not sent_again(request, sign_up, form):
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


def sent_again(
    request: HttpRequest, sign_up: SignUp, form: AgainForm, *, is_holder: bool = False
) -> bool:
    """Whether all that had to happen for one more mail has; else `form` asks for digits."""
    try:
        requests.resend(
            sign_up_id=sign_up.id,
            network=networks.of_request(request),
            is_person=form.solves_challenge(),
            is_holder=is_holder,
        )
    except ChallengeNeeded:
        form.ask_for_digits()
        return False
    return True


def closed_page(request: HttpRequest, domain: str) -> HttpResponse:
    return render(request, "signup/closed.html", {"organisation": shown_domain(domain)})
