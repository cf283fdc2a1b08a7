from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

# The outbox is swept every 15 seconds, and the scheduler saves its schedule after each task.
LONGEST_SILENCE_SECONDS = 60


class Command(BaseCommand):
    help = "Fails when the scheduler has not started a task for a minute. For health checks."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        # The database module that Python has decides whether the name gets a suffix.
        schedule = Path(settings.CELERY_BEAT_SCHEDULE_FILENAME)
        saved = [file.stat().st_mtime for file in schedule.parent.glob(f"{schedule.name}*")]
        if not saved:
            raise CommandError("The scheduler has not saved a schedule yet.")
        silence = time.time() - max(saved)
        if silence > LONGEST_SILENCE_SECONDS:
            raise CommandError(f"The scheduler has been silent for {silence:.0f} seconds.")
