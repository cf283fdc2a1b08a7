from django.db import migrations, models

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("signup", "0002_texts"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                fields=["address"],
                name="signups_address_begins",
                opclasses=("varchar_pattern_ops",),
            ),
        ),
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                fields=["domain", "-created_at"],
                name="signups_domain_begins",
                opclasses=("varchar_pattern_ops", "timestamptz_ops"),
            ),
        ),
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(fields=["state", "-created_at", "-id"], name="signups_in_state"),
        ),
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                condition=models.Q(("outcome", "confirm"), _negated=True),
                fields=["outcome", "-created_at", "-id"],
                name="signups_with_rare_outcome",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="signup",
            name="signups_by_address",
        ),
        RemoveIndexConcurrently(
            model_name="signup",
            name="signups_by_domain",
        ),
    ]
