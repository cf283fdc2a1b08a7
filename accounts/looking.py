"""Looking for the record of a proof, for whoever pressed the button: a worker does it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from limits.limit import Limit, take_all
from tenants.flows import prove
from tenants.models import DomainProof, Tenant, User

LOOKS = Limit("accounts.look_for_record", "10 a minute, 60 an hour")
# Of an organisation whose administrators prove any domain they name, and so choose whose servers are asked.
ALL_LOOKS = Limit("accounts.look_for_records_of_organisation", "20 a minute, 200 an hour")


def look(proof: DomainProof, acting_user: User) -> str:
    """Has a worker look; what to tell where that cannot be now."""
    uses = [(LOOKS, str(acting_user.pk))]
    if proof.tenant.state == Tenant.State.MANAGED:
        uses.append((ALL_LOOKS, str(proof.tenant_id)))
    if take_all(uses):
        return _("You have asked often lately. Wait some minutes: DNS takes its time.")
    if not prove.ask_soon(proof=proof):
        return _("We cannot ask just now. Try again in a minute.")
    return ""
