"""Requests that no browser sends: each gets an answer, none of them an error of ours."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rms_portal.middleware import parse_hop
from rms_portal.wsgi import application
from signup.models import SignUp
from tenants.models import User
from tests.factories import UserFactory
from tests.strangers import stranger
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db

JUNK = (
    *("\0", "a\0b", "\ud800x", "\r\nSet-Cookie: x=1", "x" * 5000, "%00", "'\"<>", "{}", "[]", "-1"),
    *(
        "null",
        "٣",
        "👩‍👩‍👧‍👦" * 50,
        "\u202e" * 10,
        "e\u0301" * 300,
        "../../etc/passwd",
        "%252e%252e%252f",
    ),
)
PAGES = (
    *("/", "/signup/", "/signup/check-your-mail/", "/signup/resend/", "/signup/confirm/{}/"),
    *("/signup/renew/{}/", "/signup/not-me/{}/", "/guide/", "/legal/{}/", "/language/"),
    *("/accounts/login/", "/accounts/logout/", "/accounts/inactive/", "/accounts/password/reset/"),
    *("/accounts/password/reset/done/", "/accounts/password/reset/key/{}-{}/", "/readyz"),
    *("/accounts/2fa/webauthn/login/", "/accounts/2fa/authenticate/", "/accounts/sessions/"),
    *("/accounts/reauthenticate/", "/dev/mail/{}/", "/admin/login/", "/account/", "/welcome/"),
    *("/challenge/{}/picture.png", "/challenge/{}/sound.wav", "/metrics", "/accounts/mailbox/{}/"),
    *("/accounts/mailbox/{}/renew/", "/accounts/password/change/", "/accounts/2fa/totp/activate/"),
)
FIELDS = (
    *("email", "sku", "ru", "next", "login", "password", "remember", "first_name", "last_name"),
    *("password1", "password2", "language", "credential", "code", "action", "_method"),
    *("digits", "digits_token"),
)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=zz"
PART = b'--zz\r\nContent-Disposition: form-data; name="email"%s\r\n\r\n%s\r\n--zz--\r\n'
MANY = "&".join(f"field{number}=1" for number in range(1500)).encode()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("is_signed_in", "every"), [(False, JUNK), (True, JUNK[:4])])
def test_junk_in_every_place_of_every_page(
    path: str, is_signed_in: bool, every: tuple[str, ...]
) -> None:
    client = stranger()
    if is_signed_in:
        client.force_login(UserFactory.create())
    for junk in every:
        typed = quote(junk, errors="surrogatepass")
        here = path.replace("{}", typed)
        query = "&".join(f"{field}={typed}" for field in FIELDS)
        repeated = "&".join(f"{field}[]={typed}&{field}={typed}&{field}=1" for field in FIELDS)
        assert client.get(f"{here}?{query}").status_code < 500
        for body, kind in ((repeated, FORM), (json.dumps({"email": junk}), "application/json")):
            assert client.post(here, body, content_type=kind).status_code < 500


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_every_method_has_an_answer_and_begins_nothing(method: str) -> None:
    for path in PAGES:
        answer = stranger().generic(method, path, b"email=anna@walkers.com", content_type=FORM)
        assert answer.status_code < 500
    assert not SignUp.objects.exists()


@pytest.mark.parametrize("path", ["/signup/", "/accounts/login/", "/signup/confirm/x/"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"email=" + b"a" * 3_000_000, FORM),
        (MANY, FORM),
        (b"x" * 3_000_000, "application/json"),
        (b"xx", "multipart/form-data"),
        (b"xx", MULTIPART),
        (b"--zz\r\n", MULTIPART),
        (b"", ""),
        (PART % (b'; filename="../../x"', b"a" * 3_000_000), MULTIPART),
        (PART % (b"", b"a" * 3_000_000), MULTIPART),
        (PART % (b"\r\nContent-Transfer-Encoding: base64", b"@@@"), MULTIPART),
        (b"--" + b"z" * 300, "multipart/form-data; boundary=" + "z" * 300),
    ],
)
def test_bodies_that_are_too_large_or_broken(path: str, body: bytes, kind: str) -> None:
    for client in (stranger(), stranger(enforce_csrf_checks=True)):
        client.cookies["csrf"] = "a" * 32
        assert client.generic("POST", path, body, content_type=kind).status_code < 500
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null"},
        {"origin": "http://[::1"},
        {"referer": "http://[::1"},
        {"content-length": "-1"},
        {"content-length": "many"},
        {"accept-language": "x" * 9000 + ";q=zz"},
        {"if-none-match": '"\xff'},
        {"if-modified-since": "never"},
        {"range": "bytes=zz"},
        {"user-agent": "\xff" * 9000},
        {"x-requested-with": "XMLHttpRequest"},
        {"cookie": "; =;;session;csrf=\xff"},
        {"cookie": 'messages="[[\\"__json_message\\",0,99,\\"x\\"]]"'},
        {"cookie": 'session="abcdefgh\\000"; csrf="\\000"'},
        {"cookie": "session=" + "x" * 9000},
        {"cookie": 'asking="x:\\000:y"'},
        {"cookie": "asking=x:y:z; device=::; asked=\xff"},
    ],
)
def test_headers_that_no_browser_sends(headers: dict[str, str]) -> None:
    for client in (stranger(), stranger(enforce_csrf_checks=True)):
        for path in ("/signup/", "/accounts/login/", "/welcome/", "/signup/check-your-mail/"):
            for secure in (False, True):
                assert client.get(path, headers=headers, secure=secure).status_code < 500
                answer = client.post(path, {"email": "x"}, headers=headers, secure=secure)
                assert answer.status_code < 500


@pytest.mark.parametrize("host", ["evil.example", "a b", "testserver:port", "testserver@evil", ""])
def test_another_host_is_refused_and_never_repeated(host: str) -> None:
    for path in ("/signup/", "/accounts/password/reset/"):
        answer = stranger().post(path, {"email": "anna@walkers.com"}, headers={"host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.content.decode()


def test_a_forwarded_host_and_a_method_override_mean_nothing() -> None:
    headers = {"x-forwarded-host": "evil.example", "x-http-method-override": "POST"}
    answer = stranger().get("/signup/?email=anna@walkers.com&_method=POST", headers=headers)
    assert answer.status_code == 200
    assert "evil.example" not in answer.content.decode()
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/signup/resend/", "/signup/check-your-mail/"),
        ("/signup/renew/x/", "/signup/confirm/x/"),
        ("/signup/invitation/x/renew/", "/signup/invitation/x/"),
        ("/accounts/mailbox/x/renew/", "/accounts/mailbox/x/"),
    ],
)
def test_what_only_a_form_does_leads_to_the_page_that_has_it(path: str, page: str) -> None:
    for method in ("GET", "HEAD"):
        assert stranger().generic(method, path).headers["Location"] == page
    for method in ("OPTIONS", "PUT", "DELETE"):
        assert stranger().generic(method, path).status_code == 405


def test_a_form_without_its_token_or_with_a_stale_one_does_nothing() -> None:
    client = stranger(enforce_csrf_checks=True)
    client.get("/signup/")
    for token in ("", "x" * 64, "a" * 32):
        fields = {"email": "anna@walkers.com", "csrfmiddlewaretoken": token}
        assert client.post("/signup/", fields).status_code == 403
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    "charset", ["hex", "idna", "punycode", "undefined", "rot13", "zip", "utf-16", "utf-7", "none"]
)
@pytest.mark.parametrize("kind", ["text/plain", FORM, MULTIPART])
def test_a_declared_encoding_is_not_believed(charset: str, kind: str) -> None:
    statuses: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": "/signup/",
        "QUERY_STRING": "ru=/x&" + MANY.decode(),
        "HTTP_HOST": "127.0.0.1",
        "CONTENT_TYPE": f"{kind}; charset={charset}",
    }
    setup_testing_defaults(environ)
    for method, body in (("GET", b""), ("POST", b"email=%ff")):
        environ |= {"REQUEST_METHOD": method, "CONTENT_LENGTH": str(len(body))}
        environ["wsgi.input"] = io.BytesIO(body)
        answer: Any = application
        answer(environ, lambda status, *_: statuses.append(status))
    assert [status.partition(" ")[0] for status in statuses] == ["400", "403"]


@pytest.mark.parametrize(
    "answer",
    [
        *("", "null", "1", "[]", "{}", '"x"', "NaN", "[" * 5000, '{"a":' * 5000, '{"id":1}'),
        '{"id":"x","rawId":"x","type":"public-key","response":{}}',
        '{"id":"AAAA","rawId":"AAAA","response":[]}',
        '{"id":"AAAA","response":{"clientDataJSON":"bnVsbA","signature":"","userHandle":"AAAA"}}',
        '{"id":"AAAA","rawId":"AAAA","response":{"clientDataJSON":"e30","authenticatorData":"%s"'
        ',"signature":"","userHandle":"_w"}}' % ("A" * 60),
        '{"id":"AAAA","rawId":"AAAA","response":{"clientDataJSON":"e30","attestationObject":"_w"}}',
    ],
)
def test_what_is_no_answer_of_a_passkey_signs_nobody_in(answer: str) -> None:
    client = stranger(headers={"x-requested-with": "XMLHttpRequest"})
    client.get("/accounts/2fa/webauthn/login/")
    assert client.post("/accounts/2fa/webauthn/login/", {"credential": answer}).status_code < 500
    assert client.get("/welcome/").status_code == 302
    sign_in(ClientVisitor(client), str(UserFactory.create().email))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/webauthn/add/")
    fields = {"credential": answer, "name": "Key"}
    assert client.post("/accounts/2fa/webauthn/add/", fields).status_code == 200
    assert client.post("/accounts/2fa/webauthn/reauthenticate/", fields).status_code < 500


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("unknown", None),
        ("for=192.0.2.7", None),
        ("0x7f.1", None),
        ("٣.٣.٣.٣", None),
        ("", None),
    ],
)
def test_the_address_that_a_proxy_writes_down_is_read_or_left_out(
    written: str, read: str | None
) -> None:
    assert parse_hop(written) == (read and parse_hop(read))
    assert str(parse_hop(written)) == str(read)


@pytest.mark.parametrize("forwarded", ["unknown", "192.0.2.7:4711", "\xff", ",", "x'--", "::1%lo"])
def test_people_sign_in_through_a_proxy_that_writes_oddly(forwarded: str, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    user = UserFactory.create()
    visitor = ClientVisitor(Client(headers={"x-forwarded-for": forwarded}))
    assert sign_in(visitor, str(user.email)).location == "/welcome/"
    assert visitor.get("/welcome/").status == 200


KINDS = st.sampled_from(
    (FORM, MULTIPART, "application/json", "text/plain", "", "x", "/;;=", "a/b;=;")
)
BODIES = (
    st.binary(max_size=300)
    | st.dictionaries(st.sampled_from(FIELDS), st.binary(max_size=40)).map(
        lambda fields: b"&".join(name.encode() + b"=" + value for name, value in fields.items())
    )
    | st.builds(lambda rest, text: PART % (rest, text), st.binary(max_size=40), st.binary())
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example("/signup/", b"email=anna%40walkers.com%00", FORM)
@given(
    path=st.sampled_from(("/signup/", "/accounts/login/", "/accounts/password/reset/")),
    body=BODIES,
    kind=KINDS,
)
def test_any_bytes_get_an_answer(path: str, body: bytes, kind: str) -> None:
    answer = stranger().generic("POST", path, body, content_type=kind)
    assert answer.status_code < 500
    assert not User.objects.exists()
