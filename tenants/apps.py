from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        from tenants import address_rule, holdings, mails, receivers  # noqa: F401 -- they register themselves
        from tenants.takeover import belongings  # noqa: F401
        from tenants.takeover import mails as takeover_mails  # noqa: F401

        pre_migrate.connect(address_rule.let_go, sender=self)
        post_migrate.connect(address_rule.hold, sender=self)
