"""The steps of sign-up in any order, by anybody, at any time: none can be skipped and none is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import time_machine
from django.conf import settings as product
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from limits import stores
from signup.models import MailPause
from signup.services import purge
from tenants.models import Address, Domain, DomainRule, Tenant, User
from tests.factories import TenantFactory
from tests.outbox import LocalInbox
from tests.strangers import stranger
from tests.walk import CONFIRM_LINK, NOT_ME_LINK, PASSWORD, ClientVisitor, ask, finish, sign_in

LINK_LIFE = dt.timedelta(hours=24)
SWITCHES = ("allow_ad_hoc_subscriptions", "allow_email_verified_users")
_domains = count()
PEOPLE = ("anna", "ben")
people = st.sampled_from(PEOPLE)
browsers = st.integers(0, 2)


@dataclass(frozen=True)
class Link:
    person: str
    path: str
    not_me: str
    ends: dt.datetime


class AnyOrder(RuleBasedStateMachine):
    """Two people of one domain, three browsers, and what an operator does meanwhile."""

    links: Bundle[Link] = Bundle("links")

    def __init__(self) -> None:
        super().__init__()
        self._rows = transaction.atomic()
        self._rows.__enter__()
        stores.embedded(product.VAR_DIR).clear()
        self._clock = time_machine.travel(timezone.now(), tick=False)
        self.time = self._clock.start()
        self.domain = f"walkers{next(_domains)}.com"
        self.clients: list[Client] = [stranger() for _ in range(3)]
        self.asked: dict[int, str] = {}
        self.signed_in: dict[int, str] = {}
        self.mails = {"anna": 0, "ben": 0}
        self.accounts: set[str] = set()
        self.is_known = False

    def teardown(self) -> None:
        self._clock.stop()
        transaction.set_rollback(True)
        self._rows.__exit__(None, None, None)

    def address(self, person: str) -> str:
        return f"{person}@{self.domain}"

    def mailed(self, person: str, do: Callable[[], Any]) -> MultipleResults[Link]:
        """The links that came by mail of `do`, a while after whatever was before it."""
        self.time.shift(dt.timedelta(minutes=2))
        do()
        mails = LocalInbox().mails_to(self.address(person))
        fresh, self.mails[person] = mails[self.mails[person] :], len(mails)
        ends = timezone.now() + LINK_LIFE
        return multiple(
            *(
                Link(person, mail.link(), mail.link(NOT_ME_LINK), ends)
                for mail in fresh
                if CONFIRM_LINK.search(mail.text)
            )
        )

    def may_join(self, person: str) -> bool:
        tenant = Tenant.objects.first()
        is_open = tenant is None or all(getattr(tenant, switch) for switch in SWITCHES)
        return is_open and not DomainRule.objects.exists()

    @initialize(target=links, is_known=st.booleans())
    def begins(self, is_known: bool) -> MultipleResults[Link]:
        """Both have asked, so that every order has links to press; a directory is there or not."""
        self.is_known = is_known
        if is_known:
            TenantFactory.create(name=self.domain)
        first, second = (self._asks(person, browser) for browser, person in enumerate(PEOPLE))
        return multiple(*first.values, *second.values)

    @rule(target=links, person=people, browser=browsers)
    def asks(self, person: str, browser: int) -> MultipleResults[Link]:
        return self._asks(person, browser)

    def _asks(self, person: str, browser: int) -> MultipleResults[Link]:
        return self.mailed(person, lambda: self._ask(person, browser))

    def _ask(self, person: str, browser: int) -> None:
        answer = ask(ClientVisitor(self.clients[browser]), self.address(person))
        assert answer.status in {200, 302}
        if answer.status == 302:
            self.asked[browser] = person

    @rule(target=links, browser=browsers)
    def asks_again(self, browser: int) -> MultipleResults[Link]:
        person = self.asked.get(browser, "anna")
        return self.mailed(person, lambda: self.clients[browser].post("/signup/resend/"))

    @rule(target=links, link=links, browser=browsers)
    def renews(self, link: Link, browser: int) -> MultipleResults[Link]:
        path = link.path.replace("confirm", "renew")
        return self.mailed(link.person, lambda: self._renew(link.person, path, browser))

    def _renew(self, person: str, path: str, browser: int) -> None:
        answer = self.clients[browser].post(path)
        if answer.headers["Location"] == "/signup/check-your-mail/":
            self.asked[browser] = person

    # Several rules for one step, so that there is much of it.

    @rule(link=links, browser=browsers)
    def finishes_at_once(self, link: Link, browser: int) -> None:
        self._finishes(link, browser)

    @rule(link=links, browser=browsers, hours=st.integers(1, 23))
    def finishes_within_the_day(self, link: Link, browser: int, hours: int) -> None:
        self.time.shift(dt.timedelta(hours=hours))
        self._finishes(link, browser)

    @rule(link=links, browser=browsers, hours=st.integers(24, 80))
    def finishes_too_late(self, link: Link, browser: int, hours: int) -> None:
        self.time.shift(dt.timedelta(hours=hours))
        self._finishes(link, browser)

    def _finishes(self, link: Link, browser: int) -> None:
        is_good = link.person not in self.accounts and timezone.now() < link.ends
        answer = finish(ClientVisitor(self.clients[browser]), link.path)
        if is_good and self.may_join(link.person):
            assert (answer.status, answer.location) == (302, "/welcome/")
            self.accounts.add(link.person)
            self.signed_in[browser] = link.person
            assert not MailPause.objects.filter(address=self.address(link.person)).exists()
        else:
            assert answer.status == 200 if is_good else answer.status in {404, 410}

    @rule(link=links, browser=browsers)
    def says_it_was_somebody_else(self, link: Link, browser: int) -> None:
        assert self.clients[browser].post(link.not_me).status_code in {200, 404}

    @rule(link=links, browser=browsers)
    def opens_and_skips_a_step(self, link: Link, browser: int) -> None:
        visitor = ClientVisitor(self.clients[browser])
        for path in (link.path, link.not_me):
            assert visitor.get(path).status in {200, 404, 410}
        for path in (link.not_me.replace("not-me", "confirm"), "/signup/confirm/" + "A" * 43 + "/"):
            assert finish(visitor, path).status == 404

    @rule(person=people, browser=browsers, password=st.sampled_from((PASSWORD, "not " + PASSWORD)))
    def signs_in(self, person: str, browser: int, password: str) -> None:
        self.time.shift(dt.timedelta(minutes=10))
        self.clients[browser].post("/accounts/logout/")
        self.signed_in.pop(browser, None)
        answer = sign_in(ClientVisitor(self.clients[browser]), self.address(person), password)
        is_right = person in self.accounts and password == PASSWORD
        assert (answer.status == 302) is is_right
        if is_right:
            self.signed_in[browser] = person

    @rule(switch=st.sampled_from((*SWITCHES, "")), link=links, browser=browsers)
    def finishes_with_one_switch_off(self, switch: str, link: Link, browser: int) -> None:
        Tenant.objects.update(**{each: each != switch for each in SWITCHES})
        self._finishes(link, browser)

    @rule(is_blocked=st.booleans(), link=links, browser=browsers)
    def finishes_with_the_domain_blocked(self, is_blocked: bool, link: Link, browser: int) -> None:
        DomainRule.objects.all().delete()
        if is_blocked:
            DomainRule.objects.create(domain=self.domain, decision="block")
        self._finishes(link, browser)

    @rule(days=st.sampled_from((0, 1, 4, 8)))
    def time_goes_by_and_old_requests_are_purged(self, days: int) -> None:
        self.time.shift(dt.timedelta(days=days))
        purge()

    @invariant()
    def there_are_the_accounts_of_those_who_finished_and_no_other(self) -> None:
        expected = sorted(map(self.address, self.accounts))
        assert sorted(map(str, User.objects.values_list("email", flat=True))) == expected
        assert sorted(Address.objects.values_list("address", flat=True)) == expected
        assert Domain.objects.count() == Tenant.objects.count() == bool(expected or self.is_known)

    @invariant()
    def nobody_is_signed_in_as_somebody_else(self) -> None:
        for number, client in enumerate(self.clients):
            page = client.get("/account/")
            if page.status_code == 200:
                assert self.address(self.signed_in[number]) in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [20, pytest.param(100, marks=pytest.mark.long)])
def test_steps_in_any_order(examples: int) -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            # Making a failure shorter takes minutes, and its steps can be read as they are.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
