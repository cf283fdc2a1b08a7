"""The lists of domains: what is shipped, and how an operator brings a newer one into force."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from publicsuffixlist import PSLFILE
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditEvent
from signup import address_rules, domain_lists
from signup.domain_lists import DATA, SHIPPED, Kind
from signup.models import DomainList
from tenants.addresses import AddressRefused, parse_domain
from tenants.selectors import parents

pytestmark = pytest.mark.django_db

COMPANIES = Path(__file__).parent / "data" / "company_domains.txt"
OUR_FILES = [SHIPPED[Kind.CONSUMER], SHIPPED[Kind.DISPOSABLE], DATA / "reserved.txt"]
LATER = "2026-11-05"


@pytest.fixture(autouse=True)
def _today() -> Any:
    with time_machine.travel("2026-11-20 12:00:00+00:00", tick=False):
        yield


def refusal_of(address: str) -> str | None:
    try:
        address_rules.check(address)
    except AddressRefused as refusal:
        return refusal.code
    return None


def update(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("update_domain_list", *arguments, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refused(*arguments: str) -> str:
    """What the command says on standard error when it exits with 1."""
    err = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("update_domain_list", *arguments, stderr=err)
    assert ended.value.code == 1
    return err.getvalue()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A consumer list with one domain more, without Gmail."""
    file = tmp_path / "consumer.txt"
    shipped = SHIPPED[Kind.CONSUMER].read_text("utf-8")
    newer = shipped.replace("\ngmail.com\n", "\nNEUE-Post.de\n")
    file.write_text(newer.replace("2026-11-01", LATER), "utf-8")
    return file


def short(tmp_path: Path, text: str = "neue-post.de\n") -> str:
    file = tmp_path / "short.txt"
    file.write_text(text, "utf-8")
    return str(file)


# --------------------------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("file", OUR_FILES, ids=lambda file: file.name)
def test_a_shipped_list_says_what_it_is_and_its_source_licence_and_date(file: Path) -> None:
    head = file.read_text("utf-8").splitlines()[:8]
    for line in ("# source: ", "# licence: ", "# dated: 2026-11-01"):
        assert any(found.startswith(line) for found in head)


@pytest.mark.parametrize("file", OUR_FILES[:2], ids=lambda file: file.name)
def test_a_shipped_list_has_each_domain_once_in_its_one_spelling(file: Path) -> None:
    lines = [line for line in file.read_text("utf-8").splitlines() if line and line[0] != "#"]
    names = [line.removeprefix("!") for line in lines]
    assert len(set(names)) == len(names)
    assert [parse_domain(name) for name in names] == names


def test_no_listed_domain_is_a_whole_public_suffix() -> None:
    lists = domain_lists.in_force()
    assert not [name for name in lists.consumer | lists.disposable if lists.is_public_suffix(name)]


def test_the_lists_do_not_overlap_and_are_as_long_as_they_should_be() -> None:
    lists = domain_lists.in_force()
    assert not lists.consumer & lists.disposable
    assert len(lists.consumer) > 1000
    assert len(lists.disposable) > 10_000


def test_an_exception_is_below_a_listed_domain() -> None:
    consumer = domain_lists.in_force().consumer
    exceptions = [line[1:] for line in consumer if line.startswith("!")]
    assert exceptions
    assert all(consumer.intersection(parents(name)[1:]) for name in exceptions)


def test_the_disposable_list_has_no_domain_of_an_organisation() -> None:
    named = {line for line in COMPANIES.read_text("utf-8").splitlines() if "." in line}
    above = {parent for name in named for parent in parents(name)}
    assert not domain_lists.in_force().disposable & above


def test_every_kind_of_list_is_shipped_with_a_date() -> None:
    for kind in Kind:
        assert domain_lists.shipped(kind).dated >= dt.date(2026, 10, 1)


# ------------------------------------------------------------------------------ which is in force


