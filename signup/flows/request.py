"""Step 1 to 4: an address asks to join, and gets exactly one mail."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.queries import Prepared, insert
from outbox import links
from outbox.services import enqueue
from signup import admission
from signup.decision import Decision, Page, decide
from signup.models import MailPause, SignUp
from tenants.addresses import Address, parse
from tenants.selectors import is_blocked

CONFIRM = "signup.confirm"
NOT_ME = "signup.not_me"
PAUSE = dt.timedelta(days=7)
State = SignUp.State


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says, and the sign-up that it is about (None where nothing was begun)."""

    page: Page
    sign_up: SignUp | None
    decision: Decision


def request_sign_up(
    *,
    address: Address,
    sku: str = "",
    return_url: str = "",
    language: str,
    browser: str = "",
    network: str | None = None,
    is_person: bool = False,
) -> Answer:
    """Begins a sign-up: its row and its mail commit together.

    `return_url` must have been checked by the caller; `browser` comes from `browsers.describe`, `network`
    from `networks.of_request`, where there is a web request. `is_person` says that a challenge was passed
    for this request; raises ChallengeNeeded where one has to be.
    """
    decision = decide(address)
    if decision.outcome is None:
        admission.admit_request(network, is_person=is_person)
        return Answer(decision.page, None, decision)
    may_mail = admission.admit(address, network=network, is_person=is_person)
    sign_up = SignUp(
        address=str(address),
        domain=address.domain,
        outcome=decision.outcome,
        sku=sku,
        return_url=return_url,
        language=language,
        browser=browser,
        created_at=timezone.now(),
    )
    _begin(sign_up, may_mail=may_mail)
    return Answer(decision.page, sign_up, decision)


@transaction.atomic
def _begin(sign_up: SignUp, *, may_mail: bool) -> None:
    if not sign_up.has_link:
        sign_up.state, sign_up.ended_at = SignUp.State.ANSWERED, sign_up.created_at
    insert([sign_up])
    if may_mail and not _is_paused(sign_up.address):
        _send_mail(sign_up)


def resend(
    *,
    sign_up_id: uuid.UUID,
    network: str | None = None,
    is_person: bool = False,
    is_holder: bool = False,
) -> None:
    """One more mail for a request, as things stand now. Links that went out before stay good.

    What was completed is asked anew: its mail says how to get in. `is_holder` says that whoever asks has shown
    a link of an earlier mail, whose time is over: they read the mailbox, so that no *This was not me* is in
    their way. Raises ChallengeNeeded as `request_sign_up` does.
    """
    admission.admit_request(network, is_person=is_person)
    sign_up = _to_mail_again(is_holder).filter(id=sign_up_id).first()
    if sign_up is None:
        return
    address = parse(sign_up.address)
    outcome = decide(address).outcome
    if outcome is None or is_blocked(address.domain):
        return
    if not admission.admit_mail(address, is_person=is_person):
        return
    if sign_up.state == State.COMPLETED:
        _begin(_asked_anew(sign_up, outcome), may_mail=True)
    else:
        _mail_again(sign_up_id, is_holder=is_holder)


def _to_mail_again(is_holder: bool) -> QuerySet[SignUp]:
    return SignUp.objects.all() if is_holder else SignUp.objects.exclude(state=State.NOT_ME)


def _asked_anew(sign_up: SignUp, outcome: SignUp.Outcome) -> SignUp:
    return SignUp(
        address=sign_up.address,
        domain=sign_up.domain,
        outcome=outcome,
        sku=sign_up.sku,
        return_url=sign_up.return_url,
        language=sign_up.language,
        browser=sign_up.browser,
        created_at=timezone.now(),
    )


@transaction.atomic
def _mail_again(sign_up_id: uuid.UUID, *, is_holder: bool) -> None:
    waiting = _to_mail_again(is_holder).select_for_update().exclude(state=State.COMPLETED)
    sign_up = waiting.filter(id=sign_up_id).first()
    outcome = decide(parse(sign_up.address)).outcome if sign_up else None
    if sign_up is None or outcome is None:
        return
    sign_up.outcome = outcome
    sign_up.state = SignUp.State.PENDING if sign_up.has_link else SignUp.State.ANSWERED
    sign_up.ended_at = None if sign_up.has_link else sign_up.ended_at or timezone.now()
    sign_up.asked_again_at = timezone.now()
    sign_up.save(update_fields=("outcome", "state", "ended_at", "asked_again_at"))
    if is_holder or not _is_paused(sign_up.address):
        _send_mail(sign_up)


@transaction.atomic
def not_me(*, sign_up_id: uuid.UUID) -> None:
    """Ends a request and pauses sign-up mail to its address. Links that went out before stay good."""
    sign_up = SignUp.objects.get(id=sign_up_id)
    SignUp.objects.filter(id=sign_up_id, state=SignUp.State.PENDING).update(
        state=SignUp.State.NOT_ME, ended_at=timezone.now()
    )
    pause_mail(address=sign_up.address)


def pause_mail(*, address: str) -> None:
    """No sign-up mail to `address` for 7 days from now."""
    until = timezone.now() + PAUSE
    MailPause.objects.update_or_create(address=address, defaults={"until": until})


_paused = Prepared(lambda address: MailPause.objects.filter(address=address).values_list("address"))


def _is_paused(address: str) -> bool:
    return bool(_paused.values(address)) and (
        MailPause.objects.filter(address=address, until__gt=timezone.now()).exists()
    )


def _send_mail(sign_up: SignUp) -> None:
    mail = enqueue(
        kind=f"signup.{sign_up.outcome}",
        to_address=sign_up.address,
        language=sign_up.language,
        context={"sign_up": str(sign_up.id), "browser": sign_up.browser},
    )
    purposes = (CONFIRM, NOT_ME) if sign_up.has_link else (NOT_ME,)
    links.create_all(mail=mail, purposes=purposes, address=sign_up.address, subject_id=sign_up.id)
