"""Around a takeover: sub-domains that are swept along, the log that is closed, and what is left after 30 days."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from audit.flows.chain import chain_pending
from audit.flows.verify import verify
from audit.models import AuditEvent, ChainLink
from audit.services import record
from subscriptions.services import ensure_free_subscription
from tenants import registrable
from tenants.flows import give_back, prove, purge, release, take_over
from tenants.models import Domain, MovedRow, Takeover, Tenant, User
from tenants.selectors import lapsed
from tenants.takeover.exceptions import HeldByManaged, NotProvenHere
from tests.factories import GroupFactory, SubscriptionFactory
from tests.past_triggers import execute, past_the_triggers
from tests.takeovers import holder, lost, managed, proven, unmanaged
from tests.test_commands import run

pytestmark = pytest.mark.django_db
FIRM, SHOP = "firm.com", "shop.com"
DAY = dt.timedelta(days=1)


@pytest.fixture
def ada() -> User:
    return managed(FIRM)


def tenant_of(user: User) -> Tenant:
    assert user.tenant
    return user.tenant


def taken(ada: User, name: str = SHOP) -> Takeover:
    return take_over.take_over(domain_name=name, target=tenant_of(ada), acting_user=ada)


# --- Sub-domains --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parent", "is_within"),
    [
        ("mail.firm.com", "firm.com", True),
        ("a.b.firm.com", "b.firm.com", True),
        ("firm.com", "firm.com", False),
        ("firm.com", "mail.firm.com", False),
        ("notfirm.com", "firm.com", False),
        ("a.firm.co.uk", "firm.co.uk", True),
        ("firm.co.uk", "co.uk", False),
        # Endings of the private section: strangers have names below them.
        ("bob.github.io", "github.io", False),
        ("www.bob.github.io", "bob.github.io", True),
        ("shop.blogspot.com", "blogspot.com", False),
        ("bob.s3.amazonaws.com", "amazonaws.com", False),
        ("x.firm.unknownending", "firm.unknownending", True),
    ],
)
def test_what_one_registrant_has(name: str, parent: str, is_within: bool) -> None:
    assert registrable.is_within(name, parent) is is_within


def test_sub_domains_are_swept_along_one_by_one_and_by_choice(ada: User) -> None:
    mail, desk = unmanaged("mail.firm.com"), unmanaged("desk.firm.com")
    unmanaged("firm.com.example.net")
    found = take_over.sweepable(parent=FIRM, target=tenant_of(ada))
    assert [domain.name for domain in found] == ["desk.firm.com", "mail.firm.com"]
    takeover = taken(ada, "mail.firm.com")
    assert takeover.proof_id == tenant_of(ada).proofs.get().pk
    assert (holder("mail.firm.com"), holder("desk.firm.com")) == (ada.tenant, desk)
    assert mail.users.count() == 0
    # Who may be let in below it is not proven.
    assert Domain.objects.get(name="mail.firm.com").state == Domain.State.UNVERIFIED
    give_back.undo(domain_name="mail.firm.com", acting_user=ada)
    assert holder("mail.firm.com") == mail


def test_a_domain_that_was_taken_along_leans_on_the_proof_above_it(ada: User) -> None:
    name = "mail.firm.com"
    unmanaged(name)
    taken(ada, name)
    now, other = timezone.now(), managed("other.com")
    with pytest.raises(HeldByManaged):
        prove.request(domain_name=name, actor=other, acting_user=other)
    lost(tenant_of(ada).proofs.get(), days=31)
    assert lapsed([name, FIRM, "other.com"], now) == {name, FIRM}
    proven(other, name)
    release.release(domain_name=name, reason="Sold.", acting_user=None)
    assert holder(name) == other.tenant
    assert lapsed([name], now) == set()


def test_a_proof_of_its_own_is_what_a_sub_domain_leans_on(ada: User) -> None:
    name = "mail.firm.com"
    proven(ada, name)
    lost(tenant_of(ada).proofs.get(domain_name=FIRM), days=31)
    assert lapsed([name, FIRM], timezone.now()) == {FIRM}


def test_whoever_has_a_sub_domain_gets_nothing_above_or_beside_it() -> None:
    sub = managed("lab.firm.com")
    for name in (FIRM, "mail.firm.com"):
        unmanaged(name)
        with pytest.raises(NotProvenHere):
            taken(sub, name)


def test_a_managed_sub_domain_is_not_swept_along(ada: User) -> None:
    managed("lab.firm.com")
    assert take_over.sweepable(parent=FIRM, target=tenant_of(ada)) == []
    with pytest.raises(HeldByManaged):
        taken(ada, "lab.firm.com")


def test_strangers_below_a_shared_ending_are_not_swept_along(ada: User) -> None:
    proven(ada, "pages.firm.com")
    unmanaged("bob.github.io")
    assert not registrable.is_within("bob.github.io", "github.io")
    with pytest.raises(NotProvenHere):
        taken(ada, "bob.github.io")


# --- The log ------------------------------------------------------------------------------------------


def test_the_chain_of_a_moved_organisation_ends_with_a_row_that_says_so(ada: User) -> None:
    shop = unmanaged(SHOP)
    proven(ada, SHOP)
    taken(ada)
    chain_pending(everything=True)
    link = ChainLink.objects.filter(chain=shop.pk).order_by("-number")[0]
    last = AuditEvent.objects.get(pk=link.event_id)
    assert (last.action, last.details["to"]) == ("tenant.moved", str(ada.tenant_id))
    assert list(verify()) == []


def test_the_new_owner_verifies_the_log_that_came_along(ada: User) -> None:
    shop = unmanaged(SHOP)
    run("set_company_settings", SHOP, "--allow-ad-hoc-subscriptions", "false")
    proven(ada, SHOP)
    taken(ada)
    assert run("verify_audit_log", FIRM)["intact"] is True
    with past_the_triggers():
        execute("UPDATE audit_auditevent SET action = 'x' WHERE action = 'tenant.settings_changed'")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify_audit_log", FIRM, "--json", stdout=out)
    assert {row["tenant_id"] for row in json.loads(out.getvalue())["wrong"]} == {str(shop.pk)}


def test_the_new_owner_reads_the_log_until_the_takeover_is_undone(ada: User) -> None:
    shop = unmanaged(SHOP)
    run("set_company_settings", SHOP, "--allow-ad-hoc-subscriptions", "false")
    proven(ada, SHOP)
    taken(ada)
    actions = [row["action"] for row in run("get_admin_log", FIRM)]
    assert "tenant.settings_changed" in actions
    assert "tenant.moved" in actions
    give_back.undo(domain_name=SHOP, acting_user=ada)
    actions = [row["action"] for row in run("get_admin_log", FIRM)]
    assert "tenant.settings_changed" not in actions
    assert "takeover.undone" in actions
    assert "takeover.undone" in [row["action"] for row in run("get_admin_log", SHOP)]
    assert shop.users.count() == 3


def test_the_log_comes_along_from_owner_to_owner(ada: User) -> None:
    unmanaged(SHOP)
    run("set_company_settings", SHOP, "--allow-ad-hoc-subscriptions", "false")
    proven(ada, SHOP)
    taken(ada)
    # firm.com is left by all and goes on as a whole.
    Tenant.objects.filter(pk=tenant_of(ada).pk).update(state=Tenant.State.UNMANAGED)
    big = managed("big.com")
    for name in (SHOP, FIRM):
        proven(big, name)
        taken(big, name)
    actions = [row["action"] for row in run("get_admin_log", "big.com")]
    assert "tenant.settings_changed" in actions


def written_in(tenant: Tenant, *, after: dt.timedelta) -> list[str]:
    """What is wrong once a row was written in its log so long afterwards."""
    with time_machine.travel(timezone.now() + after):
        record(action="user.created", subject="user:x", tenant_id=tenant.pk, acting_user=None)
        chain_pending(everything=True)
    return [finding.what for finding in verify()]


def test_a_row_after_the_final_one_is_wrong(ada: User) -> None:
    shop = unmanaged(SHOP)
    proven(ada, SHOP)
    taken(ada)
    # What had begun before may end some seconds later.
    assert written_in(shop, after=dt.timedelta(seconds=5)) == []
    (what,) = written_in(shop, after=dt.timedelta(minutes=2))
    assert "comes after the organisation's final row" in what


def test_an_undo_opens_the_chain_again_and_the_next_takeover_ends_it_again(ada: User) -> None:
    shop = unmanaged(SHOP)
    ensure_free_subscription(tenant=shop, acting_user=None)
    proven(ada, SHOP)
    taken(ada)
    with time_machine.travel(timezone.now() + DAY):
        give_back.undo(domain_name=SHOP, acting_user=ada)
        assert written_in(shop, after=dt.timedelta(hours=1)) == []
        proven(ada, SHOP)
        taken(ada)
        assert len(written_in(shop, after=dt.timedelta(hours=2))) == 1


# --- 30 days later ------------------------------------------------------------------------------------


def test_the_emptied_organisation_goes_after_30_days_and_nothing_of_it_is_missed(
    ada: User,
) -> None:
    shop = unmanaged(SHOP)
    GroupFactory.create(tenant=shop, name="Sales")
    SubscriptionFactory.create(tenant=shop)
    proven(ada, SHOP)
    taken(ada)
    assert purge.purge() == 0
    with time_machine.travel(timezone.now() + 30 * DAY + dt.timedelta(minutes=1)):
        assert purge.purge() == 1
        assert purge.purge() == 0
    assert not Tenant.objects.filter(pk=shop.pk).exists()
    assert not MovedRow.objects.exists()
    assert Takeover.objects.get(kind="external").purged_at
    assert tenant_of(ada).users.count() == 4
    assert AuditEvent.objects.filter(tenant_id=shop.pk, action="tenant.moved").exists()
    assert AuditEvent.objects.get(action="tenant.purged").tenant_id == ada.tenant_id


def test_what_was_undone_is_not_purged(ada: User) -> None:
    shop = unmanaged(SHOP)
    proven(ada, SHOP)
    taken(ada)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    with time_machine.travel(timezone.now() + 31 * DAY):
        assert purge.purge() == 0
    assert shop.users.count() == 3


def test_an_organisation_in_which_somebody_is_left_is_not_purged(ada: User) -> None:
    shop = unmanaged(SHOP)
    proven(ada, SHOP)
    taken(ada)
    User.objects.create(tenant=shop, email=None, state="closed", creation_method="admin")
    with time_machine.travel(timezone.now() + 31 * DAY):
        assert purge.purge() == 0
    assert Tenant.objects.filter(pk=shop.pk).exists()
