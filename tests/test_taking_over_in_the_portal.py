"""Taking a domain over in the browser: shown before it is done, and undone, waived or stopped after it."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from tenants import tasks
from tenants.flows import act_for, prove
from tenants.models import Domain, DomainProof, Takeover, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tests.domain_portal import (
    ADD,
    DAY,
    DOMAINS,
    TAKE,
    done_by_a_worker,
    page,
    prove_page,
    taken_over,
    takeover_page,
)
from tests.factories import TenantFactory, UserFactory
from tests.staff import sign_in_fresh
from tests.takeovers import proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_a_takeover_is_shown_before_it_is_done_and_wants_the_domain_typed(
    portal: Client, boss: User, firm: Tenant, sent: list[tuple[str, ...]]
) -> None:
    proof = proven(boss, "firm.com")
    assert TAKE in page(portal, prove_page(proof))
    preview = page(portal, TAKE)
    assert "The domain firm.com goes along." in preview
    assert "For 72 hours afterwards, nobody of your organisation can delete" in preview
    assert "For 30 days you can undo it, with your second factor." in preview
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
    # Whether anybody signed up there, is not for those to know who have not proven it.
    assert "has not proven nothing.com" in page(portal, TAKE.replace("firm", "nothing"))


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


def test_a_takeover_can_be_undone_for_thirty_days(
    portal: Client, boss: User, firm: Tenant, sent: list[tuple[str, ...]]
) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    undo = takeover_page(takeover, "undo")
    assert undo in page(portal, takeover_page(takeover))
    assert "goes back to firm.com" in page(portal, undo)
    sent.clear()
    pressed = portal.post(undo, {"typed": "firm.com"})
    assert pressed.headers["Location"] == takeover_page(takeover)
    assert Domain.objects.get(name="firm.com").tenant == boss.tenant
    waiting = page(portal, takeover_page(takeover))
    assert f'data-waits-at="{takeover_page(takeover, "state")}" data-mark="undoing"' in waiting
    done_by_a_worker(sent)
    assert portal.get(takeover_page(takeover, "state")).json() == {"mark": "undone"}
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


def test_an_operator_waives_and_stops_with_a_reason(
    portal: Client, boss: User, firm: Tenant, operator: Client, sent: list[tuple[str, ...]]
) -> None:
    proven(boss, "firm.com")
    takeover = taken_over(portal)
    assert "firm.com" in page(operator, "/admin/tenants/takeover/")
    sent.clear()
    for name, state in (("waive", "done"), ("stop", "undone")):
        there = takeover_page(takeover, name)
        assert there in page(operator, takeover_page(takeover))
        assert "Give a reason." in operator.post(there, {"typed": "firm.com"}).content.decode()
        done = operator.post(there, {"typed": "firm.com", "reason": "They called us."})
        assert done.headers["Location"] == takeover_page(takeover)
        assert len(sent) == (name == "stop")
        done_by_a_worker(sent)
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


def test_a_record_is_asked_for_in_the_name_of_somebody_who_administers_by_now(
    boss: User, operator: Client
) -> None:
    """Whom the operator acts for has gone to another organisation, and administers that."""
    assert boss.tenant
    gone = UserFactory.create(
        tenant=boss.tenant, email="gone@contoso.com", role=User.Role.ADMINISTRATOR
    )
    acting = act_for.begin(
        tenant=boss.tenant,
        administrator=gone,
        reason="They asked us.",
        acting_user=User.objects.get(role=User.Role.OPERATOR),
    )
    session = operator.session
    session["acting_for"] = str(acting.pk)
    session.save()
    other = TenantFactory.create(name="other.com", state=Tenant.State.MANAGED)
    gone.addresses.all().delete()
    User.objects.filter(pk=gone.pk).update(tenant=other, email="gone@other.com")
    operator.post(ADD, {"domain": "neu.com"})
    assert DomainProof.objects.get().actor == boss
