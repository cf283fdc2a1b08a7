"""How tenants and users look in JSON, for commands and programs."""

from __future__ import annotations

from typing import Any

from tenants.group_selectors import active_members_of, groups_around, groups_within, members_of
from tenants.models import Domain, DomainHandOver, DomainProof, Group, Takeover, Tenant, User
from tenants.takeover.refusals import told
from tenants.takeover.registry import Line


def tenant_row(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": tenant.id,
        "state": tenant.state,
        "domains": [domain.name for domain in tenant.domains.all()],
        "created_at": tenant.created_at,
    }


def tenant_details(tenant: Tenant) -> dict[str, Any]:
    return tenant_row(tenant) | {
        "name": tenant.name,
        "users": tenant.users.count(),
        "allow_ad_hoc_subscriptions": tenant.allow_ad_hoc_subscriptions,
        "allow_email_verified_users": tenant.allow_email_verified_users,
    }


def user_row(user: User) -> dict[str, Any]:
    address = user.primary_address
    return {
        "id": user.id,
        "email": None if user.is_erased else user.email,
        "tenant_id": user.tenant_id,
        "role": user.role,
        "state": user.state,
        "held_at": user.held_at,
        "creation_method": user.creation_method,
        "admitted": user.is_admitted,
        "proven_at": address.proven_at if address else None,
        "created_at": user.created_at,
        "last_sign_in": user.last_login,
    }


def user_details(user: User) -> dict[str, Any]:
    held = user.addresses.filter(is_primary=False).values_list("address", flat=True)
    return user_row(user) | {"aliases": list(held)}


def group_row(group: Group) -> dict[str, Any]:
    held = sorted(group.addresses.all(), key=lambda held: (not held.is_primary, held.address))
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "addresses": [address.address for address in held],
        "tenant_id": group.tenant_id,
        "created_at": group.created_at,
    }


def group_details(group: Group) -> dict[str, Any]:
    """`members` and `groups` are in it directly; `everybody` is whoever is in it through these as well."""
    return group_row(group) | {
        "members": group.memberships.count(),
        "groups": [inner.name for inner in groups_within(group)],
        "in_groups": [outer.name for outer in groups_around(group)],
        "everybody": members_of(group).count(),
        "active": active_members_of(group).count(),
    }


def proof_row(proof: DomainProof) -> dict[str, Any]:
    return {
        "domain": proof.domain_name,
        "name": proof.record.name,
        "value": proof.value,
        "text": proof.record.text,
        "expires": proof.expires_at,
        "state": proof.state,
    }


def proof_details(proof: DomainProof) -> dict[str, Any]:
    return proof_row(proof) | {
        "id": proof.id,
        "tenant_id": proof.tenant_id,
        "actor_id": proof.actor_id,
        "created_at": proof.created_at,
        "proven_at": proof.proven_at,
        "checked_at": proof.checked_at,
        "outcome": proof.outcome or None,
        "detail": proof.detail or None,
        "failures": proof.failures,
        "proof_lost_at": proof.proof_lost_at,
    }


def takeover_row(takeover: Takeover) -> dict[str, Any]:
    return {
        "id": takeover.id,
        "domain": takeover.domain_name,
        "kind": takeover.kind,
        "state": takeover.state,
        "from": takeover.source_name,
        "to": takeover.target_name,
        "begun": takeover.created_at,
        "done": takeover.done_at,
        "limited_until": takeover.limited_until,
        "undo_until": takeover.undo_until,
        "given_up": takeover.given_up_at,
    }


def takeover_details(takeover: Takeover) -> dict[str, Any]:
    return takeover_row(takeover) | {
        "from_id": takeover.source_tenant_id,
        "to_id": takeover.target_tenant_id,
        "actor_id": takeover.actor_id,
        "administrator_id": takeover.administrator_id,
        "proof_id": takeover.proof_id,
        "waived_at": takeover.waived_at,
        "waived_by_id": takeover.waived_by_id,
        "undone": takeover.undone_at,
        "undone_by_id": takeover.undone_by_id,
        "stopped": takeover.is_stopped,
        "reason": takeover.reason or None,
        "refusal": told(takeover) or None,
        "attempts": takeover.attempts,
        "purged": takeover.purged_at,
        "steps": [step.name for step in takeover.steps.all() if not step.is_back],
        "steps_back": [step.name for step in takeover.steps.all() if step.is_back],
    }


def domain_row(domain: Domain) -> dict[str, Any]:
    return {
        "domain": domain.name,
        "state": domain.state,
        "tenant_id": domain.tenant_id,
        "addresses": domain.addresses.count(),
        "created_at": domain.created_at,
    }


def offer_row(made: DomainHandOver) -> dict[str, Any]:
    return {
        "domain": made.domain_name,
        "state": made.state,
        "from_id": made.source_tenant_id,
        "to_id": made.target_tenant_id,
        "offered": made.offered_at,
        "expires": made.expires_at,
    }


def line_row(line: Line) -> dict[str, Any]:
    return {"what": line.name, "count": line.count, "collides": line.collides, "text": line.text}
