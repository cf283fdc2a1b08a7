"""The personal data of joining: requests, and what was accepted."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from signup.models import Acceptance, ImportedLine, MailPause, SignUp, UserImport
from tenants.personal_data import Holding, Person, register


def _sign_ups_of(person: Person) -> QuerySet[SignUp]:
    by_address = Q(address__in=person.addresses, created_at__lte=person.until)
    return SignUp.objects.filter(by_address | Q(user=person.user))


def _sign_ups(person: Person) -> list[dict[str, Any]]:
    fields = ("address", "state", "outcome", "language", "browser", "created_at", "ended_at")
    return list(_sign_ups_of(person).order_by("created_at").values(*fields))


def _erase_sign_ups(person: Person) -> None:
    """A pause of mail stays for its 7 days: it speaks of the mailbox, and protects it."""
    _sign_ups_of(person).delete()


def _accepted(person: Person) -> list[Any]:
    rows = Acceptance.objects.filter(user=person.user).order_by("accepted_at")
    return list(rows.values("kind", "version", "accepted_at"))


def _erase_accepted(person: Person) -> None:
    Acceptance.objects.filter(user=person.user).delete()


def _imported_rows(person: Person) -> QuerySet[ImportedLine]:
    held = ImportedLine.objects.filter(email__in=person.addresses)
    return held.filter(user_import__created_at__lte=person.until)


def _imported(person: Person) -> list[dict[str, Any]]:
    rows = _imported_rows(person).order_by("user_import__created_at", "line")
    return [dict(row) for row in rows.values("email", "result", "user_import__created_at")]


def _erase_imported(person: Person) -> None:
    """Whoever handed the file over stays named by an id. What names others goes after 30 days."""
    _imported_rows(person).delete()


register(Holding("imports", (UserImport, ImportedLine), _imported, _erase_imported))
register(Holding("sign_ups", (SignUp, MailPause), _sign_ups, _erase_sign_ups))
register(Holding("accepted_documents", (Acceptance,), _accepted, _erase_accepted))
