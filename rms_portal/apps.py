"""The portal itself, and the admin site it puts in front of every app."""

from __future__ import annotations

from celery.signals import worker_ready
from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

LIBRARIES = {"auth", "account", "mfa", "usersessions"}


class PortalConfig(AppConfig):
    name = "rms_portal"

    def ready(self) -> None:
        # Models are there only now.
        from rms_portal.keys import check_at_start

        worker_ready.connect(lambda **_: check_at_start(), weak=False)
        self._unregister_pages_of_libraries()

    @staticmethod
    def _unregister_pages_of_libraries() -> None:
        """They change credentials and groups past our services."""
        for model in list(admin.site._registry):
            if model._meta.app_label in LIBRARIES:
                admin.site.unregister(model)


class AdminConfig(DjangoAdminConfig):
    default_site = "rms_portal.admin.PortalAdminSite"
