"""Signing in: from sign-up to logout by each method."""

import base64
import hashlib
import hmac

import descope
from descope import AccessKeyLoginOptions, DeliveryMethod, LoginOptions

from authenticator import Authenticator
from python_harness import (
    ADA,
    EMAIL,
    MODERN,
    PHONE,
    at_provider,
    fails,
    names,
    refresh,
    scenario,
    session,
    wrong,
)

PAGE = "https://app.example.com/in"
NEW = "countess@example.com"


@scenario
def otp(run):
    c, e = run.client, run.emulator
    assert c.otp.sign_up(EMAIL, ADA, {"name": "Ada", "phone": PHONE}) == "a***@example.com"
    code = e.code(ADA)
    fails("E061102", c.otp.verify_code, EMAIL, ADA, wrong(code))
    signed_in = c.otp.verify_code(EMAIL, ADA, code)
    user = signed_in["user"]
    assert signed_in["firstSeen"] is True and user["email"] == ADA and user["name"] == "Ada"
    assert user["verifiedEmail"] is True and user["verifiedPhone"] is False
    assert user["phone"] == PHONE and user["status"] == "enabled"
    token = signed_in["sessionToken"]
    assert token["drn"] == "DS" and token["amr"] == ["email"] and token["sub"] == user["userId"]
    assert signed_in["refreshSessionToken"]["drn"] == "DSR"
    fails("E061102", c.otp.verify_code, EMAIL, ADA, code)
    fails("E062107", c.otp.sign_up, EMAIL, ADA)
    run.is_signed_in(signed_in, ADA, ["email"])

    again = run.sign_in()
    assert again["firstSeen"] is False and again["user"]["userId"] == user["userId"]
    stepped = LoginOptions(stepup=True, custom_claims={"theme": "dark"})
    c.otp.sign_in(EMAIL, ADA, stepped, refresh(again))
    stepped = c.otp.verify_code(EMAIL, ADA, e.code(ADA))["sessionToken"]
    assert stepped["su"] is True and stepped["theme"] == "dark", stepped
    c.otp.sign_in(EMAIL, ADA, LoginOptions(mfa=True), refresh(again))
    second = c.otp.verify_code(EMAIL, ADA, e.code(ADA))
    assert sorted(second["sessionToken"]["amr"]) == ["email", "mfa"], second["sessionToken"]


@scenario
def otp_by_phone(run):
    c, e = run.client, run.emulator
    for method in (DeliveryMethod.SMS, DeliveryMethod.VOICE, DeliveryMethod.WHATSAPP):
        name = method.name.lower()
        number = {"sms": PHONE, "voice": "+12025550102", "whatsapp": "+12025550103"}[name]
        assert c.otp.sign_up_or_in(method, number) == f"+1********{number[-2:]}"
        assert e.message(number)["method"] == name
        signed_in = c.otp.verify_code(method, number, e.code(number))
        assert signed_in["user"]["verifiedPhone"] is True and signed_in["user"]["phone"] == number
        run.is_signed_in(signed_in, number, [name])


@scenario
def otp_updates(run):
    c, e = run.client, run.emulator
    signed_in = run.sign_in()
    token, number = refresh(signed_in), "+12025550199"
    options = {"template_options": {"app": "Engine"}}
    c.otp.update_user_phone(DeliveryMethod.SMS, ADA, number, token, **options)
    assert e.message(number)["templateOptions"] == {"app": "Engine"}, e.message(number)
    assert not c.me(token).get("phone"), "nothing is verified yet"
    c.otp.verify_code(DeliveryMethod.SMS, ADA, e.code(number))
    c.otp.update_user_email(ADA, NEW, token, add_to_login_ids=True, on_merge_use_existing=True)
    assert c.me(token)["email"] == ADA, "nothing is verified yet"
    c.otp.verify_code(EMAIL, ADA, e.code(NEW))
    user = c.me(token)
    assert (user["phone"], user["verifiedPhone"]) == (number, True), user
    assert (user["email"], user["verifiedEmail"]) == (NEW, True), user
    assert sorted(user["loginIds"]) == [ADA, NEW]
    by_new = run.sign_in(NEW)
    assert by_new["user"]["userId"] == user["userId"] and by_new["firstSeen"] is False


