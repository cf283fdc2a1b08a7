"""Groups by command: made, changed, filled, nested, emptied, deleted, and why not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from audit.models import AuditEvent
from tenants.exceptions import NotAllowed
from tenants.flows import groups
from tenants.flows.group_addresses import set_addresses
from tenants.group_exceptions import GroupOfOtherOrganisation, GroupsTooDeep
from tenants.models import Address, Domain, Group, Tenant, User
from tests.factories import GroupFactory, OperatorFactory, TenantFactory, UserFactory
from tests.test_commands import refusal, run, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory.create(name="walkers.com", state=Tenant.State.MANAGED)
    tenant.domains.update(state=Domain.State.VERIFIED)
    return tenant


@pytest.fixture
def anna(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, email="anna@walkers.com")


@pytest.fixture
def sales(tenant: Tenant) -> Group:
    return GroupFactory.create(tenant=tenant, name="Sales")


def test_a_group_is_made_with_addresses_and_found_by_name_and_address(tenant: Tenant) -> None:
    made = run(
        *("create_group", "walkers.com", " Field  Sales ", "--description", "who travels"),
        *("--address", "Field@walkers.com", "--address", "sales@walkers.com"),
    )
    assert (made["name"], made["description"]) == ("Field Sales", "who travels")
    assert made["addresses"] == ["field@walkers.com", "sales@walkers.com"]
    for wanted in ("FIELD sales", "sales@Walkers.com"):
        assert run("show_group", "walkers.com", wanted)["id"] == made["id"]
    assert [row["id"] for row in run("list_groups", "walkers.com")] == [made["id"]]
    assert AuditEvent.objects.filter(subject=f"group:{made['id']}").count() == 2


def test_a_name_is_free_once_in_an_organisation(sales: Group) -> None:
    assert "a group called SALES already" in refusal("create_group", "walkers.com", "SALES")
    TenantFactory.create(name="riders.org")
    run("create_group", "riders.org", "Sales")


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\nb\x00", "sales@walkers.com", "a\uff20b"])
def test_what_is_no_name_is_refused(tenant: Tenant, name: str) -> None:
    assert "1 to 120 printable characters" in refusal("create_group", "walkers.com", name)


def test_a_group_gets_another_name_and_other_addresses(sales: Group) -> None:
    run("change_group", "walkers.com", "sales", "--addresses", "a@walkers.com", "b@walkers.com")
    changed = run(
        *("change_group", "walkers.com", "a@walkers.com", "--name", "Trade"),
        *("--addresses", "c@walkers.com", "b@walkers.com"),
    )
    assert (changed["name"], changed["addresses"]) == ("Trade", ["c@walkers.com", "b@walkers.com"])
    assert run("change_group", "walkers.com", "Trade", "--addresses")["addresses"] == []
    assert "has no group Sales" in refusal("show_group", "walkers.com", "Sales")


def test_an_address_of_a_group_is_nobody_elses(sales: Group, anna: User) -> None:
    words = ("change_group", "walkers.com", "Sales", "--addresses")
    assert "has this address already" in refusal(*words, "anna@walkers.com")
    run(*words, "all@walkers.com")
    assert "has this address already" in refusal("create_user", "all@walkers.com")
    OperatorFactory.create(email="ina@walkers.com")
    assert "has this address already" in refusal(*words, "ina@walkers.com")


def test_an_address_of_a_group_lies_in_a_verified_domain_of_its_organisation(sales: Group) -> None:
    words = ("change_group", "walkers.com", "Sales", "--addresses")
    TenantFactory.create(name="riders.org")
    assert "not a domain of this organisation" in refusal(*words, "all@riders.org")
    assert "not a domain of this organisation" in refusal(*words, "all@nowhere.org")
    Domain.objects.update(state=Domain.State.UNVERIFIED)
    assert "is not proven to be the organisation's" in refusal(*words, "all@walkers.com")
    assert not Address.objects.filter(group=sales).exists()


def test_accounts_and_groups_go_in_and_out(sales: Group, anna: User) -> None:
    everybody = GroupFactory.create(tenant=sales.tenant, name="Everybody")
    assert run("add_group_member", "walkers.com", "Sales", "anna@walkers.com")["members"] == 1
    outer = run("add_group_member", "walkers.com", "Everybody", "--inner", "Sales")
    assert (outer["members"], outer["groups"], outer["everybody"]) == (0, ["Sales"], 1)
    assert run("show_group", "walkers.com", "Sales")["in_groups"] == [everybody.name]
    assert [row["email"] for row in run("list_group_members", "walkers.com", "Everybody")] == [
        "anna@walkers.com"
    ]
    assert run("list_group_members", "walkers.com", "Everybody", "--direct") == []
    assert "Nobody is in this group" in say(
        "list_group_members", "walkers.com", "Everybody", "--direct"
    )
    run("disable_user", "anna@walkers.com")
    shown = run("show_group", "walkers.com", "Everybody")
    assert (shown["everybody"], shown["active"]) == (1, 0)
    run("remove_group_member", "walkers.com", "Everybody", "--inner", "Sales")
    assert run("remove_group_member", "walkers.com", "Sales", "anna@walkers.com")["members"] == 0
    assert "is not in the group Sales" in refusal(
        "remove_group_member", "walkers.com", "Sales", "anna@walkers.com"
    )
    assert "is not in the group Everybody" in refusal(
        "remove_group_member", "walkers.com", "Everybody", "--inner", "Sales"
    )


def test_who_is_in_a_group_is_not_put_there_twice(sales: Group, anna: User) -> None:
    words = ("add_group_member", "walkers.com", "Sales")
    GroupFactory.create(tenant=sales.tenant, name="Inner")
    run(*words, "anna@walkers.com")
    run(*words, "--inner", "Inner")
    assert "is in the group Sales already" in refusal(*words, "anna@walkers.com")
    assert "is in the group Sales already" in refusal(*words, "--inner", "Inner")


def test_only_the_organisations_own_come_in(sales: Group) -> None:
    stranger = UserFactory.create()
    foreign: Group = GroupFactory.create()
    words = ("add_group_member", "walkers.com", "Sales")
    assert "another organisation" in refusal(*words, str(stranger.email))
    assert "has no group" in refusal(*words, "--inner", foreign.name)
    with pytest.raises(GroupOfOtherOrganisation):
        groups.add_group(outer=sales, inner=foreign, acting_user=None)
    assert "Name either" in refusal(*words)


def test_who_is_deleted_stays_in_and_nobody_deleted_comes_in(sales: Group, anna: User) -> None:
    run("add_group_member", "walkers.com", "Sales", "anna@walkers.com")
    run("delete_user", "anna@walkers.com")
    assert run("show_group", "walkers.com", "Sales")["members"] == 1
    run("restore_user", "anna@walkers.com")
    assert run("show_group", "walkers.com", "Sales")["active"] == 1
    run("remove_group_member", "walkers.com", "Sales", "anna@walkers.com")
    run("delete_user", "anna@walkers.com")
    assert "deleted or closed already" in refusal(
        "add_group_member", "walkers.com", "Sales", "anna@walkers.com"
    )


@pytest.mark.parametrize("verb", ["close_account", "release_address"])
def test_who_is_gone_for_good_is_in_no_group(sales: Group, anna: User, verb: str) -> None:
    run("add_group_member", "walkers.com", "Sales", "anna@walkers.com")
    assert [group["name"] for group in run("export_account", "anna@walkers.com")["groups"]] == [
        "Sales"
    ]
    if verb == "release_address":
        run("delete_user", "anna@walkers.com")
    run(verb, "anna@walkers.com")
    assert run("show_group", "walkers.com", "Sales")["members"] == 0


def test_a_deleted_group_leaves_accounts_and_frees_its_address(sales: Group, anna: User) -> None:
    run("add_group_member", "walkers.com", "Sales", "anna@walkers.com")
    run("change_group", "walkers.com", "Sales", "--addresses", "all@walkers.com")
    assert run("delete_group", "walkers.com", "Sales", "--dry-run")["dry_run"] is True
    assert run("delete_group", "walkers.com", "Sales")["name"] == "Sales"
    assert User.objects.get() == anna
    run("create_user", "all@walkers.com")
    event = AuditEvent.objects.get(action="group.deleted")
    assert (event.tenant_id, event.details) == (anna.tenant_id, {"name": "Sales"})


def test_groups_form_no_circle(tenant: Tenant) -> None:
    for name in "abc":
        GroupFactory.create(tenant=tenant, name=name)
    run("add_group_member", "walkers.com", "a", "--inner", "b")
    run("add_group_member", "walkers.com", "b", "--inner", "c")
    for inner in "ab":
        sentence = refusal("add_group_member", "walkers.com", "c", "--inner", inner)
        assert f"because c is in {inner} already" in sentence
    assert "cannot be in" in refusal("add_group_member", "walkers.com", "a", "--inner", "a")


def test_groups_lie_twenty_deep_and_no_deeper(tenant: Tenant) -> None:
    made = [GroupFactory.create(tenant=tenant) for _ in range(21)]
    for outer, inner in pairwise(made[:10]):
        groups.add_group(outer=outer, inner=inner, acting_user=None)
    for outer, inner in pairwise(made[10:20]):
        groups.add_group(outer=outer, inner=inner, acting_user=None)
    groups.add_group(outer=made[9], inner=made[10], acting_user=None)
    for outer, inner in ((made[19], made[20]), (made[20], made[0])):
        with pytest.raises(GroupsTooDeep, match="more than 20 deep"):
            groups.add_group(outer=outer, inner=inner, acting_user=None)
    groups.add_group(outer=made[0], inner=made[20], acting_user=None)


def test_who_administers_the_organisation_decides_and_nobody_else(sales: Group, anna: User) -> None:
    stranger = UserFactory.create(
        tenant=TenantFactory.create(state=Tenant.State.MANAGED), role=User.Role.ADMINISTRATOR
    )
    for nobody in (anna, stranger):
        for change in (
            lambda who: groups.create(tenant=sales.tenant, name="x", acting_user=who),
            lambda who: groups.change(group=sales, name="x", description="", acting_user=who),
            lambda who: groups.delete(group=sales, acting_user=who),
            lambda who: groups.add_member(group=sales, user=anna, acting_user=who),
            lambda who: groups.remove_member(group=sales, user=anna, acting_user=who),
            lambda who: groups.add_group(outer=sales, inner=sales, acting_user=who),
            lambda who: groups.remove_group(outer=sales, inner=sales, acting_user=who),
            lambda who: set_addresses(group=sales, addresses=[], acting_user=who),
        ):
            with pytest.raises(NotAllowed):
                change(nobody)
    User.objects.filter(pk=anna.pk).update(role=User.Role.ADMINISTRATOR)
    anna.refresh_from_db()
    groups.add_member(group=sales, user=anna, acting_user=anna)
