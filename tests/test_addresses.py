"""One spelling for an address: what is the same mailbox, what is not, and what is no address."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audit.spelling import shown_domain
from tenants.addresses import (
    AddressLiteral,
    AddressRefused,
    AddressTooLong,
    NotADomain,
    NotAnAddress,
    QuotedLocalPart,
    parse,
    parse_domain,
)

INVISIBLE = "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff"
BLANK = "\u034f\u115f\u1160\u17b5\u180b\u2800\u3164\ufe0f\uffa0\U000e0100"
PRIVATE = "\ue000\uf8ff\U000f0000\U0010fffd"
CONTROL = "\x00\x01\t\n\r\x0b\x1f\x7f\x85\u2028\u2029"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna.Schmidt@Company.COM", "anna.schmidt@company.com"),
        ("  anna@company.com\r\n", "anna@company.com"),
        ("anna@company.com.", "anna@company.com"),
        ("anna@MÜNCHEN.example", "anna@xn--mnchen-3ya.example"),
        ("anna@mu\u0308nchen.example", "anna@xn--mnchen-3ya.example"),
        ("anna@XN--MNCHEN-3YA.example", "anna@xn--mnchen-3ya.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@company。com", "anna@company.com"),
        ("anna@ｃｏｍｐａｎｙ．ｃｏｍ", "anna@company.com"),
        ("anna＠company.com", "anna@company.com"),
        ("anna+news@company.com", "anna+news@company.com"),
        ("o'neil@company.com", "o'neil@company.com"),
        ("anna@a--b.company.com", "anna@a--b.company.com"),
        ("anna@sub-domain.company.com", "anna@sub-domain.company.com"),
        ("用户@company.com", "用户@company.com"),
        ("anna@نامه\u200cای.example", "anna@xn--mgba3gch31f060k.example"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str) -> None:
    assert str(parse(typed)) == kept


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ſarah", "sarah"),
        ("\u212aarl", "karl"),
        ("straße", "strasse"),
        ("STRASSE", "straße"),
        ("İpek", "ipek"),
        ("ılgaz", "ilgaz"),
        ("Éva", "éva"),
        ("é", "e\u0301"),
        ("ａnna", "anna"),
        ("ﬁona", "fiona"),
        ("anna.b", "annab"),
        ("anna+x", "anna"),
        ("аnna", "anna"),
    ],
)
def test_look_alike_local_parts_stay_different_mailboxes(one: str, other: str) -> None:
    assert parse(f"{one}@company.com") != parse(f"{other}@company.com")


def test_sharp_s_in_a_domain_is_not_a_double_s() -> None:
    assert parse_domain("straße.example") != parse_domain("strasse.example")


@pytest.mark.parametrize("character", CONTROL + INVISIBLE + BLANK + PRIVATE)
@pytest.mark.parametrize(
    "typed",
    ["an{}na@company.com", "anna{}@company.com", "anna@{}company.com", "anna@comp{}any.com"],
)
def test_control_and_invisible_characters_are_refused(typed: str, character: str) -> None:
    with pytest.raises(AddressRefused):
        parse(typed.format(character))


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", NotAnAddress),
        ("anna", NotAnAddress),
        ("@company.com", NotAnAddress),
        ("anna@", NotADomain),
        ("anna@@company.com", NotAnAddress),
        ("anna@b@company.com", NotAnAddress),
        ("anna＠b@company.com", NotAnAddress),
        (".anna@company.com", NotAnAddress),
        ("anna.@company.com", NotAnAddress),
        ("an..na@company.com", NotAnAddress),
        ("an na@company.com", NotAnAddress),
        ("Anna <anna@company.com>", NotAnAddress),
        ("mailto:anna@company.com", NotAnAddress),
        ("anna@company.com\r\nBcc: eve@company.com", NotAnAddress),
        ("anna@company.com\nBcc: eve", NotADomain),
        ("anna@ company.com", NotADomain),
        ("\ud800anna@company.com", NotAnAddress),
        ("anna@\ud800.com", NotADomain),
        ('"anna"@company.com', QuotedLocalPart),
        ('"an@na"@company.com', QuotedLocalPart),
        ("anna@[127.0.0.1]", AddressLiteral),
        ("anna@[IPv6:::1]", AddressLiteral),
        ("anna@127.0.0.1", AddressLiteral),
        ("anna@127.1", AddressLiteral),
        ("anna@0x7f.0x1", AddressLiteral),
        ("anna@１２７.0.0.1", AddressLiteral),
        ("anna@::1", NotADomain),
        ("anna@company", NotADomain),
        ("anna@com_pany.com", NotADomain),
        ("anna@-company.com", NotADomain),
        ("anna@company-.com", NotADomain),
        ("anna@ab--company.com", NotADomain),
        ("anna@xn--0.com", NotADomain),
        ("anna@company..com", NotADomain),
        ("anna@.company.com", NotADomain),
        ("anna@company.com..", NotADomain),
        ("anna@company.com:25", NotADomain),
        ("anna@company.com/path", NotADomain),
        ("anna@com%2epany.com", NotADomain),
        (f"anna@{'a' * 64}.com", NotADomain),
        (f"{'a' * 65}@company.com", AddressTooLong),
        (f"{'ü' * 33}@company.com", AddressTooLong),
        (f"anna@{'.'.join(['a' * 60] * 3)}.{'b' * 57}.company.com", AddressTooLong),
        (f"anna@{'a.' * 600}com", AddressTooLong),
    ],
)
def test_what_is_no_usable_address_is_refused(typed: str, refusal: type[AddressRefused]) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse(typed)
    assert refused.type is refusal


def test_the_longest_address_and_local_part_are_accepted_to_the_octet() -> None:
    domain = ".".join(["a" * 63, "b" * 63, "c" * 57, "com"])
    longest = f"{'n' * 64}@{domain}"
    assert len(longest) == 254
    assert str(parse(longest)) == longest
    with pytest.raises(AddressTooLong):
        parse(f"{'n' * 64}@a{domain.replace('c' * 57, 'c' * 58)[1:]}")


def test_a_domain_is_shown_as_people_write_it() -> None:
    assert shown_domain("xn--mnchen-3ya.example") == "münchen.example"
    assert shown_domain("xn--0.example") == "xn--0.example"


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)
LIKE_AN_ADDRESS = st.builds(
    "{}@{}.{}".format, ANY_TEXT, ANY_TEXT, st.sampled_from(("com", "中国", "x"))
)


@settings(max_examples=200, deadline=None)
@example("A@B.C")
@example("\ud800@\udfff.com")
@given(ANY_TEXT | LIKE_AN_ADDRESS | st.emails())
def test_any_text_is_refused_or_has_a_spelling_that_stays(text: str) -> None:
    with contextlib.suppress(AddressRefused):
        address = parse(text)
        assert parse(str(address)) == address
        assert str(address).isprintable()
        assert address.domain.isascii()
