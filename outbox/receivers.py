from __future__ import annotations

from typing import Any

from anymail.signals import AnymailTrackingEvent, tracking
from django.dispatch import receiver

from outbox.flows import report


@receiver(tracking)
def note_report(sender: type, event: AnymailTrackingEvent, esp_name: str, **_: Any) -> None:
    report.note(event, service=esp_name)
