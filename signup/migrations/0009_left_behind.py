from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("signup", "0008_import_on_behalf_of")]

    operations = [
        migrations.AddField(
            model_name="signup",
            name="is_left_behind",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="left behind"
            ),
        ),
    ]
