from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedConfig(AppConfig):
    name = "feed"
    verbose_name = _("Event feed")

    def ready(self) -> None:
        from feed import belongings, receivers  # noqa: F401 -- connects them
