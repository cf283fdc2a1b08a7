"""The admin's pages of this room."""

from tenants.admin import log, proofs, rules, tenants, users

__all__ = ["log", "proofs", "rules", "tenants", "users"]
