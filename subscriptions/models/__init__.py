"""Plans, the subscriptions that tenants have to them, and the units assigned to users."""

from subscriptions.models.capability import OF_THE_ORGANISATION, Capability
from subscriptions.models.plan import FREE_PLAN, Plan, ServicePlan
from subscriptions.models.subscription import AssignedLicence, Subscription

__all__ = [
    "FREE_PLAN",
    "OF_THE_ORGANISATION",
    "AssignedLicence",
    "Capability",
    "Plan",
    "ServicePlan",
    "Subscription",
]
