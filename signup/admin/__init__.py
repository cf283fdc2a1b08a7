"""The admin's pages of this room."""

from signup.admin import imports, sign_ups, users

__all__ = ["imports", "sign_ups", "users"]
