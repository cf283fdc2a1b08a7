from __future__ import annotations

import uuid

from celery import shared_task
from celery.schedules import crontab

from outbox import services

SWEEP_SECONDS = services.SWEEP_EVERY.total_seconds()
SCHEDULE = {
    "outbox.sweep": {
        "task": "outbox.tasks.sweep_outbox",
        "schedule": SWEEP_SECONDS,
        # While no worker runs, sweeps do not pile up.
        "options": {"expires": SWEEP_SECONDS},
    },
    "outbox.purge": {
        "task": "outbox.tasks.purge_outbox",
        "schedule": crontab(hour="3", minute="20"),
    },
}
# A mail server that answers a little and never ends must not outlive the claim: before the claim is over
# the worker gives up, and where it cannot, it is ended.
GIVE_UP_SECONDS = int(services.CLAIM.total_seconds()) - 60
END_SECONDS = GIVE_UP_SECONDS + 30


@shared_task(soft_time_limit=GIVE_UP_SECONDS, time_limit=END_SECONDS)
def deliver_mail(*mail_ids: str) -> None:
    services.deliver_all(map(uuid.UUID, mail_ids))


@shared_task(soft_time_limit=GIVE_UP_SECONDS, time_limit=END_SECONDS)
def deliver_due_mail() -> None:
    services.deliver_due()


@shared_task
def sweep_outbox() -> None:
    services.sweep()


@shared_task
def purge_outbox() -> None:
    services.purge()
