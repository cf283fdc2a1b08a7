"""Sign-ups of people whom their domain left behind when it went to another organisation: none of its new holder's
business, and none of the old one's any more.

They are few, so they carry a mark, and the many need no look at their accounts. It is set wherever a domain or an account
changes its organisation; whoever joins is where the domain is, so a sign-up that is completed needs none.
"""

from __future__ import annotations

import uuid

from django.db.models import Exists, OuterRef, QuerySet

from signup.models import SignUp
from tenants.models import Domain, User

AT_ONCE = 5000


def mark_of_domain(domain_name: str) -> int:
    """In the transaction in which the domain has come to another organisation, or to none. How many changed."""
    return _mark(SignUp.objects.filter(domain=domain_name))


def mark_of_people(people: QuerySet[User]) -> int:
    """Of accounts that have come to another organisation. How many changed."""
    return _mark(SignUp.objects.filter(user__in=people))


def mark_all() -> int:
    """In batches, each of which commits by itself. Finds nothing, but where a version before this one moved a domain
    while it was replaced. How many changed.
    """
    changed, last = 0, uuid.UUID(int=0)
    became = SignUp.objects.filter(user__isnull=False).order_by("id")
    while ids := list(became.filter(id__gt=last).values_list("id", flat=True)[:AT_ONCE]):
        changed += _mark(SignUp.objects.filter(id__gt=last, id__lte=ids[-1]))
        last = ids[-1]
    return changed


def _mark(rows: QuerySet[SignUp]) -> int:
    """Writes only those that change. Rows without an account belong to whoever has the domain."""
    own = Domain.objects.filter(name=OuterRef("domain"), tenant=OuterRef("user__tenant"))
    became = rows.filter(user__isnull=False).order_by()
    left = became.filter(~Exists(own), is_left_behind=False).update(is_left_behind=True)
    return left + became.filter(Exists(own), is_left_behind=True).update(is_left_behind=False)
