"""A corpus of good, bad and odd tokens and key sets, and what the official Python SDK says of them.

    python tests/peers/corpus.py make > tests/fixtures/conformance/corpus.json     (new keys, new tokens)
    python tests/peers/corpus.py judge tests/fixtures/conformance/corpus.json      (one verdict a line)

Verdicts are `accept` or `refuse`. The corpus is made once and kept; the judges run against it.
"""

import base64
import datetime
import hashlib
import hmac
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

PROJECT = "P2corpus"
GOOD = {"sub": "U2ada", "iss": PROJECT, "drn": "DS", "exp": 4102444800, "iat": 1700000000}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    size = size or (value.bit_length() + 7) // 8
    return b64(value.to_bytes(size, "big"))


def make():
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    keys = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "other": rsa.generate_private_key(65537, 2048),
        "weak": rsa.generate_private_key(65537, 1024),
        "2040 bits": rsa.generate_private_key(65537, 2040),
        "4096 bits": rsa.generate_private_key(65537, 4096),
        "e is 3": rsa.generate_private_key(3, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }
    size = {"RS256": hashes.SHA256, "RS384": hashes.SHA384, "RS512": hashes.SHA512}
    size.update({name.replace("RS", "PS"): of for name, of in list(size.items())})
    size.update({"ES256": hashes.SHA256, "ES384": hashes.SHA384})

    def sign(alg, key, message):
        if alg.startswith("RS"):
            return keys[key].sign(message, padding.PKCS1v15(), size[alg]())
        if alg.startswith("PS"):
            salt = padding.PSS(padding.MGF1(size[alg]()), size[alg]().digest_size)
            return keys[key].sign(message, salt, size[alg]())
        if alg.startswith("ES"):
            r, s = decode_dss_signature(keys[key].sign(message, ec.ECDSA(size[alg]())))
            length = (keys[key].key_size + 7) // 8
            return r.to_bytes(length, "big") + s.to_bytes(length, "big")
        return keys[key].sign(message)

    def jwk(key, alg, kid="k1", **more):
        public = keys[key].public_key()
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            body = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        elif isinstance(public, ec.EllipticCurvePublicKey):
            numbers, length = public.public_numbers(), (public.key_size + 7) // 8
            body = {"kty": "EC", "crv": f"P-{public.key_size}", "x": number(numbers.x, length), "y": number(numbers.y, length)}
        else:
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            body = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
        body.update({"alg": alg, "kid": kid, "use": "sig"}, **more)
        return {name: value for name, value in body.items() if value is not None}

    def certificate(key):
        """A certificate that the key signed for itself, as `x5c` holds it."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "evil.example")])
        start = datetime.datetime(2020, 1, 1)
        builder = x509.CertificateBuilder(name, name, keys[key].public_key(), 1, start, start.replace(year=2100))
        made = builder.sign(keys[key], hashes.SHA256())
        return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()

    def raw(header, payload, alg="RS256", key="rsa"):
        message = f"{header}.{payload}"
        return f"{message}.{b64(sign(alg, key, message.encode()))}"

    def token(header=None, claims=None, alg="RS256", key="rsa"):
        header = {"alg": alg, "kid": "k1", "typ": "JWT"} if header is None else header
        text = claims if isinstance(claims, str) else json.dumps(GOOD if claims is None else claims)
        head = header if isinstance(header, str) else json.dumps(header)
        return raw(b64(head.encode()), b64(text.encode()), alg, key)

    sets, corpus = {"good": {"keys": [jwk("rsa", "RS256")]}}, []

    def add(name, made, keys="good"):
        corpus.append({"name": name, "token": made, "keys": keys})

    add("good", token())

    # Claims: each one absent, and with every kind of value.
    odd = {
        "null": None, "true": True, "false": False, "zero": 0, "one": 1, "negative": -1, "float": 1.5,
        "huge": 1e19, "exponent": 4.1e9, "empty string": "", "string": "x", "digits": "4102444800",
        "array": [], "array of string": ["x"], "object": {}, "now-ish": 1700000000, "far": 4102444800,
    }
    for claim in ("exp", "nbf", "iat", "iss", "aud", "sub", "drn", "jti", "dct", "tenants", "roles", "permissions", "amr"):
        without = {name: value for name, value in GOOD.items() if name != claim}
        add(f"{claim} absent", token(claims=without))
        for what, value in odd.items():
            add(f"{claim} is {what}", token(claims={**GOOD, claim: value}))
    for what, issuer in {
        "url": f"https://api.descope.com/{PROJECT}",
        "url with apps": f"https://api.descope.com/v1/apps/{PROJECT}",
        "url with agent": f"https://api.descope.com/v1/apps/agentic/{PROJECT}/M2x",
        "url with tenant": f"https://api.descope.com/v1/apps/{PROJECT}/T2x",
        "other project": "P2other",
        "url of another project": "https://api.descope.com/P2other",
        "longer": f"{PROJECT}x",
        "shorter": PROJECT[:-1],
        "lower case": PROJECT.lower(),
        "trailing slash": f"https://api.descope.com/{PROJECT}/",
        "two below": f"https://api.descope.com/{PROJECT}/a/b",
        "query": f"https://evil.example/?x=/{PROJECT}",
        "fragment": f"https://evil.example/#/{PROJECT}",
        "escaped": f"https://api.descope.com/%50{PROJECT[1:]}",
        "other host": f"https://evil.example/{PROJECT}",
        "plain http": f"http://api.descope.com/{PROJECT}",
        "query after": f"https://api.descope.com/{PROJECT}?x",
        "fragment after": f"https://api.descope.com/{PROJECT}#x",
        "user of another host": f"https://{PROJECT}@evil.example/x",
        "host": f"https://{PROJECT}/x",
        "path alone": f"/{PROJECT}",
        "project and more": f"{PROJECT}/x",
        "no slash": f"https:{PROJECT}",
        "backslash": f"https://api.descope.com\\{PROJECT}",
        "empty segment": f"https://api.descope.com//{PROJECT}",
        "dots": f"https://api.descope.com/x/../{PROJECT}",
        "agent of another project": "https://api.descope.com/v1/apps/agentic/P2other/M2x",
        "agent under this project": f"https://api.descope.com/v1/apps/agentic/P2other/{PROJECT}",
        "array": [PROJECT],
        "array with evil": [PROJECT, "evil"],
        "space": f" {PROJECT}",
    }.items():
        add(f"iss {what}", token(claims={**GOOD, "iss": issuer}))
    for what, audience in {
        "project": PROJECT, "array of project": [PROJECT], "project and more": [PROJECT, "x"],
        "foreign": "someone", "array of foreign": ["a", "b"], "array of numbers": [1, 2], "number": 7,
        "nested": [[PROJECT]], "project twice": [PROJECT, PROJECT], "project and a number": [PROJECT, 7],
        "project of other case": PROJECT.lower(), "project and spaces": f" {PROJECT} ", "longer": f"{PROJECT}x",
    }.items():
        add(f"aud {what}", token(claims={**GOOD, "aud": audience}))
    for what, changed in {
        "dsub": {"dsub": "U2other"}, "dsub is a number": {"dsub": 7}, "dsub alone": {"dsub": "U2other", "sub": None},
        "dsub empty": {"dsub": ""}, "exp is a float without fraction": {"exp": 4102444800.0},
        "exp in milliseconds": {"exp": 4102444800000}, "exp before 1970": {"exp": -4102444800},
    }.items():
        add(what, token(claims={name: value for name, value in {**GOOD, **changed}.items() if value is not None}))
    add("refresh token", token(claims={**GOOD, "drn": "DSR"}))
    add("exp over", token(claims={**GOOD, "exp": 1700000001}))
    add("nbf to come", token(claims={**GOOD, "nbf": 4102444000}))
    add("iat to come", token(claims={**GOOD, "iat": 4102444000}))
    add("claims are an array", token(claims="[]"))
    add("claims are a string", token(claims='"x"'))
    add("claims are null", token(claims="null"))
    add("claims are empty", token(claims="{}"))
    add("claims are no JSON", token(claims="{"))
    add("claims with rest", token(claims=json.dumps(GOOD) + "x"))
    add("claims with spaces around", token(claims=f" \n{json.dumps(GOOD)}\t"))
    add("exp twice", token(claims='{"exp": 1, ' + json.dumps(GOOD)[1:]))
    add("iss twice", token(claims='{"iss": "x", ' + json.dumps(GOOD)[1:]))
    add("sub twice", token(claims='{"sub": "x", ' + json.dumps(GOOD)[1:]))
    add("custom twice", token(claims='{"a": 1, "a": 2, ' + json.dumps(GOOD)[1:]))
    for claim, value in {"nbf": 1, "iat": 1, "aud": f'"{PROJECT}"', "drn": '"DSR"', "tenants": "{}", "roles": '["Admin"]'}.items():
        good = {"nbf": 2, "aud": PROJECT, "tenants": {"t": {}}, "roles": [], **GOOD}
        add(f"{claim} twice", token(claims=f'{{"{claim}": {value}, ' + json.dumps(good)[1:]))
    add("escaped name twice", token(claims='{"\\u0073ub": "x", ' + json.dumps(GOOD)[1:]))
    add("member of a tenant twice", token(claims=json.dumps(GOOD)[:-1] + ', "tenants": {"t": {"roles": ["a"], "roles": ["b"]}}}'))
    add("tenant twice", token(claims=json.dumps(GOOD)[:-1] + ', "tenants": {"t": {}, "t": {"roles": ["Admin"]}}}'))
    add("member of a custom claim twice", token(claims=json.dumps(GOOD)[:-1] + ', "a": {"b": 1, "b": 2}}'))
    add("lone surrogate", token(claims=json.dumps(GOOD)[:-1] + ', "a": "\\ud800"}'))
    add("NUL in the user", token(claims={**GOOD, "sub": "U2ada\0"}))
    add("trailing comma", token(claims=json.dumps(GOOD)[:-1] + ",}"))
    add("comment", token(claims=json.dumps(GOOD)[:-1] + "/* x */}"))
    add("single quotes", token(claims=json.dumps(GOOD).replace('"', "'")))
    add("claims in UTF-16", raw(b64(b'{"alg":"RS256","kid":"k1"}'), b64(json.dumps(GOOD).encode("utf-16"))))
    add("claims with a byte order mark", raw(b64(b'{"alg":"RS256","kid":"k1"}'), b64(b"\xef\xbb\xbf" + json.dumps(GOOD).encode())))
    add("claims not UTF-8", raw(b64(b'{"alg":"RS256","kid":"k1"}'), b64(json.dumps({**GOOD, "a": "X"}).replace("X", "\udcff").encode("utf-8", "surrogateescape"))))
    add("exp as a huge number", token(claims=json.dumps(GOOD).replace("4102444800", "1" + "0" * 400)))
    add("exp with a fraction", token(claims=json.dumps(GOOD).replace("4102444800", "4102444800.5")))
    add("exp with an exponent", token(claims=json.dumps(GOOD).replace("4102444800", "41024448e2")))
    add("exp is NaN", token(claims=json.dumps(GOOD).replace("4102444800", "NaN")))
    add("exp is Infinity", token(claims=json.dumps(GOOD).replace("4102444800", "Infinity")))
    add("deep claims", token(claims=json.dumps(GOOD)[:-1] + ', "a": ' + "[" * 200 + "]" * 200 + "}"))
    add("large claims", token(claims={**GOOD, "a": "x" * 40000}))
    add("custom claims", token(claims={**GOOD, "a": {"b": [1, None, True]}}))
    add("unicode claims", token(claims={**GOOD, "name": "Ådå 🦀"}))

    # Headers.
    head = {"alg": "RS256", "kid": "k1", "typ": "JWT"}
    for what, changed in {
        "no typ": {"typ": None}, "typ is empty": {"typ": ""}, "typ is lower case": {"typ": "jwt"},
        "typ at+jwt": {"typ": "at+jwt"}, "typ dpop": {"typ": "dpop+jwt"}, "typ is a number": {"typ": 1},
        "typ application": {"typ": "application/jwt"},
        "no alg": {"alg": None}, "alg none": {"alg": "none"}, "alg None": {"alg": "None"},
        "alg nOnE": {"alg": "nOnE"}, "alg empty": {"alg": ""}, "alg is a number": {"alg": 1},
        "alg is an array": {"alg": ["RS256"]}, "alg lower case": {"alg": "rs256"},
        "alg RS384": {"alg": "RS384"}, "alg RS512": {"alg": "RS512"}, "alg PS256": {"alg": "PS256"},
        "alg ES256": {"alg": "ES256"}, "alg HS256": {"alg": "HS256"}, "alg unknown": {"alg": "XX999"},
        "no kid": {"kid": None}, "kid empty": {"kid": ""}, "kid unknown": {"kid": "k9"},
        "kid upper case": {"kid": "K1"}, "kid is a number": {"kid": 1}, "kid is an array": {"kid": ["k1"]},
        "kid with NUL": {"kid": "k1\0"}, "kid path": {"kid": "../k1"}, "kid long": {"kid": "k" * 5000},
        "crit empty": {"crit": []}, "crit unknown": {"crit": ["x"], "x": 1}, "crit exp": {"crit": ["exp"], "exp": 1},
        "crit b64": {"crit": ["b64"], "b64": True}, "crit is a string": {"crit": "exp"}, "b64 false": {"b64": False},
        "b64 true": {"b64": True}, "zip": {"zip": "DEF"}, "enc": {"enc": "A128GCM"}, "cty": {"cty": "JWT"},
        "jku": {"jku": "https://evil.example/keys"}, "x5u": {"x5u": "https://evil.example/cert"},
        "jwk": {"jwk": jwk("other", "RS256")}, "x5c": {"x5c": ["AAAA"]}, "unknown": {"hello": "there"},
        "alg NONE": {"alg": "NONE"}, "alg with a space": {"alg": "RS256 "}, "alg with NUL": {"alg": "RS256\0"},
        "alg is an object": {"alg": {"RS256": 1}}, "alg is true": {"alg": True}, "alg RS1": {"alg": "RS1"},
        "kid emoji": {"kid": "k1🦀"}, "kid is an object": {"kid": {"k1": 1}},
        "kid with a space": {"kid": "k1 "}, "kid query": {"kid": "k1?x=1"}, "kid SQL": {"kid": "k1' OR '1'='1"},
        "kid huge": {"kid": "k" * 12000}, "crit alg": {"crit": ["alg"]}, "crit number": {"crit": [1]},
        "crit is true": {"crit": True}, "crit is an object": {"crit": {}}, "crit null in it": {"crit": [None]},
        "crit twice the same": {"crit": ["exp", "exp"], "exp": 1}, "typ JWS": {"typ": "JWS"}, "typ is an array": {"typ": ["JWT"]},
        "typ logout": {"typ": "logout+jwt"}, "cty is a number": {"cty": 1}, "x5t": {"x5t": "AAAA"}, "jwk is a text": {"jwk": "x"},
    }.items():
        made = {name: value for name, value in {**head, **changed}.items() if value is not None}
        add(f"header {what}", token(header=made))
    for what, text in {
        "alg twice": '{"alg": "none", "alg": "RS256", "kid": "k1"}',
        "alg twice the other way": '{"alg": "RS256", "alg": "none", "kid": "k1"}',
        "kid twice": '{"alg": "RS256", "kid": "k2", "kid": "k1"}',
        "array": '["RS256"]', "null": "null", "empty": "{}", "no JSON": "{", "string": '"RS256"',
        "with rest": '{"alg": "RS256", "kid": "k1"}x', "with spaces": ' {"alg": "RS256", "kid": "k1"} ',
    }.items():
        add(f"header {what}", token(header=text))
    own = {**head, "jwk": jwk("other", "RS256")}
    add("signed by the key in its header", token(header=own, key="other"))
    add("signed by another key", token(key="other"))
    for what, more in {"jku": {"jku": "https://evil.example/keys"}, "x5u": {"x5u": "https://evil.example/c"}, "x5c": {"x5c": [certificate("other")]}}.items():
        add(f"signed by the key that its {what} names", token(header={**head, **more}, key="other"))
    add("header crit null", token(header='{"alg": "RS256", "kid": "k1", "crit": null}'))
    add("header kid null", token(header='{"alg": "RS256", "kid": null}'))
    add("header deep", token(header='{"alg": "RS256", "kid": "k1", "a": ' + "[" * 200 + "]" * 200 + "}"))
    add("header member of a member twice", token(header='{"alg": "RS256", "kid": "k1", "a": {"b": 1, "b": 2}}'))
    add("header escaped name twice", token(header='{"\\u0061lg": "none", "alg": "RS256", "kid": "k1"}'))
    add("header with a byte order mark", raw(b64(b"\xef\xbb\xbf" + json.dumps(head).encode()), b64(json.dumps(GOOD).encode())))
    for alg in ("RS384", "RS512", "PS256", "PS384", "PS512"):
        add(f"{alg} by a key for RS256", token(alg=alg))
    for spelling in ("none", "None", "NONE", "nOnE", "noNe", ""):
        header = b64(json.dumps({**head, "alg": spelling}).encode())
        for what, signature in {"no": "", "a": "AAAA"}.items():
            add(f"alg {spelling!r} and {what} signature", f"{header}.{b64(json.dumps(GOOD).encode())}.{signature}")
    unencoded = {**head, "crit": ["b64"], "b64": False}
    add("payload unencoded", raw(b64(json.dumps(unencoded).encode()), json.dumps(GOOD).replace(" ", "")))
    add("payload unencoded, without crit", raw(b64(json.dumps({**head, "b64": False}).encode()), json.dumps(GOOD).replace(" ", "")))

    # HMAC with what the attacker knows.
    public = keys["rsa"].public_key()
    known = {
        "PEM": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "PKCS1": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1),
        "n": base64.urlsafe_b64decode(jwk("rsa", "RS256")["n"] + "=="),
        "JWK": json.dumps(jwk("rsa", "RS256")).encode(), "nothing": b"", "e": b"\1\0\1", "kid": b"k1",
        "n as text": jwk("rsa", "RS256")["n"].encode(),
        "PKCS1 as PEM": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
    }
    known["PEM without its last newline"] = known["PEM"].rstrip()

    def mac(secret, alg="HS256", header=head):
        message = f'{b64(json.dumps({**header, "alg": alg}).encode())}.{b64(json.dumps(GOOD).encode())}'
        return f"{message}.{b64(hmac.new(secret, message.encode(), alg.replace('HS', 'sha')).digest())}"

    for what, secret in known.items():
        add(f"HS256 with the key's {what}", mac(secret))
    for alg in ("HS384", "HS512"):
        add(f"{alg} with the key's PEM", mac(known["PEM"], alg))

    # Encodings.
    good = token()
    one, two, three = good.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = three[:-1] + last[last.index(three[-1]) ^ 1]
    for what, text in {
        "empty": "", "one part": one, "two parts": f"{one}.{two}", "no signature": f"{one}.{two}.",
        "four parts": f"{good}.{three}", "five parts": f"{good}.{three}.{three}", "dots": "..",
        "no header": f".{two}.{three}", "no payload": f"{one}..{three}", "leading space": f" {good}",
        "trailing space": f"{good} ", "trailing newline": f"{good}\n", "inner newline": f"{one}.{two}\n.{three}",
        "padded signature": f"{good}=", "doubly padded signature": f"{good}==",
        "padded payload": f"{one}.{two}{'=' * (-len(two) % 4 or 4)}.{three}",
        "stray bits in the signature": f"{one}.{two}.{stray}",
        "standard alphabet in the signature": f"{one}.{two}.{three.replace('-', '+').replace('_', '/')}",
        "signature with a star": f"{one}.{two}.*{three[1:]}", "Bearer": f"Bearer {good}",
        "signature cut": good[:-4], "signature longer": f"{good}AAAA", "signature of zeros": f"{one}.{two}.{'A' * len(three)}",
        "upper case": good.upper(), "JSON": json.dumps({"protected": one, "payload": two, "signature": three}),
        "NUL after": f"{good}\0", "non-ASCII": f"{one}.{two}é.{three}", "quoted": f'"{good}"',
        "signature with a space": f"{one}.{two}.{three[:9]} {three[9:]}",
    }.items():
        add(f"encoding {what}", text)
    for at in range(0, len(good), 17):
        if good[at] != ".":
            changed = last[(last.index(good[at]) + 32) % 64]
            add(f"character {at} changed", good[:at] + changed + good[at + 1:])
    for what, made in {"payload of another token": token(claims={**GOOD, "sub": "U2eve"})}.items():
        add(f"encoding {what}", f"{one}.{made.split('.')[1]}.{three}")

    # The signature holds, and the text it is over is not in the one form.
    def unlike(text):
        """Another spelling of the same bytes, if the last character has bits to spare."""
        return text[:-1] + last[last.index(text[-1]) ^ 1] if len(text) % 4 else None

    spare = {**head, "x": ""}
    while not unlike(b64(json.dumps(spare).encode())):
        spare["x"] += "x"
    claims = {**GOOD, "x": ""}
    while not unlike(b64(json.dumps(claims).encode())):
        claims["x"] += "x"
    tidy, body = b64(json.dumps(spare).encode()), b64(json.dumps(claims).encode())
    odd_head = b64(json.dumps({**head, "x": "???>>>~~~"}, ensure_ascii=False).encode())
    for what, parts in {
        "stray bits in the header": (unlike(tidy), body), "stray bits in the payload": (tidy, unlike(body)),
        "padded header": (tidy + "=" * (-len(tidy) % 4), body), "padded payload, signed": (tidy, body + "=" * (-len(body) % 4)),
        "standard alphabet in the header": (odd_head.replace("-", "+").replace("_", "/"), body),
        "space in the header": (f"{tidy[:9]} {tidy[9:]}", body), "newline in the payload": (tidy, f"{body[:9]}\n{body[9:]}"),
        "star in the header": (f"{tidy[:8]}*{tidy[8:]}", body), "leading space, signed": (f" {tidy}", body),
        "cut header": (tidy[: len(tidy) // 4 * 4 - 3], body), "NUL in the header": (f"{tidy[:8]}\0{tidy[8:]}", body),
    }.items():
        add(f"encoding {what}", raw(*parts))
    add("encoding signature with leading zeros", f"{one}.{two}.{b64(bytes(2) + base64.urlsafe_b64decode(three + '=='))}")
    large = raw(tidy, b64(json.dumps({**GOOD, "a": "x" * 9000}).encode()))
    add("encoding under the limit of size", large)

    # Other algorithms, with a key set of their own.
    for alg, key in {"RS384": "rsa", "RS512": "rsa", "PS256": "rsa", "PS384": "rsa", "PS512": "rsa", "ES256": "p256", "ES384": "p384", "EdDSA": "ed"}.items():
        sets[f"set {alg}"] = {"keys": [jwk(key, alg)]}
        add(f"good {alg}", token(alg=alg, key=key), f"set {alg}")
        add(f"{alg} by a header that says RS256", token(header=head, alg=alg, key=key), f"set {alg}")
        add(f"RS256 with a key for {alg}", token(), f"set {alg}")

    one, two, three = token(alg="ES256", key="p256").split(".")
    message = f"{one}.{two}".encode()
    der = keys["p256"].sign(message, ec.ECDSA(hashes.SHA256()))
    r, rest = decode_dss_signature(der)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    raw_pair = lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big")
    for what, signature in {
        "in DER": der, "of zeros": bytes(64), "with the other s": raw_pair(r, order - rest), "with r alone": raw_pair(r, 0),
        "with s plus the order": (r.to_bytes(33, "big") + (rest + order).to_bytes(33, "big")), "too long": bytes(2) + raw_pair(r, rest),
    }.items():
        add(f"ES256 signature {what}", f"{one}.{two}.{b64(signature)}", "set ES256")
    point = jwk("p256", "ES256")
    for what, changed in {
        "off the curve": {"y": point["x"]}, "of zeros": {"x": b64(bytes(32)), "y": b64(bytes(32))}, "of another curve": {"crv": "P-384"},
        "without y": {"y": None}, "for ES384": {"alg": "ES384"}, "padded": {"x": point["x"] + "="}, "secp256k1": {"crv": "secp256k1"},
    }.items():
        sets[f"point {what}"] = {"keys": [{name: value for name, value in {**point, **changed}.items() if value is not None}]}
        add(f"ES256 key {what}", token(alg="ES256", key="p256"), f"point {what}")
    sets["Ed25519 by its name"] = {"keys": [jwk("ed", "Ed25519")]}
    add("EdDSA with a key for Ed25519", token(alg="EdDSA", key="ed"), "Ed25519 by its name")
    named = {"alg": "Ed25519", "kid": "k1"}
    add("good Ed25519", raw(b64(json.dumps(named).encode()), b64(json.dumps(GOOD).encode()), "EdDSA", "ed"), "Ed25519 by its name")
    sets["small order"] = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": b64(b"\1" + bytes(31)), "alg": "EdDSA", "kid": "k1", "use": "sig"}]}
    header = b64(json.dumps({"alg": "EdDSA", "kid": "k1"}).encode())
    add("EdDSA key of small order, forged", f"{header}.{two}.{b64(b'' + bytes([1]) + bytes(63))}", "small order")

    # Key sets.
    plain = jwk("rsa", "RS256")
    private = keys["rsa"].private_numbers()
    for what, changed in {
        "no use": {"use": None}, "use enc": {"use": "enc"}, "use is a number": {"use": 1}, "no alg": {"alg": None},
        "alg unknown": {"alg": "XX999"}, "alg HS256": {"alg": "HS256"}, "alg RS512": {"alg": "RS512"}, "alg is a number": {"alg": 1},
        "no kid": {"kid": None}, "kid is a number": {"kid": 1}, "kid empty": {"kid": ""}, "other kid": {"kid": "k2"},
        "no kty": {"kty": None}, "kty EC": {"kty": "EC"}, "kty oct": {"kty": "oct", "k": "AAAA"}, "kty unknown": {"kty": "XX"},
        "key_ops verify": {"key_ops": ["verify"]}, "key_ops encrypt": {"key_ops": ["encrypt"]}, "key_ops sign": {"key_ops": ["sign"]},
        "no n": {"n": None}, "no e": {"e": None}, "n is a number": {"n": 7}, "n is empty": {"n": ""}, "n padded": {"n": plain["n"] + "=="},
        "n with a zero before": {"n": number(keys["rsa"].public_key().public_numbers().n, 257)}, "e is 1": {"e": "AQ"}, "e is 3": {"e": "Aw"},
        "e padded": {"e": "AQAB=="}, "private": {"d": number(private.d)}, "unknown member": {"hello": "there"}, "x5c": {"x5c": ["AAAA"]},
    }.items():
        sets[f"key {what}"] = {"keys": [{name: value for name, value in {**plain, **changed}.items() if value is not None}]}
        add(f"key {what}", good, f"key {what}")
    good = token()
    numbers = keys["rsa"].public_key().public_numbers()
    block = lambda message: (
        b"\0\1" + b"\xff" * (256 - 54) + b"\0" + bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
    )
    one, two, _ = good.split(".")
    # With an exponent of 1, whoever knows the padding can sign.
    add("forged for e = 1", f"{one}.{two}.{b64(block(f'{one}.{two}'.encode()))}", "key e is 1")
    for what, changed in {
        "e is 0": {"e": "AA"}, "e is even": {"e": "AQAA"}, "e is huge": {"e": number(numbers.n - 2)}, "e with a zero before": {"e": "AAEAAQ"},
        "n is even": {"n": number(numbers.n - 1)}, "n is one": {"n": "AQ"}, "n has stray characters": {"n": plain["n"][:9] + "!" + plain["n"][9:]},
        "n in the standard alphabet": {"n": plain["n"].replace("-", "+").replace("_", "/")}, "kid null": {"kid": None},
        "kid of another case": {"kid": "K1"}, "key_ops empty": {"key_ops": []}, "key_ops is a text": {"key_ops": "verify"},
        "key_ops verify and sign": {"key_ops": ["verify", "sign"]}, "key_ops verify twice": {"key_ops": ["verify", "verify"]},
        "use empty": {"use": ""}, "use SIG": {"use": "SIG"}, "use sig and key_ops verify": {"use": "sig", "key_ops": ["verify"]},
        "use sig and key_ops encrypt": {"key_ops": ["encrypt"], "use": "sig"}, "alg lower case": {"alg": "rs256"}, "alg empty": {"alg": ""},
        "alg none": {"alg": "none"}, "alg PS256": {"alg": "PS256"}, "kty lower case": {"kty": "rsa"}, "kty a number": {"kty": 1},
        "private in all members": {"d": number(private.d), "p": number(private.p), "q": number(private.q), "dp": number(private.dmp1), "dq": number(private.dmq1), "qi": number(private.iqmp)},
        "k of a symmetric key": {"k": "AAAA"}, "x5t": {"x5t": "AAAA"}, "x5c of another key": {"x5c": [certificate("other")]},
    }.items():
        sets[f"key {what}"] = {"keys": [{**plain, **changed}]}
        add(f"key {what}", good, f"key {what}")
    symmetric = {"kty": "oct", "k": b64(b"s" * 32), "kid": "k1", "alg": "HS256"}
    sets["symmetric"] = {"keys": [symmetric]}
    add("HS256 with a symmetric key of the set", mac(b"s" * 32), "symmetric")
    sets["symmetric, same kid"] = {"keys": [symmetric, plain]}
    add("HS256 with a symmetric key of the same kid", mac(b"s" * 32), "symmetric, same kid")
    add("good beside a symmetric key of the same kid", good, "symmetric, same kid")
    for name in ("2040 bits", "4096 bits", "e is 3"):
        sets[name] = {"keys": [jwk(name, "RS256")]}
        add(f"RSA key, {name}", token(key=name), name)
    add("no kid in token and key", token(header={"alg": "RS256"}), "key no kid")
    sets["weak"] = {"keys": [jwk("weak", "RS256")]}
    add("weak key", token(key="weak"), "weak")
    for what, body in {
        "empty": {"keys": []}, "no keys": {}, "keys is an object": {"keys": {}}, "array": [plain], "null": None, "keys is null": {"keys": None},
        "twice the same": {"keys": [plain, plain]}, "same kid, other first": {"keys": [jwk("other", "RS256"), plain]},
        "same kid, other last": {"keys": [plain, jwk("other", "RS256")]}, "others beside": {"keys": [jwk("other", "RS256", "k2"), plain, jwk("p256", "ES256", "k3")]},
        "number beside": {"keys": [7, plain]}, "null beside": {"keys": [None, plain]}, "broken beside": {"keys": [{"kty": "RSA"}, plain]},
        "unknown type beside": {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "k4", "pub": "AAAA"}, plain]},
        "kid a number beside": {"keys": [{**plain, "kid": 7}, plain]}, "symmetric beside": {"keys": [{"kty": "oct", "k": "AAAA", "kid": "k5", "alg": "HS256"}, plain]},
        "unknown members": {"keys": [plain], "hello": "there"},
        "text beside": {"keys": ["x", plain]}, "array beside": {"keys": [[], plain]}, "empty beside": {"keys": [{}, plain]},
        "broken after": {"keys": [plain, {"kty": "RSA", "alg": "RS256", "kid": "k9"}]}, "weak beside": {"keys": [jwk("weak", "RS256", "k6"), plain]},
        "for encryption beside": {"keys": [jwk("other", "RSA-OAEP", "k7", use="enc"), plain]},
        "for encryption, same kid, first": {"keys": [jwk("other", "RSA-OAEP", use="enc"), plain]},
        "for encryption, same kid, last": {"keys": [plain, jwk("other", "RSA-OAEP", use="enc")]},
        "other type, same kid, first": {"keys": [jwk("p256", "ES256"), plain]}, "other type, same kid, last": {"keys": [plain, jwk("p256", "ES256")]},
        "unknown curve beside": {"keys": [{"kty": "EC", "crv": "P-999", "kid": "k8", "x": "AA", "y": "AA", "alg": "ES999"}, plain]},
        "unknown type, same kid": {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "kid": "k1", "pub": "AAAA"}, plain]},
        "no kid beside": {"keys": [{**jwk("other", "RS256"), "kid": None}, plain]}, "no kid of the same beside": {"keys": [jwk("rsa", "RS256", None), plain]},
        "many": {"keys": [*(jwk("p256", "ES256", f"m{at}") for at in range(100)), plain]}, "text": "x", "number": 7, "keys is a text": {"keys": "x"},
    }.items():
        sets[f"set {what}"] = body
        add(f"set {what}", good, f"set {what}")
    json.dump({"project": PROJECT, "sets": sets, "tokens": corpus}, sys.stdout, separators=(",", ":"))


class KeyServer(HTTPServer):
    """Serves the key set that is put into it."""

    body = b"{}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        pass


def judge(path):
    import os

    with open(path) as file:
        corpus = json.load(file)
    server = KeyServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["DESCOPE_BASE_URI"] = f"http://127.0.0.1:{server.server_port}"
    import warnings

    from descope import DescopeClient

    warnings.simplefilter("ignore")
    # A client for each key set: making one is slow, and what it keeps of one set is good for it.
    clients = {}
    for entry in corpus["tokens"]:
        keys = entry["keys"]
        server.body = json.dumps(corpus["sets"][keys]).encode()
        if keys not in clients:
            clients[keys] = DescopeClient(project_id=corpus["project"])
        try:
            clients[keys].validate_session(entry["token"])
            print("accept", entry["name"])
        except Exception:  # whatever it is, it is a refusal
            print("refuse", entry["name"])


if __name__ == "__main__":
    make() if sys.argv[1] == "make" else judge(sys.argv[2])
