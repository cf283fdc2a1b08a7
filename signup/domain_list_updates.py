"""Bringing a newer list of domains into force, and going back to the shipped one."""

from __future__ import annotations

import datetime as dt
import re

from django.utils import timezone

from audit.exceptions import Refusal
from audit.services import record
from signup.domain_lists import (
    ICANN_BEGINS,
    ICANN_ENDS,
    Kind,
    NamedList,
    current,
    digest_of,
    forget_heads,
    names_of,
    parsed,
    rule_of,
    shipped,
)
from signup.models import DomainList
from tenants.addresses import AddressRefused, parse_domain
from tenants.models import User

SOURCE = re.compile(r"^# *source: *(.+)$", re.MULTILINE)


def source_of(text: str) -> str | None:
    found = SOURCE.search(text)
    return found[1].strip() if found else None


def replace(
    *,
    kind: DomainList.Kind,
    text: str,
    dated: dt.date,
    source: str,
    force: bool,
    acting_user: User | None,
) -> NamedList:
    """Puts a list in force. Raises Refusal: a bad line, too old, of the future, suspiciously short."""
    _refuse_date(kind, dated)
    _refuse_bad_lines(kind, text)
    text = text if kind == Kind.PUBLIC_SUFFIX else _canonical(text)
    new = parsed(kind, text, dated=dated, source=source, digest=digest_of(text))
    before = current(kind)
    if not new.entries:
        raise Refusal("The list has no entries.")
    if 2 * len(new.entries) < len(before.entries) and not force:
        raise Refusal(
            f"The list has {len(new.entries)} entries, less than half of the {len(before.entries)} of "
            "now. Add --force if that is right."
        )
    DomainList.objects.update_or_create(
        kind=kind,
        defaults={
            "dated": dated,
            "source": source,
            "text": text,
            "digest": new.digest,
            "loaded_at": timezone.now(),
        },
    )
    forget_heads()
    _record("domain_list.updated", new, before, acting_user)
    return new


def drop(*, kind: DomainList.Kind, acting_user: User | None) -> NamedList:
    """Goes back to the shipped list."""
    before = current(kind)
    deleted, _ = DomainList.objects.filter(kind=kind).delete()
    forget_heads()
    if deleted:
        _record("domain_list.dropped", shipped(kind), before, acting_user)
    return shipped(kind)


def _record(action: str, new: NamedList, before: NamedList, acting_user: User | None) -> None:
    details: dict[str, object] = {
        "dated": new.dated.isoformat(),
        "entries": len(new.entries),
        "digest": new.digest,
        "entries_before": len(before.entries),
        "digest_before": before.digest,
    }
    record(
        action=action,
        subject=f"domain_list:{new.kind}",
        tenant_id=None,
        acting_user=acting_user,
        details=details,
    )


def _refuse_date(kind: DomainList.Kind, dated: dt.date) -> None:
    if dated > timezone.now().date():
        raise Refusal(f"{dated} is in the future. Give the day the list was made with --dated.")
    if dated < shipped(kind).dated:
        raise Refusal(
            f"The list is of {dated}, and the shipped one of {shipped(kind).dated} is newer: it would "
            "not come into force."
        )


def _refuse_bad_lines(kind: DomainList.Kind, text: str) -> None:
    comment = "//" if kind == Kind.PUBLIC_SUFFIX else "#"
    read = rule_of if kind == Kind.PUBLIC_SUFFIX else _entry
    if kind == Kind.PUBLIC_SUFFIX and not (ICANN_BEGINS in text and ICANN_ENDS in text):
        raise Refusal("The list has no ICANN section. Load the whole public_suffix_list.dat.")
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith(comment):
            continue
        try:
            read(entry)
        except AddressRefused:
            raise Refusal(
                f"Line {number} is not a domain: {entry[:80]!r}. Nothing changed."
            ) from None


def _canonical(text: str) -> str:
    return "\n".join(sorted({_entry(line) for line in names_of(text)})) + "\n"


def _entry(line: str) -> str:
    """`company.com` or `!staff.company.com` with A-labels. Raises AddressRefused."""
    name = line.removeprefix("!")
    return line[: len(line) - len(name)] + parse_domain(name)
