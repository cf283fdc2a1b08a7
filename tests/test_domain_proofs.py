"""Proving a domain, from the record to publish to the proof, and keeping it: the commands, and every day after."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants import tasks
from tenants.exceptions import NoProofAsked, NotProven
from tenants.flows import hold, prove
from tenants.models import Domain, DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tenants.selectors import endangered_proofs, has_lapsed
from tenants.signals import domain_proven
from tenants.standing import Standing, members, membership, opening
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.services.dns import DnsServer, Zone, dns_server
from tests.test_commands import refusal, run, say
from tests.walk import ClientVisitor, ask

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
FIRM = "firm.com"


@dataclass
class Dns:
    """What the DNS server shows for any name asked for below firm.com."""

    server: DnsServer
    published: list[str] = field(default_factory=list)

    def publish(self, proof: DomainProof) -> None:
        self.published.append(f'{proof.record.name}. 60 IN TXT "{proof.record.text}"')
        self._show()

    def clear(self) -> None:
        self.published.clear()
        self._show()

    def _show(self) -> None:
        self.server.answer = Zone("\n".join(self.published), f"{FIRM}.")


@pytest.fixture
def dns(settings: Settings) -> Iterator[Dns]:
    with dns_server(Zone("", f"{FIRM}.")) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        yield Dns(server)


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name=FIRM)


@pytest.fixture
def member(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, email=f"mina@{FIRM}")


def requested(member: User, domain: str = FIRM) -> DomainProof:
    return prove.request(domain_name=domain, actor=member, acting_user=member)


def proven(member: User, dns: Dns) -> DomainProof:
    proof = requested(member)
    dns.publish(proof)
    return prove.confirm(proof=proof, acting_user=member)


def managed(tenant: Tenant) -> User:
    """An administrator of `tenant`, which becomes managed."""
    Tenant.objects.filter(id=tenant.id).update(state=Tenant.State.MANAGED)
    tenant.refresh_from_db()
    return UserFactory.create(tenant=tenant, role=User.Role.ADMINISTRATOR)


def words(email: str, domain: str = FIRM) -> tuple[str, ...]:
    return (domain, "--administrator", email)


def milliseconds(time: dt.datetime | None) -> dt.datetime:
    """As JSON has it."""
    assert time
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


# --- Asking for a record ---------------------------------------------------------------------------


def test_the_record_to_publish(member: User) -> None:
    shown = run("get_domain_verification", *words(f"Mina@{FIRM}", "FIRM.com."))
    assert (shown["domain"], shown["name"]) == (FIRM, "_rms-verification.firm.com")
    assert shown["text"] == f"rms-verification={shown['value']}"
    assert len(bytes.fromhex(shown["value"])) * 8 >= 128
    left = dt.datetime.fromisoformat(shown["expires"]) - timezone.now()
    assert dt.timedelta(days=6, hours=23) < left <= dt.timedelta(days=7)
    event = AuditEvent.objects.get(action="domain.proof_requested")
    assert (event.tenant_id, event.on_behalf_of_id) == (member.tenant_id, member.id)
    assert shown["text"] in say("get_domain_verification", *words(f"mina@{FIRM}"))


def test_the_same_record_while_it_lives_and_another_one_after(member: User) -> None:
    first = requested(member)
    assert requested(member) == first
    assert AuditEvent.objects.count() == 1
    with time_machine.travel(timezone.now() + 7 * DAY):
        assert requested(member).value != first.value
    first.refresh_from_db()
    assert first.state == DomainProof.State.EXPIRED


def test_everybody_has_a_record_of_their_own(tenant: Tenant, member: User) -> None:
    colleague = UserFactory.create(tenant=tenant)
    stranger = managed(TenantFactory.create(name="other.com"))
    assert len({requested(user).value for user in (member, colleague, stranger)}) == 3


def test_a_dry_run_leaves_nothing(member: User) -> None:
    assert run("get_domain_verification", *words(str(member.email)), "--dry-run")["dry_run"] is True
    assert not DomainProof.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        ("co.uk", "ending that many organisations share"),
        ("github.io", "ending that many organisations share"),
        ("firm.example", "name for examples"),
        ("firm.internal", "private networks"),
        ("no domain", "not a domain name"),
        ("blocked.com", "does not accept the domain blocked.com"),
    ],
)
def test_names_that_nobody_can_prove(domain: str, sentence: str) -> None:
    administrator = managed(TenantFactory.create())
    run("block_domain", "blocked.com")
    assert sentence in refusal("get_domain_verification", *words(str(administrator.email), domain))


def test_who_cannot_prove(tenant: Tenant, member: User) -> None:
    command = "get_domain_verification"
    assert "No account has the address" in refusal(command, *words("nobody@firm.com"))
    operator = OperatorFactory.create()
    assert "active account of an organisation" in refusal(command, *words(str(operator.email)))
    assert "does not belong" in refusal(command, *words(str(member.email), "other.com"))
    managed(tenant)
    assert "Ask one of them" in refusal(command, *words(str(member.email)))
    User.objects.filter(id=member.id).update(state=User.State.DISABLED)
    assert "active account of an organisation" in refusal(command, *words(str(member.email)))


# --- Confirming ------------------------------------------------------------------------------------


def test_a_published_record_proves_the_domain(member: User, dns: Dns) -> None:
    email = str(member.email)
    assert "No record to publish was made" in refusal("confirm_domain", *words(email))
    proof = requested(member)
    assert "not there yet" in refusal("confirm_domain", *words(email))
    dns.publish(proof)
    shown = run("confirm_domain", *words(email))
    assert (shown["state"], shown["outcome"]) == ("proven", "proven")
    assert shown["proven_at"]
    assert Domain.objects.get().state == Domain.State.VERIFIED
    event = AuditEvent.objects.get(action="domain.proven")
    assert (event.subject, event.details) == (f"domain:{FIRM}", {"proof": str(proof.id)})
    member.refresh_from_db()
    assert (member.role, member.tenant and member.tenant.state) == ("administrator", "managed")


def test_confirming_again_is_the_same_proof(member: User, dns: Dns) -> None:
    proof = proven(member, dns)
    again = run("confirm_domain", *words(str(member.email)))
    assert dt.datetime.fromisoformat(again["proven_at"]) == milliseconds(proof.proven_at)
    assert requested(member) == proof
    assert AuditEvent.objects.filter(action="domain.proven").count() == 1


def test_a_dry_run_asks_and_changes_nothing(member: User, dns: Dns) -> None:
    dns.publish(requested(member))
    shown = run("confirm_domain", *words(str(member.email)), "--dry-run")
    assert (shown["dry_run"], shown["state"]) == (True, "proven")
    assert DomainProof.objects.get().state == DomainProof.State.WAITING
    assert Domain.objects.get().state == Domain.State.UNVERIFIED


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Outcome.NOT_THERE, "Publish the TXT record rms-verification="),
        (Outcome.OTHER, "but with another value"),
        (Outcome.DISAGREE, "Not all DNS servers of the domain"),
        (Outcome.NOT_ASKED, "Too few DNS servers answered"),
    ],
)
def test_why_not_and_what_to_do(member: User, outcome: Outcome, sentence: str) -> None:
    assert sentence in str(NotProven(outcome, requested(member).record))


def test_a_record_that_expired_proves_nothing_any_more(member: User, dns: Dns) -> None:
    proof = requested(member)
    dns.publish(proof)
    with time_machine.travel(timezone.now() + 7 * DAY, tick=False):
        assert "last 7 days" in refusal("confirm_domain", *words(str(member.email)))
        with pytest.raises(NoProofAsked):
            prove.confirm(proof=proof, acting_user=member)
    proof.refresh_from_db()
    assert proof.state == DomainProof.State.WAITING


def test_somebody_elses_record_proves_nothing(tenant: Tenant, member: User, dns: Dns) -> None:
    colleague = UserFactory.create(tenant=tenant)
    dns.publish(requested(colleague))
    requested(member)
    assert "with another value" in refusal("confirm_domain", *words(str(member.email)))


def test_a_domain_that_was_blocked_meanwhile_is_not_asked(member: User, dns: Dns) -> None:
    requested(member)
    run("block_domain", FIRM)
    assert "does not accept the domain" in refusal("confirm_domain", *words(str(member.email)))
    assert dns.server.asked == []


def test_a_proof_of_a_domain_that_another_tenant_holds_changes_the_proof_only(
    tenant: Tenant, member: User, dns: Dns
) -> None:
    stranger = managed(TenantFactory.create(name="other.com"))
    assert proven(stranger, dns).state == DomainProof.State.PROVEN
    domain = Domain.objects.get(name=FIRM)
    assert (domain.tenant, domain.state) == (tenant, Domain.State.UNVERIFIED)


def test_a_colleagues_later_proof_supersedes(tenant: Tenant, member: User, dns: Dns) -> None:
    first = proven(member, dns)
    second = proven(managed(tenant), dns)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "proven")


def test_what_follows_from_a_proof_hears_of_it_once_and_can_undo_it(member: User, dns: Dns) -> None:
    heard: list[DomainProof] = []

    def follow(proof: DomainProof, **_: Any) -> None:
        heard.append(proof)
        if len(heard) == 1:
            raise ValueError("The first time it fails.")

    domain_proven.connect(follow)
    try:
        with pytest.raises(ValueError, match="first time"):
            proven(member, dns)
        assert DomainProof.objects.get().state == DomainProof.State.WAITING
        proof = proven(member, dns)
        prove.confirm(proof=proof, acting_user=member)
    finally:
        domain_proven.disconnect(follow)
    assert heard == [proof, proof]


def test_a_domain_is_proven_once_however_often_it_is_noted(member: User) -> None:
    proof = requested(member)
    for _ in range(3):
        prove.note(proof_id=proof.id, finding=Finding(Outcome.PROVEN), acting_user=member)
    assert AuditEvent.objects.filter(action="domain.proven").count() == 1


def test_the_database_keeps_one_proof_of_a_domain_for_a_tenant(
    tenant: Tenant, member: User, dns: Dns
) -> None:
    proof = proven(member, dns)
    proof.pk, proof.value = None, "0" * 40
    proof._state.adding = True
    with pytest.raises(IntegrityError):
        proof.save()


# --- By the worker ---------------------------------------------------------------------------------


def test_the_worker_asks_for_whoever_pressed_the_button(member: User, dns: Dns) -> None:
    proof = requested(member)
    tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    proof.refresh_from_db()
    assert (proof.state, proof.outcome) == ("waiting", "not_there")
    dns.publish(proof)
    tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    assert len(dns.server.asked) == 2  # pressed twice at once, asked once, at both places
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=3)):
        tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    proof.refresh_from_db()
    assert proof.state == DomainProof.State.PROVEN
    assert AuditEvent.objects.get(action="domain.proven").actor_id == member.id


def test_the_worker_asks_again_where_nobody_answered(member: User, dns: Dns) -> None:
    def lame(question: Any, by_tcp: bool) -> bytes:
        reply = question.reply()
        reply.header.rcode = 2
        return bytes(reply.pack())

    dns.server.answer = lame
    proof = requested(member)
    tasks.check_domain_proof.apply(args=(str(proof.id),))
    proof.refresh_from_db()
    assert (proof.state, proof.outcome) == ("waiting", "not_asked")
    assert len(dns.server.asked) == 2 * 4


def test_a_press_that_comes_too_late_is_no_error(member: User, dns: Dns) -> None:
    proof = requested(member)
    with time_machine.travel(timezone.now() + 7 * DAY):
        tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    run("block_domain", FIRM)
    tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    proof.refresh_from_db()
    assert proof.state == DomainProof.State.WAITING


# --- Every day after -------------------------------------------------------------------------------


def days_later(days: int) -> None:
    """The scheduler's work on each of the next `days` days."""
    start = DomainProof.objects.get().next_check_at
    assert start
    for day in range(days):
        with time_machine.travel(start + day * DAY + dt.timedelta(hours=4 * day)):
            assert hold.recheck() == 1
            assert hold.recheck() == 0