@scenario
def sessions(run):
    c, e = run.client, run.emulator
    c.mgmt.permission.create("fly")
    c.mgmt.role.create("Pilot", permission_names=["fly"])
    c.mgmt.role.create("Cook")
    c.mgmt.tenant.create("Acme", id="acme")
    tenants = [descope.AssociatedTenant("acme", ["Pilot"])]
    c.mgmt.user.create(ADA, email=ADA, role_names=["Pilot"], user_tenants=tenants)
    signed_in = run.sign_in()
    claims = c.validate_session(session(signed_in))
    assert claims["sub"] == signed_in["user"]["userId"]
    assert claims["roles"] == ["Pilot"] and claims["permissions"] == ["fly"]
    assert claims["tenants"] == {"acme": {"roles": ["Pilot"], "permissions": ["fly"]}}, claims
    roles_are_checked(c, claims)

    # Claims follow what management changes, at the next refresh.
    c.mgmt.user.add_roles(ADA, ["Cook"])
    c.mgmt.user.set_tenant_roles(ADA, "acme", ["Cook"])
    c.mgmt.role.update("Cook", "Chef", permission_names=["fly"])
    renewed = c.refresh_session(refresh(signed_in))["sessionToken"]
    assert renewed["sub"] == claims["sub"] and sorted(renewed["roles"]) == ["Chef", "Pilot"]
    assert renewed["tenants"]["acme"] == {"roles": ["Chef"], "permissions": ["fly"]}, renewed
    c.mgmt.role.delete("Chef")
    renewed = c.refresh_session(refresh(signed_in))["sessionToken"]
    assert renewed["roles"] == ["Pilot"] and renewed["tenants"]["acme"] == {}, renewed

    checked = c.validate_and_refresh_session(session(signed_in), refresh(signed_in))
    assert checked["sessionToken"]["jti"] == claims["jti"], "still good, so not refreshed"
    expired = e.control("POST", "token", {"claims": {**claims, "iat": 1, "exp": 2}})["jwt"]
    fails("expired" if MODERN else "times error", c.validate_session, expired)
    checked = c.validate_and_refresh_session(expired, refresh(signed_in))["sessionToken"]
    assert checked["sub"] == claims["sub"] and checked["jti"] != claims["jti"]

    selected = c.select_tenant("acme", refresh(signed_in))
    assert selected["sessionToken"]["dct"] == "acme"
    fails("EMU403", c.select_tenant, "nowhere", refresh(signed_in))
    assert names(c.my_tenants(refresh(signed_in), ids=["acme"])["tenants"], "id") == ["acme"]
    assert c.my_tenants(refresh(signed_in), ids=["other"])["tenants"] == []
    assert names(c.my_tenants(refresh(selected), dct=True)["tenants"], "id") == ["acme"]
    history = c.history(refresh(signed_in))
    assert len(history) == 1 and history[0]["userId"] == claims["sub"]
    assert abs(history[0]["loginTime"] - e.now()) < 60, history
    assert c.me(refresh(signed_in))["loginIds"] == [ADA]

    other = run.sign_in()
    third = run.sign_in()
    c.logout(refresh(signed_in))
    fails("E064001", c.refresh_session, refresh(signed_in))
    c.refresh_session(refresh(other))
    c.logout_all(refresh(other))
    for ended in (other, third):
        fails("E064001", c.refresh_session, refresh(ended))
    fails("E064001", c.me, refresh(third))


def roles_are_checked(c, claims):
    if MODERN:
        answer = {**claims, "roles": ["Pilot"], "permissions": ["fly"]}
    else:
        answer = claims
    checks = [
        (c.validate_roles, c.get_matched_roles, (), "Pilot", "Admin"),
        (c.validate_permissions, c.get_matched_permissions, (), "fly", "swim"),
        (c.validate_tenant_roles, c.get_matched_tenant_roles, ("acme",), "Pilot", "Admin"),
        (
            c.validate_tenant_permissions,
            c.get_matched_tenant_permissions,
            ("acme",),
            "fly",
            "swim",
        ),
    ]
    for validate, matched, tenant, has, lacks in checks:
        assert validate(answer, *tenant, [has]) is True
        assert validate(answer, *tenant, [has, lacks]) is False
        assert matched(answer, *tenant, [lacks, has]) == [has]
        if tenant:
            assert validate(answer, "nowhere", []) is False
            assert matched(answer, "nowhere", [has]) == []


