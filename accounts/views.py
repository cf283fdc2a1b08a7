from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import ProfileForm
from accounts.services import change_profile
from tenants.models import User


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("welcome" if request.user.is_authenticated else "signup:sign_up")


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The user's own page."""
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        change_profile(
            user=request.user,
            first_name=form.cleaned_data["first_name"],
            last_name=form.cleaned_data["last_name"],
            acting_user=request.user,
        )
        messages.success(request, _("Your name was saved."))
        return redirect("account")
    return render(request, "accounts/account.html", {"form": form})
