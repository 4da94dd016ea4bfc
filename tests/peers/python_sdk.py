"""Runs the official Python SDK, unmodified, against the emulator, and checks what it gets back.

    python tests/peers/python_sdk.py target/debug/descope-emulator [report.json]

Every scenario gets an emulator of its own: the SDK cannot share the clock that some of them advance. A public method counts as run when it returned inside a
scenario whose checks all held. The exit status is 0 when all scenarios hold.
"""

import inspect
import json
import os
import subprocess
import sys
import traceback
import urllib.error
import urllib.parse
import urllib.request
from importlib.metadata import version

import descope
from descope import (
    AccessKeyLoginOptions,
    AuthException,
    DeliveryMethod,
    DescopeClient,
    LoginOptions,
)

from authenticator import Authenticator

VERSION = version("descope")
MODERN = VERSION.startswith("2.")
ADA, PHONE = "ada@example.com", "+12025550101"
SCENARIOS = []


def scenario(run):
    SCENARIOS.append(run)
    return run


class Emulator:
    """The program under test, and its control paths."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        lines = [self.process.stdout.readline().strip().split("=", 1) for _ in range(3)]
        settings = dict(lines)
        self.base = settings["DESCOPE_BASE_URI"]
        self.project = settings["DESCOPE_PROJECT_ID"]
        self.key = settings["DESCOPE_MANAGEMENT_KEY"]

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/_emulator/{path}", data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def advance(self, seconds):
        self.control("POST", "advance", {"seconds": seconds})

    def message(self, to):
        found = self.control("GET", "inbox?to=" + urllib.parse.quote(to))["messages"]
        assert found, f"no message to {to}"
        return found[-1]

    def code(self, to):
        return self.message(to)["code"]

    def link_token(self, to):
        link = self.message(to)["link"]
        return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["t"][0]


class Run:
    """One scenario's client, which notes the public methods that return."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.called = set()
        self.client = (
            DescopeClient(
                project_id=emulator.project, management_key=emulator.key, base_url=emulator.base
            )
            if "base_url" in inspect.signature(DescopeClient).parameters
            else DescopeClient(project_id=emulator.project, management_key=emulator.key)
        )
        self.watch(self.client, "client")

    def watch(self, area, path):
        for name in dir(type(area)):
            if name.startswith("_"):
                continue
            if isinstance(inspect.getattr_static(type(area), name), property):
                if path in ("client", "client.mgmt"):
                    self.watch(getattr(area, name), f"{path}.{name}")
            elif callable(getattr(type(area), name)) and name in vars(type(area)):
                setattr(area, name, self.noting(getattr(area, name), f"{path}.{name}"))

    def noting(self, method, path):
        def call(*args, **kwargs):
            returned = method(*args, **kwargs)
            self.called.add(path)
            return returned

        return call

    def sign_in(self, login_id=ADA):
        """A user who has signed in by a code."""
        self.client.otp.sign_up_or_in(DeliveryMethod.EMAIL, login_id)
        return self.client.otp.verify_code(
            DeliveryMethod.EMAIL, login_id, self.emulator.code(login_id)
        )


def jwt(signed_in, name):
    return signed_in[name]["jwt"]


def session(signed_in):
    return jwt(signed_in, "sessionToken")


def refresh(signed_in):
    return jwt(signed_in, "refreshSessionToken")


def fails(code, call, *args, **kwargs):
    """The call is refused, with this error code."""
    try:
        call(*args, **kwargs)
    except AuthException as error:
        assert code is None or code in str(error), f"{code} expected: {error}"
        return error
    raise AssertionError(f"{call} should have failed with {code}")


def names(items, key="name"):
    return sorted(item[key] for item in items)


# Signing in ---------------------------------------------------------------------------------------


@scenario
def otp(run):
    c, e = run.client, run.emulator
    masked = c.otp.sign_up(DeliveryMethod.EMAIL, ADA, {"name": "Ada", "phone": PHONE})
    assert masked.startswith("a") and "*" in masked
    code = e.code(ADA)
    fails(
        "E061102",
        c.otp.verify_code,
        DeliveryMethod.EMAIL,
        ADA,
        "000000" if code != "000000" else "1",
    )
    signed_in = c.otp.verify_code(DeliveryMethod.EMAIL, ADA, code)
    assert signed_in["firstSeen"] is True and signed_in["user"]["email"] == ADA
    assert signed_in["user"]["name"] == "Ada" and signed_in["user"]["verifiedEmail"] is True
    assert signed_in["sessionToken"]["drn"] == "DS" and signed_in["sessionToken"]["amr"] == [
        "email"
    ]
    fails(None, c.otp.verify_code, DeliveryMethod.EMAIL, ADA, code)
    fails("E062107", c.otp.sign_up, DeliveryMethod.EMAIL, ADA)
    fails("E062108", c.otp.sign_in, DeliveryMethod.EMAIL, "nobody@example.com")

    signed_in = run.sign_in()
    stepped = LoginOptions(stepup=True, custom_claims={"theme": "dark"})
    c.otp.sign_in(DeliveryMethod.EMAIL, ADA, stepped, refresh(signed_in))
    stepped = c.otp.verify_code(DeliveryMethod.EMAIL, ADA, e.code(ADA))
    assert stepped["sessionToken"].get("su") is True, stepped["sessionToken"]

    c.otp.update_user_phone(
        DeliveryMethod.SMS, ADA, "+12025550199", refresh(signed_in), template_options={"a": "b"}
    )
    c.otp.verify_code(DeliveryMethod.SMS, ADA, e.code("+12025550199"))
    c.otp.update_user_email(
        ADA,
        "countess@example.com",
        refresh(signed_in),
        add_to_login_ids=True,
        on_merge_use_existing=True,
    )
    c.otp.verify_code(DeliveryMethod.EMAIL, ADA, e.code("countess@example.com"))
    user = c.me(refresh(signed_in))
    assert user["phone"] == "+12025550199" and user["email"] == "countess@example.com"
    assert "countess@example.com" in user["loginIds"]

    c.otp.sign_in(DeliveryMethod.EMAIL, "countess@example.com")
    late = e.code("countess@example.com")
    e.advance(3600)
    fails(None, c.otp.verify_code, DeliveryMethod.EMAIL, "countess@example.com", late)


