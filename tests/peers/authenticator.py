"""A passkey in software: ES256, with attestation `none`."""

import base64
import hashlib
import json
import os
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cbor(value):
    """As much of CBOR (RFC 8949) as an attestation needs."""
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value)) + value.encode()
    pairs = b"".join(cbor(key) + cbor(item) for key, item in value.items())
    return head(5, len(value)) + pairs


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    size = 1 if number < 256 else 2
    return bytes([major << 5 | (23 + size)]) + number.to_bytes(size, "big")


class Authenticator:
    def __init__(self, origin):
        self.origin = origin
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.count = 0

    def at(self, origin):
        """The same passkey on another site, as a phishing page would have it."""
        phished = Authenticator(origin)
        phished.key, phished.id, phished.count = self.key, self.id, self.count
        return phished

    def client_data(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def data(self, rp_id, flags, rest=b""):
        self.count += 1
        return (
            hashlib.sha256(rp_id.encode()).digest()
            + bytes([flags])
            + self.count.to_bytes(4, "big")
            + rest
        )

    def options(self, options):
        options = json.loads(options)
        options = options.get("publicKey", options)
        host = urllib.parse.urlsplit(self.origin).hostname
        return options, (options.get("rp") or {}).get("id") or options.get("rpId") or host

    def create(self, options):
        """The answer of `navigator.credentials.create`, as JSON."""
        options, rp_id = self.options(options)
        point = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big"),
        }
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor(cose)
        attestation = {"fmt": "none", "attStmt": {}, "authData": self.data(rp_id, 0x45, credential)}
        return self.answer(
            {
                "attestationObject": encode(cbor(attestation)),
                "clientDataJSON": encode(self.client_data("webauthn.create", options["challenge"])),
            }
        )

    def get(self, options):
        """The answer of `navigator.credentials.get`, as JSON."""
        options, rp_id = self.options(options)
        client_data = self.client_data("webauthn.get", options["challenge"])
        data = self.data(rp_id, 0x05)
        signed = data + hashlib.sha256(client_data).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self.answer(
            {
                "authenticatorData": encode(data),
                "clientDataJSON": encode(client_data),
                "signature": encode(signature),
                "userHandle": "",
            }
        )

    def answer(self, response):
        return json.dumps(
            {
                "id": encode(self.id),
                "rawId": encode(self.id),
                "type": "public-key",
                "response": response,
            }
        )
