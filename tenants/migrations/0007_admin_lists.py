from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tenants", "0006_domain_proof"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("state", "active"), _negated=True),
                fields=["state", "-created_at", "-id"],
                name="users_not_active",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("role", "member"), _negated=True),
                fields=["role", "-created_at", "-id"],
                name="users_not_members",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("creation_method", "email_verified"), _negated=True),
                fields=["creation_method", "-created_at", "-id"],
                name="users_not_signed_up",
            ),
        ),
    ]
