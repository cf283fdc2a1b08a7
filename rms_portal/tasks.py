"""Tasks of the portal itself."""

from __future__ import annotations

from celery import shared_task

from rms_portal.dashboard import keeping

SCHEDULE = {
    # Before the last count is too old, so that no operator waits for the next.
    "rms_portal.count": {"task": "rms_portal.tasks.count", "schedule": 240.0},
}


@shared_task
def count() -> None:
    """Counts the installation for its dashboard."""
    keeping.count_anew(None)
    keeping.forget()


@shared_task
def count_for(of: str) -> None:
    """Counts for one dashboard that somebody looks at."""
    keeping.count_for(of)
