from django.db import migrations

from tenants.address_rule import HoldAddressRule


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0011_another_value"),
    ]

    operations = [
        HoldAddressRule(),
    ]
