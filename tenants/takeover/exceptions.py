"""Why a domain does not go from one organisation to another, each with what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.exceptions import DirectoryError


class TakeoverRefused(DirectoryError):
    """A refusal of a takeover, of its undoing, or of a hand-over."""


class OperatorsOnly(TakeoverRefused):
    def __init__(self) -> None:
        super().__init__(_("Only those who run this service may do this. Ask them."))


class NotManaged(TakeoverRefused):
    def __init__(self, organisation: str) -> None:
        super().__init__(
            _(
                "Nobody administers %(organisation)s yet. One of its members proves its own domain first and "
                "becomes its administrator."
            )
            % {"organisation": organisation}
        )


class NotHeld(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s belongs to no organisation here. Prove it, and it is added to yours.")
            % {"domain": domain}
        )


class BlockedHere(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("This service does not accept the domain %(domain)s. Ask the people who run it.")
            % {"domain": domain}
        )


class OwnAlready(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(_("%(domain)s belongs to this organisation already.") % {"domain": domain})


class HeldByManaged(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "%(domain)s belongs to an organisation that has administrators. They can hand it over to you. If "
                "they lost it, whoever runs this service can release it, 30 days after its DNS record is gone."
            )
            % {"domain": domain}
        )


class NotProvenHere(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "Your organisation has not proven %(domain)s, or its record is missing now. Publish the record, "
                "have it checked, and try again."
            )
            % {"domain": domain}
        )


class UnderWay(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s is being taken over just now. Look again in some minutes.")
            % {"domain": domain}
        )


class TakenAlready(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "Somebody else proved %(domain)s first: its organisation has an administrator by now. Ask them to "
                "make you one as well."
            )
            % {"domain": domain}
        )


class MovedOn(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s belongs to another organisation by now. Look again at where it is.")
            % {"domain": domain}
        )


class StoppedBefore(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "A takeover of %(domain)s was stopped by those who run this service. Ask them, and tell them who "
                "you are."
            )
            % {"domain": domain}
        )


class NothingToUndo(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "There is no takeover of %(domain)s that can be undone: it was undone already, 30 days are over, "
                "or the domain has gone on to another organisation."
            )
            % {"domain": domain}
        )


class OnlyStopped(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "A member proved %(domain)s and became the administrator: nothing has moved that could go back. Stop it "
                "instead, within 30 days (stop_takeover)."
            )
            % {"domain": domain}
        )


class NothingToWaive(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("No takeover of %(domain)s has limits now, so there is nothing to waive.")
            % {"domain": domain}
        )


class ReasonNeeded(TakeoverRefused):
    def __init__(self) -> None:
        super().__init__(_("Give a reason: the organisation reads it in its audit log."))


class NobodyLeft(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "All active administrators of the organisation have an address in %(domain)s. Make somebody with "
                "another address an administrator first."
            )
            % {"domain": domain}
        )


class AddressesLeft(TakeoverRefused):
    def __init__(self, domain: str, count: int) -> None:
        super().__init__(
            ngettext(
                "%(count)s address lies in %(domain)s. Change or release it first; a domain that nobody uses "
                "can be removed.",
                "%(count)s addresses lie in %(domain)s. Change or release them first; a domain that nobody uses "
                "can be removed.",
                count,
            )
            % {"domain": domain, "count": count}
        )


class OnlyDomain(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s is the only domain of the organisation, which needs one.")
            % {"domain": domain}
        )


class NoOffer(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "%(domain)s is not offered to this organisation now, or the offer is older than 7 days."
            )
            % {"domain": domain}
        )


class WhoOfferedMayNotAnyMore(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "Whoever offered %(domain)s does not administer that organisation any more. Ask those who do to offer "
                "it again."
            )
            % {"domain": domain}
        )


class OfferedAlready(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s is offered already. Withdraw that offer first.") % {"domain": domain}
        )


class NotReleasable(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "%(domain)s is released only 30 days after its organisation lost the proof of it, and only to an "
                "organisation that has proven it since. Use list_domain_proofs to see both."
            )
            % {"domain": domain}
        )


class OtherHolder(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s is not a domain of this organisation. Look at the list of its domains.")
            % {"domain": domain}
        )


class Failed(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "The takeover of %(domain)s failed for a day, and nothing has changed. Those who run this service "
                "find the cause in its log; then it can begin anew."
            )
            % {"domain": domain}
        )
