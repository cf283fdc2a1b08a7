from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from subscriptions.flows import ends, policy, report

SCHEDULE = {
    "subscriptions.note_states": {
        "task": "subscriptions.tasks.note_states",
        "schedule": crontab(minute="5"),
    },
    "subscriptions.warn_of_ends": {
        "task": "subscriptions.tasks.warn_of_ends",
        "schedule": crontab(minute="25"),
    },
    "subscriptions.follow_groups": {
        "task": "subscriptions.tasks.follow_groups",
        "schedule": crontab(minute="45"),
    },
    # Late, so that a day's row says what was at its end; an earlier one stands where this does not run.
    "subscriptions.note_use": {
        "task": "subscriptions.tasks.note_use",
        "schedule": crontab(hour="12,23", minute="50"),
    },
}


@shared_task
def note_states() -> None:
    ends.note_states()


@shared_task
def warn_of_ends() -> None:
    ends.warn_of_ends()


@shared_task
def follow_groups() -> None:
    policy.follow_all_groups()


@shared_task
def note_use() -> None:
    report.note_use()
