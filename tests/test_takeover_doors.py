"""Every door of domains, proofs, offers and takeovers, tried by everybody who has no business there."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.fresh_factor import has_factor
from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.flows import act_for, hand_over, prove, take_over
from tenants.models import (
    ActingFor,
    Domain,
    DomainHandOver,
    DomainProof,
    Takeover,
    TakeoverNotice,
    Tenant,
    User,
)
from tests.domain_portal import DOMAINS, takeover_page
from tests.factories import OperatorFactory, UserFactory
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import lost, proven, unmanaged

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
World = dict[str, Any]
REASON = {"reason": "They called us."}


@pytest.fixture
def world(boss: User, neighbour: tuple[User, Client]) -> World:
    """All that doors open on: of contoso.com, but for what is offered to it."""
    other, _ = neighbour
    assert boss.tenant
    assert other.tenant
    for name in ("firm.com", "shop.com"):
        unmanaged(name)
        proven(boss, name)
    for name in ("neu.com", "lent.com", "gone.com"):
        proven(boss, name)
    proven(other, "gift.com")
    taken = take_over.take_over(domain_name="firm.com", target=boss.tenant, acting_user=boss)
    lost(DomainProof.objects.get(domain_name="gone.com"), days=31)
    proven(other, "gone.com")
    lent = hand_over.offer(
        domain_name="lent.com", tenant=boss.tenant, to=other.tenant, acting_user=boss
    )
    gift = hand_over.offer(
        domain_name="gift.com", tenant=other.tenant, to=boss.tenant, acting_user=other
    )
    waiting = prove.request(domain_name="wait.com", actor=boss, acting_user=boss)
    held = {domain.name: domain.pk for domain in Domain.objects.all()}
    return {"taken": taken, "lent": lent, "gift": gift, "waiting": waiting, **held}


def at_domain(name: str, what: str) -> Callable[[World], str]:
    return lambda world: f"{DOMAINS}{world[name]}/{what}"


def at_takeover(what: str) -> Callable[[World], str]:
    return lambda world: takeover_page(world["taken"], what)


# Where, what is pressed, and whose door it is.
DOORS: dict[str, tuple[Callable[[World], str], dict[str, str], str]] = {
    "add": (lambda _: f"{DOMAINS}add/", {"domain": "new.com"}, "boss"),
    "take over": (lambda _: f"{DOMAINS}take-over/shop.com/", {"typed": "shop.com"}, "boss"),
    "remove": (at_domain("neu.com", "remove/"), {"typed": "neu.com"}, "boss"),
    "offer": (at_domain("neu.com", "offer/?to=near.com"), {"typed": "neu.com"}, "boss"),
    "withdraw": (at_domain("lent.com", "withdraw/"), {}, "boss"),
    "accept": (lambda w: f"{DOMAINS}offered/{w['gift'].pk}/", {"typed": "gift.com"}, "boss"),
    "decline": (lambda w: f"{DOMAINS}offered/{w['gift'].pk}/decline/", {}, "boss"),
    "undo": (at_takeover("undo"), {"typed": "firm.com"}, "boss"),
    "waive": (at_takeover("waive"), {"typed": "firm.com", **REASON}, "operator"),
    "stop": (at_takeover("stop"), {"typed": "firm.com", **REASON}, "operator"),
    "release": (at_domain("gone.com", "release/"), {"typed": "gone.com", **REASON}, "operator"),
}


def everything() -> str:
    """What any of them could change, as a digest; the log of refusals is no change."""
    rows = [
        list(model._default_manager.order_by("pk").values_list())
        for model in (Domain, DomainProof, Takeover, DomainHandOver, TakeoverNotice, OutboxMail)
    ]
    roles = list(User.objects.order_by("pk").values_list("pk", "role", "tenant", "state"))
    states = list(Tenant.objects.order_by("pk").values_list("pk", "state"))
    done = AuditEvent.objects.exclude(result="refused").count()
    return hashlib.sha256(repr((rows, roles, states, done)).encode()).hexdigest()


def signed_in(user: User, *, minutes_ago: float = 0, **more: Any) -> Client:
    if not has_factor(user):
        set_up_app(user)
    return sign_in_fresh(Client(**more), user, minutes_ago=minutes_ago)


# --- Who has no business there -------------------------------------------------------------------------


def colleague(boss: User) -> User:
    return UserFactory.create(
        tenant=boss.tenant, email="colleague@contoso.com", role=User.Role.ADMINISTRATOR
    )


def nobody(boss: User) -> Client:
    return Client()


def member(boss: User) -> Client:
    return signed_in(UserFactory.create(tenant=boss.tenant, email="member@contoso.com"))


def moved_member(boss: User) -> Client:
    """Of the organisation that was taken over."""
    return signed_in(User.objects.get(email="person0@firm.com"))


def stranger(boss: User) -> Client:
    return signed_in(administrator())


def disabled(boss: User) -> Client:
    client = signed_in(colleague(boss))
    User.objects.filter(email="colleague@contoso.com").update(state=User.State.DISABLED)
    return client


def demoted(boss: User) -> Client:
    client = signed_in(colleague(boss))
    User.objects.filter(email="colleague@contoso.com").update(role=User.Role.MEMBER)
    return client


def without_factor(boss: User) -> Client:
    client = Client()
    client.force_login(colleague(boss))
    return client


def disabled_operator(boss: User) -> Client:
    user = OperatorFactory.create()
    client = signed_in(user)
    User.objects.filter(pk=user.pk).update(state=User.State.DISABLED)
    return client


def acted_for(boss: User) -> Client:
    """An operator whose half hour is over."""
    user = OperatorFactory.create()
    client = signed_in(user)
    assert boss.tenant
    acting = act_for.begin(
        tenant=boss.tenant, administrator=boss, reason="They asked us.", acting_user=user
    )
    over = timezone.now() - dt.timedelta(minutes=1)
    ActingFor.objects.filter(pk=acting.pk).update(began_at=over - act_for.LASTS, ends_at=over)
    session = client.session
    session["acting_for"] = str(acting.pk)
    session.save()
    return client


OUTSIDERS = (
    nobody,
    member,
    moved_member,
    stranger,
    disabled,
    demoted,
    without_factor,
    disabled_operator,
)


# Whoever administers an organisation adds domains to that: tests/test_what_takeovers_tell.py says what they learn.
OWN_DOORS = {"add", "take over"}


@pytest.mark.parametrize("who", OUTSIDERS, ids=lambda who: who.__name__)
def test_a_door_opens_for_nobody_else(world: World, boss: User, who: Any) -> None:
    client = who(boss)
    before = everything()
    for name, (where, pressed, _) in DOORS.items():
        if who is stranger and name in OWN_DOORS:
            continue
        for answer in (client.get(where(world)), client.post(where(world), pressed)):
            assert answer.status_code in {302, 403, 404}, (where(world), answer.status_code)
        assert everything() == before, where(world)
    proof = f"/account/proofs/{world['waiting'].pk}/"
    assert client.post(f"{proof}check/").status_code in {302, 403, 404}
    assert client.get(f"{proof}state/").status_code in {302, 403, 404}
    assert everything() == before


def test_operators_doors_open_for_no_administrator(world: World, portal: Client) -> None:
    before = everything()
    for where, pressed, whose in DOORS.values():
        if whose == "operator":
            assert portal.get(where(world)).status_code == 403
            assert portal.post(where(world), pressed).status_code == 403
    assert everything() == before


def test_what_was_meant_for_an_organisation_is_not_done_once_the_half_hour_is_over(
    world: World, boss: User
) -> None:
    client = acted_for(boss)
    ended, before = client.session["acting_for"], everything()
    for where, pressed, _ in DOORS.values():
        session = client.session
        session["acting_for"] = ended
        session.save()
        assert client.post(where(world), pressed).status_code in {302, 403, 404}
        assert everything() == before, where(world)


# --- Whose door it is --------------------------------------------------------------------------------


def rightful(boss: User, whose: str) -> Client:
    return signed_in(boss if whose == "boss" else OperatorFactory.create())


@pytest.mark.parametrize("name", DOORS)
def test_a_press_and_nothing_but_a_press_does_it(world: World, boss: User, name: str) -> None:
    where, pressed, whose = DOORS[name]
    client = rightful(boss, whose)
    before = everything()
    for method in ("get", "head", "options", "put", "patch", "delete", "trace"):
        getattr(client, method)(where(world))
        assert everything() == before, method
    client.post(where(world), pressed)
    assert everything() != before


def test_not_without_the_forms_token_nor_with_an_old_factor(world: World, boss: User) -> None:
    operator = OperatorFactory.create()
    forged = {user: signed_in(user, enforce_csrf_checks=True) for user in (boss, operator)}
    late = {user: signed_in(user, minutes_ago=11) for user in (boss, operator)}
    before = everything()
    for where, pressed, whose in DOORS.values():
        user = boss if whose == "boss" else operator
        assert forged[user].post(where(world), pressed).status_code == 403
        answer = late[user].post(where(world), pressed)
        assert "reauthenticate" in answer.headers["Location"]
        assert everything() == before, where(world)


def test_not_with_another_domain_typed(world: World, boss: User) -> None:
    client = {whose: rightful(boss, whose) for whose in ("boss", "operator")}
    before = everything()
    for where, pressed, whose in DOORS.values():
        for typed in ("", "firm.com.evil.org", "firm\u0000.com"):
            if "typed" in pressed:
                answer = client[whose].post(where(world), {**pressed, "typed": typed})
                assert answer.status_code == 200
    assert everything() == before


@pytest.mark.parametrize(
    "junk", ["%00", "a%00.com", "..", "x" * 300, "%F0%9F%92%A9.com", "firm.com%2F"]
)
def test_what_is_no_domain_is_no_page(portal: Client, junk: str) -> None:
    assert portal.get(f"{DOMAINS}take-over/{junk}/").status_code in {301, 302, 404}
