"""The admin's pages of this room."""

from tenants.admin import proofs, rules, tenants, users

__all__ = ["proofs", "rules", "tenants", "users"]
