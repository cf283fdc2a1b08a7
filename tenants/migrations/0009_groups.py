import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    safe_because = (
        "The constraints of addresses read a column that was added a moment ago and is empty. The version "
        "before writes addresses with a user and without a group."
    )

    dependencies = [
        ("tenants", "0008_pending_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "name_key",
                    models.CharField(
                        editable=False,
                        help_text="Two names that differ in capitals or white space alone are one.",
                        max_length=480,
                        verbose_name="name in its one spelling",
                    ),
                ),
                (
                    "description",
                    models.CharField(blank=True, max_length=500, verbose_name="description"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="groups",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "group",
                "verbose_name_plural": "groups",
                "ordering": ("name_key", "id"),
                "indexes": [models.Index(fields=["name_key", "id"], name="groups_by_name")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "name_key"),
                        name="one_group_of_a_name",
                        violation_error_message="The organisation has a group of this name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name_key", ""), _negated=True),
                        name="groups_have_a_name",
                        violation_error_message="A group has a name.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMembership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "added_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="added"),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="tenants.group",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "group membership",
                "verbose_name_plural": "group memberships",
                "ordering": ("-id",),
                "indexes": [models.Index(fields=["group", "-id"], name="members_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("group", "user"),
                        name="one_membership",
                        violation_error_message="The account is in this group already.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupNesting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "added_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="added"),
                ),
                (
                    "inner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outer_nestings",
                        to="tenants.group",
                    ),
                ),
                (
                    "outer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inner_nestings",
                        to="tenants.group",
                    ),
                ),
            ],
            options={
                "verbose_name": "group in a group",
                "verbose_name_plural": "groups in groups",
                "ordering": ("-id",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("outer", "inner"),
                        name="one_nesting",
                        violation_error_message="The group is in this group already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outer", models.F("inner")), _negated=True),
                        name="no_group_in_itself",
                        violation_error_message="A group cannot be in itself.",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="address",
            name="address",
            field=models.CharField(
                error_messages={"unique": "This address belongs to an account or a group already."},
                max_length=254,
                unique=True,
                verbose_name="address",
            ),
        ),
        migrations.AlterField(
            model_name="address",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="addresses",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="address",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="addresses",
                to="tenants.group",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_primary", True)),
                fields=("group",),
                name="one_primary_address_of_group",
                violation_error_message="The group has a primary address.",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("group__isnull", True), ("user__isnull", False)),
                    models.Q(("group__isnull", False), ("user__isnull", True)),
                    _connector="OR",
                ),
                name="addresses_belong_to_one",
                violation_error_message="An address belongs to an account or to a group.",
            ),
        ),
    ]
