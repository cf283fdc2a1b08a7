from __future__ import annotations

import sys
import uuid
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from audit import heads
from audit.chain import Head
from audit.commands import PortalCommand
from audit.flows.chain import chain_pending
from audit.flows.verify import Finding, verify
from tenants.admin_log import logs_of
from tenants.selectors import get_tenant

MOST_SHOWN = 1000


class Command(PortalCommand):
    help = (
        "Verifies the audit log of a tenant, or all of it: finds rows that were changed, added afterwards, "
        "deleted or exchanged, and, by heads that were exported, an end that was cut off. Exit status 1 if so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")
        parser.add_argument(
            "--heads",
            type=Path,
            help="A file of exported heads, a copy, or what list_audit_heads --json printed.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chain_pending(everything=True)
        findings = chain.from_iterable(
            verify(chain=one, heads=_exported(options["heads"]))
            for one in _chains(options["domain"])
        )
        found = list(islice(findings, MOST_SHOWN))
        self._print(found, as_json=options["json"])
        heads.export()
        if found:
            sys.exit(1)

    def _print(self, found: list[Finding], *, as_json: bool) -> None:
        if as_json:
            self.print_json({"intact": not found, "wrong": [as_row(finding) for finding in found]})
            return
        for finding in found:
            whose = f"tenant {finding.tenant_id}" if finding.tenant_id else "installation"
            self.stdout.write(f"{whose}, number {finding.number}: {finding.what}")
        if not found:
            self.stdout.write("The audit log is as it was written.")


def _chains(domain: str | None) -> list[uuid.UUID | None]:
    """All, or a tenant's own and those of organisations that went to it as a whole."""
    return [*logs_of(get_tenant(domain).pk)] if domain else [None]


def _exported(path: Path | None) -> Iterable[Head]:
    return heads.read(path) if path else ()


def as_row(finding: Finding) -> dict[str, object]:
    return {"tenant_id": finding.tenant_id, "number": finding.number, "what": finding.what}
