from django.db import migrations, models


class Migration(migrations.Migration):
    safe_because = "It reads two columns that were added a moment ago and are empty, and the version before writes neither."

    dependencies = [("tenants", "0003_standing")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(admission="admitted", admitted_at__isnull=False)
                | (~models.Q(admission="admitted") & models.Q(admitted_at__isnull=True)),
                name="admitted_at_a_time",
                violation_error_message="An account that was admitted has the time of it.",
            ),
        ),
    ]
