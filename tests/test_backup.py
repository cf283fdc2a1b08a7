"""Backup and restore: under load, on both engines, with everybody back afterwards; and what is refused."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT, Product, embedded, running, served
from tests.services.redis import Redis
from tests.services.smtp import Smtp
from tests.services.waiting import PATIENCE

PEOPLE = 4
FIRST_NETWORK = IPv4Address("10.0.0.1")
BEHIND_A_PROXY = {"TRUSTED_PROXIES": "127.0.0.1"}


def refused(product: Product, *arguments: str) -> str:
    """The one sentence of a command that ends with status 1."""
    done = subprocess.run(
        [PYTHON, "manage.py", *arguments],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


# --- Everybody is back -----------------------------------------------------------------------------


@contextmanager
def signing_up_all_the_time(product: Product) -> Iterator[list[str]]:
    """Two strangers after the other ask for links until it ends; the addresses that were answered."""
    asked: list[str] = []
    over, numbers = Event(), count()

    def go_on() -> None:
        while not over.is_set():
            number = next(numbers)
            # Each from a network of its own, and to a domain of its own: no limit is reached.
            visitor = walk.HttpVisitor(product.url, network=str(FIRST_NETWORK + number))
            address = f"robin@loaded{number}-walkers.com"
            assert walk.ask(visitor, address).status == 302
            asked.append(address)

    with ThreadPoolExecutor(2) as pool:
        people = [pool.submit(go_on) for _ in range(2)]
        try:
            yield asked
        finally:
            over.set()
        for person in people:
            person.result(PATIENCE)


def destroy_and_restore(
    product: Product, inbox: Callable[[walk.Visitor], walk.Inbox], destroy: Callable[[], Product]
) -> None:
    """Members and links from before the backup are good on what `destroy` leaves, restored."""
    visitor = walk.HttpVisitor(product.url)
    members = [f"robin{number}@restored-walkers.com" for number in range(PEOPLE)]
    with running(product):
        for address in members:
            walk.sign_up(walk.HttpVisitor(product.url), inbox(visitor), address)
        waiting = [f"pending{number}@restored-walkers.com" for number in range(PEOPLE)]
        for address in waiting:
            assert walk.ask(walk.HttpVisitor(product.url), address).status == 302
        links = [walk.wait_for_mail(inbox(visitor), address).link() for address in waiting]
        archive = product.folder / "rms.backup"
        with signing_up_all_the_time(product) as asked:
            before = len(asked)
            product.manage("backup", str(archive), "--with-secrets")
            assert len(asked) > before, "Nobody could sign up while the backup was made."
        assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    fresh = destroy()
    answer = json.loads(fresh.manage("restore", str(archive), "--json"))
    assert answer["to_do"] == []
    with running(fresh):
        for address in members:
            member = walk.HttpVisitor(fresh.url)
            assert walk.sign_in(member, address).status == 302
            assert member.get("/account/").status == 200
        for link in links:
            assert walk.finish(walk.HttpVisitor(fresh.url), link).location == "/welcome/"
        assert fresh.manage("list_users", "restored-walkers.com").count("@") == 2 * PEOPLE


@pytest.mark.long
def test_on_sqlite_everybody_is_back_and_links_still_work(tmp_path: Path) -> None:
    product = replace(embedded(tmp_path), settings=BEHIND_A_PROXY)
    (tmp_path / "var" / "secrets").mkdir(parents=True)
    (tmp_path / "var" / "secrets" / "secret_key").write_text("kept-below-var-" * 4)

    def destroy() -> Product:
        shutil.rmtree(tmp_path / "var")
        return product

    destroy_and_restore(product, walk.DevMail, destroy)


@pytest.mark.long
@pytest.mark.services
def test_on_postgresql_everybody_is_back_and_links_still_work(
    postgres: Postgres, redis: Redis, smtp: Smtp, tmp_path: Path
) -> None:
    product = served(
        tmp_path,
        database_url=postgres.new_url(),
        redis_url=redis.new_url(),
        email_url=smtp.url,
        **BEHIND_A_PROXY,
    )

    def destroy() -> Product:
        shutil.rmtree(tmp_path / "var")
        (tmp_path / "var").mkdir()
        name = urlsplit(product.settings["DATABASE_URL"]).path[1:]
        with closing(psycopg2.connect(postgres.url("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        settings = {"DATABASE_URL": postgres.new_url(), "REDIS_URL": redis.new_url()}
        return replace(product, settings={**product.settings, **settings}, processes={})

    destroy_and_restore(product, lambda _: walk.SmtpInbox(smtp), destroy)


# --- What is refused, and what is in it ------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("prepared")
    product = embedded(folder, SECRET_KEY="planted-key-" * 5)
    product.manage("prepare")
    product.manage("backup", str(folder / "whole"))
    return product


@pytest.fixture
def archive(prepared: Product, tmp_path: Path) -> Path:
    return Path(shutil.copy(prepared.folder / "whole", tmp_path / "archive"))


def changed(archive: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The archive with another manifest."""
    other = archive.with_suffix(".changed")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "manifest.json":
                manifest = json.loads(data)
                change(manifest)
                data = json.dumps(manifest).encode()
            target.writestr(name, data)
    return other


