"""Proofs that a tenant controls a domain."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.tenant import Tenant
from tenants.models.user import User
from tenants.proving.outcome import Outcome
from tenants.proving.record import ProofRecord


class DomainProof(models.Model):
    """One asker's proof that their tenant controls a domain: the value to publish, and what came of it.

    A proof that is lost keeps its state, so that it can be found again; `proof_lost_at` tells.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for the record")
        PROVEN = "proven", _("proven")
        EXPIRED = "expired", _("expired")
        SUPERSEDED = "superseded", _("superseded by another proof")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    domain_name = models.CharField(_("domain"), max_length=253)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="proofs", verbose_name=_("organisation")
    )
    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="proofs", verbose_name=_("asked by")
    )
    value = models.CharField(_("value"), max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    proven_at = models.DateTimeField(_("proven at"), null=True)
    checked_at = models.DateTimeField(_("last asked"), null=True)
    outcome = models.CharField(_("last answer"), max_length=9, choices=Outcome, blank=True)
    detail = models.CharField(_("what the servers said"), max_length=500, blank=True)
    failures = models.PositiveSmallIntegerField(_("daily checks failed in a row"), default=0)
    next_check_at = models.DateTimeField(_("next daily check"), null=True)
    proof_lost_at = models.DateTimeField(_("proof lost at"), null=True)

    class Meta:
        verbose_name = _("domain proof")
        verbose_name_plural = _("domain proofs")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("domain_name", "-created_at"), name="proofs_of_domain"),
            models.Index(
                fields=("next_check_at",),
                name="proofs_to_check",
                condition=Q(next_check_at__isnull=False),
            ),
            models.Index(
                fields=("proof_lost_at", "domain_name"),
                name="proofs_in_danger",
                condition=Q(failures__gt=0),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(domain_name__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"),
                name="proof_domain_in_its_one_spelling",
                violation_error_message=_("Domains are stored as lower-case A-labels."),
            ),
            models.UniqueConstraint(
                fields=("domain_name", "tenant", "actor"),
                condition=Q(state="waiting"),
                name="one_waiting_proof_per_asker",
                violation_error_message=_("A proof of this domain waits already."),
            ),
            models.UniqueConstraint(
                fields=("domain_name", "tenant"),
                condition=Q(state="proven"),
                name="one_proof_per_tenant_and_domain",
                violation_error_message=_("The organisation has proven this domain already."),
            ),
            models.CheckConstraint(
                condition=Q(state="proven", proven_at__isnull=False, next_check_at__isnull=False)
                | Q(state="superseded", next_check_at__isnull=True)
                | Q(
                    state__in=("waiting", "expired"),
                    proven_at__isnull=True,
                    next_check_at__isnull=True,
                ),
                name="proofs_are_checked_while_proven",
                violation_error_message=_(
                    "A proof is checked daily once it is proven, and not before."
                ),
            ),
            models.CheckConstraint(
                condition=Q(proof_lost_at__isnull=True) | Q(proven_at__isnull=False),
                name="only_what_was_proven_is_lost",
                violation_error_message=_("What was never proven cannot be lost."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.domain_name} {self.state}"

    @property
    def record(self) -> ProofRecord:
        return ProofRecord(self.domain_name, self.value)
