"""Administrators look after their domains in the browser: adding, proving, taking over, undoing, removing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from outbox import announcing
from tenants import tasks
from tenants.flows import act_for, prove
from tenants.models import Domain, DomainHandOver, DomainProof, Takeover, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.german import english_in, visible
from tests.second_factors import set_up_app
from tests.services.dns import Zone, dns_server
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import lost, proven

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
DOMAINS = "/admin/tenants/domain/"
ADD = f"{DOMAINS}add/"
TAKE = f"{DOMAINS}take-over/firm.com/"


@pytest.fixture
def boss() -> User:
    """Administers contoso.com; firm.com is nobody's yet."""
    user = administrator(TenantFactory.create(name="contoso.com", state=Tenant.State.MANAGED))
    set_up_app(user)
    return user


@pytest.fixture
def portal(client: Client, boss: User) -> Client:
    return sign_in_fresh(client, boss)


@pytest.fixture
def firm() -> Tenant:
    tenant = TenantFactory.create(name="firm.com")
    UserFactory.create_batch(2, tenant=tenant)
    return tenant


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    taken: list[tuple[str, ...]] = []

    def send_task(task: str, arguments: tuple[str, ...], **_: object) -> None:
        taken.append((task, *arguments))

    monkeypatch.setattr(announcing._announcer._app, "send_task", send_task)
    return taken


def page(client: Client, path: str) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


def prove_page(proof: DomainProof) -> str:
    return f"{DOMAINS}prove/{proof.pk}/"


def takeover_page(takeover: Takeover, name: str = "change") -> str:
    return reverse(f"admin:tenants_takeover_{name}", args=(takeover.pk,))


def taken_over(portal: Client) -> Takeover:
    portal.post(TAKE, {"typed": "firm.com"})
    takeover = Takeover.objects.get()
    tasks.run_takeover(str(takeover.pk))
    takeover.refresh_from_db()
    return takeover


# --- Adding ----------------------------------------------------------------------------------------


def test_a_domain_that_nobody_has_is_added_once_it_is_proven(
    portal: Client, boss: User, settings: Settings, sent: list[tuple[str, ...]]
) -> None:
    there = portal.post(ADD, {"domain": "Neu.COM."}).headers["Location"]
    proof = DomainProof.objects.get()
    assert there == prove_page(proof)
    record = page(portal, there)
    assert f'value="rms-verification={proof.value}"' in record
    assert "Cloudflare" in record
    assert "waits for the DNS record" in page(portal, DOMAINS)
    zone = Zone(f'_rms-verification.neu.com. 60 IN TXT "{proof.record.text}"', "neu.com.")
    with dns_server(zone) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        waiting = portal.post(f"/account/proofs/{proof.pk}/check/").headers["Location"]
        assert waiting.startswith(f"{there}?asked=")
        assert "We are asking the DNS servers" in page(portal, waiting)
        tasks.check_domain_proof(sent[0][1])
    assert "The domain belongs to your organisation" in page(portal, waiting)
    assert Domain.objects.get(name="neu.com").tenant == boss.tenant
    assert "neu.com" in page(portal, DOMAINS)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type a domain."),
        ("no domain", "not a domain name"),
        ("co.uk", "ending that many organisations share"),
        ("managed.com", "belongs to an organisation that has administrators"),
    ],
)
def test_what_cannot_be_added_is_refused_at_its_field(
    portal: Client, typed: str, words: str
) -> None:
    TenantFactory.create(name="managed.com", state=Tenant.State.MANAGED)
    refused = portal.post(ADD, {"domain": typed})
    assert words in refused.content.decode()
    assert not DomainProof.objects.exists()


def test_a_colleagues_record_can_be_looked_for_too(
    portal: Client, boss: User, sent: list[tuple[str, ...]]
) -> None:
    colleague = administrator(boss.tenant)
    proof = prove.request(domain_name="neu.com", actor=colleague, acting_user=colleague)
    assert "neu.com" in page(portal, DOMAINS)
    portal.post(f"/account/proofs/{proof.pk}/check/")
    assert sent == [(prove.CHECK_TASK, str(proof.pk))]


