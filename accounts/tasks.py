from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from accounts import second_factors, services

SCHEDULE = {
    "accounts.purge_sessions": {
        "task": "accounts.tasks.purge_sessions",
        "schedule": crontab(hour="3", minute="40"),
    },
    "accounts.renew_second_factors": {
        "task": "accounts.tasks.renew_second_factors",
        "schedule": crontab(hour="3", minute="50"),
    },
}


@shared_task
def purge_sessions() -> None:
    services.purge_sessions()


@shared_task
def renew_second_factors() -> None:
    second_factors.renew_all()
