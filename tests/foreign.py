"""Another organisation with a row of every kind that the administration has a page for, each with one word in it
that is nowhere else, so that whatever page it shows on has shown too much.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.utils import timezone

from audit.models import AuditEvent
from feed.models import Delivery, Endpoint, Event
from outbox.models import MailEvent, OutboxMail
from signup.models import (
    DomainList,
    ImportedLine,
    LegalDocument,
    SignUp,
    UserImport,
    WelcomeItem,
)
from subscriptions.models import (
    AssignedLicence,
    EndWarning,
    Order,
    OrganisationPlans,
    Plan,
    ServicePlan,
    Subscription,
    UnitWait,
    UseOfDay,
)
from tenants.models import (
    Domain,
    DomainProof,
    DomainRule,
    FactorReset,
    Group,
    GroupMembership,
    MailboxRule,
    Takeover,
    Tenant,
    User,
)
from tests.factories import UserFactory

WORD = "zzforeign"
# The catalogue is for everybody: plans are nobody's.
PLAN = "OTHERPLAN"
DOMAIN = f"{WORD}.com"
Maker = Callable[[Tenant, User], Model]


def _mail(tenant: Tenant, user: User) -> Model:
    mail = OutboxMail.objects.create(kind="x", to_address=f"x@{DOMAIN}", language="en")
    MailEvent.objects.create(mail=mail, service="s", event_id=WORD, kind="bounced", reason=WORD)
    return mail


def _import(tenant: Tenant, user: User) -> Model:
    job = UserImport.objects.create(tenant=tenant, asked_by=user, file_name=WORD, text="x", rows=1)
    ImportedLine.objects.create(user_import=job, line=2, email=f"x@{DOMAIN}", result="refused")
    return job


def _event(tenant: Tenant) -> Event:
    return Event.objects.create(
        tenant_id=tenant.pk, kind="licence.assigned", data={"plan": WORD}, number=None
    )


def _paid(tenant: Tenant, sku: str) -> Subscription:
    return Subscription.objects.get_or_create(tenant=tenant, plan_id=sku, defaults={"units": 1})[0]


MAKERS: dict[type[Model], Maker] = {
    Tenant: lambda tenant, user: tenant,
    User: lambda tenant, user: user,
    Group: lambda tenant, user: Group.objects.create(tenant=tenant, name=WORD, name_key=WORD),
    Domain: lambda tenant, user: Domain.objects.get(tenant=tenant),
    Takeover: lambda tenant, user: Takeover.objects.create(
        kind="internal",
        domain_name=DOMAIN,
        source_tenant_id=tenant.pk,
        source_name=WORD,
        target_tenant_id=tenant.pk,
        target_name=WORD,
    ),
    GroupMembership: lambda tenant, user: GroupMembership.objects.create(
        group=Group.objects.create(tenant=tenant, name=f"{WORD} 2", name_key=f"{WORD} 2"), user=user
    ),
    DomainProof: lambda tenant, user: DomainProof.objects.create(
        domain_name=DOMAIN, tenant=tenant, actor=user, value=WORD, expires_at=timezone.now()
    ),
    DomainRule: lambda tenant, user: DomainRule.objects.create(domain=DOMAIN, decision="block"),
    MailboxRule: lambda tenant, user: MailboxRule.objects.create(name=WORD, decision="role"),
    FactorReset: lambda tenant, user: FactorReset.objects.create(user=user, asked_by=user),
    Plan: lambda tenant, user: Plan.objects.create(sku=PLAN, name=PLAN),
    ServicePlan: lambda tenant, user: ServicePlan.objects.create(name=WORD, title=WORD),
    Subscription: lambda tenant, user: Subscription.objects.create(
        tenant=tenant, plan=Plan.objects.get_or_create(sku=PLAN, name=PLAN)[0], units=1
    ),
    AssignedLicence: lambda tenant, user: AssignedLicence.objects.create(
        subscription=_paid(tenant, "AIP_PREMIUM_P2"), user=user
    ),
    UnitWait: lambda tenant, user: UnitWait.objects.create(
        subscription=_paid(tenant, "ENTERPRISEPACK"), user=user
    ),
    EndWarning: lambda tenant, user: EndWarning.objects.create(
        subscription=_paid(tenant, "ENTERPRISEPACK"), ends_at=timezone.now(), days=7, told=0
    ),
    UseOfDay: lambda tenant, user: UseOfDay.objects.create(
        day=timezone.now().date(),
        plan=Plan.objects.get_or_create(sku=PLAN, name=PLAN)[0],
        subscription=_paid(tenant, "AIP_PREMIUM_P1"),
        units=1,
        used=1,
    ),
    SignUp: lambda tenant, user: SignUp.objects.create(
        address=f"new@{DOMAIN}", domain=DOMAIN, outcome="confirm", language="en"
    ),
    DomainList: lambda tenant, user: DomainList.objects.create(
        kind="consumer", dated=timezone.now(), source=WORD, text="", digest=WORD
    ),
    LegalDocument: lambda tenant, user: LegalDocument.objects.create(
        kind="terms", version=WORD, title=WORD, text=WORD
    ),
    WelcomeItem: lambda tenant, user: WelcomeItem.objects.create(
        section="guide", title=WORD, url=f"https://{DOMAIN}/"
    ),
    UserImport: _import,
    OutboxMail: _mail,
    Order: lambda tenant, user: Order.objects.create(
        tenant=tenant, plan_id="AIP_PREMIUM_P1", units=1, months=1
    ),
    OrganisationPlans: lambda tenant, user: OrganisationPlans.objects.get(pk=tenant.pk),
    Endpoint: lambda tenant, user: Endpoint.objects.create(
        url=f"https://{DOMAIN}/", tenant=tenant, secret="x"
    ),
    Event: lambda tenant, user: _event(tenant),
    Delivery: lambda tenant, user: Delivery.objects.create(
        event=_event(tenant),
        endpoint=Endpoint.objects.create(url=f"https://{DOMAIN}/", tenant=tenant, secret="x"),
        give_up_at=timezone.now(),
        last_error=WORD,
    ),
    AuditEvent: lambda tenant, user: AuditEvent.objects.create(
        action=f"{WORD}.happened", subject=f"user:{user.pk}", tenant_id=tenant.pk
    ),
}


def make_all() -> dict[type[Model], Model]:
    """A row of theirs for each page. A new page needs a maker here, or it fails."""
    tenant = Tenant.objects.create(name=WORD, state=Tenant.State.MANAGED)
    Domain.objects.create(name=DOMAIN, tenant=tenant)
    names = {"first_name": WORD, "last_name": WORD, "email": f"boss@{DOMAIN}"}
    user = UserFactory.create(tenant=tenant, role=User.Role.ADMINISTRATOR, **names)
    UserFactory.create(tenant=tenant, email=f"other@{DOMAIN}")
    pages = admin.site._registry
    missing = [model._meta.label for model in pages if model not in MAKERS]
    assert not missing, (
        f"Say in tests/foreign.py how a row of another organisation is made: {missing}"
    )
    return {model: MAKERS[model](tenant, user) for model in pages}


def shows(text: str, *typed: Any) -> bool:
    """Whether `text` has anything of theirs, but for what was `typed` and is said again."""
    for word in typed:
        text = text.replace(str(word), "")
    return WORD in text.lower() or any(str(one) in text for one in _ids())


def _ids() -> list[uuid.UUID]:
    theirs = Tenant.objects.get(name=WORD)
    return [theirs.pk, *User.objects.filter(tenant=theirs).values_list("pk", flat=True)]
