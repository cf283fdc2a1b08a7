from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.services import record
from outbox.models import LONGEST_LINK_LIFE, MailLink
from signup.models import MailPause, SignUp

KEEP_PENDING = dt.timedelta(days=7)


@transaction.atomic
def purge() -> int:
    """Deletes requests that became nothing 7 days after they were made, and pauses that are over.

    A request whose link was sent again in the meantime stays until that link is over.

    What became a user stays. Returns how many requests there were to delete.
    """
    now = timezone.now()
    fresh_links = MailLink.objects.filter(
        subject_id=OuterRef("pk"), created_at__gt=now - LONGEST_LINK_LIFE
    )
    old = SignUp.objects.filter(~Exists(fresh_links), created_at__lt=now - KEEP_PENDING).exclude(
        state=SignUp.State.COMPLETED
    )
    MailPause.objects.filter(until__lt=now).delete()
    _, per_model = old.delete()
    deleted = per_model.get("signup.SignUp", 0)
    if deleted:
        record(
            action="signups.purged",
            subject="signup:old",
            tenant_id=None,
            acting_user=None,
            details={"deleted": deleted},
        )
    return deleted