@scenario
def sessions(run):
    c, e = run.client, run.emulator
    c.mgmt.permission.create("fly")
    c.mgmt.role.create("Pilot", permission_names=["fly"])
    c.mgmt.tenant.create("Acme", id="acme")
    tenants = [descope.AssociatedTenant("acme", ["Pilot"])]
    c.mgmt.user.create(ADA, email=ADA, role_names=["Pilot"], user_tenants=tenants)
    signed_in = run.sign_in()
    claims = c.validate_session(session(signed_in))
    assert claims["sub"] == signed_in["user"]["userId"]
    if not MODERN:
        assert c.validate_roles(claims, ["Pilot"]) and not c.validate_roles(claims, ["Admin"])
        assert c.validate_permissions(claims, ["fly"]) and not c.validate_permissions(
            claims, ["swim"]
        )
        assert c.validate_tenant_roles(claims, "acme", ["Pilot"])
        assert c.validate_tenant_permissions(claims, "acme", ["fly"])
        assert c.get_matched_roles(claims, ["Pilot", "Admin"]) == ["Pilot"]
        assert c.get_matched_permissions(claims, ["swim", "fly"]) == ["fly"]
        assert c.get_matched_tenant_roles(claims, "acme", ["Pilot", "Admin"]) == ["Pilot"]
        assert c.get_matched_tenant_permissions(claims, "acme", ["fly"]) == ["fly"]

    renewed = c.refresh_session(refresh(signed_in))
    assert renewed["sessionToken"]["sub"] == claims["sub"]
    checked = c.validate_and_refresh_session(session(signed_in), refresh(signed_in))
    assert checked["sessionToken"]["sub"] == claims["sub"]
    expired = e.control("POST", "token", {"claims": {**claims, "iat": 1, "exp": 2}})["jwt"]
    fails(None, c.validate_session, expired)
    checked = c.validate_and_refresh_session(expired, refresh(signed_in))
    assert checked["sessionToken"]["exp"] >= claims["exp"]

    selected = c.select_tenant("acme", refresh(signed_in))
    assert selected["sessionToken"]["dct"] == "acme"
    fails(None, c.select_tenant, "nowhere", refresh(signed_in))
    assert names(c.my_tenants(refresh(signed_in), ids=["acme"])["tenants"], "id") == ["acme"]
    assert names(c.my_tenants(refresh(selected), dct=True)["tenants"], "id") == ["acme"]
    history = c.history(refresh(signed_in))
    assert history and history[0]["userId"] == claims["sub"]
    assert c.me(refresh(signed_in))["loginIds"] == [ADA]

    other = run.sign_in()
    c.logout(refresh(signed_in))
    fails(None, c.refresh_session, refresh(signed_in))
    c.refresh_session(refresh(other))
    c.logout_all(refresh(other))
    fails(None, c.refresh_session, refresh(other))


@scenario
def access_keys_exchanged(run):
    c = run.client
    c.mgmt.role.create("Reader")
    c.mgmt.tenant.create("Acme", id="acme")
    made = c.mgmt.access_key.create(
        "ci", role_names=["Reader"], key_tenants=[descope.AssociatedTenant("acme")]
    )
    options = AccessKeyLoginOptions(custom_claims={"build": 7})
    exchanged = c.exchange_access_key(made["cleartext"], login_options=options)
    assert exchanged["keyId"] == made["key"]["id"]
    assert (
        exchanged["sessionToken"]["roles"] == ["Reader"]
        and "acme" in exchanged["sessionToken"]["tenants"]
    )
    assert exchanged["sessionToken"]["build"] == 7, exchanged["sessionToken"]
    fails(None, c.exchange_access_key, "K2nothing")


