"""What the domain of MAIL_FROM publishes: SPF, DKIM, DMARC, and what it should."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from publicsuffixlist import PublicSuffixList

from rms_portal.mail_check import spf
from rms_portal.mail_check.dns import Address, DnsUnavailable, Resolver
from rms_portal.mail_check.findings import Finding, good, missing, unknown, wrong

# Those that mail servers and mail services use unless told otherwise.
SELECTORS = (
    *(
        "default",
        "dkim",
        "mail",
        "smtp",
        "s1",
        "s2",
        "selector1",
        "selector2",
        "google",
        "k1",
        "k2",
        "k3",
    ),
    *(
        "mx",
        "email",
        "key1",
        "fm1",
        "fm2",
        "fm3",
        "sig1",
        "pm",
        "mandrill",
        "mailjet",
        "mlsend",
        "zoho",
    ),
    *(
        "brevo1",
        "brevo2",
        "sib",
        "postal",
        "mg",
        "krs",
        "pic",
        "resend",
        "scph0124",
        "dkim1",
        "dkim2",
    ),
)
POLICIES = {"none", "quarantine", "reject"}
WEAK_BITS, GOOD_BITS = 1024, 2048


def check_domain(
    domain: str, *, senders: Sequence[Address], selectors: Sequence[str] = ()
) -> Iterator[Finding]:
    """`senders` are the addresses that mail leaves from, as far as they can be told."""
    resolver = Resolver()
    checks: dict[str, Callable[[], Finding]] = {
        "SPF": lambda: _spf(domain, senders, resolver),
        "DKIM": lambda: _dkim(domain, selectors, resolver),
        "DMARC": lambda: _dmarc(domain, resolver),
    }
    for what, check in checks.items():
        try:
            yield check()
        except DnsUnavailable as error:
            yield unknown(what, f"DNS did not answer ({error}).", "Look at DNS_RESOLVERS.")


def _spf(domain: str, senders: Sequence[Address], resolver: Resolver) -> Finding:
    networks = " ".join(f"ip{address.version}:{address}" for address in senders)
    allowed = networks or "include:<what your mail service names>"
    try:
        record = spf.record_of(domain, resolver)
        if record is None:
            advice = f'{domain} TXT "{spf.VERSION} {allowed} -all"'
            return missing("SPF", f"{domain} has no SPF record.", advice)
        if not senders:
            return unknown("SPF", f"{record} — from where mail leaves cannot be told from here.")
        verdicts = {
            address: spf.Evaluation(resolver, address).verdict(domain) for address in senders
        }
    except spf.SpfError as error:
        return wrong("SPF", f"{error}.", f"Publish one record: {spf.VERSION} {allowed} -all")
    except spf.CannotBeTold as error:
        return unknown("SPF", f"{record} — {error}.")
    refused = [address for address, verdict in verdicts.items() if verdict is not spf.Verdict.PASS]
    if refused:
        names = ", ".join(map(str, refused))
        more = " ".join(f"ip{address.version}:{address}" for address in refused)
        return wrong("SPF", f"{record} does not let {names} send.", f"Add before its end: {more}")
    return good("SPF", f"{record} lets {', '.join(map(str, senders))} send.")


def _dkim(domain: str, selectors: Sequence[str], resolver: Resolver) -> Finding:
    for selector in selectors or SELECTORS:
        name = f"{selector}._domainkey.{domain}"
        for record in resolver.txt(name):
            tags = _tags(record)
            if "p" in tags:
                return _dkim_key(name, tags)
    asked = ", ".join(selectors) if selectors else "any of the usual selectors"
    return missing(
        "DKIM",
        f"{domain} has no key under {asked}.",
        "Let your mail server sign, publish the record that it gives you, and name its selector: --dkim-selector.",
    )


def _dkim_key(name: str, tags: dict[str, str]) -> Finding:
    """RFC 6376, 3.6.1: an empty `p` is a key that was taken back."""
    anew = f"{name} TXT: publish the record that your mail server gives you."
    if not tags["p"]:
        return wrong("DKIM", f"{name} has been taken back (its p= is empty).", anew)
    try:
        octets = base64.b64decode("".join(tags["p"].split()), validate=True)
        if tags.get("k", "rsa") == "ed25519":
            return good(
                "DKIM", f"{name} has an Ed25519 key.", "Some receivers want an RSA key beside it."
            )
        key = load_der_public_key(octets)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return wrong("DKIM", f"The key at {name} cannot be read.", anew)
    bits = key.key_size if isinstance(key, RSAPublicKey) else 0
    if bits < WEAK_BITS:
        return wrong("DKIM", f"The key at {name} has {bits} bits: receivers ignore it.", anew)
    hint = "" if bits >= GOOD_BITS else f"Make a key of {GOOD_BITS} bits when you renew it."
    return good("DKIM", f"{name} has an RSA key of {bits} bits.", hint)


def _dmarc(domain: str, resolver: Resolver) -> Finding:
    """RFC 7489, 6.6.3: the domain's own record, else that of the organisation's domain."""
    organisation = PublicSuffixList().privatesuffix(domain) or domain
    for name in dict.fromkeys((domain, organisation)):
        records = [text for text in resolver.txt(f"_dmarc.{name}") if text.startswith("v=DMARC1")]
        if records:
            return _dmarc_policy(f"_dmarc.{name}", records, is_own=name == domain)
    return missing(
        "DMARC",
        f"{domain} has no DMARC record.",
        f'_dmarc.{domain} TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain}"',
    )


def _dmarc_policy(name: str, records: list[str], *, is_own: bool) -> Finding:
    anew = f'{name} TXT "v=DMARC1; p=quarantine"'
    if len(records) > 1:
        return wrong("DMARC", f"{name} has {len(records)} records, so none counts.", anew)
    tags = _tags(records[0])
    policy = tags.get("p", "") if is_own else tags.get("sp", tags.get("p", ""))
    if policy not in POLICIES:
        return wrong("DMARC", f"{name} has no policy (p=none, quarantine or reject).", anew)
    if policy == "none":
        hint = "p=none asks receivers to do nothing against forgers: p=quarantine once SPF and DKIM are good."
        return good("DMARC", f"{name}: {records[0]}", hint)
    return good("DMARC", f"{name}: {records[0]}")


def _tags(record: str) -> dict[str, str]:
    """`name=value; name=value` (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
