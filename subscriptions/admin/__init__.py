"""The admin's pages of this room."""

from subscriptions.admin import plans, subscriptions, units, use

__all__ = ["plans", "subscriptions", "units", "use"]
