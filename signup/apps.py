from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignupConfig(AppConfig):
    name = "signup"
    verbose_name = _("Sign-up")

    def ready(self) -> None:
        from signup import belongings, domain_lists, holdings, mails, receivers  # noqa: F401 -- registers and connects them
        from tenants import registrable

        registrable.use(domain_lists.registrable_domain)
