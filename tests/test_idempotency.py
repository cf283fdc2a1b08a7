"""What is asked for twice with the same key is done once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django import forms
from django.core.management import get_commands, load_command_class
from django.http import QueryDict
from django.utils import timezone

from audit.exceptions import Refusal
from audit.models import AuditEvent
from idempotency.exceptions import InFlight, KeyRefused, NotAKey, OtherRequest
from idempotency.forms import OneTimeForm
from idempotency.models import RequestKey
from idempotency.services import Done, once, purge
from idempotency.tasks import purge as purge_task
from subscriptions.models import Subscription
from tenants.models import Tenant
from tests.factories import TenantFactory
from tests.services.postgres import Postgres
from tests.services.product import served
from tests.test_commands import OURS, refusal, run

pytestmark = pytest.mark.django_db
ORDER = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def asked(do: Callable[[], object], *, key: str = "a", request: object = None) -> Done:
    return once(scope="tests", key=key, request=request, do=do)


def make(name: str = "made.com") -> Callable[[], object]:
    return lambda: {"id": TenantFactory.create(name=name).pk, "at": timezone.now()}


def test_the_second_time_it_is_not_done_and_the_answer_is_the_first() -> None:
    first, second = asked(make()), asked(make())
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert first.answer == second.answer
    assert Tenant.objects.count() == 1


def test_another_key_or_another_scope_is_another_request() -> None:
    asked(make("one.com"))
    asked(make("two.com"), key="b")
    once(scope="others", key="a", request=None, do=make("three.com"))
    assert Tenant.objects.count() == 3


def test_the_same_key_for_something_else_is_refused() -> None:
    asked(make(), request={"units": 1, "plan": "x"})
    with pytest.raises(OtherRequest):
        asked(make(), request={"units": 2, "plan": "x"})
    assert asked(make(), request={"plan": "x", "units": 1}).is_repeated


def test_what_was_refused_frees_its_key_and_leaves_nothing() -> None:
    def refused() -> object:
        make()()
        raise Refusal("No.")

    with pytest.raises(Refusal):
        asked(refused)
    assert not Tenant.objects.exists()
    assert not asked(make(), request={"other": True}).is_repeated


def test_what_is_in_flight_says_so_until_whoever_does_it_is_given_up() -> None:
    def nested() -> object:
        with pytest.raises(InFlight, match="same key"):
            asked(make())
        return None

    asked(nested)
    RequestKey.objects.update(state=RequestKey.State.IN_FLIGHT)
    soon = timezone.now() + dt.timedelta(minutes=4)
    with time_machine.travel(soon, tick=False), pytest.raises(InFlight):
        asked(make())
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=6), tick=False):
        assert not asked(make()).is_repeated


def test_one_who_was_given_up_and_is_only_slow_does_not_finish() -> None:
    def slow() -> object:
        made = make("slow.com")()
        RequestKey.objects.update(claimed_at=timezone.now() - dt.timedelta(hours=1))
        asked(make("quick.com"))
        return made

    with pytest.raises(InFlight):
        asked(slow)


@pytest.mark.parametrize("key", ["", "x" * 256, "line\nbreak", "nul\0"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(NotAKey):
        asked(make(), key=key)


def test_any_key_of_255_characters_will_do() -> None:
    assert not asked(make(), key="ü" * 255).is_repeated


def test_keys_are_forgotten_after_a_day_also_where_nobody_has_swept() -> None:
    asked(make("one.com"))
    with time_machine.travel(timezone.now() + dt.timedelta(hours=23, minutes=59), tick=False):
        assert purge() == 0
        assert asked(make()).is_repeated
    with time_machine.travel(timezone.now() + dt.timedelta(hours=24, minutes=1), tick=False):
        assert not asked(make("two.com"), request="another").is_repeated
    with time_machine.travel(timezone.now() + dt.timedelta(days=3), tick=False):
        purge_task()
    assert not RequestKey.objects.exists()


# --- Commands ----------------------------------------------------------------------------------------


def test_a_command_with_a_key_orders_once(tenant: Tenant) -> None:
    words = (*ORDER, "--units", "5", "--idempotency-key", "order-17")
    assert run(*words) == run(*words)
    assert AuditEvent.objects.filter(action="subscription.created").count() == 1
    assert "another request" in refusal(*ORDER, "--units", "6", "--idempotency-key", "order-17")
    run(*ORDER, "--units", "6", "--idempotency-key", "order-18")
    assert Subscription.objects.get().units == 6


def test_a_dry_run_uses_no_key_up(tenant: Tenant) -> None:
    words = (*ORDER, "--units", "5", "--idempotency-key", "order-17")
    assert run(*words, "--dry-run")["dry_run"] is True
    assert not RequestKey.objects.exists()
    run(*words)
    assert Subscription.objects.exists()


def test_every_command_that_changes_something_takes_a_key_unless_its_answer_has_a_secret() -> None:
    without = set()
    for name, app in get_commands().items():
        if app in OURS:
            parser = load_command_class(str(app), name).create_parser("manage.py", name)
            options = {action.dest for action in parser._actions}
            if "dry_run" in options and "idempotency_key" not in options:
                without.add(name)
    # They commit step by step, or what they do twice is the same as once; a password is not kept.
    assert without <= {"backup", "restore", "import_users", "confirm_domain", "create_operator"}


# --- Forms -------------------------------------------------------------------------------------------


class OrderForm(OneTimeForm):
    pass


def sent(form: OneTimeForm, **fields: str) -> OrderForm:
    """As a browser sends it."""
    query = QueryDict(mutable=True)
    query.update({"one_time_key": str(form["one_time_key"].value()), **fields})
    filled = OrderForm(query)
    assert filled.is_valid()
    return filled


def test_a_form_that_is_sent_twice_orders_once() -> None:
    shown = OrderForm()
    assert 'type="hidden"' in str(shown["one_time_key"])
    first = sent(shown).once(scope="user:1", do=make())
    second = sent(shown).once(scope="user:1", do=make())
    assert first
    assert second
    assert (second.is_repeated, second.answer) == (True, first.answer)
    again = sent(OrderForm()).once(scope="user:1", do=make("again.com"))
    assert again
    assert not again.is_repeated


def test_a_form_says_what_is_wrong_with_its_key() -> None:
    shown = OrderForm()

    def twice() -> object:
        second = sent(shown)
        assert second.once(scope="user:1", do=make()) is None
        assert "right now" in str(second.non_field_errors())
        return None

    assert sent(shown).once(scope="user:1", do=twice)
    assert issubclass(InFlight, KeyRefused)


def forms_of_plans() -> set[type[forms.Form]]:
    """All that are sent to order, cancel or assign; the catalogue's own are saved, which twice is as once."""
    found, below = set[type[forms.Form]](), [forms.Form]
    while below:
        form = below.pop()
        below += form.__subclasses__()
        if form.__module__.partition(".")[0] == "subscriptions":
            found.add(form)
    return found


