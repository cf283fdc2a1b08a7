"""What an installation makes for itself: secrets, static files, compiled translations."""

from __future__ import annotations

import gettext
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environ
import pytest
from pytest_django.fixtures import Settings

from rms_portal.environment import SECRET_KEY_FILE
from rms_portal.installation import kept_secret, make_state
from rms_portal.static_build import collect_static
from rms_portal.translations import compile_catalogues, gaps
from tests.services.product import PYTHON, ROOT, clean_environment

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Sign in"
msgstr "Anmelden"
"""


def test_a_secret_is_made_once_also_when_many_start_at_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: kept_secret(path, octets=48), range(32)))
    assert len(secrets) == 1
    assert len(secrets.pop()) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_only_an_embedded_installation_makes_its_own_secret_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    make_state(environ.Env(), tmp_path / "embedded")
    assert (tmp_path / "embedded" / SECRET_KEY_FILE).is_file()
    monkeypatch.setenv(name, "given")
    make_state(environ.Env(), tmp_path / "served")
    assert not (tmp_path / "served" / SECRET_KEY_FILE).exists()


@pytest.mark.parametrize(
    ("key", "problem"), [("short", "shorter than 32"), ("k" * 64, "the same as SECRET_KEY")]
)
def test_a_weak_master_key_stops_the_start_with_a_sentence(
    tmp_path: Path, key: str, problem: str
) -> None:
    variables = clean_environment(SECRET_KEY="k" * 64, MASTER_KEY=key, VAR_DIR=str(tmp_path))
    command = [PYTHON, "manage.py", "check"]
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"MASTER_KEY is {problem}" in done.stderr


def test_static_files_are_collected_again_only_when_one_changed(
    tmp_path: Path, settings: Settings
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "one.css").write_text("a { color: red }")
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = str(tmp_path / "collected")
    assert collect_static()
    assert not collect_static()
    (source / "one.css").write_text("a { color: tan }")
    assert collect_static()
    assert (tmp_path / "collected" / "one.css").read_text() == "a { color: tan }"


def catalogue(folder: Path, text: str) -> Path:
    path = folder / "de" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_translations_are_compiled_when_they_changed(tmp_path: Path) -> None:
    catalogue(tmp_path, CATALOGUE)
    assert compile_catalogues(tmp_path) == 1
    assert compile_catalogues(tmp_path) == 0
    translation = gettext.translation("django", tmp_path, ["de"])
    assert translation.gettext("Sign in") == "Anmelden"


@pytest.mark.parametrize(
    "entry", ['msgid "Sign out"\nmsgstr ""\n', '#, fuzzy\nmsgid "Sign out"\nmsgstr "Anmelden"\n']
)
def test_a_text_that_is_not_translated_is_named(tmp_path: Path, entry: str) -> None:
    catalogue(tmp_path, CATALOGUE)
    assert list(gaps(tmp_path)) == []
    catalogue(tmp_path, f"{CATALOGUE}\n{entry}")
    assert "'Sign out'" in "".join(gaps(tmp_path))
