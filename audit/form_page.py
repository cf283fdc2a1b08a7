"""A page of the administration that is one form: what it is for, its fields, one button."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse


def form_page(
    request: HttpRequest,
    page: admin.ModelAdmin[Any],
    form: forms.Form,
    *,
    title: str,
    button: str,
    intro: str = "",
    **more: Any,
) -> TemplateResponse:
    """Stands at whatever address shows it, and sends its form there."""
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": title,
        "intro": intro,
        "form": form,
        "button": button,
        **more,
    }
    request.current_app = page.admin_site.name
    return TemplateResponse(request, "admin/form_page.html", context)
