"""Texts of allauth's that our catalogue translates anew: its German says "du", ours says "Sie".

Nothing imports this; it is where `make messages` finds them. A project's catalogue comes first.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop

TEXTS = (
    gettext_noop("Please type your current password."),
    gettext_noop("You must type the same password each time."),
)