def test_a_proof_is_looked_for_every_day(member: User, dns: Dns) -> None:
    proof = proven(member, dns)
    assert hold.recheck() == 0
    days_later(5)
    proof.refresh_from_db()
    assert (proof.failures, proof.proof_lost_at) == (0, None)
    assert list(endangered_proofs(proof.tenant)) == []


def test_the_third_failure_in_a_row_loses_the_proof_and_tells_the_administrators_once(
    tenant: Tenant, member: User, dns: Dns
) -> None:
    proof = proven(member, dns)
    administrator = managed(tenant)
    dns.clear()
    days_later(2)
    proof.refresh_from_db()
    assert (proof.failures, proof.proof_lost_at) == (2, None)
    assert list(endangered_proofs(tenant)) == [proof]
    mails = OutboxMail.objects.filter(kind="tenants.proof_lost")
    assert not mails.exists()
    days_later(4)
    proof.refresh_from_db()
    assert proof.proof_lost_at
    assert AuditEvent.objects.filter(action="domain.proof_lost").count() == 1
    with time_machine.travel(timezone.now() + 9 * DAY):
        (mail,) = LocalInbox().mails_to(str(administrator.email))
    assert mail.subject == "The DNS record of firm.com is missing"
    assert proof.record.text in mail.text
    assert mails.count() == 2  # to both administrators


