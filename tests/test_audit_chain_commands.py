"""The commands around the chain of the audit log: verifying it, sealing it anew, listing its heads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from audit import heads
from audit.chain import claim_of
from audit.flows.chain import chain_pending
from audit.models import AuditEvent, ChainHead, ChainLink
from audit.tasks import chain_audit_log
from tests.audit_chains import note, say_verified, wrong
from tests.factories import TenantFactory
from tests.past_triggers import execute, past_the_triggers
from tests.test_commands import refusal, run

pytestmark = pytest.mark.django_db


def test_verifying_chains_what_waits_and_names_what_is_wrong() -> None:
    tenant = TenantFactory.create(name="walkers.com")
    event = note(tenant.id)
    assert say_verified() == ({"intact": True, "wrong": []}, 0)
    assert ChainLink.objects.get().event_id == event.id
    with past_the_triggers():
        execute("UPDATE audit_auditevent SET action = 'thing.lost'")
    answer, status = say_verified("walkers.com")
    assert (status, answer["intact"]) == (1, False)
    assert answer["wrong"] == [
        {
            "tenant_id": str(tenant.id),
            "number": 1,
            "what": f"the row {event.id} or its link was changed",
        }
    ]
    TenantFactory.create(name="other.com")
    assert say_verified("other.com")[1] == 0


def test_people_read_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    note()
    call_command("verify_audit_log")
    with past_the_triggers():
        execute("DELETE FROM audit_auditevent")
    with pytest.raises(SystemExit):
        call_command("verify_audit_log")
    intact, changed = capsys.readouterr().out.splitlines()
    assert intact == "The audit log is as it was written."
    assert changed.startswith("installation, number 1: the row")


def test_after_a_key_was_lost_the_operator_seals_anew_and_the_log_says_so(
    log: None, settings: Settings
) -> None:
    tenant = TenantFactory.create(name="walkers.com")
    note(tenant.id)
    chain_pending()
    settings.SECRET_KEY = "another-" * 8
    assert run("reseal_audit_log", "--dry-run")["resealed"] == 4
    assert len(wrong()) == 4
    assert run("reseal_audit_log", "walkers.com") == {"resealed": 1}
    assert len(wrong()) == 3
    assert run("reseal_audit_log") == {"resealed": 3}
    assert wrong() == []
    resealed = AuditEvent.objects.filter(action="audit_log.resealed")
    assert resealed.filter(tenant_id=tenant.id).exists()
    assert chain_pending() == resealed.count() == 4


def test_heads_are_listed_as_they_are_exported(tmp_path: Path, settings: Settings) -> None:
    settings.VAR_DIR = tmp_path
    tenant = TenantFactory.create(name="walkers.com")
    note(tenant.id)
    note()
    chain_audit_log()
    out = io.StringIO()
    call_command("list_audit_heads", "walkers.com", "--json", stdout=out)
    (listed,) = json.loads(out.getvalue())
    assert listed["tenant_id"] == str(tenant.id)
    assert listed in map(heads.as_row, heads.read(tmp_path / heads.FILE))
    assert claim_of(ChainHead.objects.get(chain=tenant.id)).is_genuine


def test_what_the_command_prints_is_a_file_of_heads_as_well(
    tmp_path: Path, settings: Settings
) -> None:
    """Also several answers in one file, as a timer appends them."""
    settings.VAR_DIR = tmp_path
    note(TenantFactory.create(name="walkers.com").id)
    note()
    chain_audit_log()
    out = io.StringIO()
    call_command("list_audit_heads", "--json", stdout=out)
    call_command("list_audit_heads", "walkers.com", "--json", stdout=out)
    (tmp_path / "kept").write_text(out.getvalue())
    assert len(list(heads.read(tmp_path / "kept"))) == 3
    assert say_verified("--heads", str(tmp_path / "kept")) == ({"intact": True, "wrong": []}, 0)
    (tmp_path / "kept").write_text(out.getvalue().replace('"number": 1', '"number": 9'))
    assert say_verified("--heads", str(tmp_path / "kept"))[1] == 1
    (tmp_path / "kept").write_text(out.getvalue()[:-3])
    words = refusal("verify_audit_log", "--heads", str(tmp_path / "kept"))
    assert "not a file of heads" in words


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("[1]\n")
    for name in ("heads", "nothing"):
        assert "not a file of heads" in refusal("verify_audit_log", "--heads", str(tmp_path / name))
