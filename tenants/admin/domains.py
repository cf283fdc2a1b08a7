"""Domains: how their proof is, adding one by a proof, taking one over, removing one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import freshness, scope
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from audit.spelling import shown_domain
from tenants.addresses import AddressRefused, parse_domain
from tenants.admin import handing_over, taking_over
from tenants.admin.acting import operator_of
from tenants.admin.domain_words import NewDomainForm, state_in_words, under_way, whose_proof
from tenants.flows import give_back, hand_over, prove, take_over
from tenants.models import Domain, DomainProof, Tenant
from tenants.proof_page import ProofOnPage, asked_at
from tenants.selectors import domain_named, has_lapsed

State = DomainProof.State
View = Callable[..., HttpResponse]
LIST = "admin:tenants_domain_changelist"


@admin.register(Domain)
class DomainAdmin(ReadOnlyAdmin):
    reach = "tenant"
    change_list_template = "admin/tenants/domain/change_list.html"
    list_display = ("shown_name", "tenant", "proof", "checked_at", "created_at")
    columns_of_operators = ("tenant",)
    list_select_related = ("tenant",)
    list_filter = ("state",)
    search_beginnings = ("name",)
    search_help_text = gettext_lazy("The beginning of a domain.")

    def subject_of(self, row: Domain) -> str:
        return f"domain:{row.name}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Domain]:
        """With what is known of the proof."""
        proven = DomainProof.objects.filter(
            domain_name=OuterRef("name"), tenant=OuterRef("tenant"), state=State.PROVEN
        )
        rows: QuerySet[Domain] = super().get_queryset(request)
        return rows.annotate(
            **{
                f"proof_{field}": Subquery(proven.values(field)[:1])
                for field in ("proven_at", "failures", "proof_lost_at", "checked_at")
            }
        )

    @admin.display(description=gettext_lazy("domain"), ordering="name")
    def shown_name(self, domain: Domain) -> str:
        return shown_domain(domain.name)

    @admin.display(description=gettext_lazy("last looked for"))
    def checked_at(self, domain: Any) -> dt.datetime | None:
        at: dt.datetime | None = domain.proof_checked_at
        return at

    @admin.display(description=gettext_lazy("proof"))
    def proof(self, domain: Any) -> str:
        return state_in_words(domain, timezone.now())

    # Pages

    def get_urls(self) -> list[URLPattern]:
        own: list[tuple[str, View, str]] = [
            ("prove/<uuid:proof_id>/", self.prove_view, "prove"),
            ("take-over/<str:domain_name>/", self.take_over_view, "take_over"),
            ("<uuid:domain_id>/remove/", self.remove_view, "remove"),
            ("<uuid:domain_id>/offer/", self.offer_view, "offer"),
            ("<uuid:domain_id>/withdraw/", self.withdraw_view, "withdraw"),
            ("<uuid:domain_id>/release/", self.release_view, "release"),
            ("offered/<uuid:offer_id>/", self.offered_view, "offered"),
            ("offered/<uuid:offer_id>/decline/", self.decline_view, "decline"),
        ]
        return [
            path(route, self.admin_site.admin_view(view), name=f"tenants_domain_{name}")
            for route, view, name in own
        ] + super().get_urls()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _has_one(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        offers = hand_over.offers_for(self._own_tenant(request)) if _has_one(request) else ()
        context = {
            "under_way": under_way(request),
            "offers": offers,
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Asks which domain, and leads to the record that proves it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewDomainForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            freshness.require(request)
            if form.is_valid():
                try:
                    proof = prove.request(
                        domain_name=form.cleaned_data["domain"],
                        actor=whose_proof(request),
                        acting_user=operator_of(request),
                    )
                except Refusal as refusal:
                    form.add_error("domain", str(refusal))
                else:
                    return redirect("admin:tenants_domain_prove", proof.pk)
        return self._page(request, "add", title=_("Add a domain"), form=form)

    def prove_view(self, request: HttpRequest, proof_id: uuid.UUID) -> HttpResponse:
        """The record to publish, what was found, and what follows."""
        proofs = scope.of(request).rows(DomainProof.objects.select_related("tenant"), "tenant")
        proof = get_object_or_404(proofs, pk=proof_id)
        held = domain_named(proof.domain_name)
        is_ours = held is not None and held.tenant_id == proof.tenant_id
        return self._page(
            request,
            "prove",
            title=shown_domain(proof.domain_name),
            shown=ProofOnPage(proof, asked_at(request)),
            domain_name=shown_domain(proof.domain_name),
            raw_name=proof.domain_name,
            is_ours=is_ours,
            is_held_by_nobody_who_governs=bool(
                held and not is_ours and held.tenant.state == Tenant.State.UNMANAGED
            ),
            may_take=_has_one(request),
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """All about one domain, and what can be done with it."""
        domain = self.get_object(request, object_id)
        if domain is None:
            raise Http404
        proofs = DomainProof.objects.filter(domain_name=domain.name, tenant=domain.tenant)
        is_own = scope.of(request).tenant_id == domain.tenant_id
        below = take_over.sweepable(parent=domain.name, target=domain.tenant) if is_own else []
        return self._page(
            request,
            "domain",
            title=shown_domain(domain.name),
            domain=domain,
            proof=proofs.filter(state=State.PROVEN).first(),
            proof_words=state_in_words(domain, timezone.now()),
            addresses=domain.addresses.count(),
            undoable=give_back.undoable(domain.name),
            offer=hand_over.open_offer(domain.name) if is_own else None,
            may_release=scope.of(request).is_everything and has_lapsed(domain.name, timezone.now()),
            below=[(one, shown_domain(one.name)) for one in below],
            is_own=is_own,
        )

    def remove_view(self, request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
        return handing_over.remove(request, self.admin_site, self._domain(request, domain_id))

    def take_over_view(self, request: HttpRequest, domain_name: str) -> HttpResponse:
        """What would move, each collision with its rule, and the button."""
        target = self._own_tenant(request)
        try:
            name = parse_domain(domain_name)
        except AddressRefused:
            raise Http404 from None
        return taking_over.view(request, self.admin_site, name, target)

    def offer_view(self, request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
        return handing_over.offer(request, self.admin_site, self._domain(request, domain_id))

    def withdraw_view(self, request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
        domain = self._domain(request, domain_id)
        if request.method != "POST":
            return redirect("admin:tenants_domain_change", domain.pk)
        return handing_over.end(request, domain_name=domain.name, tenant=domain.tenant, is_own=True)

    def release_view(self, request: HttpRequest, domain_id: uuid.UUID) -> HttpResponse:
        if not scope.of(request).is_everything:
            raise PermissionDenied
        return handing_over.let_go(request, self.admin_site, self._domain(request, domain_id))

    def offered_view(self, request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
        tenant = self._own_tenant(request)
        made = get_object_or_404(hand_over.offers_for(tenant), pk=offer_id)
        return handing_over.accept(request, self.admin_site, made, tenant)

    def decline_view(self, request: HttpRequest, offer_id: uuid.UUID) -> HttpResponse:
        tenant = self._own_tenant(request)
        made = get_object_or_404(hand_over.offers_for(tenant), pk=offer_id)
        if request.method != "POST":
            return redirect("admin:tenants_domain_offered", made.pk)
        return handing_over.end(request, domain_name=made.domain_name, tenant=tenant, is_own=False)

    def _domain(self, request: HttpRequest, domain_id: uuid.UUID) -> Domain:
        found: Domain = get_object_or_404(self.get_queryset(request), pk=domain_id)
        return found

    @staticmethod
    def _own_tenant(request: HttpRequest) -> Tenant:
        """Of whoever asks, or the one that an operator acts for."""
        tenant_id = scope.of(request).tenant_id
        if tenant_id is None:
            raise PermissionDenied
        return Tenant.objects.get(pk=tenant_id)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        whole = self.admin_site.each_context(request) | {"opts": self.opts, **context}
        return TemplateResponse(request, f"admin/tenants/domain/{name}.html", whole)


def _has_one(request: HttpRequest) -> bool:
    """Whether an organisation is governed here, and not the installation."""
    return scope.of(request).tenant_id is not None
