from django.db import migrations, models

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("signup", "0009_left_behind")]

    operations = [
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                fields=["domain", "-created_at", "-id", "state", "is_left_behind"],
                name="signups_of_domain",
                opclasses=(
                    "varchar_pattern_ops",
                    "timestamptz_ops",
                    "uuid_ops",
                    "varchar_ops",
                    "bool_ops",
                ),
            ),
        ),
        # The new one begins with the same columns.
        RemoveIndexConcurrently(model_name="signup", name="signups_domain_begins"),
    ]
