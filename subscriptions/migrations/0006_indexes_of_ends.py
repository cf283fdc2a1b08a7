from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0005_units_and_ends")]

    operations = [
        AddIndexConcurrently(
            model_name="subscription",
            index=models.Index(
                fields=["ends_at"],
                condition=models.Q(ends_at__isnull=False),
                name="subscriptions_by_end",
            ),
        ),
        AddIndexConcurrently(
            model_name="subscription",
            index=models.Index(
                fields=["trial_ends_at"],
                condition=models.Q(trial_ends_at__isnull=False),
                name="subscriptions_by_trial_end",
            ),
        ),
    ]
