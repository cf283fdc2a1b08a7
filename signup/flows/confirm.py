"""Step 5 and 6: whoever holds the mailbox opens the link and becomes a user."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from audit.queries import Prepared
from audit.services import gathered, record
from outbox import links
from outbox.models import MailLink
from signup import address_rules, admission, terms
from signup.decision import decide
from signup.exceptions import (
    AccountExists,
    AddressIsAGroups,
    LinkUnusable,
    SignUpSwitchedOff,
)
from signup.flows.request import CONFIRM
from signup.models import MailPause, SignUp
from subscriptions import selectors as plans
from subscriptions import services as licences
from subscriptions.models import FREE_PLAN
from tenants import address_rule, addresses, locks
from tenants import services as directory
from tenants.address_rule import DomainMoved
from tenants.exceptions import AddressTaken
from tenants.models import Domain, User
from tenants.vouching import is_of_group

# So often may the domain of somebody who joins be taken over just then, or be given back.
MOVES = 4


class LinkState(Enum):
    GOOD = "good"
    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that somebody opened, and the sign-up behind it; both None where the link is unknown."""

    state: LinkState
    link: MailLink | None = None
    sign_up: SignUp | None = None


def open_link(token: str, *, purpose: str = CONFIRM) -> Opening:
    """Looks a link up and changes nothing."""
    link = links.find(token, purpose=purpose)
    sign_up = next(iter(_sign_ups.rows(link.subject_id)), None) if link else None
    # Once the purge has forgotten its address, a completed sign-up is as good as gone.
    if link is None or sign_up is None or not sign_up.address:
        return Opening(LinkState.UNKNOWN)
    if sign_up.state == SignUp.State.COMPLETED:
        return Opening(LinkState.USED, link, sign_up)
    if link.is_expired(timezone.now()):
        return Opening(LinkState.EXPIRED, link, sign_up)
    return Opening(LinkState.GOOD, link, sign_up)


_sign_ups = Prepared(lambda sign_up_id: SignUp.objects.order_by().filter(id=sign_up_id))


def complete(
    *,
    sign_up: SignUp,
    first_name: str,
    last_name: str,
    password: str,
    accepted: Mapping[str, str],
) -> User:
    """Makes the account, and the organisation's directory if there was none: all of it or nothing.

    `password` must have passed the password rules; `accepted` has the version of each legal document
    that the person was shown. Raises DocumentsChanged where that is no longer the current one,
    AccountExists, AddressIsAGroups, SignUpSwitchedOff, LinkUnusable, or AddressRefused where the domain has
    been blocked since.
    """
    terms.require_current(accepted, sign_up.language)
    password_hash = make_password(password)
    try:
        for _ in range(MOVES):
            with suppress(DomainMoved):
                return _complete(sign_up, first_name, last_name, password_hash, accepted)
        return _complete(sign_up, first_name, last_name, password_hash, accepted)
    except AccountExists:
        # Asked last, because few people try: a group's address is in no sign-up's way until here.
        if is_of_group(sign_up.address):
            raise AddressIsAGroups from None
        raise


def _complete(
    sign_up: SignUp,
    first_name: str,
    last_name: str,
    password_hash: str,
    accepted: Mapping[str, str],
) -> User:
    """Raises DomainMoved where the domain went to another organisation meanwhile: the next try finds it there."""
    address = addresses.parse(sign_up.address)
    with address_rule.moved_meanwhile(), transaction.atomic(), gathered():
        domain = _open_domain(address)
        if domain is None:
            domain, _ = directory.make_tenant(domain_name=address.domain, acting_user=None)
        try:
            user = directory.create_email_verified_user(
                domain=domain,
                address=address,
                first_name=first_name,
                last_name=last_name,
                password_hash=password_hash,
                language=sign_up.language,
            )
        except AddressTaken:
            raise AccountExists from None
        _grant_plans(sign_up, user, is_new=True)
        terms.note(user, accepted)
        _finish(sign_up, user)
    return user


@transaction.atomic
def add_plan(*, sign_up: SignUp, user: User) -> None:
    """Adds the free plan to the account that the link was sent to, if the organisation still lets it.

    Raises LinkUnusable for anybody else's account, also of somebody who has the address since then, and
    AddressRefused where the domain is blocked by now.
    """
    address = addresses.parse(sign_up.address)
    address_rules.refuse_unusable_domain(address.domain)
    if user.tenant_id:
        # A domain that is released just now does not leave them behind between the decision and the end.
        locks.hold(user.tenant_id)
    is_own = user.email == sign_up.address and user.tenant is not None
    is_own = is_own and user.created_at <= (sign_up.asked_again_at or sign_up.created_at)
    if not is_own or decide(address).outcome is not SignUp.Outcome.ADD_PLAN:
        raise LinkUnusable
    _grant_plans(sign_up, user, is_new=False)
    _finish(sign_up, user)
    directory.prove_mailbox(user=user, acting_user=user)


def _open_domain(address: addresses.Address) -> Domain | None:
    """The domain, if there is one yet. The link may be older than a switch, a block or another account."""
    address_rules.refuse_unusable_domain(address.domain)
    decision = decide(address)
    if decision.may_create_account:
        return decision.domain
    raise AccountExists if decision.user and decision.user.is_active else SignUpSwitchedOff


def _grant_plans(sign_up: SignUp, user: User, *, is_new: bool) -> None:
    assert user.tenant is not None
    skus = {FREE_PLAN}
    if plans.self_service_plan(sign_up.sku):
        skus.add(sign_up.sku)
    for sku in sorted(skus):
        subscription = licences.ensure_free_subscription(
            tenant=user.tenant, acting_user=user, sku=sku
        )
        licences.assign_unit(subscription=subscription, user=user, acting_user=user, is_new=is_new)


def _finish(sign_up: SignUp, user: User) -> None:
    """Closes this request and the address's others, and lifts its pause."""
    now = timezone.now()
    hit = (
        SignUp.objects.filter(id=sign_up.id)
        .exclude(state=SignUp.State.COMPLETED)
        .update(state=SignUp.State.COMPLETED, ended_at=now, user=user)
    )
    if hit != 1:
        raise LinkUnusable
    # Of whatever state: each may have a link that is still good, and the account may be closed today.
    others = SignUp.objects.filter(address=sign_up.address).exclude(state=SignUp.State.COMPLETED)
    others.update(state=SignUp.State.COMPLETED, ended_at=now, user=user)
    MailPause.objects.filter(address=sign_up.address).delete()
    admission.completed(sign_up.domain)
    record(
        action="signup.completed",
        subject=f"signup:{sign_up.id}",
        tenant_id=user.tenant_id,
        acting_user=user,
        details={"user": str(user.id), "outcome": sign_up.outcome},
    )
