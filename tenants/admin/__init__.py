"""The admin's pages of this room."""

from tenants.admin import domains, groups, log, proofs, rules, takeovers, tenants, users

__all__ = ["domains", "groups", "log", "proofs", "rules", "takeovers", "tenants", "users"]
