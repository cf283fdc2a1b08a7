"""What the people of an organisation read on their pages before and after a takeover, until they have read it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest

from tenants.models import TakeoverNotice, User
from tenants.takeover.mails import sentences
from tenants.takeover.notices import notices_for

READ = "takeover_notices_read"


@dataclass(frozen=True, slots=True)
class Shown:
    id: uuid.UUID
    heading: str
    sentences: list[str]
    at: dt.datetime


def shown_to(request: HttpRequest) -> list[Shown]:
    """One question for who was told nothing."""
    if not isinstance(request.user, User):
        return []
    read = set(request.session.get(READ, ()))
    news = [notice for notice in _news(request.user) if notice.person_id != request.user.pk]
    return [_shown(notice) for notice in news if str(notice.pk) not in read]


def _news(user: User) -> Iterator[TakeoverNotice]:
    """The newest first, down to the one that says how `user` came to the organisation: what was told there before
    concerned others.
    """
    for notice in notices_for(user):
        yield notice
        if notice.stage == TakeoverNotice.Stage.TAKEN and notice.domain_name:
            return


def note_read(request: HttpRequest, notice_id: uuid.UUID) -> None:
    """For this session: it is shown again after the next sign-in, as long as it is news."""
    assert isinstance(request.user, User)
    if notice_id in {notice.pk for notice in notices_for(request.user)}:
        request.session[READ] = [*request.session.get(READ, ()), str(notice_id)]


def _shown(notice: TakeoverNotice) -> Shown:
    heading, said = sentences(notice)
    return Shown(notice.pk, heading, said, notice.at)
