from __future__ import annotations

from django import template

from accounts.browsers import describe

register = template.Library()
register.filter("browser_words", describe)
