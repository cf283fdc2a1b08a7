from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from audit.changing import SteppedCommand
from audit.commands import Row, lines, table
from audit.spelling import shown_domain
from tenants.addresses import parse_domain
from tenants.flows import prove, take_over
from tenants.models import Domain, Tenant, User
from tenants.representations import line_row, proof_details, takeover_row
from tenants.selectors import domain_named, get_user
from tenants.takeover.journal import lines_of, plan_for


class _OnlyShown(Exception):
    """The preview of a takeover."""

    def __init__(self, answer: Row) -> None:
        self.answer = answer
        super().__init__()


class Command(SteppedCommand):
    help = (
        "Asks DNS for the record of get_domain_verification, which proves the domain. In an organisation that "
        "nobody administers, its member becomes the administrator. Where another, unmanaged organisation has the "
        "domain, shows what a takeover would do; with --force-takeover, does it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--administrator", required=True, metavar="EMAIL", help="For whom the domain is proven."
        )
        parser.add_argument(
            "--force-takeover",
            action="store_true",
            help="Take the domain over from the unmanaged organisation that has it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = self.answer(**options)
        except _OnlyShown as shown:
            answer = shown.answer
        is_preview = "preview" in answer and not options["dry_run"]
        if options["json"]:
            self.print_json(answer)
        else:
            self.stdout.write(self._for_people(answer))
        if is_preview:
            self.stderr.write(
                _(
                    "%(domain)s belongs to an organisation that nobody administers. Repeat the command with "
                    "--force-takeover to take it over as shown."
                )
                % {"domain": shown_domain(answer["domain"])}
            )
            sys.exit(1)

    def steps(self, keep: Callable[[], None], **options: Any) -> Row:
        """Asks DNS, and what follows is a takeover with a journal of its own: found again, it is gone on with."""
        name, dry_run = parse_domain(options["domain"]), options["dry_run"]
        actor = get_user(options["administrator"])
        proof = prove.get(domain_name=name, actor=actor)
        proof = prove.confirm(proof=proof, acting_user=None, dry_run=dry_run)
        answer = {"dry_run": True} if dry_run else {}
        answer |= proof_details(proof) | self._what_follows(name, actor, options)
        if "preview" in answer:
            # Nothing was done that a key could stand for.
            raise _OnlyShown(answer)
        return answer

    def _what_follows(self, name: str, actor: User, options: dict[str, Any]) -> Row:
        domain, tenant = (
            domain_named(name),
            User.objects.select_related("tenant").get(pk=actor.pk).tenant,
        )
        if tenant is None or domain is None or not _is_takeable(domain, tenant):
            return {}
        if options["dry_run"] or not options["force_takeover"]:
            return {"preview": [line_row(line) for line in lines_of(plan_for(domain, tenant))]}
        done = take_over.take_over(domain_name=name, target=tenant, acting_user=None)
        return {"takeover": takeover_row(done)}

    def _for_people(self, answer: Row) -> str:
        preview = answer.pop("preview", None)
        return f"{lines(answer)}\n\n{table(preview)}" if preview else lines(answer)


def _is_takeable(domain: Domain, tenant: Tenant) -> bool:
    return domain.tenant_id != tenant.pk and domain.tenant.state == Tenant.State.UNMANAGED