@scenario
def magic_link(run):
    c, e = run.client, run.emulator
    assert "*" in c.magiclink.sign_up(
        DeliveryMethod.EMAIL, ADA, "https://app.example.com/in", {"name": "Ada"}
    )
    assert e.message(ADA)["link"].startswith("https://app.example.com/in?")
    token = e.link_token(ADA)
    signed_in = c.magiclink.verify(token)
    assert signed_in["user"]["name"] == "Ada" and signed_in["firstSeen"] is True
    fails(None, c.magiclink.verify, token)
    fails(
        "E062108",
        c.magiclink.sign_in,
        DeliveryMethod.EMAIL,
        "nobody@example.com",
        "https://a.example",
    )
    c.magiclink.sign_in(
        DeliveryMethod.EMAIL, ADA, "https://a.example", LoginOptions(mfa=True), refresh(signed_in)
    )
    again = c.magiclink.verify(e.link_token(ADA))
    assert "mfa" in again["sessionToken"]["amr"], again["sessionToken"]
    c.magiclink.sign_up_or_in(DeliveryMethod.SMS, PHONE, "https://a.example")
    by_phone = c.magiclink.verify(e.link_token(PHONE))
    assert by_phone["user"]["verifiedPhone"] is True
    c.magiclink.update_user_email(ADA, "countess@example.com", refresh(signed_in))
    c.magiclink.verify(e.link_token("countess@example.com"))
    # Both versions post a change of phone number without the delivery method, to a path of no
    # operation, so that this method cannot run.
    fails("EMU501", c.magiclink.update_user_phone, DeliveryMethod.SMS, ADA, PHONE, refresh(signed_in))
    user = c.me(refresh(signed_in))
    assert user["email"] == "countess@example.com", user
    c.magiclink.sign_in(DeliveryMethod.EMAIL, ADA, "https://a.example")
    late = e.link_token("countess@example.com")
    e.advance(24 * 3600)
    fails(None, c.magiclink.verify, late)


@scenario
def enchanted_link(run):
    c, e = run.client, run.emulator

    def click(started, to=ADA):
        assert started["linkId"] and started["pendingRef"] and "*" in started["maskedEmail"]
        error = fails(None, c.enchantedlink.get_session, started["pendingRef"])
        assert error.status_code == 401, error
        c.enchantedlink.verify(e.link_token(to))
        return c.enchantedlink.get_session(started["pendingRef"])

    signed_in = click(c.enchantedlink.sign_up(ADA, "https://a.example", {"name": "Ada"}))
    assert signed_in["user"]["name"] == "Ada"
    again = click(
        c.enchantedlink.sign_in(
            ADA, "https://a.example", LoginOptions(stepup=True), refresh(signed_in)
        )
    )
    assert again["sessionToken"]["su"] is True
    click(c.enchantedlink.sign_up_or_in("bob@example.com", "https://a.example"), "bob@example.com")
    click(
        c.enchantedlink.update_user_email(ADA, "countess@example.com", refresh(signed_in)),
        "countess@example.com",
    )
    assert c.me(refresh(signed_in))["email"] == "countess@example.com"
    fails(None, c.enchantedlink.verify, "nothing")
    fails(None, c.enchantedlink.get_session, "nothing")


@scenario
def totp(run):
    c, e = run.client, run.emulator
    made = c.totp.sign_up(ADA, {"name": "Ada"})
    assert made["provisioningURL"].startswith("otpauth://totp/") and made["image"] and made["key"]
    fails(None, c.totp.sign_in_code, ADA, "000000")
    now = e.control("POST", "advance", {"seconds": 0})["time"]
    signed_in = c.totp.sign_in_code(ADA, totp_code(made["key"], now))
    assert "totp" in signed_in["sessionToken"]["amr"]
    renewed = c.totp.update_user(ADA, refresh(signed_in))
    fails(None, c.totp.sign_in_code, ADA, totp_code(made["key"], now))
    c.totp.sign_in_code(ADA, totp_code(renewed["key"], now))


