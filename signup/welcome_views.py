"""What a new user finds: the welcome page, the guide, what was accepted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from signup import selectors
from signup.models import LegalDocument, WelcomeItem
from tenants.models import User
from tenants.selectors import domain_to_prove
from tenants.standing import Standing, mailbox_proof, opening

SIGN_UP = "sign_up"


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
