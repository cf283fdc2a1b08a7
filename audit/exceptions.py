from __future__ import annotations

from typing import Any, Self


class Refusal(Exception):
    """Something that was asked for and is not done; its text tells whoever asked why, and what to do.

    `about` is what it was made with: the same class with the same values says the same to another reader.
    """

    about: tuple[Any, ...]

    def __new__(cls, *about: Any, **named: Any) -> Self:
        refusal = super().__new__(cls, *about, **named)
        refusal.about = about
        return refusal


class AuditLogIsAppendOnlyError(Exception):
    """Somebody tried to change or delete a row of the audit log."""

    def __init__(self) -> None:
        super().__init__("Rows of the audit log are never changed or deleted.")


class NotAFileOfHeads(Refusal):
    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} is not a file of heads. Name one that lies below VAR_DIR as audit/heads.jsonl, a copy, or what "
            "`list_audit_heads --json` printed."
        )