@scenario(options=["--rotate-refresh-tokens"])
def rotated_refresh_tokens(run):
    c = run.client
    signed_in = run.sign_in()
    renewed = c.refresh_session(refresh(signed_in))
    assert refresh(renewed) != refresh(signed_in)
    fails("E061005", c.refresh_session, refresh(signed_in))
    assert c.me(refresh(renewed))["loginIds"] == [ADA]


@scenario(options=["--refresh-tokens-in-cookies"])
def refresh_tokens_in_cookies(run):
    run.is_signed_in(run.sign_in(), ADA, ["email"])


@scenario
def access_keys_exchanged(run):
    c = run.client
    c.mgmt.permission.create("read")
    c.mgmt.role.create("Reader", permission_names=["read"])
    c.mgmt.tenant.create("Acme", id="acme")
    tenants = [descope.AssociatedTenant("acme", ["Reader"])]
    made = c.mgmt.access_key.create("ci", role_names=["Reader"], key_tenants=tenants)
    options = AccessKeyLoginOptions(custom_claims={"build": 7})
    exchanged = c.exchange_access_key(made["cleartext"], login_options=options)
    token = exchanged["sessionToken"]
    assert exchanged["keyId"] == made["key"]["id"] == token["sub"]
    assert token["roles"] == ["Reader"] and token["permissions"] == ["read"]
    assert token["tenants"]["acme"]["roles"] == ["Reader"] and token["nsec"] == {"build": 7}, token
    assert c.validate_session(token["jwt"])["sub"] == made["key"]["id"]
    fails("EMU401", c.exchange_access_key, "K2nothing")


@scenario
def magic_link(run):
    c, e = run.client, run.emulator
    masked = c.magiclink.sign_up(EMAIL, ADA, PAGE, {"name": "Ada"})
    assert masked == "a***@example.com" and e.message(ADA)["link"].startswith(f"{PAGE}?")
    token = e.link_token(ADA)
    signed_in = c.magiclink.verify(token)
    assert signed_in["user"]["name"] == "Ada" and signed_in["firstSeen"] is True
    assert signed_in["user"]["verifiedEmail"] is True
    fails("E062504", c.magiclink.verify, token)
    fails("E062107", c.magiclink.sign_up, EMAIL, ADA, PAGE)
    fails("E062108", c.magiclink.sign_in, EMAIL, "nobody@example.com", PAGE)
    c.magiclink.sign_in(EMAIL, ADA, PAGE, LoginOptions(mfa=True), refresh(signed_in))
    again = c.magiclink.verify(e.link_token(ADA))
    assert sorted(again["sessionToken"]["amr"]) == ["email", "mfa"], again["sessionToken"]
    run.is_signed_in(again, ADA, ["email", "mfa"])

    c.magiclink.sign_up_or_in(DeliveryMethod.SMS, PHONE, PAGE)
    by_phone = c.magiclink.verify(e.link_token(PHONE))
    assert by_phone["user"]["verifiedPhone"] is True
    run.is_signed_in(by_phone, PHONE, ["sms"])

    c.magiclink.update_user_email(ADA, NEW, refresh(signed_in))
    assert c.me(refresh(signed_in))["email"] == ADA, "nothing is verified yet"
    c.magiclink.verify(e.link_token(NEW))
    user = c.me(refresh(signed_in))
    assert user["email"] == NEW and user["loginIds"] == [ADA], user
    # Both versions post a change of phone number without the delivery method, to a path of no
    # operation, so that this method cannot run.
    update = c.magiclink.update_user_phone
    fails("EMU501", update, DeliveryMethod.SMS, ADA, PHONE, refresh(signed_in))
    c.magiclink.sign_in(EMAIL, ADA, PAGE)
    late = e.link_token(NEW)
    e.advance(24 * 3600)
    fails("E062504", c.magiclink.verify, late)


