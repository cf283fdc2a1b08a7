"""The personal data of this room, and of the outbox and the audit log, which know nobody."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import F, Q, QuerySet

from audit.models import AuditEvent
from audit.persons import READ_AT_ONCE
from audit.reading import PERSONAL, Entry, readable
from outbox import services as outbox
from outbox.models import MailEvent, MailLink, OutboxMail
from tenants.models import (
    ActingFor,
    Address,
    DomainProof,
    GroupMembership,
    MovedRow,
    PendingErasure,
    User,
)
from tenants.personal_data import ERASED, Holding, Person, register
from tenants.takeover.people import ALIAS


def _account(person: Person) -> dict[str, Any]:
    user = person.user
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "organisation": user.tenant.name if user.tenant else None,
        "role": user.role,
        "state": user.state,
        "held_at": user.held_at,
        "creation_method": user.creation_method,
        "admission": user.admission,
        "language": user.language,
        "admitted_at": user.admitted_at,
        "must_choose_password": user.must_choose_password,
        "created_at": user.created_at,
        "last_sign_in": user.last_login,
        "all_sessions_ended_at": user.sessions_ended_at,
        "addresses": list(
            user.addresses.values("address", "is_primary", "proven_at", "proof_asked_at")
        ),
        "to_be_erased_at": PendingErasure.objects.filter(user=user)
        .values_list("due_at", flat=True)
        .first(),
        "former_addresses": [
            {"address": address, "given_up_at": at} for address, at in person.former
        ],
        "domain_proofs": list(
            user.proofs.values("domain_name", "state", "created_at", "proven_at")
        ),
    }


def _nothing_more(person: Person) -> None:
    """The flow that erases writes the account's own row, after all rooms."""


def _groups(person: Person) -> list[dict[str, Any]]:
    """Those that the account itself is in; what these are in tells of the organisation, not of a person."""
    return [dict(row) for row in _memberships(person).values("added_at", name=F("group__name"))]


def _leave_groups(person: Person) -> None:
    _memberships(person).delete()


def _memberships(person: Person) -> QuerySet[GroupMembership]:
    return GroupMembership.objects.filter(user=person.user).order_by("id")


def _former_aliases(person: Person) -> list[str]:
    """Those that a takeover ended, and that are there again if it is undone."""
    return list(_ended_aliases(person).values_list("before__address", flat=True))


def _forget_aliases(person: Person) -> None:
    _ended_aliases(person).delete()


def _ended_aliases(person: Person) -> QuerySet[MovedRow]:
    return MovedRow.objects.filter(kind=ALIAS, before__user=str(person.user.pk))


def _mails(person: Person) -> list[dict[str, Any]]:
    fields = ("kind", "to_address", "language", "state", "created_at", "handed_over_at")
    return list(_mails_of(person).order_by("created_at").values(*fields))


def _erase_mails(person: Person) -> None:
    _mails_of(person).delete()


def _mails_of(person: Person) -> QuerySet[OutboxMail]:
    """Also to addresses that were given up since, and to those that were asked for and never proven."""
    theirs = [(address, person.until) for address in person.addresses]
    return outbox.mails_of(person.user.pk, to={**dict(person.former), **dict(theirs)})


def _activity(person: Person) -> list[dict[str, Any]]:
    """What they did, and what was done to their account, without who did it."""
    known = person.user.pk
    events = AuditEvent.objects.filter(Q(actor_id=known) | Q(subject=f"user:{known}"))
    entries = readable(events.order_by("at", "id").iterator(chunk_size=READ_AT_ONCE))
    return [_of_log(entry, known) for entry in entries]


def _of_log(entry: Entry, known: uuid.UUID) -> dict[str, Any]:
    event, is_about_them = entry.event, entry.about == known
    return {
        "at": event.at,
        "action": event.action,
        "result": event.result,
        "subject": event.subject,
        "by_you": event.actor_id == known,
        "address": entry.address if entry.came_by == known else None,
        "values": entry.details.get(PERSONAL) if is_about_them else None,
    }


def _stays(person: Person) -> None:
    """The log is append-only: the flow that erases destroys the key of what is personal in it."""


register(Holding("account", (User, Address, PendingErasure, DomainProof), _account, _nothing_more))
register(Holding("groups", (GroupMembership,), _groups, _leave_groups))
register(Holding("former_aliases", (MovedRow,), _former_aliases, _forget_aliases))


def _acted(person: Person) -> list[dict[str, Any]]:
    rows = ActingFor.objects.filter(administrator=person.user).order_by("began_at")
    return [dict(row) for row in rows.values("began_at", "ended_at", "reason")]


def _forget_why(person: Person) -> None:
    """What an operator wrote may be about the administrator; when it was, stays."""
    ActingFor.objects.filter(administrator=person.user).update(reason=ERASED)


register(Holding("acted_for", (ActingFor,), _acted, _forget_why))
register(Holding("mails", (OutboxMail, MailLink, MailEvent), _mails, _erase_mails))
register(Holding("activity", (AuditEvent,), _activity, _stays))
