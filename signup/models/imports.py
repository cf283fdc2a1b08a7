"""Accounts that are made from a file, in the background: the file, how far it got, and what became of each row."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.origin import Behalf
from tenants.models import Tenant, User


class UserImport(models.Model):
    """The file's text is kept until the last row is done, and no longer."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a worker")
        RUNNING = "running", _("is being imported")
        DONE = "done", _("done")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        related_name="user_imports",
        verbose_name=_("organisation"),
    )
    asked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    on_behalf_of_id = models.UUIDField(
        _("on behalf of"), null=True, help_text=_("Where an operator acted for the organisation.")
    )
    file_name = models.CharField(_("file"), max_length=120)
    text = models.TextField(_("rows"), blank=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING)
    rows = models.PositiveIntegerField(_("rows"))
    created = models.PositiveIntegerField(_("accounts made"), default=0)
    exists = models.PositiveIntegerField(_("had an account"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    progressed_at = models.DateTimeField(_("last progress"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    stopped = models.PositiveIntegerField(_("stopped before"), default=0, db_default=0)
    stopped_at = models.DateTimeField(_("stopped"), null=True)

    class Meta:
        verbose_name = _("import of users")
        verbose_name_plural = _("imports of users")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="imports_newest"),
            models.Index(
                fields=("progressed_at",), condition=~Q(state="done"), name="imports_to_continue"
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="done", ended_at__isnull=False, text="")
                | (~Q(state="done") & Q(ended_at__isnull=True)),
                name="imports_forget_their_file",
                violation_error_message=_("A file is kept until its last row is done."),
            ),
        )

    def __str__(self) -> str:
        return self.file_name

    @property
    def behalf(self) -> Behalf | None:
        if self.on_behalf_of_id is None:
            return None
        return Behalf(self.on_behalf_of_id, tenant_id=self.tenant_id, operator_id=self.asked_by_id)

    @property
    def finished(self) -> int:
        """Rows that are done."""
        return self.created + self.exists + self.refused

    @property
    def is_over(self) -> bool:
        return self.state == self.State.DONE

    @property
    def outcome(self) -> str | Promise:
        """The state, and whether somebody ended it before the last row."""
        return _("stopped") if self.stopped_at else self.get_state_display()

    @property
    def mark(self) -> str:
        """Another one whenever there is something new to see."""
        return f"{self.state} {self.finished}"


class ImportedLine(models.Model):
    """What became of a row."""

    class Result(models.TextChoices):
        CREATED = "created", _("account made")
        EXISTS = "exists", _("had an account")
        REFUSED = "refused", _("refused")
        STOPPED = "stopped", _("stopped before this row")

    id = models.BigAutoField(primary_key=True)
    user_import = models.ForeignKey(UserImport, on_delete=models.CASCADE, related_name="lines")
    line = models.PositiveIntegerField(_("line"))
    email = models.CharField(_("address"), max_length=320, blank=True)
    result = models.CharField(_("result"), max_length=7, choices=Result)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("imported row")
        verbose_name_plural = _("imported rows")
        ordering = ("user_import", "line")
        constraints = (
            # Whoever is second, of two workers, makes nothing.
            models.UniqueConstraint(
                fields=("user_import", "line"),
                name="rows_are_imported_once",
                violation_error_message=_("This row has been imported."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.line} {self.result}"
