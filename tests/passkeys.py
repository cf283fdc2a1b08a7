"""A passkey in software: registers with the pages and signs in, as a browser would (WebAuthn level 2)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

from tenants.models import User

ADD, SIGN_IN = "/accounts/2fa/webauthn/add/", "/accounts/2fa/webauthn/login/"
OPTIONS = re.compile(r'<script id="js_data" type="application/json">(.*?)</script>')
FLAG = AuthenticatorData.FLAG
PRESENT_AND_VERIFIED = FLAG.UP | FLAG.UV


@dataclass
class Passkey:
    user: User
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def add(self, client: Client) -> Any:
        """Adds itself to the account that is signed in; the answer."""
        page = OPTIONS.search(client.get(ADD).content.decode())
        assert page, "The page wants a proof first."
        options = json.loads(page[1])["creation_options"]["publicKey"]
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        data = AuthenticatorData.create(
            _digest(options["rp"]["id"]),
            PRESENT_AND_VERIFIED | FLAG.AT,
            0,
            bytes(AttestedCredentialData.create(Aaguid.NONE, self.id, public)),
        )
        response = {
            "clientDataJSON": _client_data("webauthn.create", options["challenge"]),
            "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
        }
        return client.post(ADD, {"name": "Phone", "credential": json.dumps(self._json(response))})

    def sign_in(self, client: Client) -> Any:
        """Signs in without a password; the answer."""
        asked = client.get(SIGN_IN, headers={"accept": "application/json"}).json()
        return client.post(SIGN_IN, {"credential": self.answer(asked["request_options"])})

    def answer(self, request_options: Any, flags: FLAG = PRESENT_AND_VERIFIED) -> str:
        """What a page gets from it that asked with these options."""
        options = request_options["publicKey"]
        data = bytes(AuthenticatorData.create(_digest(options["rpId"]), flags, 1))
        client_data = _client_data("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(_decoded(client_data)).digest()
        response = {
            "clientDataJSON": client_data,
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": websafe_encode(user_pk_to_url_str(self.user).encode()),
        }
        return json.dumps(self._json(response))

    def _json(self, response: dict[str, str]) -> dict[str, Any]:
        return {
            "id": websafe_encode(self.id),
            "rawId": websafe_encode(self.id),
            "type": "public-key",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }


def _client_data(kind: str, challenge: str) -> str:
    data = {"type": kind, "challenge": challenge, "origin": "http://testserver"}
    return str(websafe_encode(json.dumps(data).encode()))


def _decoded(text: str) -> bytes:
    return bytes(websafe_decode(text))


def _digest(rp_id: str) -> bytes:
    return hashlib.sha256(rp_id.encode()).digest()
