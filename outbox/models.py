"""Mail that waits, goes or went: a row commits with what it speaks of, a worker hands it over later."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LINK_LIFE = dt.timedelta(hours=24)
LONGEST_LINK_LIFE = dt.timedelta(hours=72)


class OutboxMail(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        BOUNCED = "bounced", _("bounced")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=80)
    to_address = models.CharField(_("recipient"), max_length=254)
    language = models.CharField(_("language"), max_length=16)
    # What the mail is written from. Never a secret: links get their token when the mail is handed over.
    context = models.JSONField(_("context"), default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    last_error = models.TextField(_("last error"), blank=True)
    # Under which id a mail service speaks of the mail; empty with a mail server.
    service_id = models.CharField(
        _("id at the mail service"), max_length=254, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(
                fields=("next_attempt_at",),
                condition=Q(state="queued"),
                name="outbox_due",
            ),
            models.Index(
                fields=("claimed_until",),
                condition=Q(state="sending"),
                name="outbox_claimed",
            ),
            models.Index(fields=("-created_at", "-id"), name="outbox_newest"),
            models.Index(
                fields=("handed_over_at",),
                condition=Q(state="sent"),
                name="outbox_sent_since",
            ),
            models.Index(
                fields=("failed_at",),
                condition=Q(state__in=("failed", "bounced")),
                name="outbox_failed_since",
            ),
            models.Index(
                fields=("service_id",),
                condition=~Q(service_id=""),
                name="outbox_by_service_id",
            ),
            # Patterns: for searching by the beginning.
            models.Index(
                fields=("to_address",),
                opclasses=("varchar_pattern_ops",),
                name="outbox_recipient_begins",
            ),
            models.Index(fields=("kind", "-created_at", "-id"), name="outbox_of_kind"),
            models.Index(
                fields=("state", "-created_at", "-id"),
                condition=~Q(state="sent"),
                name="outbox_not_sent",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="sending", claimed_until__isnull=False)
                | (~Q(state="sending") & Q(claimed_until__isnull=True)),
                name="outbox_claim_while_sending",
                violation_error_message=_("A mail is claimed exactly while it is being sent."),
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(handed_over_at__isnull=False),
                name="outbox_sent_was_handed_over",
                violation_error_message=_("A sent mail has the time of its hand-over."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=("failed", "bounced"), failed_at__isnull=False)
                | (~Q(state__in=("failed", "bounced")) & Q(failed_at__isnull=True)),
                name="outbox_failed_has_a_time",
                violation_error_message=_("A mail has the time of its failure while it is failed."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class MailLink(models.Model):
    """A link that goes out in a mail. Its token is derived when the mail is written; here is its digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mail = models.ForeignKey(OutboxMail, on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(_("purpose"), max_length=40)
    address = models.CharField(_("address"), max_length=254)
    subject_id = models.UUIDField(_("subject"), help_text=_("The row that the purpose speaks of."))
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        indexes = (models.Index(fields=("subject_id",), name="links_by_subject"),)
        constraints = (
            models.UniqueConstraint(
                fields=("mail", "purpose"),
                name="one_link_per_purpose_in_a_mail",
                violation_error_message=_("The mail has a link for this purpose."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    @property
    def expires_at(self) -> dt.datetime:
        """24 h after the mail was first handed over, at most 72 h after it was asked for."""
        latest = self.created_at + LONGEST_LINK_LIFE
        handed_over = self.mail.handed_over_at
        return min(latest, handed_over + LINK_LIFE) if handed_over else latest

    def is_expired(self, now: dt.datetime) -> bool:
        return now >= self.expires_at


class MailEvent(models.Model):
    """What a mail service reported about a mail, each report once however often it is told."""

    class Kind(models.TextChoices):
        BOUNCED = "bounced", _("bounced")
        FAILED = "failed", _("refused by the mail service")
        COMPLAINED = "complained", _("reported as unwanted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mail = models.ForeignKey(OutboxMail, on_delete=models.CASCADE, related_name="events")
    service = models.CharField(_("mail service"), max_length=40)
    event_id = models.CharField(_("id of the report"), max_length=254)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    reason = models.TextField(_("reason"), blank=True)
    reported_at = models.DateTimeField(_("reported"), default=timezone.now)

    class Meta:
        verbose_name = _("report of the mail service")
        verbose_name_plural = _("reports of the mail service")
        ordering = ("-reported_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("service", "event_id"),
                name="one_row_per_report",
                violation_error_message=_("This report has been noted."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