# --- Looking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "lost_days_ago", "words"),
    [
        (0, None, ">proven<"),
        (2, None, "in danger"),
        (3, 10, "lost: lapses in 1"),
        (3, 31, "lapsed on"),
    ],
)
def test_the_list_says_how_each_proof_is(
    portal: Client, boss: User, failures: int, lost_days_ago: int | None, words: str
) -> None:
    assert "not proven" in page(portal, DOMAINS)
    proven(boss, "contoso.com")
    lost = None if lost_days_ago is None else timezone.now() - lost_days_ago * DAY
    DomainProof.objects.update(failures=failures, proof_lost_at=lost)
    assert words in page(portal, DOMAINS)
    domain = Domain.objects.get(name="contoso.com")
    assert words.strip("><") in page(portal, f"{DOMAINS}{domain.pk}/change/").lower()


# --- Taking over -----------------------------------------------------------------------------------


def test_a_takeover_is_shown_before_it_is_done_and_wants_the_domain_typed(
    portal: Client, boss: User, firm: Tenant, sent: list[tuple[str, ...]]
) -> None:
    proof = proven(boss, "firm.com")
    assert TAKE in page(portal, prove_page(proof))
    preview = page(portal, TAKE)
    assert "The domain firm.com goes along." in preview
    refused = portal.post(TAKE, {"typed": "contoso.com"})
    assert "Type firm.com here" in refused.content.decode()
    assert not Takeover.objects.exists()
    begun = portal.post(TAKE, {"typed": " FIRM.com "})
    takeover = Takeover.objects.get()
    assert begun.headers["Location"] == takeover_page(takeover)
    assert sent == [("tenants.tasks.run_takeover", str(takeover.pk))]
    waiting = page(portal, takeover_page(takeover))
    assert f'data-waits-at="{takeover_page(takeover, "state")}" data-mark="prepared"' in waiting
    tasks.run_takeover(str(takeover.pk))
    assert portal.get(takeover_page(takeover, "state")).json() == {"mark": "done"}
    assert "data-waits-at" not in page(portal, takeover_page(takeover))
    assert User.objects.filter(tenant=boss.tenant).count() == 3


def test_what_cannot_be_taken_over_says_why(portal: Client, firm: Tenant) -> None:
    assert "has not proven firm.com" in page(portal, TAKE)
    assert "belongs to this organisation already" in page(
        portal, TAKE.replace("firm.com", "contoso.com")
    )
    assert "belongs to no organisation here" in page(portal, TAKE.replace("firm", "nothing"))


def test_a_takeover_asks_for_the_second_factor_again(
    client: Client, boss: User, firm: Tenant
) -> None:
    proven(boss, "firm.com")
    sign_in_fresh(client, boss, minutes_ago=11)
    answer = client.post(TAKE, {"typed": "firm.com"})
    assert "reauthenticate" in answer.headers["Location"]
    assert not Takeover.objects.exists()


def test_sub_domains_are_taken_along_one_by_one(portal: Client, boss: User) -> None:
    UserFactory.create(tenant=TenantFactory.create(name="eu.contoso.com"))
    proven(boss, "contoso.com")
    domain = Domain.objects.get(name="contoso.com")
    assert f"{DOMAINS}take-over/eu.contoso.com/" in page(portal, f"{DOMAINS}{domain.pk}/change/")
    portal.post(f"{DOMAINS}take-over/eu.contoso.com/", {"typed": "eu.contoso.com"})
    tasks.run_takeover(str(Takeover.objects.get().pk))
    assert Domain.objects.get(name="eu.contoso.com").tenant == boss.tenant


def test_a_takeover_can_be_undone_for_thirty_days(portal: Client, boss: User, firm: Tenant) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    undo = takeover_page(takeover, "undo")
    assert undo in page(portal, takeover_page(takeover))
    assert "goes back to firm.com" in page(portal, undo)
    portal.post(undo, {"typed": "firm.com"})
    assert Domain.objects.get(name="firm.com").tenant == firm
    assert undo not in page(portal, takeover_page(takeover))


def test_after_thirty_days_nothing_offers_to_undo(portal: Client, boss: User, firm: Tenant) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    with time_machine.travel(timezone.now() + 31 * DAY):
        sign_in_fresh(portal, boss)
        undo = takeover_page(takeover, "undo")
        assert undo not in page(portal, takeover_page(takeover))
        refused = portal.post(undo, {"typed": "firm.com"})
        assert "30 days are over" in refused.content.decode()


# --- Removing --------------------------------------------------------------------------------------


def test_a_domain_without_addresses_can_be_removed(portal: Client, boss: User) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    remove = f"{DOMAINS}{domain.pk}/remove/"
    assert remove in page(portal, f"{DOMAINS}{domain.pk}/change/")
    portal.post(remove, {"typed": "neu.com"})
    assert not Domain.objects.filter(name="neu.com").exists()
    assert AuditEvent.objects.get(action="domain.removed").actor_id == boss.pk


