"""Sign-ups of people whose account and domain came apart: who signed up where, and who may read of it."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from signup.admin.sign_ups import at_domains_of
from signup.models import SignUp
from tenants.models import Domain, Tenant, User


def signed_up(user: User, domain: str) -> SignUp:
    """They signed up there, whatever address they have by now."""
    return SignUp.objects.create(
        address=f"{user.pk}@{domain}",
        domain=domain,
        user=user,
        state="completed",
        outcome="confirm",
        language="en",
        ended_at=timezone.now(),
    )


def by_a_look_at_each_account(tenant: Tenant) -> QuerySet[SignUp]:
    """What the mark stands for."""
    here = Q(domain__in=Domain.objects.filter(tenant=tenant).values("name"))
    return SignUp.objects.filter(here & (Q(user__isnull=True) | Q(user__tenant=tenant)))


def assert_administrators_see_what_they_may() -> None:
    for tenant in Tenant.objects.all():
        seen = set(SignUp.objects.filter(at_domains_of(tenant.pk)).values_list("pk", flat=True))
        assert seen == set(by_a_look_at_each_account(tenant).values_list("pk", flat=True)), tenant
    own = Domain.objects.filter(name=OuterRef("domain"), tenant=OuterRef("user__tenant"))
    apart = SignUp.objects.filter(~Exists(own), user__isnull=False)
    assert set(SignUp.objects.filter(is_left_behind=True)) == set(apart)
