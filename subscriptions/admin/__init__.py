"""The admin's pages of this room."""

from subscriptions.admin import plans, subscriptions, use

__all__ = ["plans", "subscriptions", "use"]
