"""What somebody may do by the plans of their organisation; if not, why, and what would allow it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from subscriptions.capabilities import ask_all
from subscriptions.models import OF_THE_ORGANISATION
from subscriptions.selectors import plans_of
from tenants.models import User


@login_required
@require_safe
def plan(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    answers = list(ask_all(request.user).values())
    allowed = [answer for answer in answers if answer.allowed]
    context = {
        "plans": plans_of(request.user),
        "allowed": [one for one in allowed if one.capability not in OF_THE_ORGANISATION],
        "of_all": [one for one in allowed if one.capability in OF_THE_ORGANISATION],
        "refused": [one for one in answers if not one.allowed],
    }
    return render(request, "accounts/plan.html", context)
