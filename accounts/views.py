from __future__ import annotations

from allauth.account.views import PasswordChangeView, PasswordResetView
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import known_browsers, services, throttle
from accounts.buttons import pressed
from accounts.forms import ChangePasswordForm, ProfileForm, ResetPasswordForm
from limits.exceptions import ChallengeNeeded
from tenants.models import User
from tenants.selectors import domain_to_prove
from tenants.standing import mailbox_proof


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
        services.change_profile(
            user=request.user,
            first_name=form.cleaned_data["first_name"],
            last_name=form.cleaned_data["last_name"],
            acting_user=request.user,
        )
        messages.success(request, _("Your name was saved."))
        return redirect("account")
    proof = mailbox_proof(request.user, now=timezone.now())
    context = {
        "form": form,
        "mailbox": proof,
        "domain_to_prove": domain_to_prove(request.user),
    }
    return render(request, "accounts/account.html", context)


class ResetPasswordView(PasswordResetView):
    """Whoever asks for very many links types digits first."""

    def form_valid(self, form: ResetPasswordForm) -> HttpResponse:
        form.is_person = form.solves_challenge()
        response: HttpResponse
        try:
            throttle.admit_reset(self.request, is_person=form.is_person)
            response = super().form_valid(form)
        except ChallengeNeeded:
            form.ask_for_digits()
            response = self.render_to_response(self.get_context_data(form=form))
        return response


class ChangePasswordView(PasswordChangeView):
    """A new password makes every browser a stranger, but this one."""

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        assert isinstance(form.user, User)
        known_browsers.remember(response, self.request, form.user)
        return response


change_password = login_required(ChangePasswordView.as_view())


@login_required
@pressed("usersessions_list")
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """Signs its user out everywhere, here too."""
    assert isinstance(request.user, User)
    services.end_all_sessions(user=request.user, acting_user=request.user)
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("account_login")
