"""A backup that is restored does not bring back who has left since; nor does SQLite keep what was erased."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from tenants import leavers_file
from tenants.flows.erase import erase_due
from tenants.flows.leave_again import leave_again
from tenants.models import User
from tests.factories import UserFactory
from tests.services.product import Product, embedded
from tests.takeovers import managed
from tests.test_commands import run

ANNA = "anna.quetzalcoatl@walkers.com"


@pytest.fixture
def var(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def anna() -> User:
    return UserFactory.create(email=ANNA, tenant__name="walkers.com")


def as_before(user: User) -> User:
    """What a backup from before brings back."""
    return UserFactory.create(id=user.pk, email=user.email, tenant=user.tenant)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("leaving", "days"), [("close_account", 0), ("close_account", 5), ("delete_user", 31)]
)
def test_who_left_since_the_backup_leaves_again_and_is_erased_that_night(
    anna: User,
    var: Path,
    leaving: str,
    days: int,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    later = timezone.now() + dt.timedelta(days=days, hours=1)
    with django_capture_on_commit_callbacks(execute=True):
        run(leaving, ANNA)
        with time_machine.travel(later):
            erase_due()
    assert ANNA not in (var / leavers_file.FILE).read_text()
    state = User.objects.get().state
    User.objects.all().delete()
    as_before(anna)
    again = leave_again()
    assert (again.count, again.still_there) == (1, [])
    assert erase_due() == 1
    left = User.objects.get()
    assert (left.state, left.first_name) == (state, "")
    assert leave_again().count == 0


@pytest.mark.django_db
def test_who_is_only_disabled_or_waits_to_be_erased_does_not_leave(
    anna: User, var: Path, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        run("disable_user", ANNA)
        run("restore_user", ANNA)
        run("delete_user", ANNA)
    run("restore_user", ANNA)
    assert (leave_again().count, leavers_file.read()) == (0, {})


@pytest.mark.django_db
def test_the_last_administrator_stays_and_the_operator_is_told(var: Path) -> None:
    ada = managed("walkers.com")
    path = var / leavers_file.FILE
    path.parent.mkdir()
    lines = [json.dumps({"user_id": str(ada.pk), "left": "closed"}), "{cut o", "[]", '{"left": 7}']
    path.write_text("\n".join(lines))
    again = leave_again()
    assert (again.count, again.still_there) == (0, [ada.pk])


MAKE = f"""
from tests.factories import UserFactory
UserFactory.create(email={ANNA!r}, tenant__name="walkers.com", first_name="Robinella")
"""
ERASE = """
from django.utils import timezone
from tenants.flows.erase import erase_due
from tenants.models import PendingErasure
PendingErasure.objects.update(due_at=timezone.now())
print(erase_due())
"""


def files_with(product: Product, word: bytes) -> list[str]:
    paths = (product.folder / "var").rglob("*")
    return [path.name for path in paths if path.is_file() and word in path.read_bytes()]


@pytest.mark.long
def test_no_file_has_an_erased_person_before_nor_after_a_restore(tmp_path: Path) -> None:
    product, backup = embedded(tmp_path), str(tmp_path / "backup")
    product.manage("prepare")
    product.manage("shell", "-c", MAKE)
    product.manage("backup", backup)
    assert files_with(product, b"quetzalcoatl")
    assert files_with(product, b"Robinella")

    def is_left() -> list[str]:
        assert product.manage("shell", "-c", ERASE).endswith("1\n")
        return files_with(product, b"quetzalcoatl") + files_with(product, b"Robinella")

    with closing(sqlite3.connect(tmp_path / "var" / "db.sqlite3")) as a_web_process:
        a_web_process.execute("SELECT 1 FROM tenants_user").fetchall()
        product.manage("close_account", ANNA)
        assert is_left() == []
    answer = json.loads(product.manage("restore", backup, "--force", "--json"))
    assert (answer["left_again"], answer["to_do"]) == (1, [])
    assert is_left() == []
