from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tenants", "0009_groups"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="address",
            index=models.Index(
                condition=models.Q(("group__isnull", False)),
                fields=["group"],
                name="addresses_of_groups",
            ),
        ),
    ]
