from __future__ import annotations

from celery import shared_task
from celery.schedules import crontab

from audit import heads, persons
from audit.flows.chain import chain_pending
from audit.flows.reseal import renew_seals

SCHEDULE = {
    "audit.chain": {"task": "audit.tasks.chain_audit_log", "schedule": 60.0},
    "audit.chain_everything": {
        "task": "audit.tasks.chain_audit_log",
        "schedule": crontab(hour="4", minute="10"),
        "kwargs": {"everything": True},
    },
}


@shared_task
def chain_audit_log(*, everything: bool = False) -> None:
    chain_pending(everything=everything)
    if everything:
        renew_seals()
        persons.renew()
    heads.export()
