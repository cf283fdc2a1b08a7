"""Which passwords are taken, which are refused, and how they are kept."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from accounts.passwords import BREACHED_PASSWORDS, breached_passwords, hints_for
from accounts.reset_tokens import ResetTokens
from rms_portal import settings as product_settings
from tenants.addresses import parse
from tenants.models import Tenant, User
from tenants.services import create_email_verified_user, ensure_tenant

GOOD = "seven otters sing at dusk"
# 15 characters, 8 with a second factor.
SHORTEST = "tV4)wq mZ8#pLx2"
SHORT = "tV4)wq m"


def person(first_name: str = "", last_name: str = "", email: str = "x@contoso.com") -> User:
    return User(first_name=first_name, last_name=last_name, email=email)


def refusals(password: str, user: User | None = None) -> set[str | None]:
    try:
        validate_password(password, user or person())
    except ValidationError as refused:
        return {error.code for error in refused.error_list}
    return set()


@pytest.fixture
def member(db: None) -> User:
    domain, _is_new = ensure_tenant(domain_name="contoso.com", acting_user=None)
    return create_email_verified_user(
        domain=domain,
        address=parse("anna@contoso.com"),
        first_name="Anna",
        last_name="Schmidt",
        password_hash=make_password(GOOD),
        language="en",
    )


@pytest.fixture
def member_with_second_factor(member: User) -> User:
    Authenticator.objects.create(user=member, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return member


def test_needs_fifteen_characters() -> None:
    assert refusals(SHORTEST) == set()
    assert refusals(SHORTEST[:-1]) == {"password_too_short"}


def test_needs_fifteen_characters_of_somebody_with_no_second_factor(member: User) -> None:
    assert refusals(SHORTEST[:-1], member) == {"password_too_short"}


def test_needs_eight_characters_with_a_second_factor(member_with_second_factor: User) -> None:
    assert refusals(SHORT, member_with_second_factor) == set()
    assert refusals(SHORT[:-1], member_with_second_factor) == {"password_too_short"}


def test_recovery_codes_alone_are_no_second_factor(member: User) -> None:
    Authenticator.objects.create(user=member, type=Authenticator.Type.RECOVERY_CODES, data={})
    assert refusals(SHORT, member) == {"password_too_short"}


def test_takes_256_characters_and_no_more() -> None:
    longest = " ".join(f"otter {number}" for number in range(40))[:256]
    assert len(longest) == 256
    assert refusals(longest) == set()
    assert refusals(longest + "x") == {"password_too_long"}


def test_answers_at_once_however_long_the_password() -> None:
    assert "password_too_long" in refusals("a" * 2_000_000 + "b")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_counts_a_letter_once_however_the_keyboard_writes_it(form: str) -> None:
    assert refusals(unicodedata.normalize(form, "zwölf süße Bärä"[:14])) == {"password_too_short"}  # type: ignore[arg-type]
    assert refusals(unicodedata.normalize(form, "zwölf süße Bärä")) == set()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "  spaces before and behind  ",
        "onlysmalllettershere",
        "ONLYCAPITALLETTERSHERE",
        "839201746352918",
        "🦦🐙🌻🚲🎈🧭🪁🥐🎻🗿🧊🪴🛶🍋🪀",
        "двенадцать тихих выдр",
        "カワウソが夕暮れに七匹歌っていた",
        "سبع قنادس تغني عند الغروب",
        "\\'; DROP TABLE users; --<b>",
        "correct horse battery staple 7",
        "tab\tand\nline end inside",
    ],
)
def test_takes_any_characters_and_asks_for_no_kinds(password: str) -> None:
    assert refusals(password) == set()


@pytest.mark.parametrize(
    "password",
    [
        "qwertyuiopasdfgh",
        "qwertzuiopasdfgh",
        "azertyuiopqsdfgh",
        "123456789012345",
        "1234567890123456789012345",
        "098765432109876",
        "abcdefghijklmno",
        "1qaz2wsx3edc4rfv",
        "qazwsxedcrfvtgb",
        "QwertyUIOPasdfgh",
        "1q2w3e4r5t6y7u8i",
        "asdfghjklqwertyuiop",
        "zxcvbnmasdfghjkl",
        "aaaabbbbccccdddd",
        "12345678900987654321",
        "justintimberlake",
        "throughthelookingglass",
    ],
)
def test_refuses_what_is_on_the_list_in_any_case(password: str) -> None:
    assert refusals(password) == {"password_breached"}


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "iloveyouiloveyou",
        "password password",
        "password-password-",
        "passwordpasswordpass",
        "abcabcabcabcabc",
        "abc abc abc abc abc",
        "k7xk7xk7xk7xk7xk7x",
        "dragondragondragon",
        "sunshine1sunshine1",
        "abcabcabcabcabc2026",
    ],
)
def test_refuses_what_only_repeats_itself(password: str) -> None:
    assert refusals(password) == {"password_breached"}


@pytest.mark.parametrize(
    "password",
    [
        "password1234567",
        "Password2026!!!!",
        "iloveyou23112026",
        "dragon19700101000",
        "2026-password-2026",
        "!!!sunshine!!!!!",
        "passwordpassword2026",
        "Pässwörd2026....",
        "ｐａｓｓｗｏｒｄ２０２６２０２６",
    ],
)
def test_refuses_what_is_on_the_list_with_a_number_to_it(password: str) -> None:
    assert refusals(password) == {"password_breached"}


@pytest.mark.parametrize(
    "password",
    ["through the looking glass", "Justin-Timberlake!", "p.a.s.s.w.o.r.d.1", "pass word pass word"],
)
def test_refuses_what_is_on_the_list_however_it_is_spaced(password: str) -> None:
    assert refusals(password) == {"password_breached"}


@pytest.mark.parametrize(
    "password", ["a" * 15, "abba" * 4, "112123321223112", "🦦🦦🐙🦦🐙🐙🦦🦦🐙🦦🐙🐙🦦🐙🐙"]
)
def test_refuses_one_to_three_characters_over_and_over(password: str) -> None:
    assert refusals(password) == {"password_breached"}


def test_takes_a_passphrase_said_twice() -> None:
    assert refusals("tidal lantern tidal lantern ") == set()


@pytest.mark.parametrize(
    "password",
    [
        "annaschmidtcontoso2026",
        "Anna.Schmidt-2026!",
        "anna@contoso.com2026",
        "contoso12345678",
        "schmidt_password_1",
        "ContosoContoso!",
        "informationprotection",
        "Information Protection 26",
    ],
)
def test_refuses_what_is_made_of_own_words(password: str) -> None:
    anna = person("Anna", "Schmidt", "anna@contoso.com")
    assert "password_own_words" in refusals(password, anna)


@pytest.mark.parametrize(
    ("someone", "password"),
    [
        (person("Jürgen", "Groß"), "JURGEN.GROSS.2026"),
        (person("Jürgen", "Groß"), unicodedata.normalize("NFD", "jürgengroß-2026")),
        (person("Ann", "Lee", "ann@abb.com"), "annlee@abb-2026"),
        (person("Mary Jane", "O'Neill"), "maryjane o'neill"),
        (person("Zoë", "Ek", "z@xn--mnchen-3ya.example"), "münchenzoe2026!"),
        (person("अनीता", "शर्मा"), "अनीता शर्मा 2026"),
    ],
)
def test_knows_own_words_however_they_are_written(someone: User, password: str) -> None:
    assert "password_own_words" in refusals(password, someone)


def test_knows_the_name_of_the_organisation(member: User) -> None:
    Tenant.objects.update(name="Sonnenblumen Werke")
    assert refusals("sonnenblumenwerke26", User.objects.get(pk=member.pk)) == {"password_own_words"}


@pytest.mark.parametrize(
    ("someone", "password"),
    [
        (person("Hal", "Ford", "hal@horsecorp.com"), "correct horse battery staple 7"),
        (person("Will", "Horse"), "correct horse battery staple 7"),
        (person("Ann", "Lee"), "annual leek feelings"),
        (person("Anna", "Schmidt"), "seven otters sing for anna"),
        (person(email="info@info-systems.com"), "the information desk sings low"),
    ],
)
def test_takes_a_passphrase_with_an_own_word_in_it(someone: User, password: str) -> None:
    assert refusals(password, someone) == set()


def test_says_what_to_do_next() -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password("contoso", person())
    assert refused.value.messages == [
        "The password needs 15 characters or more. A sentence is easy to remember.",
        "The password is made of your name, address or organisation. Choose other words.",
    ]


def test_either_way_to_write_a_letter_verifies() -> None:
    composed = unicodedata.normalize("NFC", "zwölf süße Bären")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert check_password(decomposed, make_password(composed))
    assert check_password(composed, make_password(decomposed))
    assert not check_password("zwolf suße Baren", make_password(composed))


def test_spaces_and_case_count() -> None:
    stored = make_password(GOOD)
    assert check_password(GOOD, stored)
    assert not check_password(f"{GOOD} ", stored)
    assert not check_password(GOOD.upper(), stored)


def test_is_kept_as_argon2id_at_46_mebibytes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = product_settings.PASSWORD_HASHERS
    stored = make_password(GOOD)
    assert stored.startswith("argon2$argon2id$v=19$m=47104,t=2,p=1$")
    assert GOOD not in stored
    assert not identify_hasher(stored).must_update(stored)


def test_the_same_password_is_kept_differently_for_everybody() -> None:
    assert make_password(GOOD) != make_password(GOOD)


def test_the_list_is_small_lower_case_and_in_order() -> None:
    assert BREACHED_PASSWORDS.stat().st_size < 1_000_000
    assert len(breached_passwords()) > 170_000
    assert all(len(line) >= 4 and line == line.lower() for line in breached_passwords())


def test_what_is_on_the_list_is_refused() -> None:
    some = sorted(breached_passwords())[::97]
    assert [word for word in some if "password_breached" not in refusals(word)] == []


def test_the_readme_of_the_list_says_how_many_there_are() -> None:
    readme = Path(BREACHED_PASSWORDS.parent / "README.md").read_text(encoding="utf-8")
    assert f"{len(breached_passwords()):,} on " in readme


HINT = "At least {} characters. A sentence is easy to remember."


def page_after_reset_link(client: Client, user: User) -> str:
    token = ResetTokens().make_token(user)
    link = reverse("account_reset_password_from_key", args=(user_pk_to_url_str(user), token))
    return client.get(link, follow=True).content.decode()


def page_of_change(client: Client, user: User) -> str:
    client.post(reverse("account_login"), {"login": user.email, "password": GOOD})
    return client.get(reverse("account_change_password")).content.decode()


def test_pages_tell_everybody_the_length_that_holds_for_them(client: Client, member: User) -> None:
    assert HINT.format(15) in page_after_reset_link(Client(), member)
    assert HINT.format(15) in page_of_change(client, member)


def test_hints_are_in_the_language_of_the_page(client: Client, member: User) -> None:
    with override("de"):
        hint = hints_for(member)
    assert "Mindestens 15 Zeichen." in hint
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
    assert hint in page_of_change(client, member)


def test_pages_ask_for_eight_characters_with_a_second_factor(
    client: Client, member_with_second_factor: User
) -> None:
    assert HINT.format(8) in page_after_reset_link(client, member_with_second_factor)
