"""Keeping a proof: looked for every day, lost, found again, and what rests meanwhile."""

from __future__ import annotations

import datetime as dt
import time

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants import tasks
from tenants.flows import hold, prove
from tenants.models import DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tenants.selectors import endangered_proofs, has_lapsed
from tenants.standing import Standing, members, membership, opening
from tests.domain_proofs import DAY, FIRM, Dns, managed, proven, requested, words
from tests.factories import TenantFactory
from tests.outbox import LocalInbox
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, ask

pytestmark = pytest.mark.django_db


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
    assert "not there yet" in refusal("confirm_domain", *words(str(member.email)))
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
    # One after the other they would take five seconds each.
    assert time.monotonic() - began < 15
    assert DomainProof.objects.filter(outcome=Outcome.NOT_ASKED, failures=1).count() == hold.BATCH
