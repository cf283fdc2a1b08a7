"""Joining: sign-ups, what was accepted, what the pages around them show, and the domain lists."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models import User


class SignUp(models.Model):
    """One person's request to join: a row of its own until it becomes a user."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        COMPLETED = "completed", _("completed")
        ANSWERED = "answered", _("answered by mail")
        NOT_ME = "not_me", _("ended: not me")

    class Outcome(models.TextChoices):
        CONFIRM = "confirm", _("confirmation link")
        ADD_PLAN = "add_plan", _("link that adds the plan")
        ALREADY_REGISTERED = "already_registered", _("has an account")
        SIGN_IN = "sign_in", _("sign in")
        ASK_ADMINISTRATOR = "ask_administrator", _("ask the administrator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.CharField(_("address"), max_length=254)
    domain = models.CharField(_("domain"), max_length=253)
    outcome = models.CharField(_("outcome"), max_length=18, choices=Outcome)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING)
    sku = models.CharField(_("plan asked for"), max_length=60, blank=True)
    return_url = models.CharField(_("return address"), max_length=2000, blank=True)
    language = models.CharField(_("language"), max_length=16)
    browser = models.CharField(_("browser"), max_length=60, blank=True)
    user = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        related_name="sign_ups",
        verbose_name=_("became"),
    )
    created_at = models.DateTimeField(_("requested"), default=timezone.now)
    asked_again_at = models.DateTimeField(
        _("asked again"),
        null=True,
        help_text=_("When the newest mail after the first was asked for."),
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    # Who it became belongs to another organisation than its domain. Kept by left_behind.py, so that no list has to look
    # at each one's account.
    is_left_behind = models.BooleanField(
        _("left behind"), default=False, db_default=False, editable=False
    )

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="signups_newest"),
            # Patterns: for searching by the beginning. Comparing for equality goes through them too.
            models.Index(
                fields=("address",),
                opclasses=("varchar_pattern_ops",),
                name="signups_address_begins",
            ),
            # All that an administrator's list is counted, filtered and ordered by.
            models.Index(
                fields=("domain", "-created_at", "-id", "state", "is_left_behind"),
                opclasses=(
                    "varchar_pattern_ops",
                    "timestamptz_ops",
                    "uuid_ops",
                    "varchar_ops",
                    "bool_ops",
                ),
                name="signups_of_domain",
            ),
            models.Index(fields=("state", "-created_at", "-id"), name="signups_in_state"),
            models.Index(
                fields=("outcome", "-created_at", "-id"),
                condition=~Q(outcome="confirm"),
                name="signups_with_rare_outcome",
            ),
            models.Index(
                fields=("created_at",), condition=~Q(state="completed"), name="signups_to_delete"
            ),
            models.Index(
                fields=("ended_at",),
                condition=Q(state="completed", address__gt=""),
                name="signups_to_forget",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="pending", ended_at__isnull=True)
                | (~Q(state="pending") & Q(ended_at__isnull=False)),
                name="signup_ends_once",
                violation_error_message=_("A sign-up has an end exactly when it is not pending."),
            ),
            models.CheckConstraint(
                condition=Q(address__gt="") | Q(state="completed"),
                name="signup_has_an_address",
                violation_error_message=_("A sign-up keeps its address until it is completed."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.address} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def has_link(self) -> bool:
        return self.outcome in {self.Outcome.CONFIRM, self.Outcome.ADD_PLAN}


class MailPause(models.Model):
    """Somebody said *this was not me*: no sign-up mail to the address until then."""

    address = models.CharField(_("address"), max_length=254, primary_key=True)
    until = models.DateTimeField(_("until"))

    class Meta:
        verbose_name = _("mail pause")
        verbose_name_plural = _("mail pauses")

    def __str__(self) -> str:
        return self.address


class LegalDocument(models.Model):
    """Terms of use or privacy notice, one row per version and language."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("terms of use")
        PRIVACY = "privacy", _("privacy notice")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    version = models.CharField(_("version"), max_length=20)
    language = models.CharField(_("language"), max_length=16, default="en")
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"), help_text=_("Plain text; an empty line starts a paragraph."))
    published_at = models.DateTimeField(_("published"), default=timezone.now)

    class Meta:
        verbose_name = _("legal document")
        verbose_name_plural = _("legal documents")
        ordering = ("kind", "-published_at")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "version", "language"),
                name="one_document_per_version_and_language",
                violation_error_message=_("This version exists in this language."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} {self.version} ({self.language})"


class Acceptance(models.Model):
    """A user accepted a version of a document."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="acceptances")
    kind = models.CharField(_("document"), max_length=8, choices=LegalDocument.Kind)
    version = models.CharField(_("version"), max_length=20)
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now)

    class Meta:
        verbose_name = _("acceptance")
        verbose_name_plural = _("acceptances")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "kind", "version"),
                name="one_acceptance_of_a_version",
                violation_error_message=_("The user has accepted this version."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class WelcomeItem(models.Model):
    """Something that the welcome page offers. Operators edit these; the page shows no other."""

    class Section(models.TextChoices):
        DOWNLOAD = "download", _("download")
        GUIDE = "guide", _("user guide")
        APPLICATION = "application", _("application")

    class Device(models.TextChoices):
        ANY = "", _("any device")
        WINDOWS = "windows", "Windows"
        MACOS = "macos", "macOS"
        LINUX = "linux", "Linux"
        IOS = "ios", "iPhone, iPad"
        ANDROID = "android", "Android"

    section = models.CharField(_("section"), max_length=11, choices=Section)
    device = models.CharField(
        _("device"), max_length=7, choices=Device, default=Device.ANY, blank=True
    )
    language = models.CharField(
        _("language"), max_length=16, blank=True, help_text=_("Empty: shown in every language.")
    )
    title = models.CharField(_("title"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    url = models.CharField(
        _("address"), max_length=500, help_text=_("A page of this site (/…) or an https address.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=10)
    is_shown = models.BooleanField(_("shown"), default=True)

    class Meta:
        verbose_name = _("welcome page item")
        verbose_name_plural = _("welcome page items")
        ordering = ("section", "position", "title")
        constraints = (
            models.CheckConstraint(
                condition=Q(url__startswith="https://")
                | (Q(url__startswith="/") & ~Q(url__startswith="//")),
                name="welcome_item_leads_somewhere_safe",
                violation_error_message=_("Give a page of this site (/…) or an https address."),
            ),
        )

    def __str__(self) -> str:
        return self.title


class DomainList(models.Model):
    """A list of domains, newer than the shipped one: see domain_lists.py."""

    class Kind(models.TextChoices):
        CONSUMER = "consumer", _("consumer mail providers")
        DISPOSABLE = "disposable", _("disposable mail")
        PUBLIC_SUFFIX = "public_suffix", _("public suffixes")

    kind = models.CharField(_("list"), max_length=13, choices=Kind, primary_key=True)
    dated = models.DateField(_("of"))
    source = models.CharField(_("source"), max_length=300)
    text = models.TextField(_("entries"))
    digest = models.CharField(_("digest"), max_length=64)
    loaded_at = models.DateTimeField(_("loaded"), default=timezone.now)

    class Meta:
        verbose_name = _("domain list")
        verbose_name_plural = _("domain lists")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.dated}"
