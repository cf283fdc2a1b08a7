"""What is counted as it happens: requests and tasks. Labels are names from the code, never what people sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from rms_portal.metrics.files import use_files

logger = logging.getLogger(__name__)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
TASK_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
OUTCOMES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried"}

use_files()
REQUESTS = Counter(
    "rms_http_requests", "Requests answered.", ("method", "route", "status"), registry=None
)
REQUEST_SECONDS = Histogram(
    "rms_http_request_duration_seconds",
    "Time to answer.",
    ("method", "route"),
    buckets=SECONDS,
    registry=None,
)
TASKS = Counter("rms_tasks", "Tasks by what became of them.", ("task", "outcome"), registry=None)
TASK_DURATION = Histogram(
    "rms_task_duration_seconds",
    "Time that tasks took.",
    ("task",),
    buckets=TASK_SECONDS,
    registry=None,
)


@contextmanager
def _never_in_the_way() -> Iterator[None]:
    """Where nothing can be written (a full disk), the work goes on uncounted."""
    try:
        yield
    except OSError as error:
        logger.warning("Nothing is counted for /metrics: %s", error)


def request_answered(*, method: str | None, route: str, status: int, seconds: float) -> None:
    known = method if method in METHODS else "other"
    with _never_in_the_way():
        REQUESTS.labels(known, route, str(status)).inc()
        REQUEST_SECONDS.labels(known, route).observe(seconds)


def task_started(task: str) -> None:
    with _never_in_the_way():
        TASKS.labels(task, "started").inc()


def task_ended(task: str, *, state: str, seconds: float) -> None:
    with _never_in_the_way():
        TASKS.labels(task, OUTCOMES.get(state, "other")).inc()
        TASK_DURATION.labels(task).observe(seconds)
