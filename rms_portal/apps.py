"""The portal itself, and the admin site it puts in front of every app."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

LIBRARIES = {"auth", "account", "mfa", "usersessions"}


class PortalConfig(AppConfig):
    name = "rms_portal"

    def ready(self) -> None:
        """Libraries register pages that change credentials and groups past our services: not here."""
        for model in list(admin.site._registry):
            if model._meta.app_label in LIBRARIES:
                admin.site.unregister(model)


class AdminConfig(DjangoAdminConfig):
    default_site = "rms_portal.admin.PortalAdminSite"
