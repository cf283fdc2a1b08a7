"""Accounts, and the addresses that they have."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from audit import spelling
from tenants.models.tenant import Domain, Tenant
from tenants.tombstones import is_tombstone


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=username)


class User(AbstractBaseUser):
    """An account: a member or administrator of one tenant, or an operator, who has none."""

    class Role(models.TextChoices):
        MEMBER = "member", _("member")
        ADMINISTRATOR = "administrator", _("administrator")
        OPERATOR = "operator", _("operator")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        DISABLED = "disabled", _("disabled")
        DELETED = "deleted", _("deleted by an administrator")
        CLOSED = "closed", _("closed by its owner")

    class CreationMethod(models.TextChoices):
        EMAIL_VERIFIED = "email_verified", _("signed up")
        ADMIN = "admin", _("created by an administrator")
        SYNC = "sync", _("synchronised")
        FEDERATED = "federated", _("federated")

    class Admission(models.TextChoices):
        """Whether the account is among *the organisation* in a grant. Strangers may read a role mailbox."""

        NOT_NEEDED = "not_needed", _("not needed")
        AWAITED = "awaited", _("awaited")
        ADMITTED = "admitted", _("admitted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        related_name="users",
        verbose_name=_("organisation"),
    )
    email = models.CharField(
        _("e-mail address"),
        max_length=254,
        unique=True,
        null=True,
        help_text=_("Where mail to this account goes. Empty once its owner has closed it."),
    )
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=13, choices=Role, default=Role.MEMBER)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    creation_method = models.CharField(_("creation method"), max_length=14, choices=CreationMethod)
    admission = models.CharField(
        _("admission to organisation-wide grants"),
        max_length=10,
        choices=Admission,
        default=Admission.NOT_NEEDED,
        db_default=Admission.NOT_NEEDED,
    )
    admitted_at = models.DateTimeField(_("admitted"), null=True)
    admitted_by_id = models.UUIDField(
        _("admitted by"), null=True, help_text=_("Empty: by a command.")
    )
    language = models.CharField(_("language"), max_length=16, default="en")
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    held_at = models.DateTimeField(
        _("kept shut by an operator"),
        null=True,
        editable=False,
        help_text=_("Operators alone restore it, or give its addresses to somebody else."),
    )
    must_choose_password = models.BooleanField(
        _("must choose a new password"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Signs in with the old one once more, for that alone."),
    )
    sessions_ended_at = models.DateTimeField(
        _("all sessions ended"),
        null=True,
        editable=False,
        help_text=_("Sessions and remembered browsers from before are no longer believed."),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="users_newest"),
            models.Index(fields=("tenant", "-created_at"), name="users_of_tenant"),
            # Here and below the organisation comes last, so that lists of one are counted by the index alone.
            models.Index(fields=("last_login", "tenant"), name="users_by_last_sign_in"),
            # Most accounts are active members who signed up: lists of the others find them by these.
            models.Index(
                fields=("state", "-created_at", "-id", "tenant"),
                condition=~Q(state="active"),
                name="users_shut",
            ),
            models.Index(
                fields=("role", "-created_at", "-id"),
                condition=~Q(role="member"),
                name="users_not_members",
            ),
            models.Index(
                fields=("creation_method", "-created_at", "-id", "tenant"),
                condition=~Q(creation_method="email_verified"),
                name="users_made_otherwise",
            ),
            models.Index(
                fields=("-created_at", "-id"),
                condition=Q(admission="awaited"),
                name="users_awaiting_admission",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(tenant__isnull=True, role="operator")
                | (Q(tenant__isnull=False) & ~Q(role="operator")),
                name="operators_have_no_tenant",
                violation_error_message=_(
                    "An operator has no organisation; everybody else has one."
                ),
            ),
            models.CheckConstraint(
                condition=Q(email__isnull=True, state="closed")
                | (Q(email__isnull=False) & ~Q(state="closed")),
                name="closed_accounts_have_no_address",
                violation_error_message=_("An account has an address until it is closed."),
            ),
            models.CheckConstraint(
                condition=Q(admission="admitted", admitted_at__isnull=False)
                | (~Q(admission="admitted") & Q(admitted_at__isnull=True)),
                name="admitted_at_a_time",
                violation_error_message=_("An account that was admitted has the time of it."),
            ),
            models.CheckConstraint(
                condition=Q(held_at__isnull=True) | Q(state__in=("disabled", "deleted")),
                name="held_accounts_are_shut",
                violation_error_message=_("An account that an operator keeps shut is not active."),
            ),
        )

    def __str__(self) -> str:
        return spelling.shown_address(self.email) if self.email else str(self.id)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        return self.state == self.State.ACTIVE

    @property
    def is_erased(self) -> bool:
        """Whether it was deleted, and nothing personal is left: `email` holds its place."""
        return self.email is not None and is_tombstone(self.email)

    @property
    def is_admitted(self) -> bool:
        return self.admission != self.Admission.AWAITED

    @property
    def primary_address(self) -> Address | None:
        """Where mail goes. Lists prefetch `addresses`; None for operators and closed accounts."""
        return next((held for held in self.addresses.all() if held.is_primary), None)

    @property
    def is_operator(self) -> bool:
        return self.role == self.Role.OPERATOR

    @property
    def is_administrator(self) -> bool:
        """Administers the own organisation, which is managed, and is not switched off."""
        if self.role != self.Role.ADMINISTRATOR or not self.is_active or self.tenant is None:
            return False
        return self.tenant.state == Tenant.State.MANAGED

    @property
    def is_staff(self) -> bool:
        """May enter the admin site. What is seen there ends at the own organisation: see audit/scope.py."""
        return self.is_superuser or self.is_administrator

    @property
    def is_superuser(self) -> bool:
        return self.is_operator and self.is_active

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What sessions and remembered browsers stand on: it changes with the password, and when all of
        them are ended.
        """
        if self.sessions_ended_at is None:
            same_as_ever: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
            return same_as_ever
        value = f"{self.password}\0{self.sessions_ended_at.isoformat()}"
        salt = "tenants.models.User.get_session_auth_hash"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or (self.email or "")

    def get_short_name(self) -> str:
        return self.first_name or (self.email or "")

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_superuser

    def has_perms(self, perm_list: list[str], obj: Any = None) -> bool:
        return self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_superuser


