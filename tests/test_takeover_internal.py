"""Internal takeover: a member proves the domain of an organisation that nobody administers."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.access import LIMITED, Power, limited_until, may, require, tenant_limited_until
from tenants.exceptions import NotProven
from tenants.flows import hold, oversee, prove, states
from tenants.models import Domain, DomainProof, Takeover, TakeoverNotice, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tenants.selectors import domains_left_to_prove
from tenants.takeover.exceptions import (
    NothingToUndo,
    NothingToWaive,
    OperatorsOnly,
    ReasonNeeded,
    StoppedBefore,
    TakenAlready,
)
from tenants.takeover.limit_exceptions import Limited
from tenants.takeover.notices import notices_for
from tests.factories import OperatorFactory, UserFactory
from tests.services.dns import Zone, dns_server
from tests.takeovers import proven, unmanaged

pytestmark = pytest.mark.django_db
FIRM = "firm.com"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def tenant() -> Tenant:
    return unmanaged(FIRM)


@pytest.fixture
def member(tenant: Tenant) -> User:
    return tenant.users.get(email=f"person0@{FIRM}")


@pytest.fixture
def colleague(tenant: Tenant) -> User:
    return tenant.users.get(email=f"person1@{FIRM}")


def mails(stage: str) -> list[str]:
    notices = TakeoverNotice.objects.filter(stage=stage)
    mails = OutboxMail.objects.filter(kind="tenants.takeover")
    ids = {str(pk) for pk in notices.values_list("pk", flat=True)}
    return sorted(mail.to_address for mail in mails if mail.context["notice"] in ids)


def test_whoever_proves_the_domain_becomes_its_administrator(member: User) -> None:
    proof = proven(member, FIRM)
    member.refresh_from_db()
    takeover = Takeover.objects.get()
    assert (member.role, member.tenant.state) == ("administrator", "managed")  # type: ignore[union-attr]
    assert Domain.objects.get(name=FIRM).state == Domain.State.VERIFIED
    assert (takeover.kind, takeover.state) == ("internal", "done")
    assert (takeover.administrator_id, takeover.proof_id) == (member.pk, proof.pk)
    assert list(takeover.steps.values_list("name", flat=True)) == ["tenant", "administrator"]


def test_all_are_told_before_and_after_once(member: User, colleague: User) -> None:
    everybody = [f"person{number}@{FIRM}" for number in range(3)]
    proof = prove.request(domain_name=FIRM, actor=member, acting_user=member)
    prove.request(domain_name=FIRM, actor=colleague, acting_user=colleague)
    assert mails("asked") == everybody
    assert [notice.stage for notice in notices_for(colleague)] == ["asked"]
    prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=member)
    assert mails("taken") == everybody
    assert [notice.stage for notice in notices_for(colleague)] == ["taken"]
    newcomer = UserFactory.create(tenant=colleague.tenant, email=f"new@{FIRM}")
    assert notices_for(newcomer) == []
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        assert notices_for(colleague) == []


def test_asking_again_a_week_later_tells_them_again(member: User, colleague: User) -> None:
    prove.request(domain_name=FIRM, actor=member, acting_user=member)
    with time_machine.travel(timezone.now() + dt.timedelta(days=7, minutes=1)):
        prove.request(domain_name=FIRM, actor=colleague, acting_user=colleague)
    assert len(mails("asked")) == 6


def test_the_second_one_is_told_that_another_was_first(member: User, colleague: User) -> None:
    waiting = prove.request(domain_name=FIRM, actor=colleague, acting_user=colleague)
    proven(member, FIRM)
    with pytest.raises(TakenAlready):
        prove.note(proof_id=waiting.pk, finding=Finding(Outcome.PROVEN), acting_user=colleague)
    colleague.refresh_from_db()
    assert colleague.role == User.Role.MEMBER
    assert DomainProof.objects.get(actor=member).state == DomainProof.State.PROVEN


def test_who_has_several_domains_to_prove_becomes_administrator_with_the_last(
    tenant: Tenant, member: User
) -> None:
    Domain.objects.create(name="firm.net", tenant=tenant)
    proven(member, FIRM)
    member.refresh_from_db()
    assert member.role == User.Role.MEMBER
    proven(member, "firm.net")
    member.refresh_from_db()
    assert member.role == User.Role.ADMINISTRATOR


def test_control_that_is_gone_again_is_no_part_of_governing_several_domains(
    tenant: Tenant, member: User
) -> None:
    Domain.objects.create(name="firm.net", tenant=tenant)
    early = proven(member, "firm.net")
    for _ in range(hold.LOST_AFTER):
        hold.note_daily(proof_id=early.pk, finding=Finding(Outcome.NOT_THERE))
    proven(member, FIRM)
    member.refresh_from_db()
    assert member.role == User.Role.MEMBER
    assert domains_left_to_prove(member) == ["firm.net"]
    proven(member, "firm.net")
    member.refresh_from_db()
    assert member.role == User.Role.ADMINISTRATOR


def test_a_colleagues_value_in_the_zone_makes_nobody_else_an_administrator(
    member: User, colleague: User, settings: Settings
) -> None:
    """Whoever presses finds their own value, or nothing; each alias leads to what it names, wildcards too."""
    theirs = prove.request(domain_name=FIRM, actor=member, acting_user=member)
    mine = prove.request(domain_name=FIRM, actor=colleague, acting_user=colleague)
    wild = f"_rms-verification.{FIRM}. 60 IN CNAME records.{FIRM}.\n"
    zone = Zone(f'{wild}records.{FIRM}. 60 IN TXT "{theirs.record.text}"', f"{FIRM}.")
    with dns_server(zone) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        with pytest.raises(NotProven) as refusal:
            prove.confirm(proof=mine, acting_user=colleague)
    assert refusal.value.outcome == Outcome.OTHER
    assert not User.objects.exclude(role=User.Role.MEMBER).exists()


def test_who_was_disabled_while_servers_were_asked_gets_nothing(member: User) -> None:
    proof = prove.request(domain_name=FIRM, actor=member, acting_user=member)
    User.objects.filter(pk=member.pk).update(state=User.State.DISABLED)
    with pytest.raises(TakenAlready):
        prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=member)
    assert DomainProof.objects.get().state == DomainProof.State.WAITING
    assert not User.objects.exclude(role=User.Role.MEMBER).exists()


def test_for_72_hours_old_accounts_are_not_deleted_nor_their_factors_reset(
    member: User, colleague: User
) -> None:
    proven(member, FIRM)
    member.refresh_from_db()
    colleague.refresh_from_db()
    with time_machine.travel(timezone.now() + HOUR):
        newcomer = UserFactory.create(tenant=member.tenant, email=f"new@{FIRM}")
        for power in LIMITED:
            assert not may(member, power, colleague)
            assert may(member, power, newcomer)
            with pytest.raises(Limited, match="Until"):
                require(member, power, colleague)
        assert may(member, Power.DISABLE, colleague)
        assert may(OperatorFactory.create(), Power.DELETE, colleague)
        with pytest.raises(Limited):
            states.delete(user=colleague, acting_user=member)
        states.delete(user=newcomer, acting_user=member)
    with time_machine.travel(timezone.now() + 71 * HOUR):
        assert tenant_limited_until(colleague.tenant)  # type: ignore[arg-type]
        assert not may(member, Power.DELETE, colleague)
    with time_machine.travel(timezone.now() + 73 * HOUR):
        assert limited_until(colleague) is None
        assert may(member, Power.DELETE, colleague)


def test_an_operator_waives_the_limits_with_a_reason(member: User, colleague: User) -> None:
    proven(member, FIRM)
    member.refresh_from_db()
    colleague.refresh_from_db()
    operator = OperatorFactory.create()
    with pytest.raises(ReasonNeeded):
        oversee.waive(domain_name=FIRM, reason=" ", acting_user=operator)
    with pytest.raises(OperatorsOnly):
        oversee.waive(domain_name=FIRM, reason="mine", acting_user=member)
    oversee.waive(domain_name=FIRM, reason="They called.", acting_user=operator)
    assert may(member, Power.DELETE, colleague)
    event = AuditEvent.objects.get(action="takeover.waived")
    assert (event.tenant_id, event.actor_id) == (member.tenant_id, operator.pk)
    assert event.details["reason"] == "They called."
    with pytest.raises(NothingToWaive):
        oversee.waive(domain_name=FIRM, reason="Again.", acting_user=operator)


def test_an_operator_stops_it_and_all_is_as_before(member: User, colleague: User) -> None:
    proven(member, FIRM)
    tenant = member.tenant
    assert tenant
    Tenant.objects.filter(pk=tenant.pk).update(allow_ad_hoc_subscriptions=False)
    User.objects.filter(pk=colleague.pk).update(role=User.Role.ADMINISTRATOR)
    operator = OperatorFactory.create()
    oversee.stop(domain_name=FIRM, reason="Not theirs.", acting_user=operator)
    tenant.refresh_from_db()
    assert (tenant.state, tenant.allow_ad_hoc_subscriptions) == ("unmanaged", True)
    assert set(tenant.users.values_list("role", flat=True)) == {"member"}
    assert Domain.objects.get(name=FIRM).state == Domain.State.UNVERIFIED
    assert not DomainProof.objects.filter(state=DomainProof.State.PROVEN).exists()
    assert AuditEvent.objects.get(action="takeover.stopped").tenant_id == tenant.pk
    assert len(mails("ended")) == 3
    with pytest.raises(NothingToUndo):
        oversee.stop(domain_name=FIRM, reason="Again.", acting_user=operator)


def test_who_was_stopped_does_not_come_back_alone_but_others_may(
    member: User, colleague: User
) -> None:
    proven(member, FIRM)
    oversee.stop(domain_name=FIRM, reason="Not theirs.", acting_user=None)
    member, colleague = (User.objects.get(pk=user.pk) for user in (member, colleague))
    with pytest.raises(StoppedBefore):
        prove.request(domain_name=FIRM, actor=member, acting_user=member)
    proven(colleague, FIRM)
    colleague.refresh_from_db()
    assert colleague.role == User.Role.ADMINISTRATOR


def test_accounts_made_meanwhile_keep_their_verified_domain_after_a_stop(member: User) -> None:
    proven(member, FIRM)
    made = UserFactory.create(tenant=member.tenant, email=f"made@{FIRM}")
    made.addresses.update(proven_at=None)
    oversee.stop(domain_name=FIRM, reason="Not theirs.", acting_user=None)
    assert Domain.objects.get(name=FIRM).state == Domain.State.VERIFIED
