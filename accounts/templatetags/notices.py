from __future__ import annotations

from django import template
from django.template import Context

from accounts.notices import Shown, shown_to

register = template.Library()


@register.simple_tag(takes_context=True)
def takeover_notices(context: Context) -> list[Shown]:
    request = context.get("request")
    return shown_to(request) if request else []
