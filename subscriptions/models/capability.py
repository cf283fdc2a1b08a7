"""What plans unlock, by name. The catalogue says which service plan unlocks which."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Capability(models.TextChoices):
    READ = "read", _("reading protected files")
    PROTECT = "protect", _("protecting files")
    DEFAULT_TEMPLATES = "default_templates", _("default templates")
    CUSTOM_TEMPLATES = "custom_templates", _("custom templates")
    SUPER_USERS = "super_users", _("super users")
    USAGE_LOG = "usage_log", _("the usage log")
    MAIL_GATEWAY = "mail_gateway", _("the mail gateway")
    LIBRARY_GATEWAY = "library_gateway", _("the document library gateway")
    TRACK_AND_REVOKE = "track_and_revoke", _("tracking and revoking files")
    BYOK = "byok", _("keys of the organisation's own")
    AUTOMATIC_PROTECTION = "automatic_protection", _("automatic protection by content rules")


# What an organisation has as a whole while one of its subscriptions unlocks it; the rest takes a unit too.
OF_THE_ORGANISATION = frozenset(
    {
        Capability.SUPER_USERS,
        Capability.USAGE_LOG,
        Capability.MAIL_GATEWAY,
        Capability.LIBRARY_GATEWAY,
        Capability.BYOK,
    }
)
