from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.commands import PortalCommand, Row, table
from rms_portal.mail_check.domain import check_domain
from rms_portal.mail_check.findings import Finding, Result
from rms_portal.mail_check.sending import IN_CLEAR, check_sending, send_test_mail, senders
from tenants import addresses


class Command(PortalCommand):
    help = (
        "Says whether mail can be sent, and what the domain of MAIL_FROM publishes (SPF, DKIM, DMARC). "
        "Status 1 when mail cannot be sent."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--to", metavar="ADDRESS", help="Also hand a test mail over, now.")
        parser.add_argument(
            "--dkim-selector",
            action="append",
            default=[],
            help="Under which name the domain's DKIM key is; otherwise the usual ones are tried.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sending = list(check_sending())
        can_send = not any(_prevents(finding) for finding in sending)
        if options["to"] and can_send:
            sending.append(send_test_mail(str(addresses.parse(options["to"]))))
            can_send = not _prevents(sending[-1])
        published: list[Finding] = []
        if settings.MAIL_IS_SENT:
            domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
            published = list(
                check_domain(domain, senders=senders(), selectors=options["dkim_selector"])
            )
        self._say([_row(finding) for finding in (*sending, *published)], can_send, options["json"])
        if not can_send:
            sys.exit(1)

    def _say(self, rows: list[Row], can_send: bool, as_json: bool) -> None:
        if as_json:
            self.print_json({"can_send": can_send, "findings": rows})
            return
        self.stdout.write(table(rows))
        self.stdout.write("Mail can be sent." if can_send else "Mail cannot be sent.")


def _prevents(finding: Finding) -> bool:
    """Mail in clear goes out all the same."""
    return finding.result in {Result.WRONG, Result.MISSING} and finding.what != IN_CLEAR


def _row(finding: Finding) -> Row:
    return {
        "what": finding.what,
        "result": finding.result.value,
        "detail": finding.detail,
        "to_do": finding.to_do,
    }
