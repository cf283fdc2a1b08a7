from django.db import migrations, models


class Migration(migrations.Migration):
    safe_because = "It reads a table once that is purged every night, and the version before never stores an empty address."

    dependencies = [("signup", "0004_retention")]

    operations = [
        migrations.AddConstraint(
            model_name="signup",
            constraint=models.CheckConstraint(
                condition=models.Q(address__gt="") | models.Q(state="completed"),
                name="signup_has_an_address",
                violation_error_message="A sign-up keeps its address until it is completed.",
            ),
        ),
    ]
