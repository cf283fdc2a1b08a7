"""How groups go along: those whose address lies in the domain, and, where nothing else is left, all."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.models import Group, GroupMembership, GroupNesting, User
from tenants.models.group import key_of
from tenants.takeover.registry import GROUP, Belonging, Line, Move, Plan

LONGEST_NAME = 120
# Each with what is in which.
PAIRS: tuple[tuple[type[Model], str, str], ...] = (
    (GroupMembership, "group", "user"),
    (GroupNesting, "outer", "inner"),
)


def _move_groups(move: Move) -> None:
    going = dict(move.groups_to_find.values_list("pk", "name"))
    names = going | dict(_new_names(move, going))
    move.note(GROUP, ((pk, {"name": going[pk], "became": names[pk]}) for pk in going))
    for pk, name in names.items():
        if name != going[pk]:
            Group.objects.filter(pk=pk).update(name=name, name_key=key_of(name))
    move.groups.update(tenant=move.target)
    if move.is_back:
        _name_as_before(move)


def _new_names(plan: Plan, going: dict[uuid.UUID, str]) -> Iterator[tuple[uuid.UUID, str]]:
    """For groups whose name the target has: the domain in brackets tells them apart, and a number if need be."""
    rows = Group.objects.filter(tenant__in=(plan.source, plan.target))
    theirs = {
        key for tenant, key in rows.values_list("tenant", "name_key") if tenant == plan.target.pk
    }
    taken = set(rows.values_list("name_key", flat=True))
    for pk, name in going.items():
        if key_of(name) in theirs:
            new = next(new for new in _variants(name, plan) if key_of(new) not in taken)
            taken.add(key_of(new))
            yield pk, new


def _variants(name: str, plan: Plan) -> Iterator[str]:
    number = 1
    while True:
        more = f" ({plan.domain})" if number == 1 else f" ({plan.domain} {number})"
        yield name[: LONGEST_NAME - len(more)] + more
        number += 1


def _name_as_before(move: Move) -> None:
    """Unless somebody renamed it since, or the name is taken."""
    for noted in move.noted(GROUP):
        name, became = noted.before["name"], noted.before["became"]
        is_free = not Group.objects.filter(tenant=move.target, name_key=key_of(name)).exists()
        if name != became and is_free:
            same = Group.objects.filter(pk=noted.row_id, tenant=move.target, name=became)
            same.update(name=name, name_key=key_of(name))


def _preview_groups(plan: Plan) -> list[Line]:
    count = plan.groups.count()
    if not count:
        return []
    text = ngettext("%(count)s group goes along.", "%(count)s groups go along.", count)
    lines = [Line("groups", count, text % {"count": count})]
    going = dict(plan.groups.values_list("pk", "name"))
    return lines + [
        Line(
            "group names",
            1,
            _("The name of the group %(old)s is taken: it becomes %(new)s.")
            % {"old": going[pk], "new": new},
            collides=True,
            tells_of_target=True,
        )
        for pk, new in _new_names(plan, going)
    ]


# --- Who is in which ----------------------------------------------------------------------------------


def _move_memberships(move: Move) -> None:
    for model, outer, inner in PAIRS:
        ids = (f"{outer}_id", f"{inner}_id", "added_at")
        torn = list(_torn(move, model, outer, inner).values("pk", *ids))
        model._default_manager.filter(pk__in=[row["pk"] for row in torn]).delete()
        if move.is_back:
            _join_again(move, model, outer, inner)
        else:
            move.note(_kind(model), ((row[f"{inner}_id"], _as_json(row, outer)) for row in torn))


def _torn(plan: Plan, model: type[Model], outer: str, inner: str) -> QuerySet[Any]:
    """Of those of which one goes and the other stays."""
    outside = Q(**{f"{outer}__in": plan.groups})
    within = Q(**{f"{inner}__in": plan.people if inner == "user" else plan.groups})
    rows = model._default_manager.order_by()
    return rows.filter((outside & ~within) | (~outside & within))


def _preview_memberships(plan: Plan) -> list[Line]:
    count = sum(_torn(plan, *pair).count() for pair in PAIRS)
    text = ngettext(
        "%(count)s membership ends, because the group and its member would belong to two organisations.",
        "%(count)s memberships end, because the groups and their members would belong to two organisations.",
        count,
    )
    return [Line("memberships", count, text % {"count": count}, collides=True)] if count else []


def _kind(model: type[Model]) -> str:
    return str(model._meta.model_name)


def _as_json(row: dict[str, Any], outer: str) -> dict[str, object]:
    return {"in": str(row[f"{outer}_id"]), "added_at": row["added_at"].isoformat()}


def _join_again(move: Move, model: type[Model], outer: str, inner: str) -> None:
    """Where both are there and belong to one tenant again."""
    noted = [(uuid.UUID(row.before["in"]), row) for row in move.noted(_kind(model))]
    tenants = _tenants_of(pk for outside, row in noted for pk in (outside, row.row_id))
    rows = [
        model(
            **{
                f"{outer}_id": outside,
                f"{inner}_id": row.row_id,
                "added_at": parse_datetime(row.before["added_at"]),
            }
        )
        for outside, row in noted
        if outside in tenants and tenants[outside] == tenants.get(row.row_id)
    ]
    model._default_manager.bulk_create(rows, ignore_conflicts=True)


def _tenants_of(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | str | None]:
    """Of accounts and groups."""
    wanted = list(ids)
    people = User.objects.filter(pk__in=wanted).values_list("pk", "tenant")
    groups = Group.objects.filter(pk__in=wanted).values_list("pk", "tenant")
    return {**dict(people), **dict(groups)}


GROUPS = Belonging("groups", (Group,), _move_groups, _preview_groups)
MEMBERSHIPS = Belonging(
    "memberships", (GroupMembership, GroupNesting), _move_memberships, _preview_memberships
)