@scenario
def enchanted_link(run):
    c, e = run.client, run.emulator

    def click(started, to=ADA):
        assert started["linkId"] and started["pendingRef"] and "*" in started["maskedEmail"]
        error = fails("E062503", c.enchantedlink.get_session, started["pendingRef"])
        assert error.status_code == 401, error
        token = e.link_token(to)
        c.enchantedlink.verify(token)
        fails("E062504", c.enchantedlink.verify, token)
        signed_in = c.enchantedlink.get_session(started["pendingRef"])
        fails(401, c.enchantedlink.get_session, started["pendingRef"])
        return signed_in

    signed_in = click(c.enchantedlink.sign_up(ADA, PAGE, {"name": "Ada"}))
    assert signed_in["user"]["name"] == "Ada" and signed_in["firstSeen"] is True
    stepped = LoginOptions(stepup=True)
    again = click(c.enchantedlink.sign_in(ADA, PAGE, stepped, refresh(signed_in)))
    assert again["sessionToken"]["su"] is True and again["firstSeen"] is False
    bob = "bob@example.com"
    run.is_signed_in(click(c.enchantedlink.sign_up_or_in(bob, PAGE), bob), bob, ["email"])
    click(c.enchantedlink.update_user_email(ADA, NEW, refresh(signed_in)), NEW)
    assert c.me(refresh(signed_in))["email"] == NEW
    fails("E062504", c.enchantedlink.verify, "nothing")
    fails(401, c.enchantedlink.get_session, "nothing")
    fails("E062108", c.enchantedlink.sign_in, "nobody@example.com", PAGE)
    run.is_signed_in(again, ADA, ["email"])


