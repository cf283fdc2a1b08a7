from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from idempotency import services

SCHEDULE = {
    "idempotency.purge": {"task": "idempotency.tasks.purge", "schedule": crontab(minute="35")},
}


@shared_task
def purge() -> None:
    services.purge()
