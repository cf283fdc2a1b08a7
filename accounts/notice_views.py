"""Putting a notice away."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import notices
from accounts.return_urls import safe_return_url


@login_required
@require_POST
def dismiss(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    notices.note_read(request, notice_id)
    return redirect(safe_return_url(request.POST.get("next", "")) or "account")
