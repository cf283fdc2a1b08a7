from django.db import migrations, models

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("outbox", "0003_indexes_of_retention"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(
                fields=["to_address"],
                name="outbox_recipient_begins",
                opclasses=("varchar_pattern_ops",),
            ),
        ),
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(fields=["kind", "-created_at", "-id"], name="outbox_of_kind"),
        ),
        AddIndexConcurrently(
            model_name="outboxmail",
            index=models.Index(
                condition=models.Q(("state", "sent"), _negated=True),
                fields=["state", "-created_at", "-id"],
                name="outbox_not_sent",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="outboxmail",
            name="outbox_by_recipient",
        ),
    ]
