"""Proving a domain, from the record to publish to the proof, by its commands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from tenants import tasks
from tenants.exceptions import NoProofAsked, NotProven
from tenants.flows import prove
from tenants.models import Domain, DomainProof, Tenant, User
from tenants.proving import asking
from tenants.proving.outcome import Finding, Outcome
from tenants.signals import domain_proven
from tests.domain_proofs import DAY, FIRM, Dns, managed, milliseconds, proven, requested, words
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.services.waiting import PATIENCE
from tests.test_commands import refusal, run, say

pytestmark = pytest.mark.django_db


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


def test_the_worker_asks_for_whoever_pressed_the_button(
    member: User, dns: Dns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", (PATIENCE,))
    proof = requested(member)
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
        proof.refresh_from_db()
        assert (proof.state, proof.outcome) == ("waiting", "not_there")
        dns.publish(proof)
        tasks.check_domain_proof.apply(args=(str(proof.id),), throw=True)
    assert len(dns.server.asked) == 2  # pressed twice at once, asked once, at both places
    with time_machine.travel(now + dt.timedelta(seconds=3)):
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
