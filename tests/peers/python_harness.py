"""What the scenarios of the Python SDK share: an emulator of their own, a watched client, checks."""

import inspect
import json
import logging
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from importlib.metadata import version
from pathlib import Path

from descope import AuthException, DeliveryMethod, DescopeClient

VERSION = version("descope")
MODERN = VERSION.startswith("2.")
ADA, PHONE = "ada@example.com", "+12025550101"
EMAIL = DeliveryMethod.EMAIL
SCENARIOS = []
OPERATIONS = Path(__file__).parents[2] / "src/operations.txt"

# The client warns of what the scenarios of failures do on purpose.
logging.disable(logging.WARNING)


def scenario(run=None, *, modern=False, options=()):
    """Adds a scenario: for newer versions only, or on an emulator with these options."""

    def add(run):
        run.options = options
        if MODERN or not modern:
            SCENARIOS.append(run)
        return run

    return add(run) if run else add


class Emulator:
    """The program under test, and its control paths."""

    def __init__(self, program, options):
        self.process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
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
        return self.control("POST", "advance", {"seconds": seconds})["time"]

    def now(self):
        return self.advance(0)

    def fault(self, kind, path, times=1, **more):
        self.control("POST", "faults", {"kind": kind, "path": path, "times": times, **more})

    def seen(self, path):
        """How many requests went to a path."""
        requests = self.control("GET", "requests")["requests"]
        return sum(of["count"] for of in requests if of["path"] == path)

    def messages(self, to):
        return self.control("GET", "inbox?to=" + urllib.parse.quote(to))["messages"]

    def message(self, to):
        found = self.messages(to)
        assert found, f"no message to {to}"
        return found[-1]

    def code(self, to):
        return self.message(to)["code"]

    def link_token(self, to):
        return token_of(self.message(to)["link"])


class Run:
    """One scenario's client, which notes the public methods that return."""

    def __init__(self, emulator):
        self.emulator = emulator
        self.called = set()
        self.client = new_client(emulator, emulator.key)
        self.watch(self.client, "client")

    def watch(self, area, path):
        for name in dir(type(area)):
            if name.startswith("_"):
                continue
            if isinstance(inspect.getattr_static(type(area), name), property):
                if path in ("client", "client.mgmt"):
                    self.watch(getattr(area, name), f"{path}.{name}")
            elif callable(getattr(type(area), name)):
                setattr(area, name, self.noting(getattr(area, name), f"{path}.{name}"))

    def noting(self, method, path):
        def call(*args, **kwargs):
            returned = method(*args, **kwargs)
            self.called.add(path)
            return returned

        return call

    def sign_in(self, login_id=ADA):
        """A user who has signed in by a code."""
        self.client.otp.sign_up_or_in(EMAIL, login_id)
        return self.client.otp.verify_code(EMAIL, login_id, self.emulator.code(login_id))

    def is_signed_in(self, signed_in, login_id, amr):
        """The session is that of this user, was proved in this way, and ends with its logout."""
        claims = self.client.validate_session(session(signed_in))
        assert claims["sub"] == signed_in["user"]["userId"], claims
        assert sorted(claims["amr"]) == sorted(amr), claims
        assert login_id in signed_in["user"]["loginIds"], signed_in["user"]
        me = self.client.me(refresh(signed_in))
        assert me["userId"] == claims["sub"] and login_id in me["loginIds"], me
        renewed = self.client.refresh_session(refresh(signed_in))
        assert renewed["sessionToken"]["sub"] == claims["sub"]
        self.client.logout(refresh(signed_in))
        fails("E064001", self.client.refresh_session, refresh(signed_in))


def emulated(operation):
    """Whether the list of operations marks this one, by its method and path, as emulated."""
    for line in OPERATIONS.read_text().splitlines():
        if line.startswith(f"{operation} "):
            return "emulator" in line.split(" ")[3]
    raise AssertionError(f"src/operations.txt has no {operation}")


def new_client(emulator, key, **more):
    if MODERN:
        return DescopeClient(emulator.project, management_key=key, base_url=emulator.base, **more)
    return DescopeClient(emulator.project, management_key=key)  # reads DESCOPE_BASE_URI


def token_of(link):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["t"][0]


def session(signed_in):
    return signed_in["sessionToken"]["jwt"]


def refresh(signed_in):
    return signed_in["refreshSessionToken"]["jwt"]


def fails(code, call, *args, **kwargs):
    """The call is refused, with this code: of the service, or where there is none, of HTTP."""
    try:
        call(*args, **kwargs)
    except AuthException as error:
        found = error.status_code == code if isinstance(code, int) else code in str(error)
        assert found, f"{code} expected: {error}"
        return error
    raise AssertionError(f"{call} should have failed with {code}")


def breaks(call, *args):
    """The SDK looks for an answer's list where no answer has it, so that this method cannot run."""
    try:
        call(*args)
    except KeyError:
        return
    raise AssertionError(f"{call} runs now: check what it returns")


def names(items, key="name"):
    return sorted(item[key] for item in items)


def wrong(code):
    """Another code of the same form."""
    return code[:-1] + ("0" if code[-1] != "0" else "1")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def at_provider(url, login_id):
    """Signs in at the emulator's identity provider, as a browser would, and returns the code."""
    separator = "&" if "?" in url else "?"
    chosen = f"{url}{separator}loginId={urllib.parse.quote(login_id)}"
    try:
        urllib.request.build_opener(NoRedirect).open(chosen)
    except urllib.error.HTTPError as answer:
        assert answer.code in (302, 303), answer
        back = answer.headers["location"]
        return urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]
    raise AssertionError("the provider did not redirect")
