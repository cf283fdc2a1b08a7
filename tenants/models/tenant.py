"""Organisations and the domains that belong to them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import spelling


class Tenant(models.Model):
    """An organisation's directory."""

    class State(models.TextChoices):
        UNMANAGED = "unmanaged", _("unmanaged")
        MANAGED = "managed", _("managed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=253)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.UNMANAGED)
    allow_ad_hoc_subscriptions = models.BooleanField(
        _("people may sign up by themselves"), default=True
    )
    allow_email_verified_users = models.BooleanField(
        _("a sign-up may create an account"), default=True
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("-created_at", "-id"), name="tenants_newest"),)

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A DNS name that belongs to one tenant."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", _("unverified")
        VERIFIED = "verified", _("verified by DNS")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        _("name"),
        max_length=253,
        unique=True,
        error_messages={"unique": _("This domain belongs to an organisation already.")},
    )
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="domains", verbose_name=_("organisation")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UNVERIFIED)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"),
                name="domain_in_its_one_spelling",
                violation_error_message=_("Domains are stored as lower-case A-labels."),
            ),
        )

    def __str__(self) -> str:
        return spelling.shown_domain(self.name)
