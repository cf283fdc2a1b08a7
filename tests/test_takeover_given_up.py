"""Undoing that fails for a reason of its own is tried some times, then waits for an operator, who is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone, translation

from audit.models import AuditEvent
from tenants import tasks
from tenants.flows import give_back, resume, take_over
from tenants.models import Takeover, Tenant, User
from tenants.takeover import refusals, registry
from tenants.takeover.exceptions import TakeoverRefused
from tenants.takeover.refusals import KNOWN, told
from tenants.takeover.registry import Belonging, Move
from tests.domain_portal import page, takeover_page
from tests.takeovers import holder, lost, managed, proven, unmanaged
from tests.test_commands import run

pytestmark = pytest.mark.django_db
FIRM, SHOP = "firm.com", "shop.com"


@pytest.fixture
def ada() -> User:
    return managed(FIRM)


def taken(ada: User, name: str) -> Takeover:
    unmanaged(name)
    proven(ada, name)
    assert ada.tenant
    return take_over.take_over(domain_name=name, target=ada.tenant, acting_user=ada)


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    def tear(move: Move) -> None:
        if move.domain.name == SHOP and move.is_back:
            raise KeyError("A fault of ours, not of the database alone.")

    with monkeypatch.context() as patch:
        patch.setitem(registry._belongings, "torn", Belonging("torn", (), tear))
        yield patch


@pytest.fixture
def given_up(ada: User, torn: pytest.MonkeyPatch) -> Takeover:
    takeover = taken(ada, SHOP)
    give_back.begin(domain_name=SHOP, acting_user=ada)
    for _ in range(resume.MOST_ATTEMPTS + 5):
        tasks.resume_takeovers()
    takeover.refresh_from_db()
    return takeover


def test_it_is_tried_a_number_of_times_and_then_left(given_up: Takeover, ada: User) -> None:
    assert (given_up.state, given_up.attempts) == ("undoing", resume.MOST_ATTEMPTS)
    assert given_up.given_up_at
    assert holder(SHOP) == ada.tenant
    assert AuditEvent.objects.filter(action="takeover.undo_given_up").count() == 1


def test_it_holds_up_no_other(ada: User, torn: pytest.MonkeyPatch) -> None:
    for name in (SHOP, "late.com"):
        taken(ada, name)
        give_back.begin(domain_name=name, acting_user=ada)
    assert [ended.domain_name for ended in resume.resume()] == ["late.com"]


def test_operators_are_told_and_have_it_tried_again(
    given_up: Takeover, operator: Client, torn: pytest.MonkeyPatch
) -> None:
    words = "Undoing 1 takeover failed"
    assert words in page(operator, "/admin/")
    assert "failed several times" in page(operator, takeover_page(given_up))
    assert "data-waits-at" not in page(operator, takeover_page(given_up))
    assert run("list_takeovers", SHOP)[0]["given_up"]
    assert run("resume_takeovers") == {"ended": []}
    given_up.refresh_from_db()
    assert given_up.given_up_at
    torn.undo()
    tasks.resume_takeovers()
    assert holder(SHOP).pk == given_up.target_tenant_id
    assert run("resume_takeovers") == {"ended": [SHOP]}
    undone = Takeover.objects.get(pk=given_up.pk)
    assert (undone.state, undone.given_up_at) == ("undone", None)
    assert holder(SHOP).pk == given_up.source_tenant_id
    assert words not in page(operator, "/admin/")


def test_what_undoing_needs_is_kept_for_as_long_as_it_waits(
    given_up: Takeover, torn: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(timezone.now() + dt.timedelta(days=40)):
        tasks.purge_emptied()
        torn.undo()
        assert run("resume_takeovers") == {"ended": [SHOP]}
        assert holder(SHOP).pk == given_up.source_tenant_id
        tasks.purge_emptied()
        assert not given_up.moved.exists()
    assert Tenant.objects.filter(pk=given_up.source_tenant_id).exists()


def test_a_database_that_was_away_for_a_moment_is_no_matter(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(ada, SHOP)
    give_back.begin(domain_name=SHOP, acting_user=ada)

    def away(move: Move) -> None:
        raise IntegrityError

    with monkeypatch.context() as patch:
        patch.setitem(registry._belongings, "torn", Belonging("torn", (), away))
        assert resume.resume() == []
    assert [ended.state for ended in resume.resume()] == ["undone"]


def test_who_lost_their_role_meanwhile_undoes_nothing(ada: User) -> None:
    takeover = taken(ada, SHOP)
    give_back.begin(domain_name=SHOP, acting_user=ada)
    User.objects.filter(pk=ada.pk).update(role=User.Role.MEMBER)
    tasks.run_takeover(str(takeover.pk))
    takeover.refresh_from_db()
    assert (takeover.state, takeover.refusal_name) == ("done", "NotAllowed")
    assert holder(SHOP) == ada.tenant


# --- The words of refusals -----------------------------------------------------------------------------


def test_each_reader_gets_the_words_of_a_refusal_in_their_language(ada: User) -> None:
    unmanaged(SHOP)
    proof = proven(ada, SHOP)
    assert ada.tenant
    takeover = take_over.begin(domain_name=SHOP, target=ada.tenant, acting_user=ada)
    lost(proof, days=1)
    with translation.override("de"):
        tasks.run_takeover(str(takeover.pk))
    takeover.refresh_from_db()
    assert (takeover.refusal_name, takeover.refusal_about) == ("NotProvenHere", [SHOP])
    assert takeover.refusal == ""
    assert "has not proven shop.com" in told(takeover)
    with translation.override("de"):
        german = told(takeover)
    assert german != told(takeover)
    assert SHOP in german
    assert run("show_takeover", SHOP)["refusal"] == told(takeover)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_every_refusal_says_the_same_again(name: str) -> None:
    about = {"AddressesLeft": ("a.com", 3), "NotAllowed": (), "OperatorsOnly": ()}
    about |= {"ReasonNeeded": ()}
    refusal = KNOWN[name](*([] if name == "TakeoverRefused" else about.get(name, ("a.com",))))
    takeover = Takeover(**refusals.kept(refusal))
    assert told(takeover) == str(refusal)


def test_what_was_kept_in_words_is_still_told() -> None:
    assert told(Takeover(refusal="As it was.")) == "As it was."

    class Elsewhere(TakeoverRefused):
        """Of a room that the journal does not know."""

    assert told(Takeover(**refusals.kept(Elsewhere("Not now.")))) == "Not now."
