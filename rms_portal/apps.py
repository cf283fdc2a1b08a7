"""The portal itself, and the admin site it puts in front of every app."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class PortalConfig(AppConfig):
    name = "rms_portal"


class AdminConfig(DjangoAdminConfig):
    default_site = "rms_portal.admin.PortalAdminSite"
