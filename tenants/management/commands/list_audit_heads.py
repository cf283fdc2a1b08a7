from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.chain import claim_of
from audit.commands import READ_AT_ONCE, ListCommand, Row
from audit.heads import as_row
from audit.models import ChainHead
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Lists the newest sealed hash of each tenant's audit log, to be kept elsewhere."
    nothing = "Nothing was chained yet."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")

    def rows(self, **options: Any) -> Iterator[Row]:
        heads = ChainHead.objects.order_by("chain")
        if options["domain"]:
            heads = heads.filter(chain=get_tenant(options["domain"]).id)
        for head in heads.iterator(chunk_size=READ_AT_ONCE):
            yield as_row(claim_of(head))
