import uuid

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Exists, OuterRef

AT_ONCE = 5000


def mark(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """As signup/left_behind.py does from now on. Batches that commit by themselves, and write the few that differ: who
    is interrupted begins anew.
    """
    sign_ups, domains = apps.get_model("signup", "SignUp"), apps.get_model("tenants", "Domain")
    own = domains.objects.filter(name=OuterRef("domain"), tenant=OuterRef("user__tenant"))
    became = sign_ups.objects.filter(user__isnull=False).order_by("id")
    last = uuid.UUID(int=0)
    while ids := list(became.filter(id__gt=last).values_list("id", flat=True)[:AT_ONCE]):
        batch = became.filter(id__gt=last, id__lte=ids[-1], is_left_behind=False)
        batch.filter(~Exists(own)).update(is_left_behind=True)
        last = ids[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("signup", "0010_sign_ups_of_a_domain"),
        ("tenants", "0023_counted_by_indexes"),
    ]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
