from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rms_portal.scheduler import last_sign_of_life

# The outbox is swept every 15 seconds, and the scheduler saves its schedule after each task.
LONGEST_SILENCE_SECONDS = 60


class Command(BaseCommand):
    help = "Fails when the scheduler has not started a task for a minute. For health checks."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        at = last_sign_of_life()
        if at is None:
            raise CommandError("The scheduler has not saved a schedule yet.")
        silence = time.time() - at
        if silence > LONGEST_SILENCE_SECONDS:
            raise CommandError(f"The scheduler has been silent for {silence:.0f} seconds.")
