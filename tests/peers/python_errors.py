"""Failures, and that each is told as what it is."""

import time

from descope import DescopeClient, DeliveryMethod, RateLimitException

from python_harness import ADA, EMAIL, MODERN, fails, new_client, refresh, scenario, wrong

SIGN_IN = "/v1/auth/otp/signin/email"


@scenario
def wrong_expired_and_unknown(run):
    c, e = run.client, run.emulator
    fails("E062108", c.otp.sign_in, EMAIL, "nobody@example.com")
    run.sign_in()
    c.otp.sign_in(EMAIL, ADA)
    code = e.code(ADA)
    for _ in range(5):
        fails("E061102", c.otp.verify_code, EMAIL, ADA, wrong(code))
    error = fails("E061103", c.otp.verify_code, EMAIL, ADA, code)
    assert error.status_code == 401, error
    c.otp.sign_in(EMAIL, ADA)
    fails("E061102", c.otp.verify_code, DeliveryMethod.SMS, ADA, e.code(ADA))
    old = e.code(ADA)
    c.otp.sign_in(EMAIL, ADA)
    if old != e.code(ADA):
        fails("E061102", c.otp.verify_code, EMAIL, ADA, old)
    late = e.code(ADA)
    e.advance(3600)
    fails("E061102", c.otp.verify_code, EMAIL, ADA, late)


@scenario
def rate_limits(run):
    c, e = run.client, run.emulator
    run.sign_in()
    e.fault("status", SIGN_IN, status=429, headers={"retry-after": "7"})
    try:
        c.otp.sign_in(EMAIL, ADA)
    except RateLimitException as error:
        assert error.status_code == "E130429", error
        assert error.rate_limit_parameters == {"Retry-After": 7}, error.rate_limit_parameters
    else:
        raise AssertionError("no rate limit")
    assert e.seen(SIGN_IN) == 1, "nobody asks again at once"
    e.fault("status", "/v1/mgmt/user", status=429, headers={"retry-after": "60"})
    try:
        c.mgmt.user.load(ADA)
    except RateLimitException as error:
        assert error.rate_limit_parameters == {"Retry-After": 60}, error.rate_limit_parameters
    else:
        raise AssertionError("no rate limit")
    c.otp.sign_in(EMAIL, ADA)
    assert c.mgmt.user.load(ADA)["user"]["email"] == ADA


@scenario
def unavailable(run):
    c, e = run.client, run.emulator
    run.sign_in()
    e.fault("status", "/v1/mgmt/user", status=503)
    if MODERN:
        assert c.mgmt.user.load(ADA)["user"]["email"] == ADA, "it asks a second time"
        assert e.seen("/v1/mgmt/user") == 2
    else:
        fails(503, c.mgmt.user.load, ADA)
        assert e.seen("/v1/mgmt/user") == 1, "this version does not ask again"
    e.fault("html", "/v1/mgmt/user", status=502)
    error = fails(502, c.mgmt.user.load, ADA)
    assert "<html>" in str(error), error
    started = time.monotonic()
    e.fault("delay", "/v1/mgmt/user", milliseconds=200)
    assert c.mgmt.user.load(ADA)["user"]["email"] == ADA
    assert time.monotonic() - started >= 0.2


@scenario
def refused(run):
    c, e = run.client, run.emulator
    fails("EMU401", new_client(e, "wrong").mgmt.user.load, "ada")
    stranger = new_client(type("Other", (), {"project": "P2other", "base": e.base}), e.key)
    fails("EMU401", stranger.mgmt.user.load, "ada")
    fails("EMU401", stranger.otp.sign_in, EMAIL, ADA)
    error = fails(400, DescopeClient(e.project).otp.sign_in, EMAIL, "")
    assert error.error_type == "invalid argument" and e.seen(SIGN_IN) == 1, error

    # A user who is disabled, and one who is gone.
    signed_in = run.sign_in()
    c.mgmt.user.deactivate(ADA)
    fails("EMU403", c.refresh_session, refresh(signed_in))
    c.mgmt.user.activate(ADA)
    c.refresh_session(refresh(signed_in))
    c.mgmt.user.delete(ADA)
    assert fails("E0", c.refresh_session, refresh(signed_in)).status_code == 401


@scenario
def key_rotation(run):
    c, e = run.client, run.emulator
    old = run.sign_in()
    e.control("POST", "rotate-keys", {})
    new = run.sign_in("bob@example.com")
    assert c.validate_session(new["sessionToken"]["jwt"])["sub"] == new["user"]["userId"]
    fails("ublic key", c.refresh_session, refresh(old))
    e.fault("empty-keys", "/v2/keys/", times=9)
    assert c.validate_session(new["sessionToken"]["jwt"])["sub"] == new["user"]["userId"], "kept"
