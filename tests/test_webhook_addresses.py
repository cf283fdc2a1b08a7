"""Webhooks lead to nothing that only our server reaches, and nobody there can hold a worker up."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from audit.exceptions import Refusal
from feed import transport
from feed.addresses import checked
from feed.exceptions import AddressNotAllowed, NotAWebhookAddress
from rms_portal.environment import networks
from tests.services.receiver import Receiver, receiving


@pytest.fixture
def own_machine(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = networks(["127.0.0.0/8"])


@pytest.fixture
def receiver(own_machine: None) -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "ftp://billing.com/",
        "file:///etc/passwd",
        "http://billing.com/",
        "https://",
        "https:///hooks",
        "https://anna:secret@billing.com/",
        "https://billing.com@10.0.0.1/",
        "https://billing.com/#part",
        "https://billing.com:99999/",
        "https://billing.com\\@10.0.0.1/",
        "https://billing.com/\r\nHost: other",
        "https://bill ing.com/",
        "https://[::1/",
        "https://" + "b" * 70 + ".com/",
        "https://billing.com/" + "b" * 500,
        "http://127.0.0.1.billing.com/",
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(url: str, own_machine: None) -> None:
    with pytest.raises(NotAWebhookAddress):
        checked(url)


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 -- an address to refuse
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b:1::a00:1",
    "2001:0:a00:1::",
    "fec0::1",
    "3fff::1",
    "5f00::1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_also_when_a_name_leads_to_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Refusal):
        checked(f"https://{host}/hooks")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(socket.AF_INET, 1, 6, "", ("8.8.8.8", 443)), (family, 1, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(AddressNotAllowed):
        transport.post("https://billing.com/hooks", body=b"{}", headers={})


def as_the_c_library(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
    """What it makes of a host without asking anybody: IPv4 in octal, in hexadecimal, with fewer parts."""
    if ":" in host or host == "localhost":
        return [(socket.AF_INET6, 1, 6, "", ("::1" if host == "localhost" else host, port))]
    try:
        return [(socket.AF_INET, 1, 6, "", (socket.inet_ntoa(socket.inet_aton(host)), port))]
    except OSError as error:
        raise socket.gaierror(host) from error


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "①②⑦.⓪.⓪.①",
        "１２７.０.０.１",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "127.0.0.1%00.billing.com",
        "[::ffff:7f00:1]",
        "[::7f00:1]",
        "0",
        "[::]",
    ],
)
def test_no_spelling_of_this_machine_reaches_it(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", as_the_c_library)
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.01)
        port = inside.getsockname()[1]
        for scheme in ("https", "http"):
            with pytest.raises((Refusal, *transport.FAILURES)):
                transport.post(f"{scheme}://{host}:{port}/", body=b"{}", headers={})
        with pytest.raises(TimeoutError):
            inside.accept()


def test_a_network_that_the_operator_named_is_allowed_and_no_other(
    settings: Settings,
) -> None:
    settings.WEBHOOK_NETWORKS = networks(["10.1.0.0/16"])
    assert checked("https://10.1.2.3/hooks")
    with pytest.raises(AddressNotAllowed):
        checked("https://10.2.2.3/hooks")
    with pytest.raises(NotAWebhookAddress):
        checked("http://10.1.2.3/hooks")


def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers otherwise the second time is not asked a second time."""
    asked = []
    real = socket.getaddrinfo

    def changing(host: str, *arguments: object, **options: object) -> object:
        if host != "localhost":
            return real(host, *arguments, **options)  # type: ignore[arg-type]
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, 1, 6, "", (address, receiver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    url = f"http://localhost:{receiver.port}/hooks"
    assert transport.post(url, body=b"{}", headers={}) == 204
    assert receiver.told[0].headers["host"] == f"localhost:{receiver.port}"
    assert asked == ["localhost"]


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answers.append(elsewhere.url)
        assert transport.post(receiver.url, body=b"{}", headers={}) == 307
        assert elsewhere.told == []


@pytest.mark.parametrize("answer", ["hang", "drip"])
def test_who_answers_never_or_a_little_at_a_time_is_left(
    receiver: Receiver, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "IN_ALL_SECONDS", 0.5)
    receiver.answers.append(answer)
    began = time.monotonic()
    with pytest.raises(transport.FAILURES):
        transport.post(receiver.url, body=b"{}", headers={})
    assert time.monotonic() - began < 30


def test_what_comes_after_the_status_is_not_read(receiver: Receiver) -> None:
    receiver.answers.append("endless")
    began = time.monotonic()
    assert transport.post(receiver.url, body=b"{}", headers={}) == 200
    assert time.monotonic() - began < 30


def test_who_takes_the_connection_and_never_says_hello_in_tls_is_left(
    own_machine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "IN_ALL_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(transport.FAILURES):
            transport.post(url, body=b"{}", headers={})
        assert time.monotonic() - began < 30


def certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext]:
    """One that signed itself, for a name, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    names: list[x509.GeneralName] = (
        [x509.IPAddress(ipaddress.ip_address(name))] if name[0].isdigit() else [x509.DNSName(name)]
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return file, context


def test_tls_is_checked_by_the_host_in_the_address(
    own_machine: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, context = certificate(tmp_path, "localhost")
    with receiving(tls=context, host="localhost") as right:
        with pytest.raises(ssl.SSLCertVerificationError):
            transport.post(right.url, body=b"{}", headers={})
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert transport.post(right.url, body=b"{}", headers={}) == 204
        # The same server under a name that its certificate does not have.
        with pytest.raises(ssl.SSLCertVerificationError):
            transport.post(right.url.replace("localhost", "127.0.0.1"), body=b"{}", headers={})
        assert len(right.told) == 1
