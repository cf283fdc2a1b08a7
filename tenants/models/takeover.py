"""Takeovers: the journal, what each one moved, who was told, and domains that are offered to another tenant.

They hold ids, not foreign keys, of tenants and accounts: a journal outlives the tenant that was emptied.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import spelling
from audit.origin import Behalf
from tenants.models.tenant import Tenant


class Takeover(models.Model):
    """One change of who governs a domain. Everything it does is one transaction, after this row was committed."""

    class Kind(models.TextChoices):
        INTERNAL = "internal", _("a member became its administrator")
        EXTERNAL = "external", _("another organisation proved it")
        HAND_OVER = "hand_over", _("handed over by consent")
        RELEASE = "release", _("released after a lost proof")

    class State(models.TextChoices):
        PREPARED = "prepared", _("under way")
        DONE = "done", _("done")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    domain_name = models.CharField(_("domain"), max_length=253)
    source_tenant_id = models.UUIDField(_("from"))
    source_name = models.CharField(_("from"), max_length=253)
    target_tenant_id = models.UUIDField(_("to"))
    target_name = models.CharField(_("to"), max_length=253)
    actor_id = models.UUIDField(_("who"), null=True, help_text=_("Empty: by a command."))
    on_behalf_of_id = models.UUIDField(
        _("on behalf of"), null=True, help_text=_("Where an operator acted for the organisation.")
    )
    administrator_id = models.UUIDField(_("new administrator"), null=True)
    proof_id = models.UUIDField(_("proof"), null=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PREPARED)
    # Whether nothing was left of the tenant it came from.
    is_whole = models.BooleanField(_("all of it"), default=False)
    # Why not, by the name of the refusal and what it speaks of: each reader gets the words of their own language. The
    # words themselves are kept of refusals that tenants/takeover/refusals.py does not know.
    refusal_name = models.CharField(max_length=60, blank=True, default="", db_default="")
    refusal_about = models.JSONField(default=list, null=True)
    refusal = models.CharField(_("why not"), max_length=500, blank=True)
    # How often it was taken up again, and when that ended: from then on it waits for an operator.
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    given_up_at = models.DateTimeField(_("given up at"), null=True)
    created_at = models.DateTimeField(_("begun"), default=timezone.now)
    done_at = models.DateTimeField(_("done at"), null=True)
    limited_until = models.DateTimeField(_("limited until"), null=True)
    waived_at = models.DateTimeField(_("limits waived"), null=True)
    waived_by_id = models.UUIDField(_("waived by"), null=True)
    undo_until = models.DateTimeField(_("can be undone until"), null=True)
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by_id = models.UUIDField(_("undone by"), null=True)
    undone_on_behalf_of_id = models.UUIDField(null=True)
    # An operator ended it: whoever took the domain does not take it again by themselves.
    is_stopped = models.BooleanField(_("stopped by an operator"), default=False)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    purged_at = models.DateTimeField(_("emptied organisation purged"), null=True)

    class Meta:
        verbose_name = _("takeover")
        verbose_name_plural = _("takeovers")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="takeovers_newest"),
            models.Index(fields=("domain_name", "-created_at"), name="takeovers_of_domain"),
            models.Index(fields=("target_tenant_id", "-created_at"), name="takeovers_to_tenant"),
            models.Index(fields=("source_tenant_id", "-created_at"), name="takeovers_from_tenant"),
            models.Index(
                fields=("state", "created_at"),
                condition=Q(state__in=("prepared", "undoing")),
                name="takeovers_under_way",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("domain_name",),
                condition=Q(state__in=("prepared", "undoing")),
                name="one_takeover_of_a_domain_at_a_time",
                violation_error_message=_("This domain is being taken over just now."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=("prepared", "refused"), done_at__isnull=True)
                | Q(
                    state__in=("done", "undoing", "undone"),
                    done_at__isnull=False,
                    limited_until__isnull=False,
                    undo_until__isnull=False,
                ),
                name="takeovers_have_their_times",
                violation_error_message=_("A takeover has its times once it is done."),
            ),
            models.CheckConstraint(
                condition=Q(state="undone", undone_at__isnull=False)
                | (~Q(state="undone") & Q(undone_at__isnull=True)),
                name="undone_at_a_time",
                violation_error_message=_("A takeover that was undone has the time of it."),
            ),
        )

    def __str__(self) -> str:
        return f"{spelling.shown_domain(self.domain_name)}: {self.get_state_display()}"

    @property
    def behalf(self) -> Behalf | None:
        return self._behalf(self.on_behalf_of_id, self.actor_id)

    @property
    def behalf_of_undoing(self) -> Behalf | None:
        return self._behalf(self.undone_on_behalf_of_id, self.undone_by_id)

    def _behalf(self, whose: uuid.UUID | None, operator: uuid.UUID | None) -> Behalf | None:
        if whose is None or operator is None:
            return None
        return Behalf(whose, tenant_id=self.target_tenant_id, operator_id=operator)


class TakeoverStep(models.Model):
    """A step that was done; it commits with all others of its way."""

    takeover = models.ForeignKey(Takeover, on_delete=models.CASCADE, related_name="steps")
    name = models.CharField(max_length=40)
    is_back = models.BooleanField(default=False)
    done_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("takeover", "name", "is_back"),
                name="each_step_once",
                violation_error_message=_("This step was done."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class MovedRow(models.Model):
    """A row that a takeover moved, changed or took away, and what it was before, so that it can be put back."""

    id = models.BigAutoField(primary_key=True)
    takeover = models.ForeignKey(
        Takeover, on_delete=models.CASCADE, related_name="moved", db_index=False
    )
    kind = models.CharField(max_length=40)
    is_back = models.BooleanField(default=False)
    row_id = models.UUIDField(_("row"))
    before = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=("takeover", "kind", "is_back"), name="moved_by_takeover"),
            models.Index(fields=("row_id", "kind"), name="moved_by_row"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"


class TakeoverNotice(models.Model):
    """What the people of a domain are told, by mail once and in their sessions until it is old."""

    class Stage(models.TextChoices):
        ASKED = "asked", _("a member asked for the record that proves it")
        PROVEN = "proven", _("another organisation proved it")
        TAKEN = "taken", _("it was taken over")
        ENDED = "ended", _("the takeover was undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(_("whose people"))
    domain_name = models.CharField(
        _("domain"), max_length=253, blank=True, help_text=_("Empty: all of the organisation.")
    )
    stage = models.CharField(_("stage"), max_length=6, choices=Stage)
    # Who governs it, or wants to: a member, or another organisation.
    person_id = models.UUIDField(_("who"), null=True)
    organisation = models.CharField(_("organisation"), max_length=253, blank=True)
    takeover = models.ForeignKey(
        Takeover, on_delete=models.CASCADE, null=True, related_name="notices"
    )
    told = models.PositiveIntegerField(_("mails"), default=0)
    at = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("shown until"))

    class Meta:
        verbose_name = _("notice of a takeover")
        verbose_name_plural = _("notices of takeovers")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("tenant_id", "until"), name="notices_of_tenant"),)

    def __str__(self) -> str:
        return f"{self.stage} {self.domain_name}"


class DomainHandOver(models.Model):
    """A domain that a managed tenant offers to another one."""

    class State(models.TextChoices):
        OFFERED = "offered", _("offered")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    domain_name = models.CharField(_("domain"), max_length=253)
    source_tenant_id = models.UUIDField(_("from"))
    target_tenant_id = models.UUIDField(_("to"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OFFERED)
    offered_by_id = models.UUIDField(_("offered by"), null=True)
    offered_at = models.DateTimeField(_("offered"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    answered_by_id = models.UUIDField(_("answered by"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    takeover = models.ForeignKey(Takeover, on_delete=models.SET_NULL, null=True)

    class Meta:
        verbose_name = _("offer of a domain")
        verbose_name_plural = _("offers of domains")
        ordering = ("-offered_at", "-id")
        indexes = (
            models.Index(fields=("target_tenant_id", "-offered_at"), name="offers_to_tenant"),
            models.Index(fields=("source_tenant_id", "-offered_at"), name="offers_from_tenant"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("domain_name",),
                condition=Q(state="offered"),
                name="one_offer_of_a_domain",
                violation_error_message=_("This domain is offered already."),
            ),
            models.CheckConstraint(
                condition=Q(state="offered", answered_at__isnull=True)
                | (~Q(state="offered") & Q(answered_at__isnull=False)),
                name="offers_are_answered_once",
                violation_error_message=_("An offer that was answered has the time of it."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.domain_name} {self.state}"

    @property
    def source(self) -> Tenant:
        return Tenant.objects.get(pk=self.source_tenant_id)

    @property
    def target(self) -> Tenant:
        return Tenant.objects.get(pk=self.target_tenant_id)
