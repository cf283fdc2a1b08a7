"""Looking for the record of a proof, for whoever pressed the button: a worker does it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from limits.limit import Limit
from tenants.flows import prove
from tenants.models import DomainProof, User

LOOKS = Limit("accounts.look_for_record", "10 a minute, 60 an hour")


def look(proof: DomainProof, acting_user: User) -> str:
    """Has a worker look; what to tell where that cannot be now."""
    if not LOOKS.take(str(acting_user.pk)):
        return _("You have asked often lately. Wait some minutes: DNS takes its time.")
    if not prove.ask_soon(proof=proof):
        return _("We cannot ask just now. Try again in a minute.")
    return ""
