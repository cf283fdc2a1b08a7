from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from feed.flows import deliver, keep, relay

SWEEP_SECONDS = 15
SCHEDULE = {
    "feed.sweep": {
        "task": "feed.tasks.sweep_feed",
        "schedule": SWEEP_SECONDS,
        # While no worker runs, sweeps do not pile up.
        "options": {"expires": SWEEP_SECONDS},
    },
    "feed.purge": {
        "task": "feed.tasks.purge_feed",
        "schedule": crontab(hour="3", minute="40"),
    },
}


@shared_task
def relay_events() -> None:
    """Asked for when events have committed."""
    relay.relay()
    deliver.deliver_due()


@shared_task
def sweep_feed() -> None:
    deliver.sweep()
    relay.relay()
    deliver.deliver_due()


@shared_task
def purge_feed() -> None:
    keep.purge()
    keep.forget_older_secrets()
    keep.renew_secrets()
