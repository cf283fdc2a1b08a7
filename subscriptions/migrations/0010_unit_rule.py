from django.db import migrations

from subscriptions.unit_rule import HoldUnitRule


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0009_offered_and_earlier_plans"),
    ]

    operations = [
        HoldUnitRule(),
    ]
