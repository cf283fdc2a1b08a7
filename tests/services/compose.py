"""docker-compose.yml and Dockerfile read as a container engine would, and run as plain processes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.services.product import ROOT
from tests.services.waiting import PATIENCE

VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?::([?-])([^}]*))?\})")
INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$")


class Missing(Exception):
    """A variable without which compose refuses to start, with the sentence it says."""


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """`text` with ${NAME}, ${NAME:-default} and ${NAME:?sentence} replaced as compose does it."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if name is None:
            return "$"
        found = variables.get(name, "")
        if not found and operator == "?":
            raise Missing(f"{name}: {rest}")
        return found or (rest if operator == "-" else "")

    return VARIABLE.sub(value, text)


def load(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with its variables replaced."""
    parsed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    replaced: dict[str, Any] = _walk(parsed, variables)
    return replaced


def _walk(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _walk(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_walk(value, variables) for value in node]
    return interpolated(node, variables) if isinstance(node, str) else node


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions in order, continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = (INSTRUCTION.match(line) for line in text.splitlines() if not line.startswith("#"))
    return [(found[1], found[2].strip()) for found in lines if found]


def final_stage() -> list[tuple[str, str]]:
    every = instructions()
    start = max(index for index, (name, _) in enumerate(every) if name == "FROM")
    return every[start:]


def image_environment() -> dict[str, str]:
    """ENV of the final stage."""
    found: dict[str, str] = {}
    for name, rest in final_stage():
        if name == "ENV":
            found |= dict(pair.split("=", 1) for pair in rest.split())
    return found


def image_health_check() -> list[str]:
    rest = next(rest for name, rest in final_stage() if name == "HEALTHCHECK")
    command: list[str] = json.loads(rest.partition("CMD")[2])
    return command


@dataclass(frozen=True)
class Here:
    """What stands on this machine for what the containers have: paths, hosts and ports."""

    replacements: Mapping[str, str]

    def text(self, text: str) -> str:
        """All at once: what is put in may look like something else to replace, as a port with 8000 in it does."""
        # A number is none within a longer one; a name may follow on any digit, as that of a password.
        there = "|".join(
            rf"(?<!\d){re.escape(one)}(?!\d)" if one[0].isdigit() else re.escape(one)
            for one in self.replacements
        )
        return re.sub(there, lambda found: self.replacements[found[0]], text)

    def environment(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.text(value) for name, value in values.items()}

    def command(self, words: list[str]) -> list[str]:
        return [self.text(word) for word in words]

    def health_check(self, test: list[str]) -> list[str]:
        """CMD is a program and its arguments, CMD-SHELL a line for the shell."""
        kind, *words = test
        return self.command(words) if kind == "CMD" else ["/bin/sh", "-c", *self.command(words)]


def is_healthy(command: list[str], environment: Mapping[str, str]) -> bool:
    checked = subprocess.run(
        command, cwd=ROOT, env=dict(environment), capture_output=True, timeout=PATIENCE, check=False
    )
    return checked.returncode == 0
