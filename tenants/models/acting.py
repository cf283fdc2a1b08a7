"""Operators who act for an organisation, for a while and with a reason."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.origin import Behalf
from tenants.models.tenant import Tenant
from tenants.models.user import User


class ActingFor(models.Model):
    """What an operator does meanwhile is in the organisation's log, on behalf of `administrator`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    administrator = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text=_("Empty: the organisation as such, which nobody administers."),
    )
    reason = models.CharField(_("reason"), max_length=500)
    began_at = models.DateTimeField(_("began"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("acting for an organisation")
        verbose_name_plural = _("acting for organisations")
        ordering = ("-began_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="acting_has_a_reason",
                violation_error_message=_("Say why you act for the organisation."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("began_at")),
                name="acting_ends_after_it_began",
                violation_error_message=_("Acting ends after it began."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.operator_id} {self.tenant_id}"

    @property
    def is_on(self) -> bool:
        """Until its end, and while there is somebody on whose behalf it is."""
        if self.administrator and not self.administrator.is_administrator:
            return False
        return self.ended_at is None and timezone.now() < self.ends_at

    @property
    def behalf(self) -> Behalf:
        whose = self.administrator_id or self.tenant_id
        return Behalf(whose, tenant_id=self.tenant_id, operator_id=self.operator_id)
