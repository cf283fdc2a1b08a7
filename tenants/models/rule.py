"""What this installation decided, above the shipped lists."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import spelling


class DomainRule(models.Model):
    """What this installation decided about a domain, before and above the shipped lists."""

    class Decision(models.TextChoices):
        ALLOW = "allow", _("allow")
        BLOCK = "block", _("block")
        PERSONAL = "personal", _("refuse as personal: a mail provider's")

    REFUSING = (Decision.BLOCK, Decision.PERSONAL)  # nobody joins

    domain = models.CharField(
        _("domain"),
        max_length=253,
        unique=True,
        help_text=_("Holds for its sub-domains too, unless they have a rule of their own."),
        error_messages={"unique": _("There is a rule for this domain already.")},
    )
    decision = models.CharField(_("decision"), max_length=8, choices=Decision)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("domain rule")
        verbose_name_plural = _("domain rules")
        ordering = ("domain",)

    def __str__(self) -> str:
        return f"{spelling.shown_domain(self.domain)}: {self.get_decision_display()}"


class MailboxRule(models.Model):
    """What this installation decided about a mailbox name, above the shipped list."""

    class Decision(models.TextChoices):
        ROLE = "role", _("for a task: needs admission")
        PERSONAL = "personal", _("one person's")

    name = models.CharField(
        _("name"),
        max_length=65,
        unique=True,
        help_text=_(
            "The part before the @, also where it begins or ends a longer one. "
            "With = in front: only where it stands alone. Holds for accounts made from now on."
        ),
        error_messages={"unique": _("There is a rule for this name already.")},
    )
    decision = models.CharField(_("decision"), max_length=8, choices=Decision)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("mailbox rule")
        verbose_name_plural = _("mailbox rules")
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.get_decision_display()}: {self.name}"
