"""Backup and restore: one archive with the database, a manifest, and, if asked for, the secrets."""
