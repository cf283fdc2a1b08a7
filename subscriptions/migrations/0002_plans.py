"""The plans that the service knows. Operators may rename them and add others."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PLANS = (
    ("RIGHTSMANAGEMENT_ADHOC", "Rights management for individuals", True, True),
    ("ENTERPRISEPACK", "Office plan with rights management", False, False),
    ("AIP_PREMIUM_P1", "Information Protection Premium P1", False, False),
    ("AIP_PREMIUM_P2", "Information Protection Premium P2", False, False),
)


def add_plans(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    plan = apps.get_model("subscriptions", "Plan")
    for sku, name, is_free, is_self_service in PLANS:
        plan.objects.create(sku=sku, name=name, is_free=is_free, is_self_service=is_self_service)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]

    operations = [migrations.RunPython(add_plans, migrations.RunPython.noop)]
