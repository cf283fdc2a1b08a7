from django.db import migrations, models

from audit.schema import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("tenants", "0012_address_rule")]

    operations = [
        AddIndexConcurrently(
            model_name="domainproof",
            index=models.Index(
                fields=["proof_lost_at", "domain_name"],
                condition=models.Q(failures__gt=0),
                name="proofs_in_danger",
            ),
        ),
    ]
