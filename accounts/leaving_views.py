"""Taking one's data along, and closing the account."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms import CloseForm
from limits.limit import Limit
from tenants.exceptions import DirectoryError
from tenants.flows import states
from tenants.flows.export import export
from tenants.models import User

View = Callable[[HttpRequest], HttpResponse]
# The password or a second factor, unless it was given just now.
asked_again: Callable[[View], View] = reauthentication_required
EXPORTS = Limit("accounts.export", "5 an hour, 20 a day")


@login_required
@require_http_methods(["GET", "POST"])
@asked_again
def export_data(request: HttpRequest) -> HttpResponse:
    """What the download holds; POST is the download."""
    assert isinstance(request.user, User)
    if request.method != "POST":
        return render(request, "accounts/export.html")
    if not EXPORTS.take(str(request.user.pk)):
        messages.warning(request, _("You have downloaded this often lately. Try again in an hour."))
        return redirect("export_data")
    answer = JsonResponse(
        export(user=request.user, acting_user=request.user), json_dumps_params={"indent": 2}
    )
    name = f"account-{timezone.now():%Y-%m-%d}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@login_required
@require_http_methods(["GET", "POST"])
@asked_again
def close_account(request: HttpRequest) -> HttpResponse:
    """What closing means, and the button."""
    assert isinstance(request.user, User)
    form = CloseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            states.close(user=request.user, acting_user=request.user)
        except DirectoryError as refusal:
            form.add_error(None, str(refusal))
        else:
            logout(request)
            messages.success(request, _("Your account is closed. A mail confirms it."))
            return redirect("account_login")
    return render(request, "accounts/close.html", {"form": form})