def totp_code(key, now):
    """RFC 6238 with the defaults of every authenticator app."""
    import base64
    import hashlib
    import hmac

    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    digest = hmac.new(secret, (now // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


@scenario
def passwords(run):
    c, e = run.client, run.emulator
    policy = c.password.get_policy()
    assert policy["minLength"] > 0
    good, better = "Analytical-Engine-1843", "Difference-Engine-1822"
    fails(None, c.password.sign_up, ADA, "short")
    signed_in = c.password.sign_up(ADA, good, {"name": "Ada", "email": ADA})
    assert "pwd" in signed_in["sessionToken"]["amr"], signed_in["sessionToken"]
    fails("E062107", c.password.sign_up, ADA, good)
    fails(None, c.password.sign_in, ADA, better)
    c.password.sign_in(ADA, good)
    c.password.update(ADA, better, refresh(signed_in))
    fails(None, c.password.sign_in, ADA, good)
    c.password.replace(ADA, better, good)
    c.password.sign_in(ADA, good)
    sent = c.password.send_reset(ADA, "https://a.example/reset", {"a": "b"})
    assert sent["resetMethod"], sent
    reset = c.magiclink.verify(e.link_token(ADA))
    c.password.update(ADA, better, refresh(reset))
    c.password.sign_in(ADA, better)


def at_provider(url, login_id):
    """Signs in at the emulator's identity provider, as a browser would, and returns the code."""
    answer = provider(url, login_id)
    return urllib.parse.parse_qs(urllib.parse.urlsplit(answer).query)["code"][0]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def provider(url, login_id):
    separator = "&" if "?" in url else "?"
    chosen = f"{url}{separator}loginId={urllib.parse.quote(login_id)}"
    try:
        urllib.request.build_opener(NoRedirect).open(chosen)
    except urllib.error.HTTPError as answer:
        assert answer.code in (302, 303), answer
        return answer.headers["location"]
    raise AssertionError("the provider did not redirect")


@scenario
def oauth(run):
    c = run.client
    started = c.oauth.start("google", "https://app.example.com/back")
    code = at_provider(started["url"], ADA)
    signed_in = c.oauth.exchange_token(code)
    assert signed_in["user"]["email"] == ADA and signed_in["user"]["OAuth"].get("google") is True
    assert signed_in["sessionToken"]["amr"] == ["oauth"], signed_in["sessionToken"]
    fails(None, c.oauth.exchange_token, code)
    stepped = c.oauth.start(
        "google", "https://a.example", LoginOptions(stepup=True), refresh(signed_in)
    )
    again = c.oauth.exchange_token(at_provider(stepped["url"], ADA))
    assert again["sessionToken"]["su"] is True
    token = c.mgmt.user.get_provider_token(ADA, "google")
    assert token["provider"] == "google" and token["accessToken"], token


@scenario
def single_sign_on(run):
    c = run.client
    c.mgmt.tenant.create("Acme", id="acme", self_provisioning_domains=["example.com"])
    fails(None, c.sso.start, "acme", "https://a.example")
    from descope.management.sso_settings import SSOSAMLSettingsByMetadata

    settings = SSOSAMLSettingsByMetadata("https://idp.example/metadata")
    c.mgmt.sso.configure_saml_settings_by_metadata("acme", settings)
    for area in (c.sso, c.saml):
        started = area.start("acme", "https://app.example.com/back")
        code = at_provider(started["url"], ADA)
        signed_in = area.exchange_token(code)
        assert signed_in["user"]["email"] == ADA and "acme" in signed_in["sessionToken"]["tenants"]
        fails(None, area.exchange_token, code)


@scenario
def passkeys(run):
    c, origin = run.client, "https://app.example.com"
    device = Authenticator(origin)
    started = c.webauthn.sign_up_start(ADA, origin, {"name": "Ada"})
    signed_in = c.webauthn.sign_up_finish(
        started["transactionId"], device.create(started["options"])
    )
    assert "webauthn" in signed_in["sessionToken"]["amr"], signed_in["sessionToken"]
    started = c.webauthn.sign_in_start(ADA, origin)
    answer = device.get(started["options"])
    c.webauthn.sign_in_finish(started["transactionId"], answer)
    fails(None, c.webauthn.sign_in_finish, started["transactionId"], answer)
    started = c.webauthn.sign_in_start(ADA, origin)
    fails(
        None,
        c.webauthn.sign_in_finish,
        started["transactionId"],
        Authenticator(origin).get(started["options"]),
    )
    started = c.webauthn.sign_up_or_in_start(ADA, origin)
    c.webauthn.sign_in_finish(started["transactionId"], device.get(started["options"]))
    second = Authenticator(origin)
    started = c.webauthn.update_start(ADA, refresh(signed_in), origin)
    c.webauthn.update_finish(started["transactionId"], second.create(started["options"]))
    started = c.webauthn.sign_in_start(ADA, origin)
    c.webauthn.sign_in_finish(started["transactionId"], second.get(started["options"]))
    c.mgmt.user.remove_all_passkeys(ADA)
    assert c.mgmt.user.load(ADA)["user"]["webauthn"] is False


# Management ---------------------------------------------------------------------------------------


def user(answer):
    return answer["user"]


@scenario
def users(run):
    c = run.client.mgmt.user
    run.client.mgmt.role.create("Pilot")
    run.client.mgmt.role.create("Cook")
    run.client.mgmt.tenant.create("Acme", id="acme")
    tenants = [descope.AssociatedTenant("acme", ["Pilot"])]
    made = user(
        c.create(
            "ada",
            email=ADA,
            phone=PHONE,
            display_name="Ada",
            given_name="Ada",
            middle_name="King",
            family_name="Lovelace",
            role_names=["Cook"],
            user_tenants=tenants,
            picture="https://a.example/p.png",
            custom_attributes={"level": 3},
            verified_email=True,
            verified_phone=False,
            additional_login_ids=["countess"],
        )
    )
    assert sorted(made["loginIds"]) == ["ada", "countess"] and made["roleNames"] == ["Cook"]
    assert made["userTenants"][0]["tenantId"] == "acme" and made["userTenants"][0]["roleNames"] == [
        "Pilot"
    ]
    assert made["customAttributes"] == {"level": 3} and made["verifiedEmail"] is True
    fails(None, c.create, "ada")
    assert user(c.load("countess"))["userId"] == made["userId"]
    assert user(c.load_by_user_id(made["userId"]))["email"] == ADA
    fails(None, c.load, "nobody")

    # 1.7.1 returns nothing from these two.
    patched = user(c.patch("ada", display_name="Countess") or c.load("ada"))
    assert patched["name"] == "Countess" and patched["email"] == ADA and patched["phone"] == PHONE
    replaced = user(c.update("ada", email=ADA) or c.load("ada"))
    assert replaced["email"] == ADA and not replaced.get("phone"), replaced

    assert user(c.deactivate("ada"))["status"] == "disabled"
    assert user(c.activate("ada"))["status"] == "enabled"
    assert user(c.update_email("ada", "new@example.com", True))["verifiedEmail"] is True
    assert user(c.update_phone("ada", PHONE, True))["phone"] == PHONE
    shown = user(c.update_display_name("ada", "A", "B", "C", "D"))
    assert (shown["name"], shown["givenName"], shown["familyName"]) == ("A", "B", "D")
    assert user(c.update_picture("ada", "https://a.example/q.png"))["picture"].endswith("q.png")
    assert user(c.update_custom_attribute("ada", "level", 4))["customAttributes"]["level"] == 4
    assert user(c.set_roles("ada", ["Pilot"]))["roleNames"] == ["Pilot"]
    assert sorted(user(c.add_roles("ada", ["Cook"]))["roleNames"]) == ["Cook", "Pilot"]
    assert user(c.remove_roles("ada", ["Pilot"]))["roleNames"] == ["Cook"]
    run.client.mgmt.tenant.create("Other", id="other")
    assert "other" in names(user(c.add_tenant("ada", "other"))["userTenants"], "tenantId")
    c.set_tenant_roles("ada", "other", ["Pilot"])
    added = user(c.add_tenant_roles("ada", "other", ["Cook"]))
    assert [
        sorted(of["roleNames"]) for of in added["userTenants"] if of["tenantId"] == "other"
    ] == [["Cook", "Pilot"]]
    removed = user(c.remove_tenant_roles("ada", "other", ["Pilot"]))
    assert [
        of["roleNames"] for of in (removed["userTenants"] or []) if of["tenantId"] == "other"
    ] == [["Cook"]]
    assert "other" not in names(
        user(c.remove_tenant("ada", "other"))["userTenants"] or [], "tenantId"
    )
    app = run.client.mgmt.sso_application.create_oidc_application("App", "https://a.example")["id"]
    assert user(c.set_sso_apps("ada", [app]))["ssoAppIds"] == [app]
    assert not user(c.remove_sso_apps("ada", [app]))["ssoAppIds"]
    assert user(c.add_sso_apps("ada", [app]))["ssoAppIds"] == [app]
    assert "lovelace" in user(c.update_login_id("ada", "lovelace"))["loginIds"]

    c.add_tenant("lovelace", "acme")
    found = c.search_all(text="lovelace")["users"]
    assert [of["userId"] for of in found] == [made["userId"]]
    c.create("bob", email="bob@example.com")
    assert len(c.search_all(limit=1, page=0)["users"]) == 1
    assert len(c.search_all(emails=["bob@example.com"])["users"]) == 1
    assert len(c.search_all(tenant_ids=["acme"])["users"]) == 1
    assert len(c.search_all(role_names=["Cook"])["users"]) == 1
    c.delete("bob")
    c.delete_by_user_id(made["userId"])
    assert c.search_all()["users"] == []


@scenario
def invitations(run):
    c = run.client.mgmt.user
    invited = user(c.invite(ADA, email=ADA, invite_url="https://a.example", send_mail=True))
    assert invited["status"] == "invited", invited
    assert run.emulator.message(ADA)
    batch = [descope.UserObj("bob", email="bob@example.com"), descope.UserObj("eve", phone=PHONE)]
    answer = c.invite_batch(batch, invite_url="https://a.example", send_mail=True, send_sms=True)
    assert len(answer["createdUsers"]) == 2 and not answer["failedUsers"], answer
    answer = c.invite_batch(batch, invite_url="https://a.example", send_mail=True)
    assert len(answer["failedUsers"]) == 2 and answer["failedUsers"][0]["failure"], answer


@scenario
def test_users(run):
    c, client = run.client.mgmt.user, run.client
    made = user(c.create_test_user("tester", email="tester@example.com", phone=PHONE))
    assert made["test"] is True, made
    assert [of["userId"] for of in c.search_all_test_users()["users"]] == [made["userId"]]
    otp = c.generate_otp_for_test_user(
        DeliveryMethod.EMAIL, "tester", LoginOptions(custom_claims={"a": 1})
    )
    signed_in = client.otp.verify_code(DeliveryMethod.EMAIL, "tester", otp["code"])
    assert otp["loginId"] == "tester" and signed_in["user"]["userId"] == made["userId"]
    magic = c.generate_magic_link_for_test_user(DeliveryMethod.EMAIL, "tester", "https://a.example")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(magic["link"]).query)["t"][0]
    client.magiclink.verify(token)
    enchanted = c.generate_enchanted_link_for_test_user("tester", "https://a.example")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(enchanted["link"]).query)["t"][0]
    client.enchantedlink.verify(token)
    client.enchantedlink.get_session(enchanted["pendingRef"])
    embedded = c.generate_embedded_link("tester", {"b": 2})
    assert client.magiclink.verify(embedded)["sessionToken"]["b"] == 2
    fails(None, client.magiclink.verify, embedded)
    c.delete_all_test_users()
    fails(None, c.load, "tester")


