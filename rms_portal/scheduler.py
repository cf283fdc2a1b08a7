"""When the scheduler last did something."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def last_sign_of_life() -> float | None:
    """The time (seconds since 1970) at which it last saved its schedule, as it does after each task.

    The database module that Python has decides whether the name of the file gets a suffix.
    """
    schedule = Path(settings.CELERY_BEAT_SCHEDULE_FILENAME)
    saved = [file.stat().st_mtime for file in schedule.parent.glob(f"{schedule.name}*")]
    return max(saved, default=None)