def test_two_failures_and_a_success_are_forgotten(member: User, dns: Dns) -> None:
    proof = proven(member, dns)
    for _ in range(2):
        dns.clear()
        days_later(2)
        dns.publish(proof)
        days_later(1)
    proof.refresh_from_db()
    assert (proof.failures, proof.proof_lost_at) == (0, None)


def test_a_lost_proof_is_found_again(member: User, dns: Dns) -> None:
    proof = proven(member, dns)
    dns.clear()
    days_later(3)
    assert "with another value" in refusal("confirm_domain", *words(str(member.email)))
    dns.publish(proof)
    assert run("confirm_domain", *words(str(member.email)))["proof_lost_at"] is None
    assert AuditEvent.objects.filter(action="domain.proof_found").count() == 1


def lost(proof: DomainProof, before: dt.timedelta) -> None:
    DomainProof.objects.filter(id=proof.id).update(
        failures=3, proof_lost_at=timezone.now() - before
    )


def test_a_managed_tenants_proof_lapses_thirty_days_after_it_was_lost(
    member: User, dns: Dns
) -> None:
    proof = proven(member, dns)
    lost(proof, 31 * DAY)
    Tenant.objects.update(state=Tenant.State.UNMANAGED)
    assert not has_lapsed(FIRM, timezone.now())
    managed(proof.tenant)
    assert has_lapsed(FIRM, timezone.now())
    lost(proof, 30 * DAY - dt.timedelta(minutes=1))
    assert not has_lapsed(FIRM, timezone.now())
    assert not has_lapsed("other.com", timezone.now())


