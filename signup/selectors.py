from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet
from django.utils import timezone

from signup.models import LegalDocument, SignUp, WelcomeItem


def current_documents(language: str) -> list[LegalDocument]:
    """Terms and privacy notice in their newest version, in `language` where there is a translation."""
    found = (current_document(kind, language) for kind in LegalDocument.Kind)
    return [document for document in found if document]


def current_document(kind: str, language: str) -> LegalDocument | None:
    newest = (
        LegalDocument.objects.filter(kind=kind, published_at__lte=timezone.now())
        .order_by("-published_at", "-id")
        .first()
    )
    if newest is None:
        return None
    same_version = LegalDocument.objects.filter(kind=kind, version=newest.version)
    return (
        same_version.filter(language=language).first()
        or same_version.filter(language="en").first()
        or newest
    )


def welcome_items(language: str) -> QuerySet[WelcomeItem]:
    return WelcomeItem.objects.filter(Q(language="") | Q(language=language), is_shown=True)


def sign_up_of_session(value: object) -> SignUp | None:
    """The sign-up whose id the session holds."""
    try:
        return SignUp.objects.filter(id=uuid.UUID(str(value))).first()
    except ValueError:
        return None


def sign_ups(*, domain: str = "", state: str = "") -> QuerySet[SignUp]:
    rows = SignUp.objects.select_related("user")
    if domain:
        rows = rows.filter(domain=domain)
    return rows.filter(state=state) if state else rows
