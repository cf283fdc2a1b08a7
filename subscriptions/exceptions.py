"""Why something about plans was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from audit.exceptions import Refusal


class SubscriptionError(Refusal):
    """A refusal; its text is for the person who asked."""


class NoSuchPlan(SubscriptionError):
    def __init__(self, sku: str, known: list[str]) -> None:
        super().__init__(f"There is no plan {sku}. The plans are: {', '.join(known)}.")


class UnitsRequired(SubscriptionError):
    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} is sold by units: give --units with a number above 0.")


class TooFewUnits(SubscriptionError):
    def __init__(self, units: int, used: int) -> None:
        super().__init__(
            f"{used} units are assigned, so {units} are too few: take units away from users first, "
            f"or give --units {used} or more."
        )


class NoUnitLeft(SubscriptionError):
    def __init__(self) -> None:
        super().__init__("All units of the plan are assigned.")


class NotSubscribed(SubscriptionError):
    def __init__(self, tenant_name: str, sku: str) -> None:
        super().__init__(f"{tenant_name} has no subscription to {sku}.")


class NotUnlocked(SubscriptionError):
    """What somebody wants to do is not in the plan; see capabilities.py."""

    def __init__(self, reason: str, remedy: str) -> None:
        self.reason, self.remedy = reason, remedy
        super().__init__(f"{reason} {remedy}")
