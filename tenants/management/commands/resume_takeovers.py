from __future__ import annotations

import datetime as dt
from typing import Any

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.take_over import resume


class Command(ChangeCommand):
    help = "Finishes takeovers that were begun and not ended, at once. The scheduler does so every minute."

    def change(self, **options: Any) -> Row:
        ended = resume(older_than=dt.timedelta())
        return {"ended": [takeover.domain_name for takeover in ended]}
