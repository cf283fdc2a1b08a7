from django.db import migrations, models
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from audit.schema import AddIndexConcurrently

LAST_DAY = Coalesce("cancelled_at", "ends_at", "trial_ends_at")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("subscriptions", "0010_words"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="assignedlicence",
            index=models.Index(
                condition=models.Q(("how", "automatic"), _negated=True),
                fields=["how", "-assigned_at", "-id"],
                name="units_not_automatic",
            ),
        ),
        AddIndexConcurrently(
            model_name="subscription",
            index=models.Index(
                LAST_DAY,
                condition=models.Q(IsNull(LAST_DAY, False)),
                name="subscriptions_by_last_day",
            ),
        ),
    ]
