"""However an address is spelt, it is one person's; however alike two look, they are two. Through the pages."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from outbox.models import OutboxMail
from signup.models import SignUp
from tenants.addresses import AddressRefused, parse
from tenants.models import Address, User
from tests.outbox import LocalInbox
from tests.strangers import stranger
from tests.walk import ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db

KEPT = "anna@xn--mnchen-3ya.de"
SPELLINGS = (
    "anna@MÜNCHEN.de",
    "ANNA@münchen.de",
    "anna@xn--mnchen-3ya.de",
    "anna@XN--MNCHEN-3YA.DE",
    "anna@mu\u0308nchen.de",
    "anna@münchen.de.",
    "anna@ｍüｎｃｈｅｎ．ｄｅ",
    "anna@münchen。de",
    "anna＠münchen.de",
    "  anna@münchen.de\r\n",
)


def test_every_spelling_asks_for_one_account_and_signs_in_to_it() -> None:
    ask(ClientVisitor(stranger()), SPELLINGS[0])
    link = LocalInbox().mails_to(KEPT)[-1].link()
    assert finish(ClientVisitor(stranger()), link).location == "/welcome/"
    for number, spelling in enumerate(SPELLINGS, start=1):
        with time_machine.travel(timezone.now() + dt.timedelta(days=number)):
            assert ask(ClientVisitor(stranger()), spelling).status == 302
            assert sign_in(ClientVisitor(stranger()), spelling).location == "/welcome/"
    assert set(SignUp.objects.values_list("address", flat=True)) == {KEPT}
    assert set(OutboxMail.objects.values_list("to_address", flat=True)) == {KEPT}
    assert SignUp.objects.filter(outcome="already_registered").count() == len(SPELLINGS)
    assert User.objects.count() == Address.objects.count() == 1


@pytest.mark.parametrize(
    "look_alike", ["ſam", "\u212aim", "ﬁona", "ａnna", "straße", "аnna", "İpek"]
)
def test_a_look_alike_is_nobody_elses_door(look_alike: str) -> None:
    plain = {"ſam": "sam", "\u212aim": "kim", "ﬁona": "fiona", "straße": "strasse", "İpek": "ipek"}
    address = f"{plain.get(look_alike, 'anna')}@walkers.com"
    ask(ClientVisitor(stranger()), address)
    finish(ClientVisitor(stranger()), LocalInbox().mails_to(address)[-1].link())
    other = f"{look_alike}@walkers.com"
    assert sign_in(ClientVisitor(stranger()), other).status == 200
    ask(ClientVisitor(stranger()), other)
    stranger().post("/accounts/password/reset/", {"email": other})
    assert set(OutboxMail.objects.filter(state="sent").values_list("to_address", flat=True)) == {
        address
    }
    assert {mail.to_address for mail in OutboxMail.objects.all()} <= {address, other}


@pytest.mark.parametrize(
    "typed",
    [
        *("anna@walkers.com\r\nBcc: eve@evil.com", "anna\r\n@walkers.com", "anna@walkers.com\nx"),
        *("anna\0@walkers.com", "anna@walk\0ers.com", '"anna"@walkers.com', "anna@[192.0.2.7]"),
        *("anna@192.0.2.7", "anna@[IPv6:2001:db8::7]", "a" * 65 + "@walkers.com"),
        *("anna@" + "a" * 250 + ".com", "a" * 60 + "@" + "b." * 100 + "com", "a" * 5000),
        *("anna@@walkers.com", "anna", "@", "", " ", "anna@walkers.com,eve@evil.com"),
        *("<anna@walkers.com>", "anna@walkers.com;eve@evil.com", "anna@walkers.com eve@evil.com"),
    ],
)
def test_what_is_no_address_is_refused_at_the_field(typed: str) -> None:
    answer = ask(ClientVisitor(stranger()), typed)
    assert answer.status == 200
    field = answer.text.split('name="email"')[1].split(">")[0]
    assert 'aria-invalid="true"' in field
    assert not SignUp.objects.exists()
    assert not OutboxMail.objects.exists()


LETTERS = st.sampled_from(
    [*"aAbBkKsSiIzZ019.-_+'ßſİıÉé", "\u212a", "e\u0301", "ａ", "\u200b", "\xad", " "]
)
DOMAINS = st.sampled_from(
    [
        *("walkers.com", "WALKERS.com", "münchen.de", "MÜNCHEN.DE.", "ｗalkers.com"),
        "straße.de",
        "x.y",
    ]
)
TYPED = (
    st.builds("{}@{}".format, st.lists(LETTERS, min_size=1, max_size=8).map("".join), DOMAINS)
    | st.emails()
    | st.text(max_size=40)
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@example("K@walkers.com")
@example("\u212a@walkers.com")
@given(TYPED)
def test_whatever_is_typed_has_one_identity_or_is_refused(typed: str) -> None:
    try:
        kept = str(parse(typed))
    except AddressRefused:
        kept = ""
    before = SignUp.objects.count()
    answer = stranger().post("/signup/", {"email": typed})
    assert answer.status_code in {200, 302}
    assume(answer.status_code == 302)
    assert SignUp.objects.count() == before + 1
    row = SignUp.objects.order_by("-created_at").first()
    assert row is not None
    assert row.address == kept == str(parse(kept))
    assert row.address.isascii()
