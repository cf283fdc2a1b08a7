"""Proofs of domains."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit import scope
from audit.admin import ReadOnlyAdmin
from audit.names import Names
from tenants.admin.log import ANOTHERS, names_seen_by
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
        "asked_by",
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

    readonly_fields = ("asked_by",)

    def subject_of(self, row: DomainProof) -> str:
        return f"domain:{row.domain_name}"

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> DomainProof | None:
        """A proof goes along with a domain that is handed over; who asked for it may stay where they are."""
        proof: DomainProof | None = super().get_object(request, object_id, from_field)
        if proof:
            vars(proof)["names"] = names_seen_by([proof.actor_id], scope.of(request))
        return proof

    @admin.display(description=_("asked by"))
    def asked_by(self, proof: DomainProof) -> str:
        names: Names = vars(proof).get("names", {})
        return names.get(proof.actor_id) or str(ANOTHERS)
