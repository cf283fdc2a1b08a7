"""What a page shows of a proof: the record to publish, and what was found when DNS was asked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from tenants.exceptions import NOT_PROVEN
from tenants.models import DomainProof
from tenants.proving.outcome import Outcome
from tenants.registrable import registrable_domain

WAITS = dt.timedelta(seconds=60)
# A worker that has just looked does not look again: tenants/tasks.py.
JUST_NOW = dt.timedelta(seconds=3)


def asked_at(request: HttpRequest) -> dt.datetime | None:
    """When the page that is shown was asked for a look, from its address."""
    try:
        seconds = float(request.GET.get("asked", ""))
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass
class ProofOnPage:
    proof: DomainProof
    asked_at: dt.datetime | None = None

    @property
    def mark(self) -> str:
        """Differs as soon as something was found."""
        checked = self.proof.checked_at
        return f"{self.proof.state} {checked.isoformat() if checked else ''}"

    @cached_property
    def is_waiting(self) -> bool:
        """Whether a look was asked for and has not come back."""
        asked, checked = self.asked_at, self.proof.checked_at
        if asked is None or not asked <= timezone.now() < asked + WAITS:
            return False
        return checked is None or checked < asked - JUST_NOW

    @property
    def is_overdue(self) -> bool:
        """Whether it should have come back, and did not."""
        asked, checked = self.asked_at, self.proof.checked_at
        return bool(
            asked
            and asked + WAITS <= timezone.now()
            and (checked is None or checked < asked - JUST_NOW)
        )

    @property
    def has_news(self) -> bool:
        return bool(self.is_waiting or self.is_overdue or self.words)

    @property
    def is_proven(self) -> bool:
        return self.proof.state == DomainProof.State.PROVEN

    @property
    def zone(self) -> str:
        """What a DNS host most likely calls the domain: what somebody registered."""
        return registrable_domain(self.proof.domain_name) or self.proof.domain_name

    @property
    def relative_name(self) -> str:
        """What most hosts want: the name without the zone."""
        name = self.proof.record.name
        return "@" if name == self.zone else name.removesuffix(f".{self.zone}")

    @property
    def zone_line(self) -> str:
        record = self.proof.record
        return f'{record.name}. 3600 IN TXT "{record.text}"'

    @property
    def words(self) -> str:
        """What was found, and what to do next."""
        if not self.proof.outcome or self.proof.outcome == Outcome.PROVEN:
            return ""
        record = self.proof.record
        sentence = NOT_PROVEN[Outcome(self.proof.outcome)]
        return str(sentence) % {"text": record.text, "name": record.name}
