"""Dockerfile and docker-compose.yml: what they promise, and that what they run works.

No container engine is needed: commands, environment and health checks run as plain processes, with
the harness's PostgreSQL, Redis and mail server for the containers'.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from rms_portal.new_env import filled
from rms_portal.new_env import main as write_env
from tests import walk
from tests.services import compose
from tests.services.compose import Here
from tests.services.postgres import Postgres
from tests.services.product import ROOT, Product
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.services.waiting import PATIENCE, free_port, until

PORTAL = ("web", "worker", "background", "scheduler")
ONE_SHOT = "migrate"
FILLED_IN = {
    "PUBLIC_URL": "https://rights.example.com",
    "EMAIL_URL": "smtp://mail.example.com:25",
    "MAIL_FROM": "no-reply@rights.example.com",
}


def env_file() -> dict[str, str]:
    """What `make env` writes."""
    lines = filled((ROOT / ".env.example").read_text()).splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_image_runs_as_somebody_without_rights_and_checks_its_health() -> None:
    stage = dict(compose.final_stage())
    user = stage["USER"].split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert "/healthz" in compose.image_health_check()[-1]


def test_the_image_is_built_from_pinned_packages() -> None:
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        assert line.startswith("#") or "==" in line, line


def test_no_secret_reaches_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".env", ".env.*", ".git", "var"} <= set(ignored)
    for name, rest in compose.instructions():
        if name in {"ENV", "ARG"}:
            assert not any(word in rest for word in ("SECRET", "PASSWORD", "TOKEN", "KEY=")), rest


def test_every_service_has_a_health_check_and_comes_back_after_a_crash() -> None:
    services = compose.load({**env_file(), **FILLED_IN})["services"]
    assert set(services) == {"postgres", "redis", ONE_SHOT, *PORTAL}
    for name, service in services.items():
        if name != ONE_SHOT:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name
            assert service["stop_grace_period"], name
    assert services[ONE_SHOT]["restart"] == "no"


def test_what_runs_our_code_can_change_nothing_but_its_state() -> None:
    services = compose.load({**env_file(), **FILLED_IN})["services"]
    for name in (ONE_SHOT, *PORTAL):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
        assert services[name]["volumes"] == ["state:/var/lib/rms-portal"]


def test_nothing_starts_before_what_it_needs() -> None:
    services = compose.load({**env_file(), **FILLED_IN})["services"]
    healthy = {"condition": "service_healthy"}
    assert services[ONE_SHOT]["depends_on"] == {"postgres": healthy, "redis": healthy}
    for name in PORTAL:
        assert services[name]["depends_on"] == {
            ONE_SHOT: {"condition": "service_completed_successfully"},
            "postgres": healthy,
            "redis": healthy,
        }


@pytest.mark.parametrize("name", sorted(FILLED_IN))
def test_a_missing_setting_stops_the_start_with_a_sentence(name: str) -> None:
    variables = {**env_file(), **FILLED_IN, name: ""}
    with pytest.raises(compose.Missing, match=f"{name}: set it in .env to .* for example"):
        compose.load(variables)


@pytest.mark.parametrize("name", ["SECRET_KEY", "POSTGRES_PASSWORD"])
def test_a_missing_secret_points_at_make_env(name: str) -> None:
    with pytest.raises(compose.Missing, match='run "make env" first'):
        compose.load({**env_file(), **FILLED_IN, name: ""})


def test_make_env_writes_fresh_secrets_once(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    assert write_env(tmp_path) == 0
    written = (tmp_path / ".env").read_text()
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert len(env_file()["SECRET_KEY"]) >= 50
    assert (
        len({env_file()[name] for name in ("SECRET_KEY", "MASTER_KEY", "POSTGRES_PASSWORD")}) == 3
    )
    assert env_file()["SECRET_KEY"] not in written
    assert "is there already" in str(write_env(tmp_path))
    assert (tmp_path / ".env").read_text() == written


# --- Run -------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server() -> Iterator[Smtp]:
    with serving(Smtp()) as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Postgres]:
    """The user and the database that the compose file names."""
    with closing(psycopg2.connect(postgres.url("postgres"))) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE ROLE rms LOGIN")
        cursor.execute("CREATE DATABASE rms OWNER rms")
        yield postgres
        cursor.execute("DROP DATABASE rms WITH (FORCE)")
        cursor.execute("DROP ROLE rms")


@pytest.mark.services
def test_commands_environment_and_health_checks_work_as_plain_processes(
    database: Postgres, redis: Redis, mail_server: Smtp, tmp_path: Path
) -> None:
    port = free_port()
    own = {**FILLED_IN, "PUBLIC_URL": f"http://127.0.0.1:{port}", "EMAIL_URL": mail_server.url}
    variables = {**env_file(), **own}
    services = compose.load(variables)["services"]
    here = Here(
        {
            "/opt/venv/bin:$PATH": f"{sys.prefix}/bin{os.pathsep}{os.environ['PATH']}",
            "/app/staticfiles": str(tmp_path / "static"),
            "/var/lib/rms-portal": str(tmp_path / "var"),
            "@postgres:5432": f"@127.0.0.1:{database.port}",
            "redis://redis:6379/0": redis.new_url(),
            "8000": str(port),
            "0.0.0.0": "127.0.0.1",  # noqa: S104 -- replaced, not listened on
        }
    )
    settings = here.environment(
        {**compose.image_environment(), **variables, **services["web"]["environment"]}
    )
    settings |= {"HOSTNAME": socket.gethostname()}
    checks = {name: here.health_check(services[name]["healthcheck"]["test"]) for name in PORTAL}
    commands = {name: here.command(services[name]["command"]) for name in (ONE_SHOT, *PORTAL)}
    product = Product(tmp_path, settings, commands=commands, port=port)
    for name in (ONE_SHOT, *PORTAL):
        assert services[name]["environment"] == services["web"]["environment"]

    product.start(ONE_SHOT)
    assert product.processes.pop(ONE_SHOT).wait(PATIENCE) == 0, product.log(ONE_SHOT)
    for name in PORTAL:
        assert not compose.is_healthy(checks[name], product.environment), f"{name} does not run."
    try:
        for name in PORTAL:
            product.start(name)
        for name in PORTAL:
            until(
                lambda name=name: compose.is_healthy(checks[name], product.environment),  # type: ignore[misc]
                what=f"the health check of {name}; {product.logs()}",
            )
        assert compose.is_healthy(here.command(compose.image_health_check()), product.environment)
        visitor = walk.HttpVisitor(product.url)
        walk.sign_up(visitor, walk.SmtpInbox(mail_server), "robin@compose-walkers.com")
    finally:
        for name in list(product.processes):
            product.stop(name)