def test_a_database_that_is_not_empty_is_replaced_with_force_only(
    prepared: Product, archive: Path
) -> None:
    assert "not empty" in refused(prepared, "restore", str(archive))
    prepared.manage("create_operator", "ina@rms.internal")
    checked = prepared.manage("restore", str(archive), "--force", "--dry-run")
    assert "sqlite" in checked
    assert "has this address already" in refused(prepared, "create_operator", "ina@rms.internal")
    keyed = ("restore", str(archive), "--force", "--idempotency-key", "monday", "--json")
    first = prepared.manage(*keyed)
    prepared.manage("create_operator", "ina@rms.internal")
    # A script that is run again throws nothing away that was written since.
    assert prepared.manage(*keyed) == first
    archive.write_bytes(archive.read_bytes() + b"another")
    assert "another request" in refused(prepared, *keyed)
    assert "has this address already" in refused(prepared, "create_operator", "ina@rms.internal")


def test_what_was_not_a_backup_or_is_damaged_is_refused(
    prepared: Product, archive: Path, tmp_path: Path
) -> None:
    assert "There is no file" in refused(prepared, "restore", str(tmp_path / "nothing"), "--force")
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-2000])
    assert "is not a backup" in refused(prepared, "restore", str(archive), "--force")
    middle = len(whole) // 2
    archive.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    assert "damaged" in refused(prepared, "restore", str(archive), "--force")


def test_a_part_that_somebody_exchanged_is_refused(prepared: Product, archive: Path) -> None:
    def exchange(manifest: dict[str, Any]) -> None:
        manifest["parts"]["database.sqlite3"] = "0" * 64

    assert "damaged" in refused(prepared, "restore", str(changed(archive, exchange)), "--force")


def test_a_backup_of_a_newer_version_is_refused_by_its_name(
    prepared: Product, archive: Path
) -> None:
    def make_newer(manifest: dict[str, Any]) -> None:
        manifest["version"] = "9.9"
        manifest["migrations"].append("signup.0999_from_the_future")

    sentence = refused(prepared, "restore", str(changed(archive, make_newer)), "--force")
    assert "version 9.9" in sentence
    assert "0999_from_the_future" in sentence


def test_a_backup_of_another_engine_is_refused(prepared: Product, archive: Path) -> None:
    def make_other(manifest: dict[str, Any]) -> None:
        manifest["engine"] = "postgresql"

    sentence = refused(prepared, "restore", str(changed(archive, make_other)), "--force")
    assert "of postgresql" in sentence
    assert "means sqlite" in sentence


def test_a_backup_is_never_written_over_and_never_half_there(
    prepared: Product, archive: Path
) -> None:
    before = archive.read_bytes()
    assert "is there already" in refused(prepared, "backup", str(archive))
    assert archive.read_bytes() == before
    assert "cannot be written" in refused(prepared, "backup", "/nowhere/at/all")
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


def test_secrets_are_in_it_only_when_asked_for(prepared: Product, tmp_path: Path) -> None:
    without, with_them = tmp_path / "without", tmp_path / "with"
    assert "keep SECRET_KEY elsewhere" in prepared.manage("backup", str(without))
    assert "can become anybody" in prepared.manage("backup", str(with_them), "--with-secrets")

    def text_of(path: Path) -> bytes:
        with zipfile.ZipFile(path) as archive:
            return b"".join(archive.read(name) for name in archive.namelist())

    assert b"planted-key" not in text_of(without)
    assert b"planted-key" in text_of(with_them)


def test_a_restore_under_another_key_says_what_is_left_to_do(
    prepared: Product, tmp_path: Path
) -> None:
    prepared.manage("backup", str(tmp_path / "archive"), "--with-secrets")
    fresh = embedded(tmp_path / "fresh", SECRET_KEY="another-key-" * 5)
    (tmp_path / "fresh" / "var").mkdir(parents=True)
    answer = json.loads(fresh.manage("restore", str(tmp_path / "archive"), "--json"))
    assert "secrets.json" in answer["to_do"][0]
    assert "--new-secret-key" in answer["to_do"][1]


def test_a_backup_goes_through_a_pipe_and_back(prepared: Product, tmp_path: Path) -> None:
    def run(product: Product, data: bytes, *words: str) -> bytes:
        command = [PYTHON, "manage.py", *words]
        environment = product.environment
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=data, capture_output=True, check=True
        )
        return done.stdout

    data = run(prepared, b"", "backup", "-")
    fresh = embedded(tmp_path, SECRET_KEY="planted-key-" * 5)
    run(fresh, data, "restore", "-")
    assert json.loads(fresh.manage("list_tenants", "--json")) == []


@pytest.mark.services
def test_a_restore_that_fails_on_postgresql_leaves_everything_as_it_was(
    postgres: Postgres, redis: Redis, tmp_path: Path
) -> None:
    product = served(
        tmp_path,
        database_url=postgres.new_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:1",
    )
    product.manage("prepare")
    archive = tmp_path / "archive"
    product.manage("backup", str(archive))
    with closing(psycopg2.connect(product.settings["DATABASE_URL"])) as other:
        assert "Stop web, worker" in refused(product, "restore", str(archive), "--force")
        other.autocommit = True
        # Where the role may not make its schema anew, pg_restore's words are all there is.
        other.cursor().execute(
            "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no new tables'; END $$"
        )
        other.cursor().execute(
            "CREATE SCHEMA kept; ALTER FUNCTION refuse() SET SCHEMA kept; CREATE EVENT TRIGGER refuse "
            "ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION kept.refuse()"
        )
    sentence = refused(product, "restore", str(archive), "--force")
    assert "nothing was changed" in sentence
    assert "no new tables" in sentence
    assert "operator" in product.manage(
        "shell", "-c", "from tenants.models import User; print(User.objects.get().role)"
    )
