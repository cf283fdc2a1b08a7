from django.db import migrations, models

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["-at", "-id"], name="audit_newest"),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(fields=["actor_id", "-at"], name="audit_by_actor"),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                fields=["subject"], name="audit_by_subject", opclasses=("varchar_pattern_ops",)
            ),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                fields=["action", "-at"],
                name="audit_by_action",
                opclasses=("varchar_pattern_ops", "timestamptz_ops"),
            ),
        ),
        AddIndexConcurrently(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("result", "done"), _negated=True),
                fields=["-at", "-id"],
                name="audit_not_done",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="auditevent",
            name="audit_by_time",
        ),
    ]
