from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from accounts import services

SCHEDULE = {
    "accounts.purge_sessions": {
        "task": "accounts.tasks.purge_sessions",
        "schedule": crontab(hour="3", minute="40"),
    }
}


@shared_task
def purge_sessions() -> None:
    services.purge_sessions()
