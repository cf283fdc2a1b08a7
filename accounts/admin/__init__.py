"""The admin's pages of this room."""

from accounts.admin import resets, users

__all__ = ["resets", "users"]
