from django.db import migrations

from subscriptions.unit_rule import HoldUnitRule


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0011_ends_and_rare_units"),
    ]

    operations = [
        HoldUnitRule(),
    ]
