from __future__ import annotations

import uuid

from celery import shared_task

from outbox import services

SCHEDULE = {"outbox.sweep": {"task": "outbox.tasks.sweep_outbox", "schedule": 15.0}}


@shared_task
def deliver_mail(mail_id: str) -> None:
    services.deliver(uuid.UUID(mail_id))


@shared_task
def sweep_outbox() -> None:
    services.sweep()
