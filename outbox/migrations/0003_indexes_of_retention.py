from __future__ import annotations

from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("outbox", "0002_reports_and_retention")]

    operations = [
        AddIndexConcurrently(
            model_name="maillink",
            index=models.Index(fields=["subject_id"], name="links_by_subject"),
        ),
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(
                condition=models.Q(("state", "sent")),
                fields=["handed_over_at"],
                name="outbox_sent_since",
            ),
        ),
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(
                condition=models.Q(("state__in", ("failed", "bounced"))),
                fields=["failed_at"],
                name="outbox_failed_since",
            ),
        ),
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(
                condition=models.Q(("service_id", ""), _negated=True),
                fields=["service_id"],
                name="outbox_by_service_id",
            ),
        ),
    ]
