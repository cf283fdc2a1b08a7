from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("signup", "0007_imports")]

    operations = [
        migrations.AddField(
            model_name="userimport",
            name="on_behalf_of_id",
            field=models.UUIDField(
                help_text="Where an operator acted for the organisation.",
                null=True,
                verbose_name="on behalf of",
            ),
        ),
    ]
