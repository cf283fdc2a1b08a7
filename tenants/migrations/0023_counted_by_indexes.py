"""The same indexes with the organisation in them, so that lists of one are counted without reading its accounts."""

from django.db import migrations, models

from audit.schema import AddIndexConcurrently, RemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("tenants", "0022_words"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(fields=["last_login", "tenant"], name="users_by_last_sign_in"),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("state", "active"), _negated=True),
                fields=["state", "-created_at", "-id", "tenant"],
                name="users_shut",
            ),
        ),
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("creation_method", "email_verified"), _negated=True),
                fields=["creation_method", "-created_at", "-id", "tenant"],
                name="users_made_otherwise",
            ),
        ),
        RemoveIndexConcurrently(model_name="user", name="users_by_sign_in"),
        RemoveIndexConcurrently(model_name="user", name="users_not_active"),
        RemoveIndexConcurrently(model_name="user", name="users_not_signed_up"),
    ]