def test_a_domain_in_use_says_what_to_do_first(portal: Client, boss: User) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="contoso.com")
    remove = f"{DOMAINS}{domain.pk}/remove/"
    assert remove not in page(portal, f"{DOMAINS}{domain.pk}/change/")
    refused = portal.post(remove, {"typed": "contoso.com"})
    assert "addresses lie in contoso.com" in refused.content.decode()


# --- Operators -------------------------------------------------------------------------------------


@pytest.fixture
def operator() -> Client:
    user = OperatorFactory.create()
    set_up_app(user)
    return sign_in_fresh(Client(), user)


def test_an_operator_waives_and_stops_with_a_reason(
    portal: Client, boss: User, firm: Tenant, operator: Client
) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    assert "firm.com" in page(operator, "/admin/tenants/takeover/")
    for name, state in (("waive", "done"), ("stop", "undone")):
        there = takeover_page(takeover, name)
        assert there in page(operator, takeover_page(takeover))
        assert "Give a reason." in operator.post(there, {"typed": "firm.com"}).content.decode()
        done = operator.post(there, {"typed": "firm.com", "reason": "They called us."})
        assert done.headers["Location"] == takeover_page(takeover)
        takeover.refresh_from_db()
        assert takeover.state == state
    reasons = AuditEvent.objects.filter(action="takeover.waived").values_list("details", flat=True)
    assert [details["reason"] for details in reasons] == ["They called us."]


@pytest.mark.parametrize("name", ["waive", "stop"])
def test_administrators_neither_waive_nor_stop(
    portal: Client, boss: User, firm: Tenant, name: str
) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    there = takeover_page(takeover, name)
    assert there not in page(portal, takeover_page(takeover))
    fields = {"typed": "firm.com", "reason": "Please."}
    assert portal.post(there, fields).status_code == 403


def test_operators_see_all_domains_and_add_none(operator: Client, firm: Tenant, boss: User) -> None:
    shown = page(operator, DOMAINS)
    assert "contoso.com" in shown
    assert "firm.com" in shown
    assert operator.get(ADD).status_code == 403
    assert operator.get(TAKE).status_code == 403


def test_another_organisations_domain_is_not_there(client: Client, boss: User) -> None:
    proof = proven(boss, "contoso.com")
    domain = Domain.objects.get(name="contoso.com")
    stranger: Any = administrator()
    sign_in_fresh(client, stranger)
    assert "contoso.com" not in page(client, DOMAINS)
    assert client.get(prove_page(proof)).status_code == 404
    assert client.post(f"{DOMAINS}{domain.pk}/remove/", {"typed": "contoso.com"}).status_code == 404
    assert client.post(f"/account/proofs/{proof.pk}/check/").status_code == 404


# --- Handing over ----------------------------------------------------------------------------------


@pytest.fixture
def neighbour() -> tuple[User, Client]:
    """The administrator of another organisation."""
    user = administrator(TenantFactory.create(name="near.com", state=Tenant.State.MANAGED))
    set_up_app(user)
    return user, sign_in_fresh(Client(), user)


def offered(portal: Client, boss: User) -> Domain:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/offer/?to=near.com"
    assert "Offer neu.com to near.com" in page(portal, there)
    portal.post(there, {"typed": "neu.com"})
    return domain


def test_a_domain_is_handed_over_by_consent_of_both(
    portal: Client, boss: User, neighbour: tuple[User, Client]
) -> None:
    other, there = neighbour
    domain = offered(portal, boss)
    assert "It is offered to another organisation" in page(portal, f"{DOMAINS}{domain.pk}/change/")
    domain.refresh_from_db()
    assert domain.tenant == boss.tenant
    offer = DomainHandOver.objects.get()
    assert f"{DOMAINS}offered/{offer.pk}/" in page(there, DOMAINS)
    assert "neu.com is offered to you until" in page(there, "/admin/")
    assert "is offered to you" not in page(portal, "/admin/")
    there.post(f"{DOMAINS}offered/{offer.pk}/", {"typed": "neu.com"})
    domain.refresh_from_db()
    assert domain.tenant == other.tenant


