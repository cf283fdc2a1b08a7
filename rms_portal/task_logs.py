"""What the log says of tasks: one line each, under the id of the request that caused them.

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

logger = logging.getLogger("rms_portal.tasks")
HEADER = "request_id"
STARTED = "rms_started_at"


def send_request_id(headers: dict[str, Any], **_: object) -> None:
    headers[HEADER] = origin.current().request_id or str(uuid.uuid4())


def begin(task: Task[Any, Any], **_: object) -> None:
    origin.begin_task(task.request.get(HEADER) or str(uuid.uuid4()))
    setattr(task.request, STARTED, time.monotonic())


def end(task: Task[Any, Any], task_id: str, state: str | None, **_: object) -> None:
    duration_ms = (time.monotonic() - getattr(task.request, STARTED, time.monotonic())) * 1000
    outcome = (state or "unknown").lower()
    logger.info(
        "%s %s %.1fms",
        task.name,
        outcome,
        duration_ms,
        extra={
            "task": task.name,
            "task_id": task_id,
            "outcome": outcome,
            "duration_ms": round(duration_ms, 1),
        },
    )
    origin.end_task()


def connect() -> None:
    before_task_publish.connect(send_request_id)
    task_prerun.connect(begin)
    task_postrun.connect(end)
