"""From where something came lies in the log under a key of whose address that is, which erasure destroys."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from audit import origin
from audit.flows.chain import chain_pending
from audit.flows.verify import verify
from audit.models import AuditEvent, PersonKey
from audit.reading import readable
from audit.services import forget_person, gathered, record
from tenants.flows.erase import erase_due
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.tables import everything
from tests.takeovers import managed
from tests.test_commands import run, say
from tests.walk import ClientVisitor, sign_up

pytestmark = pytest.mark.django_db
HERE = "203.0.113.77"
LOG = "/admin/audit/auditevent/"


def note(
    acting_user: User | None = None, *, subject: str = "thing:1", signed_in: object = ""
) -> AuditEvent:
    with origin.of_request(request_id="r-1", address=HERE, user_id=lambda: str(signed_in)):
        return record(
            action="thing.changed", subject=subject, tenant_id=None, acting_user=acting_user
        )


def address_of(event: AuditEvent) -> str | None:
    """As it is read from the database."""
    (entry,) = readable([AuditEvent.objects.get(id=event.id)])
    assert "came_from" not in entry.details
    return entry.address


def lies_in() -> set[str]:
    return {table for table, rows in everything().items() if HERE in str(rows)}


def forget(person: User) -> None:
    forget_person(person_id=person.pk, tenant_id=person.tenant_id, acting_user=None)


def test_it_lies_encrypted_and_is_read_until_its_person_is_erased() -> None:
    anna, ben = UserFactory.create(), UserFactory.create()
    of_anna, of_ben = note(anna), note(ben)
    assert (address_of(of_anna), address_of(of_ben), lies_in()) == (HERE, HERE, set())
    chain_pending()
    forget(anna)
    assert (address_of(of_anna), address_of(note(anna))) == ("[erased]", "[erased]")
    assert address_of(of_ben) == HERE
    chain_pending()
    assert list(verify()) == []


@pytest.mark.parametrize("whose", ["who acts", "who is signed in", "of whom the row speaks"])
def test_it_is_kept_under_the_key_of_whose_address_it_is(whose: str) -> None:
    anna, ben = UserFactory.create(), UserFactory.create()
    about_ben = f"user:{ben.pk}"
    event = {
        "who acts": lambda: note(anna, subject=about_ben),
        "who is signed in": lambda: note(None, subject=about_ben, signed_in=anna.pk),
        "of whom the row speaks": lambda: note(None, subject=f"user:{anna.pk}"),
    }[whose]()
    forget(ben)
    assert address_of(event) == HERE
    forget(anna)
    assert address_of(event) == "[erased]"


def test_an_address_of_nobody_is_not_kept() -> None:
    """Rows of the same request say whose it was."""
    event = note()
    assert (address_of(event), event.request_id) == (None, "r-1")
    assert not PersonKey.objects.exists()


def test_it_lies_nowhere_until_the_rows_are_stored_either() -> None:
    anna = UserFactory.create()
    with gathered():
        event = note(anna)
        assert (event.address, HERE in str(event.details)) == (None, False)
    assert address_of(event) == HERE


def test_rows_of_one_transaction_ask_once_for_keys(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    people = UserFactory.create_batch(5)
    for person in people:
        note(person)
    with django_assert_num_queries(2), gathered():
        for person in people:
            note(person)
    assert set(map(address_of, AuditEvent.objects.all())) == {HERE}


def test_a_key_that_another_made_meanwhile_is_the_key_for_both() -> None:
    anna = UserFactory.create()
    events = [note(anna), note(anna)]
    assert PersonKey.objects.count() == 1
    assert [address_of(event) for event in events] == [HERE, HERE]


def test_administrators_and_operators_read_it_in_list_page_and_file_until_then() -> None:
    ada = managed("walkers.com")
    anna = UserFactory.create(tenant=ada.tenant)
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(anna)
    client.post("/account/", {"first_name": "Anna", "last_name": "Newer"})
    event = AuditEvent.objects.get(action="user.profile_changed")
    readers = [sign_in_fresh(Client(), who) for who in (ada, OperatorFactory.create())]
    places = (LOG, f"{LOG}export/", f"{LOG}{event.pk}/change/")

    def shown() -> list[bool]:
        pages = [reader.get(place) for reader in readers for place in places]
        return [HERE in page.getvalue().decode() for page in pages]

    assert shown() == [True] * 6
    forget(anna)
    assert shown() == [False] * 6


def test_a_list_of_many_people_asks_no_more_than_one_of_few(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    operator = sign_in_fresh(Client(), OperatorFactory.create())
    for person in UserFactory.create_batch(40):
        note(person)
    with django_assert_max_num_queries(7):
        assert operator.get(LOG).text.count(HERE) == 40


def test_the_command_prints_it_until_its_person_is_erased() -> None:
    anna = UserFactory.create()
    assert anna.tenant
    domain = anna.tenant.domains.get().name
    with origin.of_request(request_id="r-1", address=HERE):
        record(action="a.b", subject="thing:1", tenant_id=anna.tenant_id, acting_user=anna)
    assert say("get_admin_log", domain).splitlines()[1].split("\t")[6] == HERE
    forget(anna)
    addresses = [row["address"] for row in run("get_admin_log", domain)]
    assert addresses == ["[erased]", None]


def test_a_row_from_before_is_shown_until_its_person_is_erased() -> None:
    """It has the address in the clear, and cannot be changed."""
    anna = UserFactory.create()
    by_her = AuditEvent.objects.create(
        action="a.b", subject="thing:1", actor_id=anna.pk, address=HERE
    )
    about_her = AuditEvent.objects.create(action="a.b", subject=f"user:{anna.pk}", address=HERE)
    by_nobody = AuditEvent.objects.create(action="a.b", subject="thing:1", address=HERE)
    assert set(map(address_of, (by_her, about_her, by_nobody))) == {HERE}
    forget(anna)
    assert [address_of(row) for row in (by_her, about_her)] == ["[erased]"] * 2
    assert address_of(by_nobody) == HERE
    chain_pending()
    assert list(verify()) == []


def test_one_who_signed_up_and_left_leaves_no_address_behind() -> None:
    client = Client(REMOTE_ADDR=HERE)
    sign_up(ClientVisitor(client), LocalInbox(), "anna@walkers.com")
    client.post("/account/", {"first_name": "Anna", "last_name": "Newer"})
    addresses = {row["action"]: row["address"] for row in run("get_admin_log", "walkers.com")}
    assert addresses.pop("tenant.created") is None
    assert set(addresses.values()) == {HERE}
    exported = run("export_account", "anna@walkers.com")["activity"]
    assert [row["address"] for row in exported if row["action"] == "signup.completed"] == [HERE]
    run("close_account", "anna@walkers.com")
    with time_machine.travel(timezone.now() + dt.timedelta(days=5)):
        erase_due()
    rows = run("get_admin_log", "walkers.com")
    assert HERE not in json.dumps(rows)
    assert lies_in() == set()


def test_without_the_installations_key_people_go_on_and_nothing_is_lost_beyond_that(
    settings: Settings,
) -> None:
    anna, was = UserFactory.create(), settings.SECRET_KEY
    before = note(anna)
    settings.SECRET_KEY = "another-" * 8
    meanwhile = note(anna)
    unreadable = "[not readable with the keys of this installation]"
    assert (address_of(before), address_of(meanwhile)) == (unreadable, unreadable)
    settings.SECRET_KEY = was
    assert (address_of(before), address_of(meanwhile)) == (HERE, unreadable)