@pytest.mark.parametrize("who", ["giver", "taker"])
def test_an_offer_can_be_ended_by_either(
    portal: Client, boss: User, neighbour: tuple[User, Client], who: str
) -> None:
    domain = offered(portal, boss)
    offer = DomainHandOver.objects.get()
    if who == "giver":
        portal.post(f"{DOMAINS}{domain.pk}/withdraw/")
    else:
        neighbour[1].post(f"{DOMAINS}offered/{offer.pk}/decline/")
    offer.refresh_from_db()
    assert offer.state == ("withdrawn" if who == "giver" else "declined")
    assert neighbour[1].get(f"{DOMAINS}offered/{offer.pk}/").status_code == 404


def test_a_third_one_neither_sees_nor_answers_an_offer(
    portal: Client, boss: User, neighbour: tuple[User, Client]
) -> None:
    offered(portal, boss)
    offer = DomainHandOver.objects.get()
    stranger = administrator()
    third = sign_in_fresh(Client(), stranger)
    assert "neu.com" not in page(third, DOMAINS)
    for name in ("", "decline/"):
        answer = third.post(f"{DOMAINS}offered/{offer.pk}/{name}", {"typed": "neu.com"})
        assert answer.status_code == 404
    offer.refresh_from_db()
    assert offer.state == "offered"


@pytest.mark.parametrize("to", ["firm.com", "nobody.com"])
def test_offering_does_not_tell_which_organisations_nobody_administers(
    portal: Client, boss: User, firm: Tenant, to: str
) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    shown = page(portal, f"{DOMAINS}{domain.pk}/offer/?to={to}")
    assert "No organisation with administrators has this domain" in shown


def test_an_operator_releases_a_domain_that_was_lost(
    boss: User, operator: Client, neighbour: tuple[User, Client]
) -> None:
    other, _ = neighbour
    lost(proven(boss, "neu.com"), days=31)
    proven(other, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/release/"
    assert there in page(operator, f"{DOMAINS}{domain.pk}/change/")
    assert "goes to near.com" in page(operator, there)
    operator.post(there, {"typed": "neu.com", "reason": "The company was sold."})
    domain.refresh_from_db()
    assert domain.tenant == other.tenant
    assert neighbour[1].get(there).status_code == 403


def test_a_domain_whose_proof_holds_is_not_released(boss: User, operator: Client) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/release/"
    assert there not in page(operator, f"{DOMAINS}{domain.pk}/change/")
    assert "cannot be released" in page(operator, there)


# --- An operator acts for the organisation -----------------------------------------------------------


def test_an_operator_who_acts_for_the_organisation_does_all_of_it(
    boss: User, firm: Tenant, operator: Client, sent: list[tuple[str, ...]]
) -> None:
    who = User.objects.get(role=User.Role.OPERATOR)
    assert boss.tenant
    acting = act_for.begin(
        tenant=boss.tenant, administrator=boss, reason="They asked us.", acting_user=who
    )
    session = operator.session
    session["acting_for"] = str(acting.pk)
    session.save()
    there = operator.post(ADD, {"domain": "firm.com"}).headers["Location"]
    proof = DomainProof.objects.get()
    assert (proof.actor, there) == (boss, prove_page(proof))
    operator.post(f"/account/proofs/{proof.pk}/check/")
    assert sent == [(prove.CHECK_TASK, str(proof.pk))]
    prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=boss)
    taken_over(operator)
    assert Domain.objects.get(name="firm.com").tenant == boss.tenant
    begun = AuditEvent.objects.get(action="takeover.begun")
    assert (begun.actor_id, begun.on_behalf_of_id) == (who.pk, boss.pk)


# --- Words -----------------------------------------------------------------------------------------


def content(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    text = answer.content.decode()
    return visible(text[text.index('id="content"') : text.index('id="footer"')])


def test_the_pages_speak_german(boss: User, firm: Tenant) -> None:
    german = sign_in_fresh(Client(headers={"accept-language": "de"}), boss)
    proof, held = proven(boss, "firm.com"), Domain.objects.get(name="contoso.com")
    waiting = prove.request(domain_name="neu.com", actor=boss, acting_user=boss)
    takeover = taken_over(sign_in_fresh(Client(), boss))
    for path in (
        DOMAINS,
        ADD,
        prove_page(proof),
        prove_page(waiting),
        f"{DOMAINS}{held.pk}/change/",
        f"{DOMAINS}{held.pk}/offer/",
        f"{DOMAINS}{held.pk}/remove/",
        TAKE,
        takeover_page(takeover),
        takeover_page(takeover, "undo"),
    ):
        assert english_in(content(german, path)) == [], path