def test_every_form_that_orders_or_assigns_carries_a_key() -> None:
    found = forms_of_plans()
    assert {"UnitForm", "AssignmentForm"} <= {form.__name__ for form in found}
    assert [form for form in found if not issubclass(form, OneTimeForm)] == []


# --- At the same instant -----------------------------------------------------------------------------

SCRIPT = """
import json, threading
from django.db import connection
from idempotency.exceptions import InFlight
from idempotency.services import once
from tenants.models import Tenant

def press(barrier, seen):
    barrier.wait()
    try:
        made = lambda: {"id": Tenant.objects.create(name="once.com").pk}
        done = once(scope="s", key="k", request=None, do=made)
        seen.append("repeated" if done.is_repeated else "done")
    except InFlight:
        seen.append("in flight")
    finally:
        connection.close()

seen, barrier = [], threading.Barrier(40)
threads = [threading.Thread(target=press, args=(barrier, seen)) for _ in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps([Tenant.objects.count(), seen]))
"""


@pytest.mark.services
def test_of_40_at_the_same_instant_one_is_done(postgres: Postgres, tmp_path: Path) -> None:
    product = served(
        tmp_path,
        database_url=postgres.new_url(),
        redis_url="redis://127.0.0.1:1",
        email_url="smtp://127.0.0.1:1",
    )
    product.manage("migrate", "--verbosity", "0")
    made, seen = json.loads(product.manage("shell", "--no-imports", "--command", SCRIPT))
    assert (made, seen.count("done"), len(seen)) == (1, 1, 40)
