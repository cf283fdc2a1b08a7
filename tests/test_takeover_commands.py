"""Taking over by command: proving, previewing, forcing, waiving, stopping, undoing, releasing, handing over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from tenants.flows import prove, take_over
from tenants.models import Domain, DomainProof, Takeover, Tenant, User
from tests.domain_proofs import Dns
from tests.factories import UserFactory
from tests.services.dns import Zone, dns_server
from tests.takeovers import holder, lost, managed, proven, unmanaged
from tests.test_commands import refusal, run, say

pytestmark = pytest.mark.django_db
FIRM, SHOP, OTHER = "firm.com", "shop.com", "other.com"


@pytest.fixture
def dns(settings: Settings) -> Iterator[Dns]:
    with dns_server(Zone("", f"{SHOP}.")) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        yield ShopDns(server)


class ShopDns(Dns):
    def _show(self) -> None:
        self.server.answer = Zone("\n".join(self.published), f"{SHOP}.")


@pytest.fixture
def ada() -> User:
    return managed(FIRM)


def published(dns: Dns, actor: User) -> None:
    dns.publish(prove.request(domain_name=SHOP, actor=actor, acting_user=None))


def confirm(*words: str) -> tuple[int, Any, str]:
    """Exit status, answer, and what stood on standard error."""
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command("confirm_domain", SHOP, *words, "--json", stdout=out, stderr=err)
    except SystemExit as end:
        status = int(str(end.code))
    return status, json.loads(out.getvalue() or "null"), err.getvalue()


def test_a_member_becomes_the_administrator_by_command(dns: Dns) -> None:
    person = unmanaged(SHOP).users.get(email=f"person0@{SHOP}")
    published(dns, person)
    status, shown, _ = confirm("--administrator", str(person.email))
    assert (status, shown["state"]) == (0, "proven")
    person.refresh_from_db()
    assert person.role == User.Role.ADMINISTRATOR
    assert run("show_tenant", SHOP)["state"] == "managed"


def test_who_would_undo_what_a_member_did_is_told_to_stop_it(dns: Dns) -> None:
    person = unmanaged(SHOP).users.get(email=f"person0@{SHOP}")
    published(dns, person)
    confirm("--administrator", str(person.email))
    assert "Stop it instead, within 30 days (stop_takeover)." in refusal("undo_takeover", SHOP)
    assert run("stop_takeover", SHOP, "--reason", "Not theirs.")["state"] == "undone"
    assert "There is no takeover" in refusal("undo_takeover", SHOP)


def test_a_domain_of_another_is_previewed_first_and_taken_with_force(dns: Dns, ada: User) -> None:
    shop = unmanaged(SHOP)
    published(dns, ada)
    status, shown, words = confirm("--administrator", str(ada.email))
    assert status == 1
    assert "--force-takeover" in words
    assert {line["what"]: line["count"] for line in shown["preview"]}["accounts"] == 3
    assert holder(SHOP) == shop

    status, shown, _ = confirm("--administrator", str(ada.email), "--force-takeover", "--dry-run")
    assert (status, shown["dry_run"], len(shown["preview"]) > 0) == (0, True, True)
    assert holder(SHOP) == shop

    status, shown, _ = confirm("--administrator", str(ada.email), "--force-takeover")
    assert (status, shown["takeover"]["state"]) == (0, "done")
    assert holder(SHOP) == ada.tenant
    status, shown, _ = confirm("--administrator", str(ada.email), "--force-takeover")
    assert (status, "takeover" in shown) == (0, False)


def test_the_preview_is_a_table_for_people(
    dns: Dns, ada: User, capsys: pytest.CaptureFixture[str]
) -> None:
    unmanaged(SHOP)
    published(dns, ada)
    with pytest.raises(SystemExit):
        call_command("confirm_domain", SHOP, "--administrator", str(ada.email))
    assert "3 accounts go along" in capsys.readouterr().out


@pytest.fixture
def taken(ada: User) -> Takeover:
    unmanaged(SHOP)
    proven(ada, SHOP)
    assert ada.tenant
    return take_over.take_over(domain_name=SHOP, target=ada.tenant, acting_user=ada)


def test_takeovers_are_listed_and_shown_with_their_steps(taken: Takeover) -> None:
    (row,) = run("list_takeovers", SHOP)
    assert (row["domain"], row["kind"], row["from"], row["to"]) == (SHOP, "external", SHOP, FIRM)
    assert {row["domain"] for row in run("list_takeovers")} == {SHOP, FIRM}
    shown = run("show_takeover", "SHOP.com.")
    assert shown["steps"][:2] == ["accounts", "groups"]
    assert "subscriptions" in shown["steps"]
    assert "was not taken over" in refusal("show_takeover", OTHER)
    assert FIRM in say("list_takeovers")


def test_limits_are_waived_with_a_reason(taken: Takeover) -> None:
    with pytest.raises(SystemExit):
        call_command("waive_takeover", SHOP, "--reason", "")
    dry = run("waive_takeover", SHOP, "--reason", "They called.", "--dry-run")
    assert dry["waived_at"]
    taken.refresh_from_db()
    assert taken.waived_at is None
    assert run("waive_takeover", SHOP, "--reason", "They called.")["waived_at"]
    assert "nothing to waive" in refusal("waive_takeover", SHOP, "--reason", "Again.")


@pytest.mark.parametrize("command", ["undo_takeover", "stop_takeover"])
def test_a_takeover_is_undone_or_stopped(taken: Takeover, command: str) -> None:
    dry = run(command, SHOP, "--reason", "A mistake.", "--dry-run")
    assert dry["state"] == "undone"
    assert holder(SHOP).pk == taken.target_tenant_id
    shown = run(command, SHOP, "--reason", "A mistake.")
    assert (shown["state"], shown["reason"]) == ("undone", "A mistake.")
    assert shown["stopped"] is (command == "stop_takeover")
    assert holder(SHOP).pk == taken.source_tenant_id
    assert "no takeover" in refusal(command, SHOP, "--reason", "Again.")


def test_what_was_left_behind_is_resumed(ada: User) -> None:
    unmanaged(SHOP)
    proven(ada, SHOP)
    assert ada.tenant
    take_over.begin(domain_name=SHOP, target=ada.tenant, acting_user=ada)
    assert run("resume_takeovers", "--dry-run")["ended"] == [SHOP]
    assert holder(SHOP) != ada.tenant
    assert run("resume_takeovers")["ended"] == [SHOP]
    assert holder(SHOP) == ada.tenant


def test_domains_are_listed_and_removed(ada: User) -> None:
    proven(ada, "new.com")
    listed = {row["domain"]: row for row in run("list_domains", FIRM)}
    assert {name: row["addresses"] for name, row in listed.items()} == {FIRM: 1, "new.com": 0}
    assert listed["new.com"]["state"] == "verified"
    assert "1 address lies in firm.com" in refusal("remove_domain", FIRM)
    assert run("remove_domain", "new.com")["domains"] == [FIRM]
    assert not Domain.objects.filter(name="new.com").exists()


def test_a_lost_domain_is_released(ada: User) -> None:
    other = managed(OTHER)
    proven(ada, SHOP)
    UserFactory.create(tenant=ada.tenant, email=f"old@{SHOP}")
    assert "released only 30 days" in refusal("release_domain", SHOP, "--reason", "Sold.")
    lost(DomainProof.objects.get(domain_name=SHOP), days=31)
    proven(other, SHOP)
    shown = run("release_domain", SHOP, "--reason", "Sold.")
    assert (shown["kind"], shown["to"]) == ("release", OTHER)
    assert holder(SHOP) == other.tenant


def test_a_domain_is_handed_over(ada: User) -> None:
    other = managed(OTHER)
    proven(ada, SHOP)
    assert run("hand_over_domain", SHOP, "--to", OTHER)["state"] == "offered"
    assert run("hand_over_domain", SHOP, "--decline")["state"] == "declined"
    run("hand_over_domain", SHOP, "--to", OTHER)
    assert run("hand_over_domain", SHOP, "--withdraw")["state"] == "withdrawn"
    assert "not offered" in refusal("hand_over_domain", SHOP, "--accept")
    run("hand_over_domain", SHOP, "--to", OTHER)
    assert run("hand_over_domain", SHOP, "--accept")["state"] == "done"
    assert holder(SHOP) == other.tenant
    assert Tenant.objects.get(pk=other.tenant_id).domains.count() == 2  # type: ignore[misc]
