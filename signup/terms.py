"""What people accept when they join: the documents that their page showed, in the versions it showed."""

from __future__ import annotations

from collections.abc import Mapping

from signup.exceptions import DocumentsChanged
from signup.models import Acceptance
from signup.selectors import current_documents
from tenants.models import User


def require_current(accepted: Mapping[str, str], language: str) -> None:
    """Raises DocumentsChanged where the versions shown are not the current ones any more."""
    current = {document.kind: document.version for document in current_documents(language)}
    if accepted != current:
        raise DocumentsChanged


def note(user: User, accepted: Mapping[str, str]) -> None:
    Acceptance.objects.bulk_create(
        Acceptance(user=user, kind=kind, version=version) for kind, version in accepted.items()
    )
