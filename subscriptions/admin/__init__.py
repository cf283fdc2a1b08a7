"""The admin's pages of this room."""

from subscriptions.admin import orders, organisation_plans, plans, subscriptions, units, use

__all__ = ["orders", "organisation_plans", "plans", "subscriptions", "units", "use"]
