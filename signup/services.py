from __future__ import annotations

import datetime as dt

from django.utils import timezone

from signup.models import MailPause, SignUp

KEEP_PENDING = dt.timedelta(days=7)


def purge(*, dry_run: bool = False) -> int:
    """Deletes requests that became nothing 7 days after they were made, and pauses that are over.

    What became a user stays. Returns how many requests there were to delete.
    """
    now = timezone.now()
    old = SignUp.objects.filter(created_at__lt=now - KEEP_PENDING).exclude(
        state=SignUp.State.COMPLETED
    )
    if dry_run:
        return old.count()
    MailPause.objects.filter(until__lt=now).delete()
    _, per_model = old.delete()
    return per_model.get("signup.SignUp", 0)