def put(kind: DomainList.Kind, dated: str, *names: str) -> None:
    text = "\n".join(names)
    DomainList.objects.update_or_create(
        kind=kind,
        defaults={
            "dated": dt.date.fromisoformat(dated),
            "source": "a test",
            "text": text,
            "digest": domain_lists.digest_of(text),
        },
    )


@pytest.mark.parametrize(
    ("dated", "decides"),
    [("2026-10-31", "personal_address"), ("2026-11-01", None), ("2026-11-02", None)],
)
def test_the_newer_list_decides_and_the_loaded_one_on_the_same_day(
    dated: str, decides: str | None
) -> None:
    put(Kind.CONSUMER, dated, "neue-post.de")
    assert refusal_of("a@gmail.com") == decides
    assert refusal_of("a@neue-post.de") == (None if decides else "personal_address")


def test_a_changed_row_holds_after_some_seconds_and_its_going_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter(range(0, 1000, 6))
    monkeypatch.setattr(domain_lists, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    put(Kind.DISPOSABLE, LATER, "one-time.de")
    assert refusal_of("a@one-time.de") == "disposable_address"
    put(Kind.DISPOSABLE, LATER, "another.de")
    assert (refusal_of("a@one-time.de"), refusal_of("a@another.de")) == (None, "disposable_address")
    DomainList.objects.all().delete()
    assert (refusal_of("a@another.de"), refusal_of("a@yopmail.com")) == (None, "disposable_address")


def test_the_text_of_a_row_is_read_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    put(Kind.CONSUMER, LATER, "read-once.de")
    assert refusal_of("a@read-once.de") == "personal_address"
    domain_lists.forget_heads()
    with django_assert_num_queries(2) as asked:
        assert refusal_of("a@read-once.de") == "personal_address"
    with django_assert_num_queries(1):
        assert refusal_of("a@read-once.de") == "personal_address"
    assert not [query for query in asked.captured_queries if '"text"' in query["sql"]]


def test_a_list_that_names_a_whole_suffix_shuts_out_nobody_below_it() -> None:
    put(Kind.CONSUMER, LATER, "co.uk", "com")
    assert refusal_of("a@company.co.uk") is None
    assert refusal_of("a@company.com") is None


# ------------------------------------------------------------------------------------ the command


def test_the_command_brings_a_list_into_force(newer: Path) -> None:
    answer = update("consumer", str(newer))
    assert (answer["kind"], answer["dated"]) == ("consumer", LATER)
    assert answer["entries"] == len(domain_lists.shipped(Kind.CONSUMER).entries)
    assert "compiled by hand" in answer["source"]
    assert refusal_of("a@neue-post.de") == "personal_address"
    assert refusal_of("a@gmail.com") is None


def test_the_command_answers_people_in_lines(
    newer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("update_domain_list", "consumer", str(newer), "--source", "Anna")
    assert re.search(r"^source +Anna$", capsys.readouterr().out, re.MULTILINE)


def test_the_command_reads_standard_input_and_dates_it_today(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO("\ufeffmünchen-post.de\r\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    answer = update("disposable", "-", "--force")
    assert (answer["dated"], answer["entries"]) == ("2026-11-20", 1)
    assert refusal_of("a@münchen-post.de") == "disposable_address"


def test_the_command_writes_an_audit_row_with_what_changed(newer: Path) -> None:
    answer = update("consumer", str(newer), "--dated", "2026-11-07")
    event = AuditEvent.objects.get(action="domain_list.updated")
    assert event.subject == "domain_list:consumer"
    assert event.details["dated"] == "2026-11-07"
    assert event.details["digest"] == answer["digest"]
    assert event.details["digest_before"] == domain_lists.shipped(Kind.CONSUMER).digest


def test_a_dry_run_answers_and_changes_nothing(newer: Path) -> None:
    assert update("consumer", str(newer), "--dry-run")["dry_run"] is True
    assert not DomainList.objects.exists()
    assert not AuditEvent.objects.exists()
    assert refusal_of("a@gmail.com") == "personal_address"


def test_going_back_to_the_shipped_list_drops_the_loaded_one(newer: Path) -> None:
    update("consumer", str(newer))
    assert update("consumer", "--shipped")["source"] == "shipped"
    assert not DomainList.objects.exists()
    assert refusal_of("a@gmail.com") == "personal_address"
    assert AuditEvent.objects.filter(action="domain_list.dropped").count() == 1
    update("consumer", "--shipped")
    assert AuditEvent.objects.filter(action="domain_list.dropped").count() == 1


@pytest.mark.parametrize(
    "bad", ["two words.de", "a@b.de", "de", "*.company.de", "1.2.3.4", "a_b.de"]
)
def test_a_bad_line_refuses_the_whole_list_by_its_number(newer: Path, bad: str) -> None:
    text = newer.read_text("utf-8")
    newer.write_text(f"{text}{bad}\n", "utf-8")
    assert f"Line {len(text.splitlines()) + 1} " in refused("consumer", str(newer))
    assert not DomainList.objects.exists()


def test_a_list_of_less_than_half_the_size_needs_force(tmp_path: Path) -> None:
    assert "--force" in refused("consumer", short(tmp_path))
    assert update("consumer", short(tmp_path), "--force")["entries"] == 1


def test_a_list_without_entries_is_refused_even_by_force(tmp_path: Path) -> None:
    assert "no entries" in refused("consumer", short(tmp_path, "# nothing\n"), "--force")


@pytest.mark.parametrize(
    ("dated", "why"), [("2026-10-30", "newer"), ("2026-11-21", "in the future")]
)
def test_a_list_that_would_not_hold_or_hold_too_long_is_refused(
    newer: Path, dated: str, why: str
) -> None:
    assert why in refused("consumer", str(newer), "--dated", dated)


def test_a_date_in_the_list_that_is_none_is_refused(tmp_path: Path) -> None:
    text = "# dated: 2026-13-01\nneue-post.de\n"
    assert "2026-13-01" in refused("consumer", short(tmp_path, text), "--force")


def test_the_command_needs_a_file_or_shipped_and_not_both(newer: Path) -> None:
    assert "--shipped" in refused("consumer")
    assert "--shipped" in refused("consumer", str(newer), "--shipped")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused("consumer", str(tmp_path / "none.txt"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "UTF-8" in refused("consumer", str(tmp_path / "binary"))


# -------------------------------------------------------------------------------- public suffixes


def suffixes(tmp_path: Path, *, icann: str = "", private: str = "") -> str:
    text = Path(PSLFILE).read_text("utf-8")
    text = re.sub(r"VERSION: \S+", f"VERSION: {LATER}_01-02-03_UTC", text)
    for line, end in ((icann, domain_lists.ICANN_ENDS), ("", ""), (private, "// ===END PRIVATE")):
        text = text.replace(end, f"{line}\n{end}") if line else text
    file = tmp_path / "public_suffix_list.dat"
    file.write_text(text, "utf-8")
    return str(file)


def test_newer_public_suffixes_come_into_force_with_the_date_they_give(tmp_path: Path) -> None:
    file = suffixes(tmp_path, icann="verein.de\n*.stadt.de\n!bonn.stadt.de", private="firma.de")
    assert update("public_suffix", file)["dated"] == LATER
    assert refusal_of("a@verein.de") == "public_suffix"
    assert refusal_of("a@ulm.stadt.de") == "public_suffix"
    assert refusal_of("a@bonn.stadt.de") is None
    assert refusal_of("a@turn.verein.de") is None
    assert refusal_of("a@firma.de") is None
    assert refusal_of("a@公司.cn") == "public_suffix"


def test_public_suffixes_with_a_bad_rule_or_without_sections_are_refused(tmp_path: Path) -> None:
    assert "not a domain: 'ver_ein.de'" in refused(
        "public_suffix", suffixes(tmp_path, icann="ver_ein.de")
    )
    assert "ICANN" in refused("public_suffix", short(tmp_path, "de\nco.uk\n"))
