from __future__ import annotations

import uuid
from enum import Enum

from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.queries import Prepared
from outbox.models import OutboxMail
from outbox.selectors import newest_mail_about
from signup.models import LegalDocument, SignUp, WelcomeItem


def current_documents(language: str) -> list[LegalDocument]:
    """Terms and privacy notice in their newest version, in `language` where there is a translation."""
    documents = _all_documents.rows()
    found = (_current(documents, kind, language) for kind in LegalDocument.Kind)
    return [document for document in found if document]


def current_document(kind: str, language: str) -> LegalDocument | None:
    return _current(list(_newest_first().filter(kind=kind)), kind, language)


def _newest_first() -> QuerySet[LegalDocument]:
    return LegalDocument.objects.order_by("-published_at", "-id")


_all_documents = Prepared(lambda: _newest_first().defer("text"))


def _current(documents: list[LegalDocument], kind: str, language: str) -> LegalDocument | None:
    """Of all documents, the newest first: the newest version of a kind, translated where it is."""
    of_kind = [document for document in documents if document.kind == kind]
    now = timezone.now()
    newest = next((document for document in of_kind if document.published_at <= now), None)
    if newest is None:
        return None
    translations = {row.language: row for row in of_kind if row.version == newest.version}
    return translations.get(language) or translations.get("en") or newest


def welcome_items(language: str) -> QuerySet[WelcomeItem]:
    return WelcomeItem.objects.filter(Q(language="") | Q(language=language), is_shown=True)


def sign_up_with_id(value: object) -> SignUp | None:
    """The sign-up whose id a session or a cookie holds, unless the purge has forgotten its address."""
    try:
        return SignUp.objects.filter(id=uuid.UUID(str(value)), address__gt="").first()
    except ValueError:
        return None


class Delivery(Enum):
    """What whoever waits may know of the newest mail. Never the mail server's words."""

    ON_ITS_WAY = "on its way"
    DELAYED = "delayed"
    FAILED = "failed"


def delivery_of(sign_up: SignUp) -> Delivery:
    """The same for every account: it follows from the mail server's answers, and a mail there always is.

    Where none was sent, because mail to the address rests, it looks like one that is on its way.
    """
    mail = newest_mail_about(sign_up.id)
    if mail is None or mail.state == OutboxMail.State.SENT:
        return Delivery.ON_ITS_WAY
    if mail.state in {OutboxMail.State.FAILED, OutboxMail.State.BOUNCED}:
        return Delivery.FAILED
    return Delivery.DELAYED if mail.last_error else Delivery.ON_ITS_WAY


def sign_ups(*, domain: str = "", state: str = "") -> QuerySet[SignUp]:
    rows = SignUp.objects.select_related("user")
    if domain:
        rows = rows.filter(domain=domain)
    return rows.filter(state=state) if state else rows