@scenario
def passwords_by_management(run):
    c, client = run.client.mgmt.user, run.client
    c.create("ada", email=ADA)
    c.set_temporary_password("ada", "Temporary-Secret-1")
    fails(None, client.password.sign_in, "ada", "Temporary-Secret-1")
    c.set_active_password("ada", "Lasting-Secret-22")
    client.password.sign_in("ada", "Lasting-Secret-22")
    c.expire_password("ada")
    fails(None, client.password.sign_in, "ada", "Lasting-Secret-22")
    if MODERN:
        c.set_password("ada", "Another-Secret-33")
        c.set_active_password("ada", "Another-Secret-33")
    else:
        c.set_password("ada", "Another-Secret-33", True)
    signed_in = client.password.sign_in("ada", "Another-Secret-33")
    history = c.history([signed_in["user"]["userId"]])
    assert history and history[0]["userId"] == signed_in["user"]["userId"]
    c.logout_user("ada")
    fails(None, client.refresh_session, refresh(signed_in))
    signed_in = client.password.sign_in("ada", "Another-Secret-33")
    c.logout_user_by_user_id(signed_in["user"]["userId"])
    fails(None, client.refresh_session, refresh(signed_in))


@scenario
def tenants(run):
    c = run.client.mgmt.tenant
    made = c.create("Acme", self_provisioning_domains=["acme.example"], custom_attributes={})
    c.create("Other", id="other")
    fails(None, c.create, "Other", id="other")
    assert c.load(made["id"])["selfProvisioningDomains"] == ["acme.example"]
    c.update(made["id"], "Acme Ltd", ["acme.example", "acme.test"])
    assert c.load(made["id"])["name"] == "Acme Ltd"
    assert names(c.load_all()["tenants"]) == ["Acme Ltd", "Other"]
    assert names(c.search_all(ids=["other"])["tenants"]) == ["Other"]
    assert names(c.search_all(names=["Acme Ltd"])["tenants"]) == ["Acme Ltd"]
    run.client.mgmt.user.create("ada", user_tenants=[descope.AssociatedTenant("other")])
    c.delete("other", cascade=True)
    fails(None, c.load, "other")
    fails(None, run.client.mgmt.user.load, "ada")


