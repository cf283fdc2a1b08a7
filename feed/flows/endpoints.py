"""Making webhooks, changing their secret, pausing and resuming them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from audit.services import record
from feed import secrets
from feed.addresses import checked
from feed.exceptions import UnknownKinds
from feed.models import Delivery, Endpoint, Kind
from outbox.services import GIVE_UP_AFTER
from tenants import access
from tenants.models import Tenant, User

OVERLAP = dt.timedelta(hours=24)


@transaction.atomic
def create(
    *,
    url: str,
    acting_user: User | None,
    tenant: Tenant | None = None,
    kinds: Collection[str] = (),
) -> tuple[Endpoint, str]:
    """The endpoint and its secret, which nobody sees again.

    Raises NotAllowed, NotAWebhookAddress, AddressNotAllowed or UnknownKinds.
    """
    access.require_operates(acting_user)
    unknown = sorted(set(kinds) - set(Kind.values))
    if unknown:
        raise UnknownKinds(unknown, list(Kind.values))
    secret = secrets.new()
    endpoint = Endpoint.objects.create(
        url=checked(url), tenant=tenant, kinds=sorted(set(kinds)), secret=secrets.sealed(secret)
    )
    _record("webhook.created", endpoint, acting_user, url=url, events=endpoint.kinds)
    return endpoint, secret


@transaction.atomic
def delete(*, endpoint: Endpoint, acting_user: User | None) -> None:
    """What waits for it is not sent any more. Raises NotAllowed."""
    access.require_operates(acting_user)
    _record("webhook.deleted", endpoint, acting_user, url=endpoint.url)
    endpoint.delete()


@transaction.atomic
def rotate_secret(
    *, endpoint: Endpoint, acting_user: User | None, overlap: dt.timedelta = OVERLAP
) -> str:
    """The new secret, which nobody sees again. The one of before signs beside it for a while; one before that no more.

    Raises NotAllowed.
    """
    access.require_operates(acting_user)
    endpoint = Endpoint.objects.select_for_update().get(id=endpoint.id)
    secret = secrets.new()
    endpoint.previous_secret = endpoint.secret if overlap else ""
    endpoint.previous_until = timezone.now() + overlap if overlap else None
    endpoint.secret = secrets.sealed(secret)
    endpoint.save(update_fields=("secret", "previous_secret", "previous_until"))
    _record("webhook.secret_rotated", endpoint, acting_user)
    return secret


@transaction.atomic
def pause(*, endpoint: Endpoint, reason: Endpoint.Reason, acting_user: User | None) -> bool:
    """Whether it was active. What happens meanwhile waits. Raises NotAllowed."""
    access.require_operates(acting_user)
    hit = Endpoint.objects.filter(id=endpoint.id, state=Endpoint.State.ACTIVE).update(
        state=Endpoint.State.PAUSED, paused_at=timezone.now(), reason=reason
    )
    if hit:
        _record("webhook.paused", endpoint, acting_user, reason=reason.value)
    return bool(hit)


@transaction.atomic
def retry(*, endpoint: Endpoint, acting_user: User | None) -> int:
    """Resumes it where it is paused, and sends what waits or failed now; how many. Raises NotAllowed."""
    access.require_operates(acting_user)
    now = timezone.now()
    Endpoint.objects.filter(id=endpoint.id).update(
        state=Endpoint.State.ACTIVE, paused_at=None, reason="", failures=0, rests_until=None
    )
    waiting = (Delivery.State.QUEUED, Delivery.State.FAILED)
    queued = Delivery.objects.filter(endpoint=endpoint, state__in=waiting).update(
        state=Delivery.State.QUEUED,
        failed_at=None,
        next_attempt_at=now,
        give_up_at=now + GIVE_UP_AFTER,
    )
    _record("webhook.retried", endpoint, acting_user, queued=queued)
    return queued


def _record(action: str, endpoint: Endpoint, acting_user: User | None, **details: object) -> None:
    record(
        action=action,
        subject=f"webhook:{endpoint.pk}",
        tenant_id=endpoint.tenant_id,
        acting_user=acting_user,
        details=details,
    )
