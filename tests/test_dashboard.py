"""What the administration begins with: counts, sign-ups over time, and what needs attention."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from outbox import announcing
from outbox.models import OutboxMail
from rms_portal import tasks
from rms_portal.dashboard import keeping
from rms_portal.models import Tally
from signup.models import SignUp
from tenants.flows import prove
from tenants.models import DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.german import english_in, visible
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import proven as taken_over

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.fixture
def operator(client: Client) -> Client:
    user = OperatorFactory.create()
    set_up_app(user)
    return sign_in_fresh(client, user)


@pytest.fixture
def anna() -> User:
    user = administrator(TenantFactory.create(name="firm.com", state=Tenant.State.MANAGED))
    set_up_app(user)
    return user


def board(client: Client) -> dict[str, Any]:
    answer = client.get("/admin/")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.context["dashboard"]
    return found


def tiles(client: Client) -> dict[str, int]:
    return {tile.label: tile.number for tile in board(client)["tiles"]}


def notices(client: Client) -> list[str]:
    return [linked.notice.text for linked in board(client)["notices"]]


def counted_anew() -> None:
    Tally.objects.all().delete()


def test_an_empty_installation_says_so(operator: Client) -> None:
    page = operator.get("/admin/").content.decode()
    for words in ("Nobody has an account yet", "Nothing. All is well.", "No plan is in use yet"):
        assert words in page
    assert "<svg viewBox" not in page


def test_an_administrator_sees_the_own_organisation_and_nothing_of_others(
    client: Client, anna: User
) -> None:
    UserFactory.create_batch(3, tenant=anna.tenant)
    UserFactory.create(tenant=anna.tenant, state=User.State.DISABLED)
    other = TenantFactory.create(state=Tenant.State.MANAGED)
    UserFactory.create_batch(5, tenant=other)
    SubscriptionFactory.create(tenant=other, units=77)
    SignUp.objects.create(address="x@firm.com", domain="firm.com", outcome="confirm")
    SignUp.objects.create(address="x@other.com", domain="other.com", outcome="confirm")
    sign_in_fresh(client, anna)
    shown = tiles(client)
    assert (shown["Active accounts"], shown["Disabled"]) == (4, 1)
    assert shown["Sign-ups that wait for their mailbox"] == 1
    page = client.get("/admin/").content.decode()
    assert "<h1>firm.com</h1>" in page
    assert other.name not in page
    assert ">77<" not in page
    assert "Organisations" not in shown


def test_an_operator_sees_the_installation(operator: Client, anna: User) -> None:
    UserFactory.create_batch(2, last_login=timezone.now() - 10 * DAY)
    SubscriptionFactory.create(units=77)
    shown = tiles(operator)
    assert (shown["Active accounts"], shown["Administrators"]) == (3, 1)
    assert (shown["Signed in, last 7 days"], shown["Signed in, last 30 days"]) == (0, 2)
    assert shown["Organisations with an administrator"] == 1
    assert shown["Organisations that nobody administers"] == 3
    assert ">77<" in operator.get("/admin/").content.decode()


def test_a_number_leads_to_its_list(operator: Client, anna: User) -> None:
    for tile in board(operator)["tiles"]:
        if tile.address:
            assert operator.get(tile.address).status_code == 200, tile


def test_links_lead_only_where_an_administrator_may_go(client: Client, anna: User) -> None:
    mail_failed(str(anna.email))
    sign_in_fresh(client, anna)
    shown = board(client)
    addresses = [tile.address for tile in shown["tiles"]]
    addresses += [linked.address for linked in shown["notices"]]
    assert any(addresses)
    for address in filter(None, addresses):
        assert client.get(address).status_code == 200, address
    (mail,) = (linked for linked in shown["notices"] if "mail" in linked.notice.text)
    assert mail.address == ""


def test_sign_ups_by_day_and_month_are_drawn_with_their_numbers_beneath(operator: Client) -> None:
    with time_machine.travel(NOW):
        for days_ago in (0, 0, 1, 29, 30, 200, 400):
            UserFactory.create(created_at=NOW - days_ago * DAY)
        UserFactory.create(created_at=NOW, creation_method="admin")
        sign_in_fresh(operator, User.objects.get(role=User.Role.OPERATOR))
        shown = board(operator)
        page = operator.get("/admin/").content.decode()
    days, months = shown["plots"]
    assert [row for row in days.rows if row[1]] == [
        ("October 26", 1),
        ("November 23", 1),
        ("November 24", 2),
    ]
    assert len(days.rows) == 30
    assert dict(months.rows)["November 2026"] == 3
    assert (len(months.rows), months.plot.total) == (12, 6)
    assert page.count('class="plot-bar"') == 42
    assert '<th scope="row">November 24</th><td class="number">2</td>' in page
    assert " style=" not in page


def test_counts_are_kept_for_five_minutes_and_say_of_when_they_are(
    operator: Client, anna: User
) -> None:
    with time_machine.travel(NOW, tick=False):
        sign_in_fresh(operator, User.objects.get(role=User.Role.OPERATOR))
        assert tiles(operator)["Active accounts"] == 1
        UserFactory.create()
    with time_machine.travel(NOW + dt.timedelta(minutes=4), tick=False):
        assert tiles(operator)["Active accounts"] == 1
        page = operator.get("/admin/").content.decode()
        assert "Counted at 24 November 2026, 12:00 (UTC)" in page
    with time_machine.travel(NOW + dt.timedelta(minutes=5), tick=False):
        assert tiles(operator)["Active accounts"] == 2


def test_the_task_counts_for_operators_and_forgets_what_nobody_looks_at(anna: User) -> None:
    with time_machine.travel(timezone.now() - 2 * DAY):
        keeping.count_anew(anna.tenant_id)
    tasks.count()
    (kept,) = Tally.objects.all()
    assert (kept.of, kept.numbers["accounts"]["active"]) == ("installation", 1)


# Many accounts are counted by a worker.


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of whom a worker was asked to count the accounts; an organisation of two has many."""
    found: list[str] = []
    monkeypatch.setattr(keeping, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(announcing, "ask", lambda task, of, expires: found.append(of))
    return found


def mark(client: Client) -> str:
    found: str = client.get("/admin/counted/").json()["mark"]
    return found


def test_nobody_waits_until_many_accounts_are_counted(
    client: Client, anna: User, asked: list[str]
) -> None:
    UserFactory.create(tenant=anna.tenant)
    sign_in_fresh(client, anna)
    page = client.get("/admin/").content.decode()
    assert "The accounts are being counted." in page
    assert 'data-waits-at="/admin/counted/" data-mark=""' in page
    assert "js/wait.js" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "What needs attention" in page
    assert (asked, mark(client), Tally.objects.count()) == ([str(anna.tenant_id)], "", 0)
    tasks.count_for(asked[0])
    assert mark(client) != ""
    assert tiles(client)["Active accounts"] == 2
    assert "js/wait.js" not in client.get("/admin/").content.decode()


def test_older_numbers_are_shown_while_many_accounts_are_counted_anew(
    operator: Client, anna: User, asked: list[str]
) -> None:
    UserFactory.create(tenant=anna.tenant)
    with time_machine.travel(NOW, tick=False):
        keeping.count_anew(None)
        UserFactory.create(tenant=anna.tenant)
    with time_machine.travel(NOW + dt.timedelta(minutes=6), tick=False):
        sign_in_fresh(operator, User.objects.get(role=User.Role.OPERATOR))
        assert tiles(operator)["Active accounts"] == 2
        assert "12:00 (UTC)" in operator.get("/admin/").content.decode()
        assert set(asked) == {"installation"}
        tasks.count_for("installation")
        assert tiles(operator)["Active accounts"] == 3


def test_what_two_workers_are_asked_to_count_is_counted_once(
    anna: User, asked: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    tasks.count_for(str(anna.tenant_id))
    with django_assert_num_queries(1):
        tasks.count_for(str(anna.tenant_id))


def test_the_numbers_of_another_organisation_are_not_told_of(
    client: Client, anna: User, asked: list[str]
) -> None:
    other = administrator()
    keeping.count_anew(other.tenant_id)
    keeping.count_anew(None)
    assert mark(sign_in_fresh(client, anna)) == ""
    assert client.get("/admin/counted/").status_code == 200
    assert Client().get("/admin/counted/").status_code == 302


def test_the_dashboard_asks_as_often_for_many_as_for_few(
    operator: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    # Session, user, second factor, one for the counts, one for each thing that may need attention.
    UserFactory.create()
    keeping.count_anew(None)
    with django_assert_max_num_queries(20) as few:
        board(operator)
    UserFactory.create_batch(20)
    SubscriptionFactory.create_batch(3)
    keeping.count_anew(None)
    with django_assert_num_queries(len(few.captured_queries)):
        board(operator)


# --- What needs attention --------------------------------------------------------------------------


def mail_failed(address: str, days_ago: int = 1) -> None:
    OutboxMail.objects.create(
        kind="signup.confirm",
        to_address=address,
        language="en",
        state="failed",
        failed_at=timezone.now() - days_ago * DAY,
    )


def proven(user: User, *, failures: int, lost_days_ago: int | None = None) -> None:
    proof = prove.request(domain_name="firm.com", actor=user, acting_user=user)
    prove.note(proof_id=proof.id, finding=Finding(Outcome.PROVEN), acting_user=user)
    lost = None if lost_days_ago is None else timezone.now() - lost_days_ago * DAY
    DomainProof.objects.update(failures=failures, proof_lost_at=lost)


def test_nothing_is_said_where_all_is_well(operator: Client, client: Client, anna: User) -> None:
    proven(anna, failures=0)
    mail_failed("x@firm.com", days_ago=8)
    SubscriptionFactory.create(tenant=anna.tenant, ends_at=timezone.now() + 31 * DAY)
    SubscriptionFactory.create(
        ends_at=timezone.now() + DAY, started_at=timezone.now() - DAY, cancelled_at=timezone.now()
    )
    assert notices(operator) == []


@pytest.mark.parametrize(
    ("failures", "lost_days_ago", "words"),
    [
        (1, None, "was not found at the last look"),
        (3, 2, "From .* nobody joins through it"),
        (3, 31, "Nobody joins through it since"),
    ],
)
def test_a_domain_that_is_about_to_lose_its_proof(
    operator: Client, anna: User, failures: int, lost_days_ago: int | None, words: str
) -> None:
    proven(anna, failures=failures, lost_days_ago=lost_days_ago)
    (notice,) = notices(operator)
    assert re.search(f"^firm.com: .*{words}", notice)
    assert notices(sign_in_fresh(Client(), anna)) == [notice]
    stranger = administrator()
    set_up_app(stranger)
    assert notices(sign_in_fresh(Client(), stranger)) == []


def test_a_takeover_under_its_limits(operator: Client) -> None:
    member = UserFactory.create(tenant=TenantFactory.create(name="taken.com"))
    set_up_app(member)
    taken_over(member, "taken.com")
    (notice,) = notices(operator)
    assert notice.startswith("taken.com: a member became its administrator. Until ")
    member.refresh_from_db()
    assert notices(sign_in_fresh(Client(), member)) == [notice]
    with time_machine.travel(timezone.now() + 3 * DAY):
        sign_in_fresh(operator, User.objects.get(role=User.Role.OPERATOR))
        assert not any("taken.com" in notice for notice in notices(operator))


def test_mail_that_failed(operator: Client, anna: User) -> None:
    mail_failed("x@firm.com")
    mail_failed("x@other.com")
    assert notices(operator) == ["2 mails of the last 7 days could not be delivered."]
    assert notices(sign_in_fresh(Client(), anna)) == [
        "1 mail of the last 7 days could not be delivered."
    ]


def test_mail_that_waits_for_a_worker(operator: Client) -> None:
    OutboxMail.objects.create(
        kind="signup.confirm",
        to_address="x@firm.com",
        language="en",
        next_attempt_at=timezone.now() - dt.timedelta(minutes=12),
    )
    assert notices(operator) == ["Mail has been waiting for 12 minutes. Does the worker run?"]


@pytest.mark.parametrize("end", ["ends_at", "trial_ends_at"])
def test_a_subscription_that_ends_soon(operator: Client, anna: User, end: str) -> None:
    SubscriptionFactory.create(tenant=anna.tenant, **{end: timezone.now() + 20 * DAY})
    (notice,) = notices(operator)
    assert notice.startswith("firm.com: the subscription to")
    assert notices(sign_in_fresh(Client(), anna)) == [notice]


def test_whoever_lacks_a_second_factor(operator: Client, anna: User) -> None:
    administrator(anna.tenant)
    OperatorFactory.create()
    first, second = notices(operator)
    assert first == "1 operator signs in with a password alone."
    assert second.startswith("1 administrator has no second factor")
    assert notices(sign_in_fresh(Client(), anna)) == [second]


def test_role_mailboxes_that_await_admission(operator: Client, anna: User) -> None:
    UserFactory.create(tenant=anna.tenant, admission=User.Admission.AWAITED)
    UserFactory.create(admission=User.Admission.AWAITED)
    assert "2 mailboxes" in notices(operator)[0]
    assert "1 mailbox" in notices(sign_in_fresh(Client(), anna))[0]


def test_the_dashboard_speaks_german(anna: User) -> None:
    proven(anna, failures=3, lost_days_ago=2)
    mail_failed("x@firm.com")
    administrator(anna.tenant)
    client = Client(headers={"accept-language": "de"})
    page = sign_in_fresh(client, anna).get("/admin/").content.decode()
    begin, end = page.index('id="content-main"'), page.index('class="lists"')
    assert english_in(visible(page[begin:end])) == []
    assert "Was Aufmerksamkeit braucht" in page
