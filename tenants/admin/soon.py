"""What a press has begun is done by a worker; the page of the takeover shows how far it is."""

from __future__ import annotations

from django.urls import reverse

from outbox import announcing
from tenants.models import Takeover

TASK = "tenants.tasks.run_takeover"


def soon(takeover: Takeover) -> str:
    """Where to wait for it. Where no worker can be told, the next look for what was begun finds it, within minutes."""
    announcing.ask(TASK, str(takeover.pk))
    return reverse("admin:tenants_takeover_change", args=(takeover.pk,))
