"""Many accounts from a file, each for itself: a bad row stops no other, and a second run makes none twice.

CSV (RFC 4180) with a heading that names the columns: `email`, and where wanted `first_name`, `last_name`,
`language`. Rows are read as they are needed, however many there are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from audit.exceptions import Refusal
from signup.exceptions import NotATable
from signup.flows.invite import invite
from tenants import addresses
from tenants.exceptions import AddressTaken
from tenants.models import Tenant, User

LONGEST_NAME = 150
SEPARATORS = ",;\t"


class Result(Enum):
    CREATED = "created"
    EXISTS = "exists"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportedRow:
    line: int
    email: str
    result: Result
    reason: str = ""


def import_users(
    *, tenant: Tenant, lines: Iterable[str], acting_user: User | None, dry_run: bool = False
) -> Iterator[ImportedRow]:
    """Makes and invites an account for each row; each commits by itself. Raises NotATable."""
    for line, row in rows_of(lines):
        yield import_row(
            tenant=tenant, line=line, row=row, acting_user=acting_user, dry_run=dry_run
        )


def rows_of(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """With the number of each one's last line. Raises NotATable."""
    try:
        reader = _reader(lines)
        for row in reader:
            yield reader.line_num + 1, row
    except (csv.Error, UnicodeDecodeError):
        raise NotATable from None


def _reader(lines: Iterable[str]) -> csv.DictReader[str]:
    rest = iter(lines)
    heading = next(rest, "").removeprefix("\ufeff")
    separator = max(SEPARATORS, key=heading.count)
    columns = [
        name.strip().lower() for name in next(csv.reader([heading], delimiter=separator), [])
    ]
    if "email" not in columns:
        raise NotATable
    return csv.DictReader(rest, fieldnames=columns, delimiter=separator, restkey="", restval="")


def import_row(
    *,
    tenant: Tenant,
    line: int,
    row: dict[str, str],
    acting_user: User | None,
    dry_run: bool = False,
) -> ImportedRow:
    """Makes and invites the account of one row."""
    typed = row["email"].strip()
    try:
        with transaction.atomic():
            _invite(tenant, row, acting_user)
            transaction.set_rollback(dry_run)
    except AddressTaken:
        return ImportedRow(line, typed, Result.EXISTS)
    except Refusal as refusal:
        return ImportedRow(line, typed, Result.REFUSED, str(refusal))
    return ImportedRow(line, typed, Result.CREATED)


def _invite(tenant: Tenant, row: dict[str, str], acting_user: User | None) -> None:
    language = row.get("language", "").strip().lower() or settings.LANGUAGE_CODE
    if language not in dict(settings.LANGUAGES):
        raise Refusal(_("There are no texts in the language %(code)s.") % {"code": language})
    invite(
        address=addresses.parse(row["email"]),
        first_name=_name(row, "first_name"),
        last_name=_name(row, "last_name"),
        language=language,
        acting_user=acting_user,
        tenant=tenant,
    )


def _name(row: dict[str, str], column: str) -> str:
    name = row.get(column, "").strip()
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(
            _("A name has up to %(longest)d characters that can be seen.")
            % {"longest": LONGEST_NAME}
        )
    return name
