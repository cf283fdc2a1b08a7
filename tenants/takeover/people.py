"""How accounts and addresses go along."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import ngettext

from tenants.models import Address, PendingErasure, User
from tenants.takeover.registry import PERSON, Belonging, Line, Move, Plan

ALIAS = "address"
ADMINISTRATOR, MEMBER = User.Role.ADMINISTRATOR, User.Role.MEMBER


def _move_accounts(move: Move) -> None:
    """A role is one over the accounts of its own tenant: who comes along is a member there."""
    # In an order of their own: administrators who shut each other are locked in it as well.
    found = move.people_to_find.select_for_update(no_key=True, of=("self",)).order_by("pk")
    going = found.values_list("pk", "role")
    move.note(PERSON, ((pk, {"role": role}) for pk, role in list(going)))
    move.people.update(tenant=move.target, role=MEMBER)
    if move.is_back:
        were = move.noted(PERSON).filter(before__role=ADMINISTRATOR).values("row_id")
        move.people.filter(pk__in=were).update(role=ADMINISTRATOR)


def _preview_accounts(plan: Plan) -> list[Line]:
    count = plan.people.count()
    text = ngettext(
        "%(count)s account goes along, with its password, second factors and sessions.",
        "%(count)s accounts go along, with their passwords, second factors and sessions.",
        count,
    )
    lines = [Line("accounts", count, text % {"count": count})]
    administrators = plan.people.filter(role=ADMINISTRATOR).count()
    if administrators:
        text = ngettext(
            "%(count)s of them is an administrator and becomes a member.",
            "%(count)s of them are administrators and become members.",
            administrators,
        )
        text %= {"count": administrators}
        lines.append(Line("administrators", administrators, text, collides=True))
    return lines


def _move_addresses(move: Move) -> None:
    """Addresses go with their domain. What would lie between two tenants goes, and is there again when the
    takeover is undone.
    """
    fields = ("pk", "address", "domain_id", "user_id", "group_id", "proven_at")
    torn = list(_torn(move).values(*fields))
    Address.objects.filter(pk__in=[row["pk"] for row in torn]).delete()
    if move.is_back:
        _put_back(move)
    else:
        move.note(ALIAS, ((row["pk"], _as_json(row)) for row in torn))


def _torn(plan: Plan) -> QuerySet[Address]:
    """Aliases in the domain whose holder stays, and aliases elsewhere whose holder goes."""
    held_by_going = Q(user__in=plan.people) | Q(group__in=plan.groups)
    here = Q(domain=plan.domain)
    return Address.objects.filter((here & ~held_by_going) | (~here & held_by_going)).order_by()


def _preview_addresses(plan: Plan) -> list[Line]:
    count = _torn(plan).count()
    text = ngettext(
        "%(count)s alias ends, because it and its holder would belong to two organisations.",
        "%(count)s aliases end, because they and their holders would belong to two organisations.",
        count,
    )
    return [Line("aliases", count, text % {"count": count}, collides=True)] if count else []


def _as_json(row: dict[str, Any]) -> dict[str, object]:
    return {
        "address": row["address"],
        "domain": str(row["domain_id"]),
        "user": row["user_id"] and str(row["user_id"]),
        "group": row["group_id"] and str(row["group_id"]),
        "proven_at": row["proven_at"] and row["proven_at"].isoformat(),
    }


def _put_back(move: Move) -> None:
    """Where the address is still free, and its holder and its domain belong to one tenant again."""
    for noted in move.noted(ALIAS):
        before = noted.before
        alias = Address(
            id=noted.row_id,
            address=before["address"],
            domain_id=before["domain"],
            user_id=before["user"],
            group_id=before["group"],
            proven_at=before["proven_at"] and parse_datetime(before["proven_at"]),
            is_primary=False,
        )
        if _fits(alias):
            alias.save(force_insert=True)


def _fits(alias: Address) -> bool:
    if Address.objects.filter(address=alias.address).exists():
        return False
    holder: Any = alias.user if alias.user_id else alias.group
    return holder is not None and holder.tenant_id == alias.domain.tenant_id


ACCOUNTS = Belonging("accounts", (User, PendingErasure), _move_accounts, _preview_accounts)
ADDRESSES = Belonging("addresses", (Address,), _move_addresses, _preview_addresses)
