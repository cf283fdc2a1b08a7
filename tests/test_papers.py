"""The papers name everything there is, and their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from limits.limit import LIMITS
from tests.services.product import ROOT

PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FILE = re.compile(r"`((?:[a-z_]+/)+[\w.]+\.(?:py|md|html|txt))`")
SETTING = re.compile(r"""env\.\w+\(\s*"([A-Z_]+)\"""")
REQUIREMENT = re.compile(r"^([\w.\[\]-]+)==", re.MULTILINE)


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchor(heading: str) -> str:
    """As forges make it from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def leads_somewhere(paper: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = paper.parent / path if path else paper
    if not target.exists():
        return False
    return not fragment or fragment in map(anchor, HEADING.findall(target.read_text()))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_every_link_and_every_file_named_is_there(paper: Path) -> None:
    text = paper.read_text()
    links = [link for link in LINK.findall(text) if not link.startswith("https://")]
    assert [link for link in links if not leads_somewhere(paper, link)] == []
    assert [name for name in FILE.findall(text) if not (ROOT / name).exists()] == []


def test_every_management_command_is_described_and_no_other() -> None:
    files = ROOT.glob("*/management/commands/*.py")
    commands = {file.stem for file in files if file.stem != "__init__"}
    described = set(re.findall(r"^\| `([a-z_]+)", text_of("docs/commands.md"), re.MULTILINE))
    assert described == commands


def test_every_setting_is_described() -> None:
    sources = [text_of(f"rms_portal/{name}.py") for name in ("settings", "environment")]
    names = {name for source in sources for name in SETTING.findall(source)}
    assert len(names) > 20
    assert [name for name in names if f"| `{name}` |" not in text_of("docs/settings.md")] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_explained(name: str) -> None:
    explained = text_of("docs/dependencies.md")
    packages = REQUIREMENT.findall(text_of(name))
    assert packages
    assert [
        package
        for package in packages
        if not re.search(rf"[|,] {re.escape(package)}[ ,]", explained)
    ] == []


def test_every_decision_is_listed() -> None:
    listed = text_of("docs/decisions/README.md")
    decisions = [path.name for path in ROOT.glob("docs/decisions/0*.md")]
    assert decisions
    assert [name for name in decisions if f"({name})" not in listed] == []


def test_every_limit_is_described_with_its_rates() -> None:
    get_resolver().url_patterns  # noqa: B018 -- imports whatever counts anything
    limits = {(limit.name, limit.words) for limit in LIMITS.values()}
    limits = {(name, words) for name, words in limits if not name.startswith("tests.")}
    assert len(limits) > 5
    rows = re.findall(r"^\| `(\w+\.\w+)` \| ([^|]+) \|", text_of("docs/operators.md"), re.MULTILINE)
    assert set(rows) == limits


# ASVS 5.0.0: by section, how many requirements of levels 1 and 2 there are; they are numbered from 1.
ASVS = {
    "1.1": 2,
    "1.2": 9,
    "1.3": 11,
    "1.4": 3,
    "1.5": 2,
    "2.1": 3,
    "2.2": 3,
    "2.3": 4,
    "2.4": 1,
    "3.3": 4,
    "3.4": 6,
    "3.5": 5,
    "6.1": 3,
    "6.2": 12,
    "6.3": 4,
    "6.4": 4,
    "6.5": 5,
    "6.6": 3,
    "6.8": 4,
    "7.1": 3,
    "7.2": 4,
    "7.3": 2,
    "7.4": 5,
    "7.5": 2,
    "7.6": 2,
    "8.1": 2,
    "8.2": 3,
    "8.3": 1,
    "8.4": 1,
    "9.1": 3,
    "9.2": 4,
}


def test_every_requirement_of_asvs_has_one_row_and_the_sums_are_right() -> None:
    rows = re.findall(
        r"^\| (\d\.\d\.\d+) \| (\d) \| [^|]+ \| (yes|part|no|–) \|",
        text_of("docs/asvs.md"),
        re.MULTILINE,
    )
    asked = [f"{section}.{number + 1}" for section, last in ASVS.items() for number in range(last)]
    assert sorted(number for number, level, _ in rows if level != "3") == sorted(asked)
    states = [state for _, level, state in rows if level != "3"]
    sums = " | ".join(str(states.count(state)) for state in ("yes", "part", "no", "–"))
    assert f"| levels 1 and 2 | {sums} |" in text_of("docs/asvs.md")


def test_every_test_that_the_asvs_map_names_is_there() -> None:
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", text_of("docs/asvs.md"))
    assert len(named) > 100
    wrong = [
        f"{file}::{name}"
        for file, name in named
        if not re.search(
            rf"^(async )?def {name}\(" if name else "", text_of(f"tests/{file}"), re.MULTILINE
        )
    ]
    assert wrong == []
