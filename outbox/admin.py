from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.admin import ReadOnlyAdmin
from audit.scoped_admin import ScopedInline
from outbox.content import kinds
from outbox.models import MailEvent, OutboxMail
from outbox.services import retry


class MailEventInline(ScopedInline):
    """What the mail service reported about the mail."""

    model = MailEvent
    fields = readonly_fields = ("reported_at", "kind", "reason", "service", "event_id")


class KindFilter(admin.SimpleListFilter):
    """The kinds that the code knows: asking the table for those that occur would read all of it."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[OutboxMail]
    ) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in sorted(kinds())]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutboxMail]
    ) -> QuerySet[OutboxMail]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnlyAdmin):
    """Mail that waits, goes or went. Links are not shown: their tokens are nowhere in the database."""

    list_display = ("created_at", "kind", "to_address", "state", "attempts", "last_error")
    list_filter = ("state", KindFilter, "created_at")
    search_beginnings = ("to_address",)
    search_help_text = _("The beginning of an address.")
    inlines = (MailEventInline,)
    actions = ("retry_now",)
    nothing_yet = _("No mail was written yet.")

    def fits(self, action: str, row: OutboxMail) -> bool:
        return row.state in {OutboxMail.State.QUEUED, OutboxMail.State.FAILED}

    def subject_of(self, row: OutboxMail) -> str:
        return f"mail:{row.pk}"

    @admin.action(description=_("Send again now"))
    def retry_now(self, request: HttpRequest, queryset: QuerySet[OutboxMail]) -> None:
        acting_user = request.user
        assert not acting_user.is_anonymous
        mails = list(queryset)
        left = [mail for mail in mails if not retry(mail.id, acting_user=acting_user)]
        queued = len(mails) - len(left)
        if queued:
            text = ngettext("%(count)d mail is queued.", "%(count)d mails are queued.", queued)
            self.message_user(request, text % {"count": queued}, messages.SUCCESS)
        for mail in left:
            self.message_user(request, self._left_alone(mail), messages.WARNING)

    @staticmethod
    def _left_alone(mail: OutboxMail) -> str:
        return _(
            "The mail to %(address)s of %(time)s was left as it is: it has been sent or is being sent."
        ) % {"address": mail.to_address, "time": date_format(mail.created_at, "DATETIME_FORMAT")}
