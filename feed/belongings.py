"""How webhooks of one organisation go along when its domain goes to another."""

from __future__ import annotations

from feed.models import Delivery, Endpoint, Event, FeedHead
from tenants.takeover.registry import Belonging, Move, register

WEBHOOK = "webhook"


def _move(move: Move) -> None:
    """With all of an organisation, and back."""
    if move.is_back:
        came = move.noted(WEBHOOK).values_list("row_id", flat=True)
        Endpoint.objects.filter(pk__in=came).update(tenant=move.target)
    elif move.is_whole:
        going = Endpoint.objects.filter(tenant=move.source)
        move.note(WEBHOOK, [(endpoint.pk, {}) for endpoint in going])
        going.update(tenant=move.target)


# Deliveries go along with their webhook. Events, and the number of the newest, stay: they tell of the organisation
# in which they happened.
register(Belonging("webhooks", (Endpoint, Delivery, Event, FeedHead), _move))
