"""What is asked for twice with the same key is done once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import time_machine
from django import forms
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.http import QueryDict
from django.utils import timezone

from audit.commands import ListCommand, ShowCommand
from audit.exceptions import Refusal
from audit.models import AuditEvent
from idempotency import services
from idempotency.exceptions import InFlight, KeyRefused, NotAKey, OtherRequest
from idempotency.forms import OneTimeForm
from idempotency.models import RequestKey
from idempotency.services import Done, once, once_in_steps, purge
from idempotency.tasks import purge as purge_task
from subscriptions.models import Subscription
from tenants.models import Domain, Tenant, User
from tests.factories import TenantFactory
from tests.services.postgres import Postgres
from tests.test_commands import OURS, refusal, run

pytestmark = pytest.mark.django_db
READING = {ListCommand, ShowCommand}
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


def test_a_script_whose_key_is_empty_by_mistake_is_told_and_orders_nothing(
    tenant: Tenant, tmp_path: Path
) -> None:
    Domain.objects.update(state=Domain.State.VERIFIED)
    file = people_in(tmp_path, "a@walkers.com")
    for words in ((*ORDER, "--units", "5"), ("import_users", "walkers.com", file)):
        assert "1 to 255" in refusal(*words, "--idempotency-key", "")
        assert "1 to 255" in refusal(*words, "--idempotency-key", "x" * 256)
    assert not Subscription.objects.exists()
    assert not User.objects.exists()


def test_a_dry_run_uses_no_key_up(tenant: Tenant) -> None:
    words = (*ORDER, "--units", "5", "--idempotency-key", "order-17")
    assert run(*words, "--dry-run")["dry_run"] is True
    assert not RequestKey.objects.exists()
    run(*words)
    assert Subscription.objects.exists()


# They show, write a file, or look. `prepare` is run at every start: it asks for nothing, and twice is as once.
CHANGE_NOTHING = {"backup", "check_mail", "export_account", "scheduler_health", "verify_audit_log"}
OF_EVERY_START = {"prepare"}


def own_commands() -> dict[str, BaseCommand]:
    return {
        name: load_command_class(str(app), name)
        for name, app in get_commands().items()
        if app in OURS
    }


def options_of(name: str, command: BaseCommand) -> set[str]:
    return {action.dest for action in command.create_parser("manage.py", name)._actions}


def test_every_command_that_changes_something_takes_a_key() -> None:
    own = own_commands()
    reading = {name for name, command in own.items() if type(command).__mro__[1] in READING}
    changing = set(own) - reading - CHANGE_NOTHING - OF_EVERY_START
    assert len(changing) > 40
    asked = {"idempotency_key", "dry_run", "json"}
    assert {name for name in changing if not asked <= options_of(name, own[name])} == set()


def test_no_command_that_was_taken_for_reading_can_be_asked_not_to_change() -> None:
    own = own_commands()
    without = {name for name in own if "idempotency_key" not in options_of(name, own[name])}
    assert {name for name in without if "dry_run" in options_of(name, own[name])} == set()


def test_a_secret_that_is_shown_once_is_not_kept(tenant: Tenant) -> None:
    hook = ("create_webhook", "https://billing.com/hooks", "--idempotency-key", "hook")
    made, again = run(*hook), run(*hook)
    assert made["secret"].startswith("whsec_")
    assert again == made | {"secret": None}
    turn = ("rotate_webhook_secret", made["id"], "--idempotency-key", "turn")
    turned, again = run(*turn), run(*turn)
    assert again == turned | {"secret": None}
    clerk = ("create_operator", "ina@rms.internal", "--idempotency-key", "ina")
    hired, again = run(*clerk), run(*clerk)
    assert again == hired | {"password": None}
    kept = json.dumps(list(RequestKey.objects.values_list("answer", flat=True)))
    for secret in (made["secret"], turned["secret"], hired["password"]):
        assert secret
        assert secret not in kept


def people_in(folder: Path, *addresses: str) -> str:
    file = folder / "people.csv"
    file.write_text("\n".join(("email", *addresses)))
    return str(file)


def test_an_import_with_a_key_is_done_once_and_is_not_another_file_of_the_same_name(
    tenant: Tenant, tmp_path: Path
) -> None:
    Domain.objects.update(state=Domain.State.VERIFIED)
    words = ("import_users", "walkers.com", people_in(tmp_path, "a@walkers.com", "b@walkers.com"))
    keyed = (*words, "--idempotency-key", "monday")
    first = run(*keyed)
    assert first["created"] == 2
    assert run(*keyed) == first
    people_in(tmp_path, "c@walkers.com")
    assert "another request" in refusal(*keyed)
    assert "cannot be read twice" in refusal(*words[:2], "-", "--idempotency-key", "tuesday")


def test_an_import_that_was_ended_in_the_middle_goes_on_with_its_key(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Domain.objects.update(state=Domain.State.VERIFIED)
    file = people_in(tmp_path, *(f"m{number}@walkers.com" for number in range(5)))
    words = ("import_users", "walkers.com", file, "--idempotency-key", "monday")
    kept = services._keep

    def power_cut(row: RequestKey) -> None:
        kept(row)
        if User.objects.count() == 3:
            raise SystemExit(137)

    with monkeypatch.context() as patched:
        patched.setattr(services, "_keep", power_cut)
        # As after kill -9: nothing tidies up.
        patched.setattr(services, "_freed_by_failure", lambda _: nullcontext())
        with pytest.raises(SystemExit):
            run(*words)
    assert "right now" in refusal(*words)
    RequestKey.objects.filter(state="in_flight").update(
        claimed_at=timezone.now() - dt.timedelta(minutes=6)
    )
    assert User.objects.count() == 3
    gone_on = run(*words)
    assert (gone_on["created"], gone_on["exists"]) == (2, 3)
    assert run(*words) == gone_on


def test_whoever_works_step_by_step_for_long_is_not_taken_for_dead() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:

        def long(keep: Callable[[], None]) -> object:
            for _ in range(10):
                clock.shift(dt.timedelta(minutes=2))
                keep()
            with pytest.raises(InFlight):
                asked(make())
            return "done"

        def slow(keep: Callable[[], None]) -> object:
            clock.shift(dt.timedelta(minutes=6))
            once_in_steps(scope="tests", key="b", request=None, do=lambda _: "quick")
            keep()
            return "slow"

        done = once_in_steps(scope="tests", key="a", request=None, do=long)
        assert done == Done("done", is_repeated=False)
        with pytest.raises(InFlight):
            once_in_steps(scope="tests", key="b", request=None, do=slow)
        again = once_in_steps(scope="tests", key="b", request=None, do=slow)
        assert again == Done("quick", is_repeated=True)


def test_a_list_of_domains_with_a_key_is_not_another_file_of_the_same_name(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("one.com\n")
    words = ("update_domain_list", "disposable", str(file), "--force", "--idempotency-key", "a")
    assert run(*words) == run(*words)
    file.write_text("two.com\n")
    assert "another request" in refusal(*words)


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
    first = sent(shown).once(scope="user:1", about=None, do=make())
    second = sent(shown).once(scope="user:1", about=None, do=make())
    assert first
    assert second
    assert (second.is_repeated, second.answer) == (True, first.answer)
    again = sent(OrderForm()).once(scope="user:1", about=None, do=make("again.com"))
    assert again
    assert not again.is_repeated


def test_a_form_says_what_is_wrong_with_its_key() -> None:
    shown = OrderForm()

    def twice() -> object:
        second = sent(shown)
        assert second.once(scope="user:1", about=None, do=make()) is None
        assert "right now" in str(second.non_field_errors())
        return None

    assert sent(shown).once(scope="user:1", about=None, do=twice)
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
    product = postgres.product(tmp_path)
    made, seen = product.told(SCRIPT)
    assert (made, seen.count("done"), len(seen)) == (1, 1, 40)
