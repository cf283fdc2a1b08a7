"""Groups: accounts of one tenant under one name, and groups in groups."""

from __future__ import annotations

import unicodedata
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.tenant import Tenant
from tenants.models.user import User


class Group(models.Model):
    """Rows reach their tenant by `tenant`; memberships and nestings by their group."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant, on_delete=models.PROTECT, related_name="groups", verbose_name=_("organisation")
    )
    name = models.CharField(_("name"), max_length=120)
    name_key = models.CharField(
        _("name in its one spelling"),
        max_length=480,
        editable=False,
        help_text=_("Two names that differ in capitals or white space alone are one."),
    )
    description = models.CharField(_("description"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("name_key", "id")
        indexes = (
            models.Index(fields=("name_key", "id"), name="groups_by_name"),
            models.Index(
                fields=("name_key",), name="groups_name_begins", opclasses=("varchar_pattern_ops",)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "name_key"),
                name="one_group_of_a_name",
                violation_error_message=_("The organisation has a group of this name."),
            ),
            models.CheckConstraint(
                condition=~Q(name_key=""),
                name="groups_have_a_name",
                violation_error_message=_("A group has a name."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class GroupMembership(models.Model):
    """A user in a group. Who is disabled or deleted stays in it, and is not active there."""

    # Its index is that of the constraint.
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
        verbose_name=_("group"),
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("group membership")
        verbose_name_plural = _("group memberships")
        ordering = ("-id",)
        indexes = (models.Index(fields=("group", "-id"), name="members_newest"),)
        constraints = (
            models.UniqueConstraint(
                fields=("group", "user"),
                name="one_membership",
                violation_error_message=_("The account is in this group already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}, {self.group}"


class GroupNesting(models.Model):
    """Whoever is in `inner` is in `outer` too. There is no circle: `tenants/flows/groups.py` sees to it."""

    outer = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="inner_nestings", db_index=False
    )
    inner = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="outer_nestings")
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("group in a group")
        verbose_name_plural = _("groups in groups")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("outer", "inner"),
                name="one_nesting",
                violation_error_message=_("The group is in this group already."),
            ),
            models.CheckConstraint(
                condition=~Q(outer=F("inner")),
                name="no_group_in_itself",
                violation_error_message=_("A group cannot be in itself."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.inner_id} in {self.outer_id}"


def key_of(name: str) -> str:
    """A group's name in its one spelling: NFKC, white space as single blanks, without regard to case."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