@scenario
def roles_and_permissions(run):
    p, r = run.client.mgmt.permission, run.client.mgmt.role
    p.create("fly", "may fly")
    p.update("fly", "glide", "may glide")
    assert "glide" in names(p.load_all()["permissions"])
    r.create("Pilot", "flies", ["glide"])
    fails(None, r.create, "Pilot")
    run.client.mgmt.user.create("ada", role_names=["Pilot"])
    r.update("Pilot", "Captain", "commands", ["glide"])
    assert run.client.mgmt.user.load("ada")["user"]["roleNames"] == ["Captain"]
    assert "Captain" in names(r.load_all()["roles"])
    found = r.search(role_names=["Captain"], permission_names=["glide"])["roles"]
    assert found[0]["permissionNames"] == ["glide"]
    r.delete("Captain")
    assert not run.client.mgmt.user.load("ada")["user"]["roleNames"]
    p.delete("glide")
    assert "glide" not in names(p.load_all()["permissions"])


@scenario
def access_keys(run):
    c = run.client.mgmt.access_key
    made = c.create(
        "ci", 0, description="for builds", custom_claims={"a": 1}, permitted_ips=["10.0.0.1"]
    )
    key = made["key"]["id"]
    assert c.load(key)["key"]["name"] == "ci"
    c.update(key, "cd", "for deploys")
    assert c.load(key)["key"]["name"] == "cd"
    c.deactivate(key)
    fails(None, run.client.exchange_access_key, made["cleartext"])
    c.activate(key)
    run.client.exchange_access_key(made["cleartext"])
    assert names(c.search_all_access_keys()["keys"]) == ["cd"]
    c.delete(key)
    assert not c.search_all_access_keys()["keys"]


@scenario
def sso_settings(run):
    from descope.management import sso_settings as s

    c = run.client.mgmt.sso
    run.client.mgmt.tenant.create("Acme", id="acme")
    c.configure_oidc_settings(
        "acme",
        s.SSOOIDCSettings(
            "OIDC",
            "client",
            client_secret="secret",
            auth_url="https://idp.example/auth",
            token_url="https://idp.example/token",
            scope=["openid"],
        ),
        domains=["acme.example"],
    )
    assert c.load_settings("acme")["oidc"]["clientId"] == "client"
    saml = s.SSOSAMLSettings(
        "https://idp.example", "entity", "cert", s.AttributeMapping(name="n", email="e"), []
    )
    c.configure_saml_settings("acme", saml, "https://a.example", ["acme.example"])
    assert c.load_settings("acme")["saml"]["idpEntityId"] == "entity"
    c.configure(
        "acme", "https://idp2.example", "entity2", "cert2", "https://a.example", ["acme.example"]
    )
    assert c.get_settings("acme")["idpEntityId"] == "entity2"
    c.configure_via_metadata("acme", "https://idp.example/metadata")
    run.client.mgmt.role.create("Pilot")
    c.mapping("acme", [s.RoleMapping(["pilots"], "Pilot")], s.AttributeMapping(name="n"))
    c.delete_settings("acme")
    assert not c.load_settings("acme").get("saml", {}).get("idpMetadataUrl")
    fails(None, c.load_settings, "nowhere")


