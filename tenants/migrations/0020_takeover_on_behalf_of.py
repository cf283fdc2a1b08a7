from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0019_group_name_begins")]

    operations = [
        migrations.AddField(
            model_name="takeover",
            name="on_behalf_of_id",
            field=models.UUIDField(
                help_text="Where an operator acted for the organisation.",
                null=True,
                verbose_name="on behalf of",
            ),
        ),
    ]
