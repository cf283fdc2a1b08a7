"""Addresses on pages, as people write them."""

from __future__ import annotations

from django import template

from audit import spelling

register = template.Library()


@register.filter
def shown_address(address: object) -> str:
    return spelling.shown_address(str(address))