def test_nobody_joins_through_a_lapsed_domain_until_the_proof_is_found_again(
    member: User, dns: Dns, client: Client
) -> None:
    proof = proven(member, dns)
    managed(proof.tenant)
    lost(proof, 31 * DAY)
    page = ask(ClientVisitor(client), f"new@{FIRM}")
    assert page.status == 302
    assert "Ask" in LocalInbox().mails_to(f"new@{FIRM}")[-1].subject
    prove.note(proof_id=proof.id, finding=Finding(Outcome.PROVEN), acting_user=None)
    ask(ClientVisitor(Client()), f"second@{FIRM}")
    assert "Finish signing up" in LocalInbox().mails_to(f"second@{FIRM}")[-1].subject


def test_organisation_wide_grants_rest_while_the_domain_has_lapsed(member: User, dns: Dns) -> None:
    proof = proven(member, dns)
    managed(proof.tenant)
    now = timezone.now()
    assert membership(member, domains=[FIRM], now=now) is Standing.GOOD
    lost(proof, 31 * DAY)
    assert membership(member, domains=[FIRM], now=now) is Standing.DOMAIN_LAPSED
    assert opening(member, now=now) is Standing.GOOD
    assert not members(domains=[FIRM], now=now).exists()


def test_records_that_nobody_published_end_and_are_forgotten(member: User) -> None:
    proof = requested(member)
    tasks.expire_domain_proofs()
    with time_machine.travel(timezone.now() + 8 * DAY):
        tasks.expire_domain_proofs()
        proof.refresh_from_db()
        assert proof.state == DomainProof.State.EXPIRED
    with time_machine.travel(timezone.now() + 40 * DAY):
        tasks.expire_domain_proofs()
    assert not DomainProof.objects.exists()


def test_each_proof_is_checked_by_one_worker_and_again_later_where_that_died(
    member: User, dns: Dns
) -> None:
    proof = proven(member, dns)
    DomainProof.objects.update(next_check_at=timezone.now())
    assert [claimed.id for claimed in hold.claim()] == [proof.id]
    assert hold.claim() == []
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1)):
        tasks.recheck_domain_proofs()
    proof.refresh_from_db()
    assert proof.checked_at
    assert proof.next_check_at
    assert (
        dt.timedelta(hours=22) <= proof.next_check_at - proof.checked_at <= dt.timedelta(hours=26)
    )


def test_a_batch_takes_no_longer_than_one_whatever_servers_do(member: User, dns: Dns) -> None:
    administrator = managed(member.tenant or TenantFactory.create())
    for number in range(hold.BATCH):
        proof = requested(administrator, f"firm{number}.com")
        prove.note(proof_id=proof.id, finding=Finding(Outcome.PROVEN), acting_user=None)
    DomainProof.objects.update(next_check_at=timezone.now())
    dns.server.answer = lambda question, by_tcp: None
    began = time.monotonic()
    assert hold.recheck() == hold.BATCH
    assert time.monotonic() - began < 5.5
    assert DomainProof.objects.filter(outcome=Outcome.NOT_ASKED, failures=1).count() == hold.BATCH


def test_list_domain_proofs(member: User, dns: Dns) -> None:
    assert say("list_domain_proofs") == "Nobody has asked to prove such a domain.\n"
    proof = proven(member, dns)
    (row,) = run("list_domain_proofs", FIRM)
    assert {"domain", "name", "value", "expires"} <= set(row)
    assert (row["id"], row["state"], row["outcome"]) == (str(proof.id), "proven", "proven")
    assert "there" in row["detail"]
    assert run("list_domain_proofs", "other.com") == []


def test_operators_see_the_proofs_in_the_administration(member: User, client: Client) -> None:
    proof = requested(member)
    client.force_login(OperatorFactory.create())
    assert FIRM in client.get("/admin/tenants/domainproof/?q=firm").content.decode()
    page = client.get(f"/admin/tenants/domainproof/{proof.id}/change/")
    assert proof.value in page.content.decode()
