"""The audit log: what was done, by whom, on whose behalf, from where. Rows are added, never changed.

Rows hold ids, not foreign keys, so that they outlive what they speak of, and nothing personal.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.exceptions import AuditLogIsAppendOnlyError


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> int:
        raise AuditLogIsAppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AuditLogIsAppendOnlyError


class AuditEvent(models.Model):
    class Result(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    action = models.CharField(_("action"), max_length=80)
    result = models.CharField(_("result"), max_length=8, choices=Result, default=Result.DONE)
    tenant_id = models.UUIDField(_("tenant"), null=True)
    actor_id = models.UUIDField(_("who"), null=True, help_text=_("Empty: the system."))
    on_behalf_of_id = models.UUIDField(_("on behalf of"), null=True)
    subject = models.CharField(_("what"), max_length=120, help_text=_("Kind and id."))
    address = models.GenericIPAddressField(_("from where"), null=True)
    request_id = models.CharField(_("request"), max_length=80, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ("-at", "-id")
        indexes = (
            models.Index(fields=("tenant_id", "-at"), name="audit_by_tenant"),
            models.Index(fields=("-at", "-id"), name="audit_newest"),
            models.Index(fields=("actor_id", "-at"), name="audit_by_actor"),
            # Patterns: for searching by the beginning.
            models.Index(
                fields=("subject",), opclasses=("varchar_pattern_ops",), name="audit_by_subject"
            ),
            models.Index(
                fields=("action", "-at"),
                opclasses=("varchar_pattern_ops", "timestamptz_ops"),
                name="audit_by_action",
            ),
            models.Index(
                fields=("-at", "-id"), condition=~models.Q(result="done"), name="audit_not_done"
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AuditLogIsAppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AuditLogIsAppendOnlyError
