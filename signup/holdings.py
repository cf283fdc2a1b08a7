"""The personal data of joining: requests, and what was accepted."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from signup.models import Acceptance, ImportedLine, MailPause, SignUp, UserImport
from tenants.personal_data import ERASED, Holding, Person, register


def _sign_ups_of(person: Person) -> QuerySet[SignUp]:
    by_address = Q(address__in=person.addresses, created_at__lte=person.until)
    return SignUp.objects.filter(by_address | Q(user=person.user))


def _sign_ups(person: Person) -> list[dict[str, Any]]:
    fields = ("address", "state", "outcome", "sku", "return_url", "language", "browser")
    times = ("created_at", "asked_again_at", "ended_at")
    return list(_sign_ups_of(person).order_by("created_at").values(*fields, *times))


def _pauses(person: Person) -> list[dict[str, Any]]:
    rows = MailPause.objects.filter(address__in=person.addresses)
    return [dict(row) for row in rows.values("address", "until")]


def _keep_pauses(person: Person) -> None:
    """A pause of mail stays for its 7 days: it speaks of the mailbox, and protects it."""


def _erase_sign_ups(person: Person) -> None:
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


def _handed_over(person: Person) -> list[dict[str, Any]]:
    """Files of theirs; the accounts in them are others'."""
    rows = UserImport.objects.filter(asked_by=person.user).order_by("created_at")
    return [dict(row) for row in rows.values("file_name", "state", "rows", "created_at")]


def _forget_files(person: Person) -> None:
    """The name of a file is its author's; what became of its rows stays its 30 days."""
    UserImport.objects.filter(asked_by=person.user).update(file_name=ERASED)


register(Holding("imports", (ImportedLine,), _imported, _erase_imported))
register(Holding("imported_files", (UserImport,), _handed_over, _forget_files))
register(Holding("sign_ups", (SignUp,), _sign_ups, _erase_sign_ups))
register(Holding("mail_pauses", (MailPause,), _pauses, _keep_pauses))
register(Holding("accepted_documents", (Acceptance,), _accepted, _erase_accepted))
