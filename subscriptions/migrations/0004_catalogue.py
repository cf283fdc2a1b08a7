"""The plans and what they are made of, as they are delivered."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from subscriptions.catalogue import load


def load_catalogue(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    load(apps)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_service_plans")]

    operations = [migrations.RunPython(load_catalogue, migrations.RunPython.noop)]
