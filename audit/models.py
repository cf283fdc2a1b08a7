"""The audit log: what was done, by whom, on whose behalf, from where. Rows are added, never changed.

Rows hold ids, not foreign keys, so that they outlive what they speak of. What is personal in them is encrypted
under a key of its person: see audit/persons.py.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.exceptions import AuditLogIsAppendOnlyError


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> int:
        raise AuditLogIsAppendOnlyError

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AuditLogIsAppendOnlyError


class AppendOnlyModel(models.Model):
    """The database refuses the same, by triggers: see audit/append_only.py."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AuditLogIsAppendOnlyError
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AuditLogIsAppendOnlyError


class AuditEvent(AppendOnlyModel):
    class Result(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    action = models.CharField(_("action"), max_length=80)
    result = models.CharField(_("result"), max_length=8, choices=Result, default=Result.DONE)
    tenant_id = models.UUIDField(_("organisation"), null=True)
    actor_id = models.UUIDField(_("who"), null=True, help_text=_("Empty: the system."))
    on_behalf_of_id = models.UUIDField(_("on behalf of"), null=True)
    subject = models.CharField(_("what"), max_length=120, help_text=_("Kind and id."))
    address = models.GenericIPAddressField(_("from where"), null=True)
    request_id = models.CharField(_("request"), max_length=80, blank=True)
    details = models.JSONField(_("details"), default=dict)

    objects: models.Manager[AuditEvent] = AppendOnlyQuerySet.as_manager()

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


class ChainLink(AppendOnlyModel):
    """A row's place in the chain of its tenant. What is hashed, and why: audit/chain.py."""

    id = models.BigAutoField(primary_key=True)
    chain = models.UUIDField()
    number = models.PositiveBigIntegerField()
    event_id = models.UUIDField(unique=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    chained_at = models.DateTimeField()

    objects: models.Manager[ChainLink] = AppendOnlyQuerySet.as_manager()

    class Meta:
        constraints = (
            # Of two that chain at once, one gets the number.
            models.UniqueConstraint(fields=("chain", "number"), name="audit_one_link_a_number"),
        )

    def __str__(self) -> str:
        return f"{self.chain} {self.number}"


class ChainHead(models.Model):
    """The newest link of a chain, sealed. The one row here that changes: it follows the chain."""

    chain = models.UUIDField(primary_key=True)
    number = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    seal = models.CharField(max_length=64)
    exported_number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.chain} {self.number}"


class PersonKey(models.Model):
    """The key of one person's values in the log, wrapped; empty once the person was forgotten."""

    person_id = models.UUIDField(primary_key=True)
    wrapped = models.TextField(blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(wrapped="", forgotten_at__isnull=False)
                | (~models.Q(wrapped="") & models.Q(forgotten_at__isnull=True)),
                name="audit_forgotten_persons_have_no_key",
            ),
        )

    def __str__(self) -> str:
        return str(self.person_id)
