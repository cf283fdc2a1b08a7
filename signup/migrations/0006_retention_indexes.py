from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("signup", "0005_signup_has_an_address")]

    operations = [
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                fields=["created_at"],
                condition=~models.Q(state="completed"),
                name="signups_to_delete",
            ),
        ),
        AddIndexConcurrently(
            model_name="signup",
            index=models.Index(
                fields=["ended_at"],
                condition=models.Q(state="completed", address__gt=""),
                name="signups_to_forget",
            ),
        ),
    ]