@scenario
def sso_applications(run):
    c = run.client.mgmt.sso_application
    oidc = c.create_oidc_application(
        "Wiki", "https://wiki.example/login", description="d", logo="l", force_authentication=True
    )["id"]
    saml = c.create_saml_application(
        "CRM",
        "https://crm.example/login",
        use_metadata_info=True,
        metadata_url="https://crm.example/metadata",
    )["id"]
    assert c.load(oidc)["name"] == "Wiki"
    c.update_oidc_application(oidc, "Wiki 2", "https://wiki.example/login")
    c.update_saml_application(
        saml,
        "CRM 2",
        "https://crm.example/login",
        use_metadata_info=False,
        entity_id="e",
        acs_url="https://crm.example/acs",
        certificate="c",
    )
    assert names(c.load_all()["apps"]) == ["CRM 2", "Wiki 2"]
    c.delete(oidc)
    fails(None, c.load, oidc)


@scenario
def groups(run):
    c = run.client.mgmt.group
    run.client.mgmt.tenant.create("Acme", id="acme")
    made = run.client.mgmt.user.create(
        ADA, email=ADA, user_tenants=[descope.AssociatedTenant("acme")]
    )
    groups = [
        {"tenantId": "acme", "id": "g1", "display": "Pilots", "loginIds": [ADA]},
        {"tenantId": "acme", "id": "g2", "display": "Cooks"},
    ]
    run.emulator.control("POST", "seed", {"groups": groups})
    assert names(c.load_all_groups("acme"), "id") == ["g1", "g2"]
    mine = c.load_all_groups_for_members("acme", login_ids=[ADA])
    assert names(mine, "id") == ["g1"] and mine[0]["members"][0]["userId"] == made["user"]["userId"]
    assert names(
        c.load_all_groups_for_members("acme", user_ids=[made["user"]["userId"]]), "id"
    ) == ["g1"]
    assert names(c.load_all_group_members("acme", "g1"), "id") == ["g1"]


@scenario
def tokens_by_management(run):
    c, client = run.client.mgmt, run.client
    signed_in = run.sign_in()
    updated = c.jwt.update_jwt(session(signed_in), {"level": 5})
    assert client.validate_session(updated)["level"] == 5
    c.permission.create("Impersonate")
    c.role.create("Support", permission_names=["Impersonate"])
    helper = c.user.create("helper", role_names=["Support"])["user"]["userId"]
    acting = c.jwt.impersonate(helper, ADA, False)
    assert acting
    fails(None, c.jwt.impersonate, helper, "nobody", False)


@scenario
def flows_and_theme(run):
    c = run.client.mgmt.flow
    flows = c.list_flows()["flows"]
    assert flows, "a project has flows"
    exported = c.export_flow(flows[0]["id"])
    c.import_flow("copy", exported["flow"], exported["screens"])
    assert "copy" in names(c.list_flows()["flows"], "id")
    c.delete_flows(["copy"])
    assert "copy" not in names(c.list_flows()["flows"], "id")
    theme = c.export_theme()["theme"]
    theme["cssTemplate"] = {"light": {"a": 1}}
    assert c.import_theme(theme)["theme"]["cssTemplate"] == {"light": {"a": 1}}
    assert c.export_theme()["theme"]["cssTemplate"] == {"light": {"a": 1}}


@scenario
def projects(run):
    c = run.client.mgmt.project
    c.update_name("Engine")
    c.update_tags(["a", "b"])
    assert [of["name"] for of in c.list_projects()["projects"]] == ["Engine"]
    made = c.clone("Copy", "production", ["c"])
    assert made["projectName"] == "Copy" and made["projectId"], made
    exported = (c.export_snapshot if MODERN else c.export_project)()
    files = exported["files"] if MODERN else exported
    if not MODERN:
        c.import_project(files)
    else:
        c.export_project()
        c.import_project(files)


@scenario
def audit(run):
    import datetime

    c = run.client.mgmt.audit
    run.sign_in()
    run.client.mgmt.tenant.create("Acme", id="acme")
    c.create_event("launch", "info", "ada", "acme", data={"rocket": 1})
    before = datetime.datetime.now() - datetime.timedelta(hours=1)
    found = c.search(actions=["launch"], from_ts=before)["audits"]
    assert len(found) == 1 and found[0]["action"] == "launch", found
    assert c.search(text="nothing like it")["audits"] == []
    assert c.search()["audits"]


SCHEMA = """model AuthZ 1.0

type user

type org
  relation member: user

type doc
  relation owner: user
  relation org: org
  permission can_view: owner | org.member
"""


@scenario
def fga(run):
    c = run.client.mgmt.fga
    c.save_schema(SCHEMA)

    def relation(resource_type, resource, relation, target_type, target):
        return {
            "resource": resource,
            "resourceType": resource_type,
            "relation": relation,
            "target": target,
            "targetType": target_type,
        }

    made = [
        relation("org", "acme", "member", "user", "bob"),
        relation("doc", "plan", "org", "org", "acme"),
        relation("doc", "plan", "owner", "user", "ada"),
    ]
    c.create_relations(made)
    asked = [relation("doc", "plan", "can_view", "user", who) for who in ("ada", "bob", "eve")]
    assert [answer["allowed"] for answer in c.check(asked)] == [True, True, False]
    c.delete_relations(made[:1])
    assert [answer["allowed"] for answer in c.check(asked)] == [True, False, False]
    fails(None, c.save_schema, "model AuthZ 1.0\ntype doc\n  relation owner:\n")


