"""Authlib, unmodified, against the emulator as an authorization server; and proofs by joserfc against a guard.

Usage: python authlib_client.py EMULATOR SERVICE
"""

import atexit
import hashlib
import html
import json
import os
import re
import subprocess
import sys
import time
import traceback
import urllib.parse
import uuid

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.util import urlsafe_b64encode

SEED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seed.json")


def start(program, *arguments, **environment):
    """Starts a program, and returns the lines that it prints."""
    server = subprocess.Popen(
        [program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    atexit.register(server.kill)
    return server.stdout


LINES = start(sys.argv[1], "--project-id", "P2project", "--seed", SEED)
BASE = next(line.split("=", 1)[1].strip() for line in LINES if line.startswith("DESCOPE_BASE_URI="))
LISTENS = start(sys.argv[2], DESCOPE_PROJECT_ID="P2project", DESCOPE_BASE_URI=BASE, PORT="0")
SERVICE = next(line.split()[2] for line in LISTENS if line.startswith("Listening on "))
# The emulator speaks plain HTTP, and only on this machine.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
INBOUND = f"{BASE}/v1/apps/P2project"
FOUND = requests.get(f"{INBOUND}/.well-known/oauth-authorization-server", timeout=10).json()
TOKEN = FOUND["token_endpoint"]
SECRET = "a secret: +/%&ü"
CALLBACK = "http://127.0.0.1:61234/cb"


def browse(url):
    """A browser that clicks: returns where it is sent."""
    browser = requests.Session()
    answer = browser.get(url, allow_redirects=False, timeout=10)
    for _ in range(10):
        if location := answer.headers.get("location"):
            url = urllib.parse.urljoin(answer.url, location)
            if not url.startswith(BASE):
                return url
            answer = browser.get(url, allow_redirects=False, timeout=10)
            continue
        assert answer.status_code == 200, answer.text
        if "close this window" in answer.text:
            return answer.url
        value = lambda name: html.unescape((re.findall(f'name="?{name}"? value="([^"]*)"', answer.text) or [""])[0])
        form = {name: value(name) for name in ("proof", "ask") if value(name)}
        if 'name="loginId"' in answer.text:
            form["loginId"] = "ada@example.com"
        elif "name=user_code" in answer.text:
            form["user_code"] = value("user_code")
        else:
            form["allow"] = "1"
        action = urllib.parse.urljoin(answer.url, re.findall('action="([^"]*)"', answer.text)[0])
        answer = browser.post(action, data=form, allow_redirects=False, timeout=10)
    raise AssertionError("the pages do not end")


def session(client_id="public", secret=None, way="none", **more):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method=way, **more)


def code(oauth, **more):
    verifier = "v" * 64
    url, _ = oauth.create_authorization_url(FOUND["authorization_endpoint"], code_verifier=verifier, **more)
    return oauth.fetch_token(TOKEN, authorization_response=browse(url), code_verifier=verifier)


def refused(error, call):
    try:
        call()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
    else:
        raise AssertionError(f"not refused: {error}")


def code_with_pkce():
    scope = "openid email docs offline_access"
    oauth = session(scope=scope, redirect_uri=CALLBACK, code_challenge_method="S256")
    token = code(oauth, nonce="n1")
    keys = KeySet.import_key_set(requests.get(FOUND["jwks_uri"], timeout=10).json())
    found = jwt.decode(token["id_token"], keys)
    claims = CodeIDToken(found.claims, found.header, {
        "iss": {"value": FOUND["issuer"]}, "aud": {"value": "public"}, "nonce": {"value": "n1"},
    }, {"nonce": "n1", "client_id": "public", "access_token": token["access_token"]})
    claims.validate()
    assert oauth.get(FOUND["userinfo_endpoint"]).json()["email"] == "ada@example.com"
    old = token["refresh_token"]
    new = oauth.refresh_token(TOKEN, old)
    assert new["refresh_token"] != old
    refused("invalid_grant", lambda: oauth.refresh_token(TOKEN, old))
    refused("invalid_grant", lambda: oauth.refresh_token(TOKEN, new["refresh_token"]))


def revocation():
    oauth = session(scope="openid offline_access", redirect_uri=CALLBACK, code_challenge_method="S256")
    token = code(oauth)
    answer = oauth.revoke_token(FOUND["revocation_endpoint"], token["refresh_token"], "refresh_token")
    assert answer.status_code == 200, answer.text
    assert oauth.get(FOUND["userinfo_endpoint"]).status_code == 401


def client_credentials():
    for way in ("client_secret_basic", "client_secret_post"):
        # Authlib sends the secret of the header as it is, which only ASCII survives.
        made = requests.post(FOUND["registration_endpoint"], timeout=10, json={
            "redirect_uris": [CALLBACK], "token_endpoint_auth_method": way, "scope": "email",
        })
        assert made.status_code == 201, made.text
        refused("unauthorized_client", lambda: session(
            made.json()["client_id"], made.json()["client_secret"], way,
        ).fetch_token(TOKEN, grant_type="client_credentials"))
    oauth = session("confidential", SECRET, "client_secret_post", scope="docs")
    token = oauth.fetch_token(TOKEN, grant_type="client_credentials", resource="https://api.example/")
    keys = KeySet.import_key_set(requests.get(FOUND["jwks_uri"], timeout=10).json())
    claims = jwt.decode(token["access_token"], keys).claims
    assert (claims["aud"], claims["scope"]) == ("https://api.example/", "docs"), claims
    wrong = session("confidential", "wrong", "client_secret_post")
    refused("invalid_client", lambda: wrong.fetch_token(TOKEN, grant_type="client_credentials"))


def private_key():
    key = RSAKey.generate_key(2048, private=True)
    made = requests.post(FOUND["registration_endpoint"], timeout=10, json={
        "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt", "scope": "email",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }).json()
    oauth = session(made["client_id"], key.as_dict(private=True), "private_key_jwt", scope="openid email",
                    redirect_uri=CALLBACK, code_challenge_method="S256")
    oauth.register_client_auth_method(PrivateKeyJWT(TOKEN))
    assert code(oauth)["id_token"]


def device_code():
    scope = "openid docs"
    started = requests.post(FOUND["device_authorization_endpoint"], timeout=10,
                            data={"client_id": "public", "scope": scope}).json()
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    oauth = session(scope=scope)
    poll = lambda: oauth.fetch_token(TOKEN, grant_type=grant, device_code=started["device_code"])
    refused("authorization_pending", poll)
    refused("slow_down", poll)
    browse(started["verification_uri_complete"])
    requests.post(f"{BASE}/_emulator/advance", data=json.dumps({"seconds": 30}), timeout=10)
    assert poll()["scope"] == scope
    refused("invalid_grant", poll)


def proofs_at_a_guard():
    docs = f"{SERVICE}/docs"
    for key, algorithms in ((ECKey.generate_key("P-256"), ["ES256"]), (RSAKey.generate_key(2048), ["RS256", "PS256"])):
        for algorithm in algorithms:
            public = key.as_dict(private=False)
            header = {"typ": "dpop+jwt", "alg": algorithm, "jwk": public}

            def proof(method, url, **more):
                claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()), **more}
                return jwt.encode(header, claims, key, algorithms=[algorithm])

            # A token of the authorization server, which asks for its nonce first.
            form = {"grant_type": "client_credentials", "client_id": "confidential", "client_secret": SECRET,
                    "scope": "docs", "resource": SERVICE}
            nonce = {}
            for _ in range(2):
                answer = requests.post(TOKEN, data=form, headers={"DPoP": proof("POST", TOKEN, **nonce)}, timeout=10)
                nonce = {"nonce": answer.headers.get("DPoP-Nonce")}
            token = answer.json()["access_token"]
            assert answer.json()["token_type"] == "DPoP", answer.text
            ath = urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode()

            def ask(scheme, *proofs):
                headers = {"Authorization": f"{scheme} {token}"}
                headers.update({"DPoP": one for one in proofs})
                return requests.get(docs, headers=headers, timeout=10).status_code

            good = proof("GET", docs, ath=ath)
            assert ask("DPoP", good) == 200, algorithm
            for scheme, *proofs in (
                ("DPoP", good),
                ("DPoP",),
                ("Bearer",),
                ("Bearer", proof("GET", docs, ath=ath)),
                ("DPoP", proof("GET", f"{SERVICE}/other", ath=ath)),
                ("DPoP", proof("POST", docs, ath=ath)),
                ("DPoP", proof("GET", docs)),
            ):
                assert ask(scheme, *proofs) == 401, (algorithm, scheme, proofs)


CHECKS = [code_with_pkce, revocation, client_credentials, private_key, device_code, proofs_at_a_guard]
failed = 0
for check in CHECKS:
    try:
        check()
        print(f"ok      Authlib: {check.__name__}")
    except Exception:
        failed += 1
        print(f"FAILED  Authlib: {check.__name__}")
        traceback.print_exc(file=sys.stdout)
sys.exit(1 if failed else 0)
