"""Why something in a directory was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.exceptions import Refusal
from tenants.proving.outcome import Outcome
from tenants.proving.record import ProofRecord


class DirectoryError(Refusal):
    """A refusal; its text is for the person who asked."""


class NoSuchTenant(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            f"No tenant has the domain {domain}. `list_tenants` shows the domains that have one."
        )


class NoSuchTakeover(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _("%(domain)s was not taken over. list_takeovers shows the domains that were.")
            % {"domain": domain}
        )


class AddressTaken(DirectoryError):
    def __init__(self) -> None:
        super().__init__("An account has this address already.")


class AddressOfGroup(DirectoryError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "A group has this address already. Take it away from the group first, or enter another one."
            )
        )


class NoSuchRule(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(f"{domain} is not blocked here.")


class NoSuchMailboxRule(DirectoryError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no rule for the mailbox name {name} here.")


class NoSuchUser(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"No account has the address {address}. `list_users DOMAIN` shows those that there are."
        )


class AdmittedAlready(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is in organisation-wide grants already.")
            % {"address": address}
        )


class NotAdmitted(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is in no organisation-wide grant as it is.")
            % {"address": address}
        )


class NoOrganisation(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is an operator's, who belongs to no organisation.")
            % {"address": address}
        )


class NobodyAdministers(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _(
                "Nobody administers the organisation of %(address)s yet. Its first administrator becomes it by proving the domain."
            )
            % {"address": address}
        )


class AdministratorAlready(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is an administrator already.") % {"address": address}
        )


class NotItsAdministrator(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("%(address)s does not administer this organisation. Choose somebody who does.")
            % {"address": address}
        )


class MemberAlready(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(_("The account %(address)s is a member as it is.") % {"address": address})


class MayNotProve(DirectoryError):
    """Whoever asks for a proof cannot use it; `sentence` says why and what to do."""


class TooManyRecords(DirectoryError):
    def __init__(self, count: int) -> None:
        super().__init__(
            _(
                "%(count)s records that you asked for wait to be published. Publish those, or wait: each expires 7 days "
                "after it was asked for."
            )
            % {"count": count}
        )


class NoProofAsked(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "No record to publish was made for %(domain)s in the last 7 days, or it was made for somebody "
                "else. Ask for a new one (get_domain_verification), publish it, and try again."
            )
            % {"domain": domain}
        )


NOT_PROVEN: dict[Outcome, str | Promise] = {
    Outcome.NOT_THERE: gettext_lazy(
        "The record is not there yet. Publish the TXT record %(text)s at %(name)s, wait some minutes, and try "
        "again."
    ),
    Outcome.OTHER: gettext_lazy(
        "A record of this service is there, but with another value: an earlier one, a colleague's, or one with a "
        "slip in it. Publish the TXT record %(text)s at %(name)s; others may stay beside it."
    ),
    Outcome.DISAGREE: gettext_lazy(
        "Not all DNS servers of the domain show the record %(text)s at %(name)s yet. Wait some minutes until "
        "all have it, and try again; if that does not help, ask your DNS provider."
    ),
    Outcome.NOT_ASKED: gettext_lazy(
        "Too few DNS servers answered to be sure about the record %(text)s at %(name)s. Try again in some "
        "minutes; if that does not help, ask your DNS provider whether all servers of the domain work."
    ),
}


class NotProven(DirectoryError):
    def __init__(self, outcome: Outcome, record: ProofRecord) -> None:
        self.outcome = outcome
        super().__init__(str(NOT_PROVEN[outcome]) % {"text": record.text, "name": record.name})


class NotAllowed(DirectoryError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "You may not do this to this account. Ask an administrator of its organisation, or whoever runs "
                "this service; your own account you close on its page."
            )
        )


class HeldByOperator(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "An operator of this service has switched %(address)s off, so that operators alone restore it, or "
                "free its addresses for others. Ask whoever runs this service."
            )
            % {"address": account}
        )


class NotActive(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "The account %(address)s is not active. What is disabled or deleted can be restored first "
                "(restore_user)."
            )
            % {"address": account}
        )


class GoneAlready(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _("The account %(address)s has been deleted or closed already.") % {"address": account}
        )


class NothingToRestore(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "The account %(address)s cannot be restored: it is active, or its owner closed it, or it was "
                "deleted 30 days ago or longer."
            )
            % {"address": account}
        )


class LastAdministrator(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "%(address)s is the last active administrator of its organisation, which needs one. Make "
                "somebody else an administrator first."
            )
            % {"address": account}
        )


class LastOperator(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "%(address)s is the last active operator of this installation, which needs one. Make another "
                "one first (create_operator)."
            )
            % {"address": account}
        )


class DomainNotVerified(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "%(domain)s is not proven to be the organisation's, so only who signs up, and thereby proves the "
                "mailbox, gets an account there. Prove the domain first (get_domain_verification), or ask the "
                "person to sign up."
            )
            % {"domain": domain}
        )


class DomainClosed(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "Nobody joins with an address in %(domain)s now: the domain is blocked here (unblock_domain takes "
                "that back), or its proof was lost 30 days ago or longer (publish its DNS record again)."
            )
            % {"domain": domain}
        )


class OtherOrganisation(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(_("%(domain)s is not a domain of this organisation.") % {"domain": domain})


class NothingToRelease(DirectoryError):
    def __init__(self, account: str) -> None:
        super().__init__(
            _(
                "The account %(address)s has no address to release. Only deleted accounts have: delete it first "
                "(delete_user)."
            )
            % {"address": account}
        )
