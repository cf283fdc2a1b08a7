"""The Celery application: workers find each app's `tasks.py`, the scheduler their `SCHEDULE`."""

from __future__ import annotations

import logging.config
import os
from importlib import import_module
from importlib.util import find_spec

from celery import Celery
from celery.signals import setup_logging, task_postrun, task_prerun
from django.apps import apps
from django.conf import settings
from django.db import close_old_connections

from rms_portal import task_logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")

app = Celery("rms_portal")
task_logs.connect()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_our_log(**_: object) -> None:
    """Celery's own handlers would write what ours redact."""
    logging.config.dictConfig(settings.LOGGING)


@task_prerun.connect
@task_postrun.connect
def keep_the_database_connection(**_: object) -> None:
    """As between requests: one that is old or broken is closed, one that works is kept."""
    close_old_connections()


@app.on_after_finalize.connect
def collect_schedules(sender: Celery, **_: object) -> None:
    """Periodic tasks are declared beside their tasks, as `SCHEDULE` in an app's tasks.py."""
    for config in apps.get_app_configs():
        if (settings.BASE_DIR / config.name).is_dir() and find_spec(f"{config.name}.tasks"):
            schedule = getattr(import_module(f"{config.name}.tasks"), "SCHEDULE", {})
            sender.conf.beat_schedule |= schedule
