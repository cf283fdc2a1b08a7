"""Proofs of domains."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from audit.admin import ReadOnlyAdmin
from tenants.models import DomainProof


@admin.register(DomainProof)
class DomainProofAdmin(ReadOnlyAdmin):
    list_display = ("domain_name", "tenant", "state", "outcome", "checked_at", "proof_lost_at")
    list_select_related = ("tenant",)
    reach = "tenant"
    list_filter = ("state", "outcome")
    search_beginnings = ("domain_name",)
    search_help_text = _("The beginning of a domain.")
    nothing_yet = _("Nobody has asked for the record that proves a domain yet.")
    fields = (
        "domain_name",
        "tenant",
        "actor",
        "value",
        "state",
        "created_at",
        "expires_at",
        "proven_at",
        "checked_at",
        "outcome",
        "detail",
        "failures",
        "next_check_at",
        "proof_lost_at",
    )

    def subject_of(self, row: DomainProof) -> str:
        return f"domain:{row.domain_name}"
