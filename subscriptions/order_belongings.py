"""How orders go along when all of an organisation goes to another: the history does, what waits is withdrawn."""

from __future__ import annotations

from django.utils import timezone

from subscriptions.models import Order
from tenants.takeover.registry import Belonging, Move, register

ORDER = "order"


def _move(move: Move) -> None:
    if move.is_back:
        came = move.noted(ORDER).values_list("row_id", flat=True)
        Order.objects.filter(pk__in=came).update(tenant=move.target)
    elif move.is_whole:
        orders = Order.objects.filter(tenant=move.source)
        move.note(ORDER, [(order.pk, {}) for order in orders])
        waiting = orders.filter(state=Order.State.PLACED)
        waiting.update(state=Order.State.WITHDRAWN, decided_at=timezone.now())
        orders.update(tenant=move.target)


register(Belonging("orders", (Order,), _move))
