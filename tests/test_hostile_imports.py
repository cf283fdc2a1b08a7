"""Files for importing accounts that somebody made to do harm, or that a program made badly."""

from __future__ import annotations

import codecs
import io
import zipfile
from collections.abc import Iterable
from typing import cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import AuditEvent
from outbox import announcing
from outbox.models import OutboxMail
from signup.flows.import_in_background import ask, carry_on
from signup.flows.import_users import import_users
from signup.models import ImportedLine, UserImport
from tenants.models import Domain, User
from tests.factories import GroupFactory, OperatorFactory, TenantFactory, UserFactory
from tests.staff import administrator, sign_in_fresh
from tests.tables import changed, everything

pytestmark = pytest.mark.django_db
ADD = reverse("admin:signup_userimport_add")
MEGABYTE = 1024 * 1024


@pytest.fixture
def boss(client: Client, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(announcing, "ask", lambda *_, **__: True)
    boss = administrator()
    Domain.objects.update(state=Domain.State.VERIFIED)
    sign_in_fresh(client, boss)
    return boss


def handed(client: Client, content: bytes, name: str = "people.csv") -> UserImport | str:
    """The import, once it is done, or the page that refuses it."""
    answer = client.post(ADD, {"file": SimpleUploadedFile(name, content)})
    if answer.status_code != 302:
        assert answer.status_code == 200
        return str(answer.content.decode())
    job = UserImport.objects.latest("created_at")
    carry_on(job.pk)
    job.refresh_from_db()
    return job


def results(job: UserImport | str) -> list[tuple[str, str]]:
    assert isinstance(job, UserImport)
    return list(ImportedLine.objects.filter(user_import=job).values_list("email", "result"))


def zipped() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", b"email\n" + b"0" * 20 * MEGABYTE)
    return target.getvalue()


NO_TABLE = {
    "100 MB": b"email\n" + b"x@y.com\n" * (100 * MEGABYTE // 8),
    "UTF-16": codecs.BOM_UTF16_LE + "email\nx@y.com".encode("utf-16-le"),
    "UTF-16 without its mark": "email\nx@y.com".encode("utf-16-be"),
    "UTF-32": codecs.BOM_UTF32_LE + "email\nx@y.com".encode("utf-32-le"),
    "a NUL": b"email\nx\0@y.com",
    "a zip bomb": zipped(),
    "a heading without end": b"email" * 300_000,
    "a heading with a field of 200 KB": b"email," + b"x" * 200_000 + b"\nx@y.com",
    "a field of 200 KB": b"email,first_name\nx@y.com," + b"x" * 200_000,
    "a quote that nothing closes": b'email,first_name\nx@y.com,"' + b"\n" * 200_000,
}


@pytest.mark.parametrize("kind", NO_TABLE)
def test_what_is_no_table_is_refused_in_a_sentence(client: Client, boss: User, kind: str) -> None:
    page = handed(client, NO_TABLE[kind])
    assert isinstance(page, str)
    assert "This is no table of accounts" in page or "larger than 2 MB" in page
    assert not UserImport.objects.exists()


def test_odd_tables_are_read_as_they_are_meant(client: Client, boss: User) -> None:
    firm = str(boss.tenant)
    job = handed(
        client,
        "\r\n".join(
            [
                "\ufeffEMAIL ;first_name;" + ";".join(f"c{number}" for number in range(10_000)),
                f'anna@{firm};"Anna\r\nMaria"',
                f"  bert@{firm}  ;Bert",
                f'"carl@{firm}";=cmd|calc',
                f"DORA@{firm.upper()};Dora;" + ";" * 20_000,
                "",
                ";;;",
            ]
        ).encode(),
    )
    assert results(job) == [
        (f"anna@{firm}", "refused"),  # a name is one line
        (f"bert@{firm}", "created"),
        (f"carl@{firm}", "created"),
        (f"DORA@{firm.upper()}", "created"),
        ("", "refused"),
    ]
    assert User.objects.get(email=f"dora@{firm}").tenant == boss.tenant


def test_one_address_in_other_spellings_makes_one_account(client: Client, boss: User) -> None:
    firm = str(boss.tenant)
    spellings = [f"anna@{firm}", f"ANNA@{firm}", f"Anna@{firm.upper()}", f"anna@{firm}."]
    job = handed(client, "\n".join(("email", *spellings)).encode())
    assert [result for _, result in results(job)].count("created") == 1
    assert User.objects.filter(email=f"anna@{firm}").count() == 1
    assert OutboxMail.objects.filter(to_address=f"anna@{firm}").count() == 1


def test_nobody_learns_which_addresses_others_have(client: Client, boss: User) -> None:
    """A person, an alias, a group, somebody deleted, an operator: the same as nobody."""
    other = TenantFactory.create(name="others.com")
    UserFactory.create(tenant=other, email="there@others.com")
    UserFactory.create(tenant=other, email="gone@others.com", state="deleted")
    group = GroupFactory.create(tenant=other)
    domain = other.domains.get()
    domain.addresses.create(address="team@others.com", group=group, proven_at="2026-01-01T00:00Z")
    OperatorFactory.create(email="op@nowhere.com")
    asked = ["there", "gone", "team", "nobody"]
    addresses = [f"{name}@others.com" for name in asked] + ["op@nowhere.com", "nobody@nowhere.com"]
    job = handed(client, "\n".join(("email", *addresses)).encode())
    reasons = {
        (line.result, line.reason.replace(line.email.rpartition("@")[2], "…"))
        for line in ImportedLine.objects.all()
    }
    assert len(reasons) == 1
    assert isinstance(job, UserImport)
    assert job.refused == len(addresses)


def test_a_file_makes_members_and_changes_no_account_that_is_there(
    client: Client, boss: User
) -> None:
    firm = str(boss.tenant)
    there = {
        state: UserFactory.create(tenant=boss.tenant, state=state)
        for state in ("active", "disabled", "deleted")
    }
    before = list(User.objects.order_by("pk").values())
    heading = (
        "email,first_name,role,state,is_staff,is_superuser,tenant,tenant_id,password,proven_at"
    )
    wanted = "Mallory,administrator,active,1,1,others.com,1,secret,2026-01-01"
    people = [*(str(user.email) for user in there.values()), str(boss.email), f"new@{firm}"]
    job = handed(client, "\n".join([heading, *(f"{one},{wanted}" for one in people)]).encode())
    assert [result for _, result in results(job)] == [*["exists"] * 4, "created"]
    new = User.objects.get(email=f"new@{firm}")
    assert list(User.objects.exclude(pk=new.pk).order_by("pk").values()) == before
    assert (new.role, new.state, new.tenant) == ("member", "active", boss.tenant)
    assert not new.has_usable_password()
    assert new.addresses.get().proven_at is None


def test_what_somebody_typed_does_nothing_where_it_is_shown(client: Client, boss: User) -> None:
    typed = ["=cmd|' /c calc'!A0", " =1+1", "@SUM(1)", "+1", "-1", "＝1", "<script>x</script>"]
    name = '<img src=x onerror="x">=1.csv'
    job = handed(client, "\n".join(("email", *typed)).encode(), name=name)
    assert isinstance(job, UserImport)
    page = client.get(reverse("admin:signup_userimport_change", args=(job.pk,))).content.decode()
    assert "<script>x" not in page
    assert "<img src=x" not in page
    table = client.get(reverse("admin:signup_userimport_lines", args=(job.pk,)))
    text = b"".join(cast("Iterable[bytes]", table)).decode()
    cells = [line.split(",")[1].strip('"') for line in text.splitlines()[1:]]
    assert all(cell.startswith(("'", "<")) for cell in cells), cells
    listed = client.get(reverse("admin:signup_userimport_changelist")).content.decode()
    assert "<img src=x" not in listed


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(rows=st.lists(st.lists(st.text(max_size=40), min_size=1, max_size=5), max_size=5))
def test_whatever_a_row_holds_it_has_a_result(boss: User, rows: list[list[str]]) -> None:
    assert boss.tenant
    text = "\n".join(["email,first_name,last_name,language", *(",".join(row) for row in rows)])
    found = list(
        import_users(
            tenant=boss.tenant,
            lines=text.replace("\0", "").splitlines(keepends=True),
            acting_user=boss,
            dry_run=True,
        )
    )
    assert {row.result.value for row in found} <= {"created", "refused", "exists"}


# On whose behalf.


def test_what_an_operator_imported_for_an_organisation_says_on_whose_behalf(
    client: Client, boss: User
) -> None:
    sign_in_fresh(client, operator := OperatorFactory.create())
    reason = "They asked by telephone, case 4711."
    page = reverse("admin:tenants_tenant_act", args=(boss.tenant_id,))
    client.post(page, {"administrator": str(boss.pk), "reason": reason})
    answer = client.post(
        ADD, {"file": SimpleUploadedFile("a.csv", f"email\na@{boss.tenant}".encode())}
    )
    assert answer.status_code == 302
    client.post(reverse("admin:tenants_tenant_act_end"))
    job = UserImport.objects.get()
    carry_on(job.pk)
    actions = ("users.import_asked", "user.created", "users.imported")
    for action in actions:
        event = AuditEvent.objects.get(action=action)
        assert (event.actor_id, event.on_behalf_of_id) == (operator.pk, boss.pk), action
    sign_in_fresh(client, boss)
    shown = client.get(reverse("admin:signup_userimport_change", args=(job.pk,))).content.decode()
    assert str(operator.email) in shown
    assert str(boss.email) in shown


def test_an_import_for_one_organisation_makes_nothing_in_another(boss: User) -> None:
    """Even where the row says otherwise."""
    operator, other = OperatorFactory.create(), administrator()
    Domain.objects.update(state=Domain.State.VERIFIED)
    assert boss.tenant
    job = ask(
        tenant=boss.tenant,
        file_name="a.csv",
        text=f"email\nx@{other.tenant}",
        acting_user=operator,
    )
    before = everything()
    carry_on(job.pk)
    job.refresh_from_db()
    assert job.refused == 1
    assert changed(before, everything()) <= {
        "signup_userimport",
        "signup_importedline",
        "audit_auditevent",
    }
