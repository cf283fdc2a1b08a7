from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Signing in")

    def ready(self) -> None:
        from accounts import fresh_factor, holdings, mails, receivers  # noqa: F401 -- they register themselves
        from audit import freshness

        freshness.decided_by(fresh_factor.is_fresh)
