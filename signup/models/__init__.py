"""Joining: sign-ups, what was accepted, what the pages around them show, the domain lists, and imports."""

from signup.models.imports import ImportedLine, UserImport
from signup.models.sign_ups import (
    Acceptance,
    DomainList,
    LegalDocument,
    MailPause,
    SignUp,
    WelcomeItem,
)

__all__ = [
    "Acceptance",
    "DomainList",
    "ImportedLine",
    "LegalDocument",
    "MailPause",
    "SignUp",
    "UserImport",
    "WelcomeItem",
]
