from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from signup import services

SCHEDULE = {
    "signup.purge": {
        "task": "signup.tasks.purge_signups",
        "schedule": crontab(hour="3", minute="10"),
    }
}


@shared_task
def purge_signups() -> None:
    services.purge()
