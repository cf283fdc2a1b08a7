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
from outbox import links as outbox_links
from signup.flows.request import CONFIRM
from signup.models import MailPause, SignUp
from signup.services import purge
from subscriptions.models import AssignedLicence
from tenants.exceptions import GoneAlready, NotActive, NothingToRestore
from tenants.flows import states
from tenants.flows.states import RESTORABLE_FOR
from tenants.models import Address, Domain, DomainRule, Tenant, User
from tenants.selectors import user_by_address
from tests.factories import TenantFactory
from tests.outbox import LocalInbox
from tests.strangers import stranger
from tests.walk import (
    CONFIRM_LINK,
    NOT_ME_LINK,
    PASSWORD,
    ClientVisitor,
    Page,
    ask,
    finish,
    sign_in,
)

LINK_LIFE = dt.timedelta(hours=24)
SWITCHES = ("allow_ad_hoc_subscriptions", "allow_email_verified_users")
_domains = count()
PEOPLE = ("anna", "ben")
people = st.sampled_from(PEOPLE)
browsers = st.integers(0, 2)


ACTIVE, DISABLED, DELETED = "active", "disabled", "deleted"
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Link:
    person: str
    path: str
    not_me: str
    sent: dt.datetime

    @property
    def only_adds_the_plan(self) -> bool:
        token = self.path.rstrip("/").rpartition("/")[2]
        link = outbox_links.find(token, purpose=CONFIRM)
        sign_up = SignUp.objects.filter(id=link.subject_id).first() if link else None
        return sign_up is not None and sign_up.outcome == SignUp.Outcome.ADD_PLAN


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
        self.accounts: dict[str, str] = {}  # the state of each; a closed one is none
        self.changed: dict[str, dt.datetime] = {}
        self.completed: dict[str, dt.datetime] = {}
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
        return multiple(
            *(
                Link(person, mail.link(), mail.link(NOT_ME_LINK), timezone.now())
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
        """A link is good for a day, and until one of its person's is used."""
        is_good = timezone.now() < link.sent + LINK_LIFE
        is_good = is_good and link.sent > self.completed.get(link.person, NEVER)
        only_adds_the_plan = link.only_adds_the_plan
        answer = finish(ClientVisitor(self.clients[browser]), link.path)
        if is_good and only_adds_the_plan:
            self._adds_the_plan(answer, link, browser)
        elif is_good and link.person not in self.accounts and self.may_join(link.person):
            assert (answer.status, answer.location) == (302, "/welcome/")
            self.accounts[link.person] = ACTIVE
            self.completed[link.person] = timezone.now()
            self.signed_in[browser] = link.person
            self.is_known = True
            assert not MailPause.objects.filter(address=self.address(link.person)).exists()
        else:
            assert answer.status in ({200} if is_good else {404, 410})

    def _adds_the_plan(self, answer: Page, link: Link, browser: int) -> None:
        """Who is signed in as the account's owner has it; anybody else is led to sign in as them."""
        if answer.location == "/welcome/":
            assert self.signed_in[browser] == link.person
            self.completed[link.person] = timezone.now()
        elif answer.status == 302:
            assert answer.location.startswith("/accounts/login/")
            self.signed_in.pop(browser, None)

    @rule(target=links, person=people, browser=browsers)
    def asks_for_the_plan_that_the_account_has_lost(
        self, person: str, browser: int
    ) -> MultipleResults[Link]:
        AssignedLicence.objects.all().delete()
        Tenant.objects.update(**{each: each != SWITCHES[1] for each in SWITCHES})
        return self._asks(person, browser)

    @rule(person=people, do=st.sampled_from((states.disable, states.delete, states.restore)))
    def is_shut_or_restored(self, person: str, do: Callable[..., None]) -> None:
        user, state = user_by_address(self.address(person)), self.accounts.get(person, "")
        if user is None or user.state == User.State.CLOSED:
            return
        from_states = {
            states.disable: {ACTIVE},
            states.delete: {ACTIVE, DISABLED},
            states.restore: {DISABLED, DELETED},
        }[do]
        is_possible = state in from_states
        if state == DELETED and do is states.restore:
            is_possible = timezone.now() < self.changed[person] + RESTORABLE_FOR
        try:
            do(user=user, acting_user=None)
        except (NotActive, GoneAlready, NothingToRestore):
            assert not is_possible
            return
        assert is_possible
        becomes = {states.disable: DISABLED, states.delete: DELETED, states.restore: ACTIVE}
        self.accounts[person], self.changed[person] = becomes[do], timezone.now()

    @rule(person=people)
    def closes_the_account(self, person: str) -> None:
        if self.accounts.get(person) == ACTIVE:
            user = user_by_address(self.address(person))
            assert user is not None
            states.close(user=user, acting_user=user)
            del self.accounts[person]

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
        is_right = self.accounts.get(person) == ACTIVE and password == PASSWORD
        assert (answer.location == "/welcome/") is is_right
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
        held = User.objects.filter(email__isnull=False)
        assert sorted(map(str, held.values_list("email", flat=True))) == expected
        assert sorted(Address.objects.values_list("address", flat=True)) == expected
        assert Domain.objects.count() == Tenant.objects.count() == self.is_known

    @invariant()
    def they_are_in_the_state_that_they_were_brought_into(self) -> None:
        found = User.objects.filter(email__isnull=False).values_list("email", "state")
        assert dict(found) == {self.address(name): state for name, state in self.accounts.items()}

    @invariant()
    def nobody_has_a_plan_twice_or_without_an_account(self) -> None:
        holders = list(AssignedLicence.objects.values_list("user__tenant", "user"))
        assert len(holders) == len(set(holders))

    @invariant()
    def nobody_is_signed_in_as_somebody_else_or_into_what_is_shut(self) -> None:
        for number, client in enumerate(self.clients):
            page = client.get("/account/")
            if page.status_code == 200:
                person = self.signed_in[number]
                assert self.address(person) in page.content.decode()
                assert self.accounts.get(person) == ACTIVE


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
