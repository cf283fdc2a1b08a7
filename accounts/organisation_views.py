"""Becoming the administrator of an organisation that has none: by proving its domain."""

from __future__ import annotations

import uuid

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.leaving_views import asked_again
from accounts.looking import look
from accounts.return_urls import safe_return_url
from accounts.second_factor_views import lead_back_to
from audit.exceptions import Refusal
from tenants.access import tenant_limited_until
from tenants.flows import prove
from tenants.models import DomainProof, Tenant, User
from tenants.proof_page import ProofOnPage, asked_at
from tenants.selectors import domains_left_to_prove, proofs_by, proofs_seen_by


@login_required
@require_safe
def organisation(request: HttpRequest) -> HttpResponse:
    """What becoming the administrator means, the record to publish, and what was found."""
    user = _signed_in(request)
    left = domains_left_to_prove(user)
    if not left:
        return _after(request, user)
    domain_name = left[0]
    has_factor = is_mfa_enabled(user)
    if not has_factor:
        lead_back_to(request, reverse("organisation"))
    proof = prove.find(domain_name=domain_name, actor=user, now=timezone.now())
    context = {
        "domain_name": domain_name,
        "further_domains": left[1:],
        "has_factor": has_factor,
        "limited_hours": settings.TAKEOVER_LIMITED_HOURS,
        "shown": ProofOnPage(proof, asked_at(request)) if proof and has_factor else None,
    }
    return render(request, "accounts/organisation.html", context)


def _after(request: HttpRequest, user: User) -> HttpResponse:
    """For who has become the administrator, and for who asked when a colleague did. Others find no such page."""
    tenant = user.tenant
    is_own = tenant is not None and tenant.state == Tenant.State.MANAGED
    is_administrator = user.role == User.Role.ADMINISTRATOR
    if not is_own or not (is_administrator or proofs_by(user).exists()):
        raise Http404
    assert tenant is not None
    context = {
        "is_administrator": is_administrator,
        "limited_until": tenant_limited_until(tenant),
    }
    return render(request, "accounts/organisation_managed.html", context)


@login_required
@require_POST
@asked_again
def begin(request: HttpRequest) -> HttpResponse:
    """Makes the record."""
    user = _signed_in(request)
    left = domains_left_to_prove(user)
    if not left:
        raise Http404
    if is_mfa_enabled(user):
        try:
            prove.request(domain_name=left[0], actor=user, acting_user=user)
        except Refusal as refusal:
            messages.error(request, str(refusal))
    return redirect("organisation")


@login_required
@require_POST
def check_proof(request: HttpRequest, proof_id: uuid.UUID) -> HttpResponse:
    """Has a worker look for the record, and leads to the page that waits for it."""
    proof = _own_proof(request, proof_id)
    # Where the button was: meanwhile the record may have been found, and who asks be an administrator.
    page = safe_return_url(request.POST.get("next", "")) or _page_of(proof, _signed_in(request))
    trouble = look(proof, _signed_in(request))
    if trouble:
        messages.warning(request, trouble)
        return redirect(page)
    asked = urlencode({"asked": f"{timezone.now().timestamp():.3f}"})
    return redirect(f"{page}?{asked}")


@login_required
@require_http_methods(["GET"])
def proof_state(request: HttpRequest, proof_id: uuid.UUID) -> HttpResponse:
    """For the script of a page that waits: differs as soon as something was found."""
    proof = _own_proof(request, proof_id)
    return JsonResponse({"mark": ProofOnPage(proof).mark})


def _own_proof(request: HttpRequest, proof_id: uuid.UUID) -> DomainProof:
    return get_object_or_404(proofs_seen_by(_signed_in(request)), id=proof_id)


def _page_of(proof: DomainProof, user: User) -> str:
    """Administrators prove further domains in the administration, where operators see all proofs."""
    if user.is_superuser or proof.tenant.state == Tenant.State.MANAGED:
        return reverse("admin:tenants_domain_prove", args=(proof.pk,))
    return reverse("organisation")


def _signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
