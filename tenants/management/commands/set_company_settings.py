from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row, boolean
from tenants.representations import tenant_details
from tenants.selectors import get_tenant
from tenants.services import set_company_settings

SWITCHES = ("allow_ad_hoc_subscriptions", "allow_email_verified_users")


class Command(ChangeCommand):
    help = "Sets the sign-up switches of the tenant that has a domain."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--allow-ad-hoc-subscriptions",
            metavar="BOOL",
            help="May people sign up by themselves at all.",
        )
        parser.add_argument(
            "--allow-email-verified-users",
            metavar="BOOL",
            help="May a sign-up create an account.",
        )

    def change(self, **options: Any) -> Row:
        wanted = {name: boolean(options[name]) for name in SWITCHES if options[name] is not None}
        tenant = set_company_settings(
            tenant=get_tenant(options["domain"]), acting_user=None, **wanted
        )
        return tenant_details(tenant)
