"""Asks whether the record of a proof is there: at every server, in parallel, within five seconds.

Those that answer must agree. An alias is followed by the same rule: from name to name, each time at the
servers that speak for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.name
from django.conf import settings
from django.db import transaction

from tenants.proving.asking import NoAnswerError, Told, ask
from tenants.proving.outcome import Finding, Outcome
from tenants.proving.record import PREFIX, Place, ProofRecord
from tenants.proving.sources import Authority, NameServer, Resolvers, Source

SECONDS = 5.0
LONGEST_CHAIN = 5  # aliases, one after another
LONGEST_DETAIL = 500
# Where the two places end differently, the one that tells most.
MOST_TELLING = (
    Outcome.PROVEN,
    Outcome.DISAGREE,
    Outcome.NOT_ASKED,
    Outcome.OTHER,
    Outcome.NOT_THERE,
)


def check(
    record: ProofRecord, source: Source | None = None, *, seconds: float = SECONDS
) -> Finding:
    """Raises RuntimeError inside a transaction, which would wait for foreign servers."""
    (finding,) = check_all([record], source, seconds=seconds)
    return finding


def check_all(
    records: Sequence[ProofRecord], source: Source | None = None, *, seconds: float = SECONDS
) -> list[Finding]:
    """As `check`, for several at the same time."""
    with transaction.atomic(durable=True):
        pass
    return asyncio.run(_check_all(records, source or configured(), seconds))


def configured() -> Source:
    """Whom this installation asks."""
    return Resolvers(settings.DNS_RESOLVERS) if settings.DNS_RESOLVERS else Authority()


async def _check_all(
    records: Sequence[ProofRecord], source: Source, seconds: float
) -> list[Finding]:
    deadline = asyncio.get_running_loop().time() + seconds
    return await asyncio.gather(*(_check(record, source, deadline) for record in records))


async def _check(record: ProofRecord, source: Source, deadline: float) -> Finding:
    findings = await asyncio.gather(*(_look(place, source, deadline) for place in record.places()))
    return min(findings, key=lambda finding: MOST_TELLING.index(finding.outcome))


async def _look(place: Place, source: Source, deadline: float) -> Finding:
    name, seen = place.name, set[dns.name.Name]()
    while name not in seen and len(seen) <= LONGEST_CHAIN:
        seen.add(name)
        try:
            async with asyncio.timeout_at(deadline):
                servers = await source.servers_for(name, deadline)
        except NoAnswerError as error:
            return _finding(Outcome.NOT_ASKED, name, str(error))
        except TimeoutError:
            return _finding(Outcome.NOT_ASKED, name, "no answer in time")
        answers = await _ask_all(servers, name, source, deadline)
        told = {one for server in answers for one in server.told}
        outcome: Outcome | None = Outcome.NOT_ASKED
        if source.enough(sum(bool(server.told) for server in answers), len(servers)):
            outcome = judge(told, place.contents)
        if outcome:
            said = "; ".join(server.said(place.contents) for server in answers)
            return _finding(outcome, name, said)
        name = next(one.alias for one in told if one.alias)
    return _finding(Outcome.NOT_THERE, name, "aliases lead in a circle, or too far")


def judge(answers: set[Told], contents: frozenset[bytes]) -> Outcome | None:
    """None: all of them name the same alias, to be followed."""
    has = {not contents.isdisjoint(answer.texts) for answer in answers}
    aliases = {answer.alias for answer in answers}
    if has == {True}:
        return Outcome.PROVEN
    if len(has) > 1 or len(aliases) > 1:
        return Outcome.DISAGREE
    if aliases != {None}:
        return None
    return Outcome.OTHER if any(map(_is_like_ours, answers)) else Outcome.NOT_THERE


def _is_like_ours(answer: Told) -> bool:
    """Whether a record of this service is there, for another asker or of an earlier time, or mistyped."""
    return any(text.startswith(PREFIX.encode()) for text in answer.texts)


@dataclass(slots=True)
class Answers:
    """What one server, by its name, told at each of its addresses, and why others of them did not."""

    name: str
    told: list[Told] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def said(self, contents: frozenset[bytes]) -> str:
        there = ("there" if not contents.isdisjoint(t.texts) else "not there" for t in self.told)
        return f"{self.name}: {', '.join([*there, *self.silent])}"


async def _ask_all(
    servers: Sequence[NameServer], name: dns.name.Name, source: Source, deadline: float
) -> list[Answers]:
    """Each address once, under however many names a zone lists it: it may be somebody else's."""
    addresses = list(dict.fromkeys(at for server in servers for at in server.servers))
    asked = (ask(at, name, recursive=source.recursive, deadline=deadline) for at in addresses)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    told = dict(zip(addresses, answers, strict=True))
    return [_answers(server, [told[at] for at in server.servers]) for server in servers]


def _answers(server: NameServer, told: Sequence[Told | BaseException]) -> Answers:
    answers = Answers(server.name)
    if not server.servers:
        answers.silent.append("no public address")
    for answer in told:
        if isinstance(answer, Told):
            answers.told.append(answer)
        elif isinstance(answer, NoAnswerError):
            answers.silent.append(str(answer))
        else:
            raise answer
    return answers


def _finding(outcome: Outcome, name: dns.name.Name, detail: str) -> Finding:
    return Finding(outcome, f"{name} {detail}"[:LONGEST_DETAIL])
