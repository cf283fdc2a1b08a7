"""The admin's pages of this room."""

from subscriptions.admin import plans, subscriptions

__all__ = ["plans", "subscriptions"]
