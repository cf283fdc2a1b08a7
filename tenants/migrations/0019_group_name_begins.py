from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tenants", "0018_acting_for"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="group",
            index=models.Index(
                fields=["name_key"], name="groups_name_begins", opclasses=("varchar_pattern_ops",)
            ),
        ),
    ]
