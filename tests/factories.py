"""The fixed cast's makers: tenants, users and what hangs on them."""

from __future__ import annotations

from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from subscriptions.models import Plan, Subscription
from tenants.models import Address, Domain, Group, Tenant, User
from tenants.models.group import key_of
from tests.walk import PASSWORD


class TenantFactory(factory.django.DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"firm{n}.com")

    @factory.post_generation
    def domain(self, create: bool, extracted: str | None, **_: Any) -> None:
        Domain.objects.create(tenant=self, name=extracted or self.name)


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A member with the password of the walk, whose address lies in the tenant's domain."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    tenant = factory.SubFactory(TenantFactory)
    email = factory.LazyAttributeSequence(
        lambda user, n: f"member{n}@{user.tenant.domains.get().name}"
    )
    first_name = "Mina"
    last_name = "Member"
    creation_method = User.CreationMethod.EMAIL_VERIFIED
    password = factory.LazyFunction(lambda: make_password(PASSWORD))

    @factory.post_generation
    def address(self, create: bool, extracted: str | None, **_: Any) -> None:
        if self.tenant and self.email:
            Address.objects.create(
                address=self.email,
                user=self,
                domain=Domain.objects.get(name=self.email.rpartition("@")[2]),
                proven_at=timezone.now(),
            )


class OperatorFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"operator{n}@rms.internal")
    role = User.Role.OPERATOR
    creation_method = User.CreationMethod.ADMIN
    password = factory.LazyFunction(lambda: make_password(PASSWORD))


class GroupFactory(factory.django.DjangoModelFactory[Group]):
    class Meta:
        model = Group

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Group {n}")
    name_key = factory.LazyAttribute(lambda group: key_of(group.name))


class SubscriptionFactory(factory.django.DjangoModelFactory[Subscription]):
    class Meta:
        model = Subscription

    tenant = factory.SubFactory(TenantFactory)
    plan = factory.LazyFunction(lambda: Plan.objects.get(sku="ENTERPRISEPACK"))
    units = 10
