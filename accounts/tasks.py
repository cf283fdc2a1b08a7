from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from accounts import second_factors, services
from accounts.flows import prove_mailbox

SCHEDULE = {
    "accounts.purge_sessions": {
        "task": "accounts.tasks.purge_sessions",
        "schedule": crontab(minute="40"),
    },
    "accounts.renew_second_factors": {
        "task": "accounts.tasks.renew_second_factors",
        "schedule": crontab(hour="3", minute="50"),
    },
    "accounts.ask_for_mailbox_proofs": {
        "task": "accounts.tasks.ask_for_mailbox_proofs",
        "schedule": crontab(hour="6", minute="20"),
    },
}


@shared_task
def purge_sessions() -> None:
    services.purge_sessions()


@shared_task
def renew_second_factors() -> None:
    second_factors.renew_all()


@shared_task
def ask_for_mailbox_proofs() -> None:
    prove_mailbox.remind()
