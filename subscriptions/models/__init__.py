"""Plans, the subscriptions that tenants have to them, and the units assigned to users."""

from subscriptions.models.capability import OF_THE_ORGANISATION, Capability
from subscriptions.models.order import Order, OrganisationPlans
from subscriptions.models.plan import FREE_PLAN, Plan, ServicePlan
from subscriptions.models.subscription import LAST_DAY, AssignedLicence, Subscription
from subscriptions.models.use import UseOfDay
from subscriptions.models.waiting import UnitWait, WithheldUnit
from subscriptions.models.warning import EndWarning

__all__ = [
    "FREE_PLAN",
    "LAST_DAY",
    "OF_THE_ORGANISATION",
    "AssignedLicence",
    "Capability",
    "EndWarning",
    "Order",
    "OrganisationPlans",
    "Plan",
    "ServicePlan",
    "Subscription",
    "UnitWait",
    "UseOfDay",
    "WithheldUnit",
]
