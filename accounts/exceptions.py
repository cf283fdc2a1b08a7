from __future__ import annotations

from django.utils.translation import gettext as _

from audit.exceptions import Refusal


class SecretsUnreadable(Exception):
    """What second factors are encrypted under was lost: neither SECRET_KEY nor a fallback opens them."""

    # A template that asks for recovery codes shows none; pages that need them say what happened.
    silent_variable_failure = True


class NothingToReset(Refusal):
    def __init__(self, account: str) -> None:
        super().__init__(
            _("The account %(address)s has no second factor to reset.") % {"address": account}
        )


class NeedsSomebodyElse(Refusal):
    def __init__(self) -> None:
        super().__init__(
            _(
                "An administrator's second factors are reset by two people: one asks, and another administrator of the organisation, or whoever runs this service, confirms it."
            )
        )


class AskedAlready(Refusal):
    def __init__(self, account: str) -> None:
        super().__init__(
            _("A reset for %(address)s waits already for a second person to confirm it.")
            % {"address": account}
        )


class RequestTooOld(Refusal):
    def __init__(self) -> None:
        super().__init__(
            _(
                "This was asked for more than three days ago. Ask for it again if it is still needed."
            )
        )


class WhoAskedMayNotAnyMore(Refusal):
    def __init__(self, who: str) -> None:
        super().__init__(
            _(
                "%(who)s, who asked for this, does not administer the organisation any more. Decline it, and ask for "
                "it yourself if it is still needed."
            )
            % {"who": who}
        )


class DecidedAlready(Refusal):
    def __init__(self) -> None:
        super().__init__(_("Somebody has decided about this already."))


class AddressUnchangeable(Refusal):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Your address comes from your organisation's directory. Ask its administrator to change it."
            )
        )


class OwnAlready(Refusal):
    def __init__(self, address: str) -> None:
        super().__init__(_("%(address)s is your address already.") % {"address": address})


class DomainUnusable(Refusal):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "Nobody gets an address in %(domain)s now. Enter another one of your organisation, or ask its "
                "administrator."
            )
            % {"domain": domain}
        )
