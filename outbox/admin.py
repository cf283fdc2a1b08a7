from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.admin import ReadOnlyAdmin
from outbox.models import OutboxMail
from outbox.services import retry


@admin.register(OutboxMail)
class OutboxMailAdmin(ReadOnlyAdmin):
    """Mail that waits, goes or went. Links are not shown: their tokens are nowhere in the database."""

    list_display = ("created_at", "kind", "to_address", "state", "attempts", "last_error")
    list_filter = ("state", "kind", "created_at")
    search_fields = ("to_address__startswith",)
    actions = ("retry_now",)

    @admin.action(description=_("Send again now"))
    def retry_now(self, request: HttpRequest, queryset: QuerySet[OutboxMail]) -> None:
        acting_user = request.user
        assert not acting_user.is_anonymous
        ids = queryset.values_list("id", flat=True)
        queued = sum(retry(mail_id, acting_user=acting_user) for mail_id in ids)
        self.message_user(
            request,
            ngettext("%(count)d mail is queued.", "%(count)d mails are queued.", queued)
            % {"count": queued},
            messages.SUCCESS if queued else messages.WARNING,
        )
