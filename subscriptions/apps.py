from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = _("Subscriptions")

    def ready(self) -> None:
        from subscriptions import (  # noqa: F401 -- connects them
            belongings,
            follows,
            holdings,
            mails,
            order_belongings,
            receivers,
        )
