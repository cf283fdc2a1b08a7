"""Why a backup was not made or not restored."""

from __future__ import annotations

from audit.exceptions import Refusal


class BackupError(Refusal):
    """Nothing was changed, unless the sentence says so."""


class FileIsThere(BackupError):
    def __init__(self, path: object) -> None:
        super().__init__(f"{path} is there already and stays as it is. Choose another name.")


class CannotWrite(BackupError):
    def __init__(self, path: object, reason: object) -> None:
        super().__init__(f"{path} cannot be written: {reason}.")


class ProgramMissing(BackupError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is needed and not there. Install the client programs of PostgreSQL "
            "(on Debian: apt install postgresql-client)."
        )


class ProgramFailed(BackupError):
    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name} did not do it, so nothing was changed. It says: {words}")


class NoSuchFile(BackupError):
    def __init__(self, path: object) -> None:
        super().__init__(f"There is no file {path}. Name the one that `backup` wrote.")


class NotABackup(BackupError):
    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} is not a backup of this product, or is cut off. Take another one."
        )


class Damaged(BackupError):
    def __init__(self, part: str) -> None:
        super().__init__(
            f"{part} in the archive is not what was written there: it is damaged. Take another one."
        )


class NewerThanTheCode(BackupError):
    def __init__(self, version: str, migration: str) -> None:
        super().__init__(
            f"The backup was made by version {version}, whose database is newer ({migration}). "
            "Get that version or a later one, then restore."
        )


class OtherEngine(BackupError):
    def __init__(self, theirs: str, ours: str) -> None:
        super().__init__(
            f"The backup is of {theirs}, and DATABASE_URL here means {ours}. Restore it where {theirs} is used."
        )


class NotEmpty(BackupError):
    def __init__(self) -> None:
        super().__init__(
            "The database here is not empty: all of it would be replaced. Use --force if that is meant."
        )


class InUse(BackupError):
    def __init__(self) -> None:
        super().__init__(
            "Something else is using the database. Stop web, worker and scheduler, then restore."
        )
