from __future__ import annotations

import datetime as dt
from typing import Any

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.resume import resume


class Command(ChangeCommand):
    help = (
        "Finishes takeovers that were begun and not ended, at once, in either direction. The scheduler does so "
        "every minute, but for those that it gave up after some failures: these wait for this command."
    )

    def change(self, **options: Any) -> Row:
        ended = resume(older_than=dt.timedelta(), also_given_up=True)
        return {"ended": [takeover.domain_name for takeover in ended]}