class Address(models.Model):
    """An address of a user or of a group: one table, so that an address belongs to one of them only.

    A user's primary one is where mail goes; others are aliases.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.CharField(
        _("address"),
        max_length=254,
        unique=True,
        error_messages={"unique": _("This address belongs to an account or a group already.")},
    )
    domain = models.ForeignKey(Domain, on_delete=models.PROTECT, related_name="addresses")
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="addresses")
    # Most addresses are users': its index has the groups' alone.
    group = models.ForeignKey(
        "tenants.Group",
        on_delete=models.CASCADE,
        null=True,
        related_name="addresses",
        db_index=False,
    )
    is_primary = models.BooleanField(_("primary"), default=True)
    proven_at = models.DateTimeField(
        _("mailbox proven"), null=True, help_text=_("When its holder last opened the mailbox.")
    )
    proof_asked_at = models.DateTimeField(
        _("asked for a new proof"),
        null=True,
        help_text=_("When we last asked by ourselves, since the mailbox was proven."),
    )

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ("address",)
        indexes = (
            models.Index(
                fields=("proven_at",),
                condition=Q(is_primary=True, proof_asked_at__isnull=True),
                name="addresses_to_ask",
            ),
            models.Index(
                fields=("group",), condition=Q(group__isnull=False), name="addresses_of_groups"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=Q(is_primary=True),
                name="one_primary_address",
                violation_error_message=_("The account has a primary address."),
            ),
            models.UniqueConstraint(
                fields=("group",),
                condition=Q(is_primary=True),
                name="one_primary_address_of_group",
                violation_error_message=_("The group has a primary address."),
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True)
                | Q(user__isnull=True, group__isnull=False),
                name="addresses_belong_to_one",
                violation_error_message=_("An address belongs to an account or to a group."),
            ),
        )

    def __str__(self) -> str:
        return self.address

    @property
    def domain_name(self) -> str:
        """Of its domain, without asking the database."""
        return self.address.rpartition("@")[2]


class PendingErasure(models.Model):
    """The personal data of an account that was deleted or closed, until they are erased.

    While a deleted account has its row, it can be restored. Closing takes the addresses away at once: here
    they are kept, so that what was sent to them is found.
    """

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="pending_erasure"
    )
    addresses = models.JSONField(_("addresses"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    due_at = models.DateTimeField(_("due"), db_index=True)

    class Meta:
        verbose_name = _("pending erasure")
        verbose_name_plural = _("pending erasures")

    def __str__(self) -> str:
        return str(self.user_id)
