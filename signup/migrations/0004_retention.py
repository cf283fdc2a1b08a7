from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("signup", "0003_admin_lists")]

    operations = [
        migrations.AddField(
            model_name="signup",
            name="asked_again_at",
            field=models.DateTimeField(
                help_text="When the newest mail after the first was asked for.",
                null=True,
                verbose_name="asked again",
            ),
        ),
    ]