@scenario
def authz(run):
    import datetime

    c = run.client.mgmt.authz
    schema = {
        "name": "Files",
        "namespaces": [
            {
                "name": "note",
                "relationDefinitions": [
                    {"name": "owner"},
                    {
                        "name": "viewer",
                        "complexDefinition": {
                            "nType": "union",
                            "children": [
                                {"nType": "child", "expression": {"neType": "self"}},
                                {
                                    "nType": "child",
                                    "expression": {
                                        "neType": "targetSet",
                                        "targetRelationDefinition": "owner",
                                        "targetRelationDefinitionNamespace": "note",
                                    },
                                },
                            ],
                        },
                    },
                ],
            },
        ],
    }
    c.save_schema(schema, True)
    assert c.load_schema()["name"] == "Files"
    c.save_namespace({"name": "box", "relationDefinitions": [{"name": "keeper"}]})
    c.save_relation_definition({"name": "opener"}, "box")
    c.delete_relation_definition("opener", "box")
    c.delete_namespace("box")
    assert [of["name"] for of in c.load_schema()["namespaces"]] == ["note"]
    owner = {
        "resource": "diary",
        "relationDefinition": "owner",
        "namespace": "note",
        "target": "ada",
    }
    viewer = {
        "resource": "diary",
        "relationDefinition": "viewer",
        "namespace": "note",
        "target": "bob",
    }
    c.create_relations([owner, viewer])
    asked = [
        {"resource": "diary", "relationDefinition": "viewer", "namespace": "note", "target": who}
        for who in ("ada", "bob", "eve")
    ]
    assert [of["hasRelation"] for of in c.has_relations(asked)] == [True, True, False]
    assert sorted(c.who_can_access("diary", "viewer", "note")) == ["ada", "bob"]
    assert len(c.resource_relations("diary")) == 2
    assert len(c.targets_relations(["ada"])) == 1
    assert {of["relationDefinition"] for of in c.what_can_target_access("ada")} >= {"owner"}
    # Both versions look for these two answers under "relations", where they are not, so that the
    # methods cannot run.
    try:
        c.what_can_target_access_with_relation("ada", "viewer", "note")
    except KeyError:
        pass
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    try:
        c.get_modified(since)
    except KeyError:
        pass
    c.delete_relations([viewer])
    assert [of["hasRelation"] for of in c.has_relations(asked)] == [True, False, False]
    c.delete_relations_for_resources(["diary"])
    assert c.resource_relations("diary") == []
    c.delete_schema()


@scenario
def errors(run):
    c, e = run.client, run.emulator
    e.control(
        "POST",
        "faults",
        {
            "kind": "status",
            "status": 429,
            "headers": {"retry-after": "7"},
            "path": "/v1/auth/otp/signin/email",
            "times": 1,
        },
    )
    try:
        c.otp.sign_in(DeliveryMethod.EMAIL, ADA)
    except descope.RateLimitException as error:
        assert "7" in str(error.rate_limit_parameters), error.rate_limit_parameters
    else:
        raise AssertionError("no rate limit")
    other = DescopeClient(project_id=e.project, management_key="wrong")
    fails(None, other.mgmt.user.load, "ada")


def main():
    ran, failed, tried = {"client.__init__"}, [], 0
    only = sys.argv[3:]
    for run_scenario in SCENARIOS:
        if only and run_scenario.__name__ not in only:
            continue
        tried += 1
        emulator = Emulator(sys.argv[1])
        os.environ["DESCOPE_BASE_URI"] = emulator.base
        run = Run(emulator)
        every = all_methods(run.client)
        try:
            run_scenario(run)
            ran |= run.called
        except Exception as error:
            failed.append(run_scenario.__name__)
            at = traceback.extract_tb(error.__traceback__)
            line = [frame.lineno for frame in at if frame.filename == __file__][1]
            print(
                f"FAILED {run_scenario.__name__}, line {line}: {type(error).__name__}: {str(error)[:300]}"
            )
        finally:
            emulator.process.kill()
    missing = sorted(every - ran)
    print(
        f"descope {VERSION} for Python: {len(ran & every)} of {len(every)} methods run, {tried - len(failed)} of {tried} scenarios hold"
    )
    if len(sys.argv) > 2 and sys.argv[2] != "-":
        with open(sys.argv[2], "w") as report:
            json.dump(
                {"version": VERSION, "run": sorted(ran & every), "missing": missing},
                report,
                indent=1,
            )
    else:
        print("not run:", ", ".join(missing))
    sys.exit(bool(failed))


def all_methods(client):
    found = set()

    def walk(area, path):
        for name in dir(type(area)):
            if name.startswith("_"):
                continue
            if isinstance(inspect.getattr_static(type(area), name), property):
                if path in ("client", "client.mgmt"):
                    walk(getattr(area, name), f"{path}.{name}")
            elif callable(getattr(type(area), name)) and name in vars(type(area)):
                found.add(f"{path}.{name}")

    walk(client, "client")
    return found


if __name__ == "__main__":
    main()
