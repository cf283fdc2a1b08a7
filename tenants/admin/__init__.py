"""The admin's pages of this room."""

from tenants.admin import domains, log, proofs, rules, takeovers, tenants, users

__all__ = ["domains", "log", "proofs", "rules", "takeovers", "tenants", "users"]
