from __future__ import annotations

import uuid

from celery import shared_task
from celery.schedules import crontab

from signup import left_behind, services
from signup.flows import import_in_background

SCHEDULE = {
    "signup.purge": {
        "task": "signup.tasks.purge_signups",
        "schedule": crontab(hour="3", minute="10"),
    },
    "signup.carry_on_imports": {
        "task": "signup.tasks.carry_on_imports",
        "schedule": 60.0,
    },
}


@shared_task
def purge_signups() -> None:
    services.purge()
    left_behind.mark_all()
    import_in_background.purge()


@shared_task
def import_users(job_id: str) -> None:
    import_in_background.carry_on(uuid.UUID(job_id))


@shared_task
def carry_on_imports() -> None:
    import_in_background.carry_on_forgotten()
