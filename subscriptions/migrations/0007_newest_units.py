from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscriptions", "0006_indexes_of_ends")]

    operations = [
        AddIndexConcurrently(
            model_name="assignedlicence",
            index=models.Index(fields=["-assigned_at", "-id"], name="units_newest"),
        ),
    ]
