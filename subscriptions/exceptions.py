"""Why something about plans was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from audit.exceptions import Refusal


class SubscriptionError(Refusal):
    """A refusal; its text is for the person who asked."""


class NoSuchPlan(SubscriptionError):
    def __init__(self, sku: str, known: list[str]) -> None:
        super().__init__(f"There is no plan {sku}. The plans are: {', '.join(known)}.")


class UnitsRequired(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _("%(plan)s is sold by units: say how many (--units), 1 or more.") % {"plan": sku}
        )


class TooFewUnits(SubscriptionError):
    def __init__(self, units: int, used: int) -> None:
        super().__init__(
            _(
                "%(used)d units are assigned, so %(units)d are too few: take units away from people first, or "
                "choose %(used)d or more."
            )
            % {"used": used, "units": units}
        )


class NoUnitLeft(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _(
                "All units of %(plan)s are assigned. Take one away from somebody (remove_licence), or get more "
                "(convert_subscription --units)."
            )
            % {"plan": sku}
        )


class NoUnitToRemove(SubscriptionError):
    def __init__(self, account: str, sku: str) -> None:
        super().__init__(
            _("The account %(address)s has no unit of %(plan)s and does not wait for one.")
            % {"address": account, "plan": sku}
        )


class NotSubscribed(SubscriptionError):
    def __init__(self, tenant_name: str, sku: str) -> None:
        super().__init__(
            _(
                "%(organisation)s has no subscription to %(plan)s. `list_subscriptions` shows those there are; "
                "`convert_subscription` makes one."
            )
            % {"organisation": tenant_name, "plan": sku}
        )


class NotOnePlan(SubscriptionError):
    def __init__(self, tenant_name: str, skus: list[str]) -> None:
        super().__init__(
            _("%(organisation)s has %(number)d paid plans (%(plans)s): name one with --plan.")
            % {"organisation": tenant_name, "number": len(skus), "plans": ", ".join(skus) or "-"}
        )


class SubscribedAlready(SubscriptionError):
    def __init__(self, tenant_name: str, sku: str) -> None:
        super().__init__(
            _(
                "%(organisation)s has a subscription to %(plan)s already: cancel that one first, or change its "
                "units."
            )
            % {"organisation": tenant_name, "plan": sku}
        )


class NotSold(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _("%(plan)s is free: it has no units, trial, end or renewal, and nothing becomes it.")
            % {"plan": sku}
        )


class NoEnd(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _(
                "The subscription to %(plan)s has no end at which it could be cancelled. Cancel it at once "
                "(without --at-end), or give it an end first (convert_subscription --until)."
            )
            % {"plan": sku}
        )


class EndIsOver(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(_("The end must lie in the future."))


class EndTooFar(SubscriptionError):
    def __init__(self, years: int) -> None:
        super().__init__(
            _("The end must lie within %(years)d years: choose an earlier one.") % {"years": years}
        )


class NoSuchNumber(SubscriptionError):
    def __init__(self, most: int) -> None:
        super().__init__(_("Choose a number from 1 to %(most)d.") % {"most": most})


class HolderMoved(SubscriptionError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("%(address)s belongs to another organisation than the plan: look at both again.")
            % {"address": address}
        )


class NotOffered(SubscriptionError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("%(plan)s is not offered: choose another plan, or ask whoever runs this service.")
            % {"plan": name}
        )


class GroupsRequired(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Units by group need at least one group of the organisation; other policies need none."
            )
        )


class OrderedAlready(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _("An order for %(plan)s waits already: withdraw it first, to order something else.")
            % {"plan": sku}
        )


class OrderDecided(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(_("This order does not wait any more: look at what became of it."))


class WhoOrderedMayNotAnyMore(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Whoever placed this order does not administer the organisation any more. Ask its administrators, and "
                "refuse it; they can place it anew."
            )
        )


class NothingToRenew(SubscriptionError):
    def __init__(self, tenant: str, sku: str) -> None:
        super().__init__(
            _(
                "The subscription of %(organisation)s to %(plan)s has no end, so there is nothing to renew. To give it an "
                "end, convert it with one (convert_subscription --until)."
            )
            % {"organisation": tenant, "plan": sku}
        )


class NothingOrdered(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(
            _("This changes nothing: choose other units, or for how long the plan goes on.")
        )


class EndRequired(SubscriptionError):
    def __init__(self) -> None:
        super().__init__(_("Choose for how long: the plan has no end that it could keep."))


class NoTrial(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(
            _("%(plan)s cannot be tried: your organisation has had it before, or trials are off.")
            % {"plan": sku}
        )


class TooManyToTry(SubscriptionError):
    def __init__(self, most: int) -> None:
        super().__init__(
            _("A trial has at most %(most)d units. Choose fewer, or order the plan.")
            % {"most": most}
        )


class NotUnlocked(SubscriptionError):
    """What somebody wants to do is not in the plan; see capabilities.py."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} {remedy}")
