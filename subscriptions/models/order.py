"""Orders: what an administrator asked for, and what the operator decided. Payment lies between the two."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan
from tenants.models import Tenant


class OrganisationPlans(Tenant):
    """An organisation, as the page of its plans shows it."""

    class Meta:
        proxy = True
        verbose_name = _("plans of an organisation")
        verbose_name_plural = _("plans of organisations")


class Order(models.Model):
    class State(models.TextChoices):
        PLACED = "placed", _("waits for the operator")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.CASCADE, related_name="orders", verbose_name=_("organisation")
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, related_name="orders", verbose_name=_("plan")
    )
    instead_of = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("instead of")
    )
    units = models.PositiveIntegerField(_("units"))
    months = models.PositiveSmallIntegerField(
        _("months"), help_text=_("0: the end stays as it is.")
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLACED)
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now)
    # Ids, not foreign keys: an order outlives the accounts of those who placed and decided it.
    placed_by_id = models.UUIDField(_("placed by"), null=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by_id = models.UUIDField(_("decided by"), null=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ("-placed_at", "-id")
        indexes = (
            models.Index(fields=("-placed_at", "-id"), name="orders_newest"),
            models.Index(
                fields=("placed_at",), condition=Q(state="placed"), name="orders_that_wait"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "plan"),
                condition=Q(state="placed"),
                name="one_order_waits_for_a_plan",
                violation_error_message=_("An order for this plan waits already."),
            ),
            models.CheckConstraint(
                condition=Q(units__gte=1),
                name="an_order_has_units",
                violation_error_message=_("An order has at least one unit."),
            ),
            models.CheckConstraint(
                condition=Q(state="placed", decided_at__isnull=True)
                | (~Q(state="placed") & Q(decided_at__isnull=False)),
                name="an_order_is_decided_at_a_time",
                violation_error_message=_("An order that was decided has the time of it."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan}, {self.tenant}"