@scenario
def totp(run):
    c, e = run.client, run.emulator
    made = c.totp.sign_up(ADA, {"name": "Ada"})
    url = made["provisioningURL"]
    assert url.startswith("otpauth://totp/") and f"secret={made['key']}" in url, url
    image = made["image"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(image).startswith(b"\x89PNG")
    code = totp_code(made["key"], e.now())
    fails("E061102", c.totp.sign_in_code, ADA, wrong(code))
    signed_in = c.totp.sign_in_code(ADA, code)
    assert signed_in["user"]["name"] == "Ada" and signed_in["user"]["TOTP"] is True
    fails("E061102", c.totp.sign_in_code, ADA, code)
    renewed = c.totp.update_user(ADA, refresh(signed_in))
    now = e.now()
    fails("E061102", c.totp.sign_in_code, ADA, totp_code(made["key"], now))
    again = c.totp.sign_in_code(ADA, totp_code(renewed["key"], now))
    run.is_signed_in(again, ADA, ["totp"])
    late = totp_code(renewed["key"], e.advance(30))
    e.advance(120)
    fails("E061102", c.totp.sign_in_code, ADA, late)


def totp_code(key, now):
    """RFC 6238 with the defaults of every authenticator app."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    digest = hmac.new(secret, (now // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


@scenario
def passwords(run):
    c, e = run.client, run.emulator
    policy = c.password.get_policy()
    rules = ("minLength", "lowercase", "uppercase", "number", "nonAlphanumeric")
    assert [policy[rule] for rule in rules] == [8, True, True, True, False], policy
    good, better = "Analytical-Engine-1843", "Difference-Engine-1822"
    fails("E011004", c.password.sign_up, ADA, "short")
    signed_in = c.password.sign_up(ADA, good, {"name": "Ada", "email": ADA})
    assert signed_in["user"]["password"] is True and signed_in["user"]["email"] == ADA
    fails("E062107", c.password.sign_up, ADA, good)
    fails("EMU401", c.password.sign_in, ADA, better)
    again = c.password.sign_in(ADA, good)
    assert again["user"]["userId"] == signed_in["user"]["userId"] and again["firstSeen"] is False
    run.is_signed_in(again, ADA, ["pwd"])
    c.password.update(ADA, better, refresh(signed_in))
    fails("EMU401", c.password.sign_in, ADA, good)
    fails("EMU401", c.password.replace, ADA, good, better)
    replaced = c.password.replace(ADA, better, good)
    assert replaced["user"]["userId"] == signed_in["user"]["userId"]
    fails("EMU401", c.password.sign_in, ADA, better)
    sent = c.password.send_reset(ADA, "https://a.example/reset", {"a": "b"})
    assert sent["resetMethod"] == "magiclink" and sent["maskedEmail"] == "a***@example.com", sent
    assert e.message(ADA)["purpose"] == "password-reset"
    reset = c.magiclink.verify(e.link_token(ADA))
    c.password.update(ADA, better, refresh(reset))
    run.is_signed_in(c.password.sign_in(ADA, better), ADA, ["pwd"])


@scenario
def oauth(run):
    c = run.client
    started = c.oauth.start("google", "https://app.example.com/back")
    code = at_provider(started["url"], ADA)
    signed_in = c.oauth.exchange_token(code)
    user = signed_in["user"]
    assert user["email"] == ADA and user["OAuth"] == {"google": True}, user
    fails("E0", c.oauth.exchange_token, code)
    stepped = LoginOptions(stepup=True)
    stepped = c.oauth.start("google", "https://a.example", stepped, refresh(signed_in))
    again = c.oauth.exchange_token(at_provider(stepped["url"], ADA))
    assert again["sessionToken"]["su"] is True and again["user"]["userId"] == user["userId"]
    token = c.mgmt.user.get_provider_token(ADA, "google")
    assert token["provider"] == "google" and token["accessToken"], token
    assert token["providerUserID"] and token["scopes"] == [], token
    run.is_signed_in(signed_in, ADA, ["oauth"])
    fails("E0", c.oauth.start, "nobody", "https://a.example")


@scenario
def single_sign_on(run):
    from descope.management.sso_settings import SSOSAMLSettingsByMetadata

    c = run.client
    c.mgmt.tenant.create("Acme", id="acme", self_provisioning_domains=["example.com"])
    fails(400, c.sso.start, "acme", "https://a.example")
    settings = SSOSAMLSettingsByMetadata("https://idp.example/metadata")
    c.mgmt.sso.configure_saml_settings_by_metadata("acme", settings)
    for area in (c.sso, c.saml):
        started = area.start("acme", "https://app.example.com/back")
        code = at_provider(started["url"], ADA)
        signed_in = area.exchange_token(code)
        assert signed_in["user"]["email"] == ADA and signed_in["user"]["SAML"] is True
        assert list(signed_in["sessionToken"]["tenants"]) == ["acme"], signed_in["sessionToken"]
        fails("E0", area.exchange_token, code)
        run.is_signed_in(signed_in, ADA, signed_in["sessionToken"]["amr"])


@scenario
def passkeys(run):
    c, origin = run.client, "https://app.example.com"
    device = Authenticator(origin)
    started = c.webauthn.sign_up_start(ADA, origin, {"name": "Ada"})
    assert started["create"] is True
    made = c.webauthn.sign_up_finish(started["transactionId"], device.create(started["options"]))
    assert made["user"]["webauthn"] is True and made["user"]["name"] == "Ada"
    assert made["firstSeen"] is True
    started = c.webauthn.sign_in_start(ADA, origin)
    answer = device.get(started["options"])
    signed_in = c.webauthn.sign_in_finish(started["transactionId"], answer)
    assert signed_in["user"]["userId"] == made["user"]["userId"]
    fails(401, c.webauthn.sign_in_finish, started["transactionId"], answer)
    for other in (Authenticator(origin), device.at("https://evil.example")):
        started = c.webauthn.sign_in_start(ADA, origin)
        finish = c.webauthn.sign_in_finish
        fails(401, finish, started["transactionId"], other.get(started["options"]))
    started = c.webauthn.sign_up_or_in_start(ADA, origin)
    assert started["create"] is False
    finished = c.webauthn.sign_in_finish(started["transactionId"], device.get(started["options"]))
    run.is_signed_in(finished, ADA, ["webauthn"])
    second = Authenticator(origin)
    started = c.webauthn.update_start(ADA, refresh(made), origin)
    c.webauthn.update_finish(started["transactionId"], second.create(started["options"]))
    started = c.webauthn.sign_in_start(ADA, origin)
    finished = c.webauthn.sign_in_finish(started["transactionId"], second.get(started["options"]))
    assert finished["user"]["userId"] == made["user"]["userId"]
    c.mgmt.user.remove_all_passkeys(ADA)
    assert c.mgmt.user.load(ADA)["user"]["webauthn"] is False
    fails(400, c.webauthn.sign_in_start, ADA, origin)
