"""The addresses of one's own account: what they are, a new one, and the page behind the mail's button."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_http_methods, require_POST

from accounts import browsers
from accounts.flows import change_address
from accounts.flows.change_address import LinkState, Opening
from accounts.forms import NewAddressForm
from accounts.fresh_factor import requires_fresh_factor
from accounts.token_pages import token_page
from audit import freshness
from audit.exceptions import Refusal
from tenants.addresses import parse
from tenants.flows import addresses
from tenants.models import User

UNUSABLE = {
    LinkState.DONE: ("accounts/address_changed.html", 200),
    LinkState.EXPIRED: ("accounts/address_link_expired.html", 410),
    LinkState.UNKNOWN: ("accounts/address_link_unknown.html", 404),
}


@login_required
@require_http_methods(["GET", "POST"])
def own_addresses(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    if request.user.tenant_id is None:
        return redirect("account")
    if request.method == "POST":
        freshness.require(request)
        return _ask(request, request.user)
    return _page(request, NewAddressForm())


def _ask(request: HttpRequest, user: User) -> HttpResponse:
    form = NewAddressForm(request.POST)
    if not form.is_valid():
        return _page(request, form)
    try:
        change_address.ask(
            user=user,
            address=form.cleaned_data["email"],
            keep_old=form.cleaned_data["keep_old"],
            language=get_language() or settings.LANGUAGE_CODE,
            browser=browsers.describe(request.headers.get("User-Agent", "")),
        )
    except Refusal as refusal:
        form.add_error("email", str(refusal))
        return _page(request, form)
    messages.success(
        request,
        _("A mail is on its way to %(address)s. Nothing changes before you press its button.")
        % {"address": form.cleaned_data["email"]},
    )
    return redirect("own_addresses")


def _page(request: HttpRequest, form: NewAddressForm) -> HttpResponse:
    assert isinstance(request.user, User)
    held = request.user.addresses.order_by("-is_primary", "address")
    context = {
        "held": held,
        "form": form if change_address.may_change(request.user) else None,
    }
    return render(request, "accounts/addresses.html", context)


@login_required
@require_POST
@requires_fresh_factor
def choose_address(request: HttpRequest) -> HttpResponse:
    """An alias becomes where mail goes."""
    return _each(request, addresses.make_primary, _("Mail goes to %(address)s from now on."))


@login_required
@require_POST
@requires_fresh_factor
def remove_address(request: HttpRequest) -> HttpResponse:
    return _each(request, addresses.remove_alias, _("%(address)s was removed."))


def _each(request: HttpRequest, verb: Callable[..., object], done: str) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        address = parse(request.POST.get("address", ""))
        verb(user=request.user, address=address, acting_user=request.user)
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, done % {"address": address})
    return redirect("own_addresses")


@method_decorator(token_page, name="dispatch")
class NewAddressView(View):
    """*Is this your new address?*"""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = change_address.open_link(token)
        if opening.state is not LinkState.GOOD:
            return _unusable(request, opening)
        return render(request, "accounts/new_address.html", _context(request, opening))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        opening = change_address.open_link(token)
        if opening.state is not LinkState.GOOD:
            return _unusable(request, opening)
        if not request.user.is_authenticated:
            back = urlencode({"next": reverse("new_address", args=(token,))})
            return redirect(f"{reverse('account_login')}?{back}")
        if request.user != opening.user:
            return render(request, "accounts/new_address.html", _context(request, opening))
        try:
            change_address.change(opening)
        except Refusal as refusal:
            messages.warning(request, str(refusal))
        else:
            done = _("%(address)s is the address of your account now.")
            messages.success(request, done % {"address": opening.address})
        return redirect("own_addresses")


def _context(request: HttpRequest, opening: Opening) -> dict[str, object]:
    is_other = request.user.is_authenticated and request.user != opening.user
    return {
        "address": opening.address,
        "is_own": request.user == opening.user,
        "is_other": is_other,
        "keeps_old": opening.keeps_old,
    }


def _unusable(request: HttpRequest, opening: Opening) -> HttpResponse:
    """What is the matter is told only to the holder of a genuine link."""
    template, status = UNUSABLE[opening.state]
    return render(request, template, {"address": opening.address}, status=status)
