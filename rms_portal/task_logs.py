"""What log and metrics say of tasks: one line each, under the id of the request that caused them.

The id travels in the message's headers. A task that no request caused (the scheduler's) gets one of its own.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

from celery import Task
from celery.signals import before_task_publish, task_postrun, task_prerun

from audit import origin
from rms_portal.metrics import counts

logger = logging.getLogger("rms_portal.tasks")
HEADER = "request_id"
STARTED = "rms_started_at"


def send_request_id(headers: dict[str, Any], **_: object) -> None:
    headers[HEADER] = origin.current().request_id or str(uuid.uuid4())


def begin(task: Task[Any, Any], **_: object) -> None:
    origin.begin_task(task.request.get(HEADER) or str(uuid.uuid4()))
    setattr(task.request, STARTED, time.monotonic())
    counts.task_started(task.name)


def end(task: Task[Any, Any], task_id: str, state: str | None, **_: object) -> None:
    seconds = time.monotonic() - getattr(task.request, STARTED, time.monotonic())
    outcome = (state or "unknown").lower()
    counts.task_ended(task.name, state=state or "", seconds=seconds)
    logger.info(
        "%s %s %.1fms",
        task.name,
        outcome,
        seconds * 1000,
        extra={
            "task": task.name,
            "task_id": task_id,
            "outcome": outcome,
            "duration_ms": round(seconds * 1000, 1),
        },
    )
    origin.end_task()


def connect() -> None:
    before_task_publish.connect(send_request_id)
    task_prerun.connect(begin)
    task_postrun.connect(end)
