from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tenants", "0004_admitted_at_a_time")]

    operations = [
        AddIndexConcurrently(
            model_name="address",
            index=models.Index(
                fields=["proven_at"],
                condition=models.Q(is_primary=True, proof_asked_at__isnull=True),
                name="addresses_to_ask",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                fields=["-created_at", "-id"],
                condition=models.Q(admission="awaited"),
                name="users_awaiting_admission",
            ),
        ),
    ]
