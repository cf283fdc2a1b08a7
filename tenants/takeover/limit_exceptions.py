"""What may be done later, or less often: after the 72 hours, tomorrow, next week."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tenants.takeover.exceptions import TakeoverRefused


class Limited(TakeoverRefused):
    """`until` comes as people read it."""

    def __init__(self, until: str) -> None:
        super().__init__(
            _(
                "This account was there before its organisation was taken over. Until %(until)s (UTC) nobody of the "
                "organisation resets its factors, changes its address or deletes it. Wait until then, or ask "
                "those who run this service to waive that."
            )
            % {"until": until}
        )


class GroupLimited(TakeoverRefused):
    """As `Limited`."""

    def __init__(self, until: str) -> None:
        super().__init__(
            _(
                "This group was there before its organisation was taken over, and may open what was protected for it. "
                "Until %(until)s (UTC) nobody of the organisation adds to it, deletes it or changes its addresses. Wait "
                "until then, or ask those who run this service to waive that."
            )
            % {"until": until}
        )


class TooManyOffers(TakeoverRefused):
    def __init__(self, count: int) -> None:
        super().__init__(
            _(
                "Your organisation has made %(count)s offers within a day. Wait until tomorrow, or ask those who run this "
                "service."
            )
            % {"count": count}
        )


class MovedTooOften(TakeoverRefused):
    def __init__(self, domain: str) -> None:
        super().__init__(
            _(
                "%(domain)s has gone from one organisation to another several times within 7 days, and its people were "
                "told each time. Wait some days, or ask those who run this service."
            )
            % {"domain": domain}
        )
