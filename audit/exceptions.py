from __future__ import annotations


class AuditLogIsAppendOnlyError(Exception):
    """Somebody tried to change or delete a row of the audit log."""

    def __init__(self) -> None:
        super().__init__("Rows of the audit log are never changed or deleted.")
