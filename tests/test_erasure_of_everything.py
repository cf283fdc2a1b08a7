"""Somebody who did everything that can be done here leaves nothing behind: neither name nor address, network nor browser.

Each trace has a word of its own, so that what stays says where it came from.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.flows import reset_factors
from audit.models import AuditEvent
from audit.reading import readable
from outbox.models import OutboxMail
from signup.flows.import_in_background import carry_on
from signup.models import UserImport
from tenants.flows import act_for, oversee, take_over
from tenants.models import User
from tests import tables
from tests.factories import GroupFactory, OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.second_factors import set_up_app
from tests.staff import sign_in_fresh
from tests.takeovers import proven, unmanaged
from tests.test_commands import run
from tests.test_own_addresses import PAGE, link
from tests.walk import ClientVisitor, ask, sign_in, sign_up

pytestmark = pytest.mark.django_db
INBOX = LocalInbox()
FIRST, ANNA = "anna.oldenburgski@walkers.com", "anna.quetzalcoatl@walkers.com"
ASKED_FOR, ALIAS = "anna.neverpressed@walkers.com", "anna.aliasaria@walkers.com"
HERE, BROWSER = "203.0.113.77", "BrowserOfAnna/1"
TRACES = {
    "oldenburgski": "the address she signed up with and dropped",
    "quetzalcoatl": "her address",
    "neverpressed": "an address that she asked for, and never proved",
    "aliasaria": "an alias that was taken away",
    "formerella": "the name she had before",
    "robinella": "her name",
    "recipientsson": "her family name",
    HERE: "her network",
    "browserofanna": "her browser",
    "askedbytelephone": "what an operator wrote about her",
}

# Colleagues, people of the organisation that she took over, and operators.
OTHERS = ("ben@", "carl", "person0@", "operator", "wrong")


def after(**time: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(**time))


def browser() -> Client:
    return Client(REMOTE_ADDR=HERE, headers={"user-agent": BROWSER})


def joins(client: Client) -> User:
    sign_up(ClientVisitor(client), INBOX, FIRST)
    client.post("/account/", {"first_name": "Formerella", "last_name": "Recipientsson"})
    client.post("/account/", {"first_name": "Robinella", "last_name": "Recipientsson"})
    anna = User.objects.get(email=FIRST)
    Passkey(anna).add(client)
    return anna


def governs(client: Client, anna: User) -> User:
    proven(anna, "walkers.com")
    set_up_app(anna)
    anna.refresh_from_db()
    sign_in_fresh(client, anna)
    return anna


def changes_her_address(client: Client, anna: User) -> None:
    for asked_for in (ANNA, ASKED_FOR):
        client.post(PAGE, {"email": asked_for})
    assert client.post(link(ANNA)).headers["Location"] == PAGE
    run("add_alias", ANNA, ALIAS)
    run("remove_alias", ANNA, ALIAS)
    INBOX.mails_to(FIRST)


def is_known_to_others(anna: User) -> None:
    """What strangers, colleagues and operators do that is about her."""
    for _ in range(2):
        Client().post("/accounts/login/", {"login": ANNA, "password": "wrong"})
    Client().post("/accounts/password/reset/", {"email": ANNA})
    ask(ClientVisitor(Client()), ANNA)
    colleague = UserFactory.create(
        tenant=anna.tenant, role=User.Role.ADMINISTRATOR, email="ben@walkers.com"
    )
    imports(
        sign_in_fresh(Client(), colleague), "Anna.Quetzalcoatl@Walkers.com,Robinella,Recipientsson"
    )
    waived("walkers.com")
    reset_factors.ask(user=anna, acting_user=colleague)
    group = GroupFactory.create(tenant=anna.tenant)
    run("add_group_member", "walkers.com", group.name, ANNA)
    assert anna.tenant
    act_for.begin(
        tenant=anna.tenant,
        administrator=anna,
        reason="askedbytelephone",
        acting_user=OperatorFactory.create(),
    )


def imports(client: Client, *rows: str) -> None:
    text = "\n".join(("email,first_name,last_name", *rows))
    file = SimpleUploadedFile("robinellas.csv", text.encode(), content_type="text/csv")
    page = reverse("admin:signup_userimport_add")
    answer = client.post(page, {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    carry_on(UserImport.objects.latest("created_at").pk)


def takes_over(anna: User) -> None:
    unmanaged("runners.com")
    proven(anna, "runners.com")
    assert anna.tenant
    take_over.take_over(domain_name="runners.com", target=anna.tenant, acting_user=anna)
    waived("runners.com")


def waived(domain: str) -> None:
    operator = OperatorFactory.create()
    oversee.waive(domain_name=domain, reason="They called.", acting_user=operator)


def everything() -> str:
    """All tables, whoever made them; what sessions hold, and the log says to who has all keys; all files."""
    rows = [row for table in tables.everything().values() for row in table]
    held = [str(session.get_decoded()) for session in Session.objects.all()]
    held += [str((entry.details, entry.address)) for entry in readable(AuditEvent.objects.all())]
    files = [path.read_bytes().decode("latin-1") for path in _files()]
    return "\n".join([*rows, *held, *files]).lower()


def _files() -> Iterator[Path]:
    """Of the installation, but for the inbox, which stands for people's mailboxes."""
    for path in Path(settings.VAR_DIR).rglob("*"):
        if path.is_file() and "mail" not in path.parts:
            yield path


def every_task_of_a_night() -> None:
    for config in apps.get_app_configs():
        with suppress(ModuleNotFoundError):
            tasks = import_module(f"{config.name}.tasks")
            for entry in getattr(tasks, "SCHEDULE", {}).values():
                task = getattr(tasks, entry["task"].rpartition(".")[2])
                if task.name != "tenants.tasks.recheck_domain_proofs":  # asks DNS
                    task(**entry.get("kwargs", {}))


def left() -> dict[str, str]:
    found = everything()
    return {word: trace for word, trace in TRACES.items() if word in found}


@pytest.mark.parametrize("leaving", ["close_account", "delete_user"])
def test_after_30_days_nothing_is_left_of_somebody_who_did_everything(leaving: str) -> None:
    client = browser()
    anna = governs(client, joins(client))
    with after(minutes=2):
        changes_her_address(client, anna)
        anna.refresh_from_db()
    with after(minutes=4):
        sign_in(ClientVisitor(browser()), ANNA)
        client.post("/account/export/")
        sign_in_fresh(client, anna)
        imports(client, "carl@walkers.com,Carl,Walker")
        client.get("/admin/tenants/user/export/")
        takes_over(anna)
        is_known_to_others(anna)
        OutboxMail.objects.update(state=OutboxMail.State.FAILED, failed_at=timezone.now())
        assert left() == TRACES
        theirs = json.dumps(run("export_account", ANNA)).lower()
        assert {word for word in TRACES if word not in theirs} == set()
        assert [word for word in OTHERS if word in theirs] == []
    with after(hours=1):
        run(leaving, ANNA)
    with after(days=30, hours=2):
        every_task_of_a_night()
        assert left() == {}
