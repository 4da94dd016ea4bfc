"""django-descope, unmodified, against the emulator: its own tests, and what they leave out.

    python tests/peers/django_sdk.py EMULATOR

A site with the middleware of django-descope, asked by Django's test client. The exit status is 0 when all holds.
"""

import logging
import os
import sys
from importlib.metadata import version

import django
from django.conf import settings


def configure():
    """Sets Django up as a site that django-descope signs users in to."""
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "django.contrib.sessions",
            "django_descope",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django_descope.middleware.DescopeMiddleware",
        ],
        LOGIN_URL="/sign-in",
        ROOT_URLCONF="django_sdk",
        SECRET_KEY="of this test",
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]},
        }],
    )
    django.setup()


def main():
    # The harness needs no Django; it starts the emulator and steers it.
    from python_harness import Emulator

    emulator = Emulator(sys.argv[1], [])
    emulator.control("POST", "seed", {"roles": [{"name": "is_staff"}, {"name": "is_superuser"}]})
    os.environ.update(
        DESCOPE_BASE_URI=emulator.base, DESCOPE_PROJECT_ID=emulator.project, DESCOPE_MANAGEMENT_KEY=emulator.key,
    )
    try:
        configure()
        from django.test.runner import DiscoverRunner

        logging.disable(logging.ERROR)
        runner = DiscoverRunner(verbosity=0)
        labels = ["django_descope.test_store_jwt", "django_sdk"]
        count = runner.build_suite(labels).countTestCases()
        sys.modules["django_sdk"].EMULATOR = emulator
        failed = runner.run_tests(labels)
    finally:
        emulator.process.kill()
    print(f"django-descope {version('django_descope')}: {count - failed} of {count} scenarios hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

# From here on this is the module of the site and its tests, which `main` lets Django import.
# ruff: noqa: E402
from descope import REFRESH_SESSION_COOKIE_NAME as REFRESH
from descope import SESSION_COOKIE_NAME as SESSION
from descope import DeliveryMethod
from django.contrib import admin
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required, permission_required
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.template import engines
from django.test import TestCase
from django.urls import include, path
from django_descope import descope_client
from jwt import InvalidTokenError

EMULATOR = None
EMAIL = DeliveryMethod.EMAIL
ADA = "ada@example.com"


@login_required
def me(request):
    user = request.user
    return JsonResponse({
        "username": user.get_username(), "email": user.email, "staff": user.is_staff, "all": user.is_superuser,
    })


def sign_in(request):
    page = engines["django"].from_string('{% load descope %}{% descope_flow "sign-up-or-in" "/me" %}')
    return HttpResponse(page.render({}, request))


urlpatterns = [
    path("me", me),
    path("staff", staff_member_required(me, login_url="/sign-in")),
    path("delete", permission_required("auth.delete_user")(me)),
    path("sign-in", sign_in),
    path("admin/", admin.site.urls),
    path("descope/", include("django_descope.urls")),
]


class Site(TestCase):
    def setUp(self):
        cache.clear()
        descope_client.mgmt.user.create(ADA, email=ADA, verified_email=True)

    def tearDown(self):
        descope_client.mgmt.user.delete(ADA)

    def at_descope(self):
        """Signs the user in, and returns both tokens and the claims."""
        descope_client.otp.sign_in(EMAIL, ADA)
        found = descope_client.otp.verify_code(EMAIL, ADA, EMULATOR.code(ADA))
        return found["sessionToken"]["jwt"], found["refreshSessionToken"]["jwt"], found["sessionToken"]

    def store(self, session, refresh):
        return self.client.post("/descope/store_jwt", {SESSION: session, REFRESH: refresh})

    def expired(self, claims):
        own = {name: value for name, value in claims.items() if name not in ("jwt", "permissions", "roles", "tenants")}
        return EMULATOR.control("POST", "token", {"claims": {**own, "iat": 1, "exp": 2}})["jwt"]

    def is_signed_out(self, path="/me"):
        answer = self.client.get(path)
        self.assertRedirects(answer, f"/sign-in?next={path}")

    def test_a_visitor_is_sent_to_the_sign_in(self):
        for path in ("/me", "/staff", "/delete"):
            self.is_signed_out(path)
        page = self.client.get("/sign-in").content.decode()
        for text in ("<descope-wc", f'project-id="{EMULATOR.project}"', f'base-url="{EMULATOR.base}"', "/descope/store_jwt"):
            self.assertIn(text, page)

    def test_tokens_make_a_user(self):
        session, refresh, claims = self.at_descope()
        self.assertEqual(self.store(session, refresh).json(), {"success": True})
        expected = {"username": claims["sub"], "email": ADA, "staff": False, "all": False}
        self.assertEqual(self.client.get("/me").json(), expected)
        self.is_signed_out("/staff")

    def test_half_of_the_tokens_are_refused(self):
        session, refresh, _ = self.at_descope()
        self.assertEqual(self.client.post("/descope/store_jwt", {SESSION: session}).status_code, 400)
        self.assertEqual(self.client.post("/descope/store_jwt", {REFRESH: refresh}).status_code, 400)
        self.is_signed_out()

    def test_the_refresh_token_of_the_cookie_counts(self):
        session, refresh, claims = self.at_descope()
        self.client.cookies[REFRESH] = refresh
        self.client.post("/descope/store_jwt", {SESSION: session})
        self.assertEqual(self.client.get("/me").json()["username"], claims["sub"])

    def test_roles_open_what_they_should(self):
        descope_client.mgmt.user.add_roles(ADA, ["is_staff"])
        self.store(*self.at_descope()[:2])
        found = self.client.get("/staff").json()
        self.assertEqual((found["staff"], found["all"]), (True, False))
        self.is_signed_out("/delete")
        self.assertEqual(self.client.get("/admin/").status_code, 200)
        self.assertEqual(self.client.get("/admin/auth/group/").status_code, 403)

        descope_client.mgmt.user.add_roles(ADA, ["is_superuser"])
        self.store(*self.at_descope()[:2])
        self.assertEqual(self.client.get("/delete").json()["all"], True)
        self.assertEqual(self.client.get("/admin/auth/group/").status_code, 200)

    def test_an_expired_session_is_refreshed_with_the_roles_of_now(self):
        _, refresh, claims = self.at_descope()
        old = self.expired(claims)
        descope_client.mgmt.user.add_roles(ADA, ["is_staff"])
        self.store(old, refresh)
        before = EMULATOR.seen("/v1/auth/refresh")
        found = self.client.get("/me").json()
        self.assertEqual((found["username"], found["staff"]), (claims["sub"], True))
        new = self.client.session[SESSION]
        self.assertNotEqual(new, old)
        self.assertEqual(self.client.get("/me").json(), found)
        self.assertEqual(self.client.session[SESSION], new)
        self.assertEqual(EMULATOR.seen("/v1/auth/refresh"), before + 1)

    def test_a_user_who_was_signed_out_at_descope_is_signed_out_here(self):
        session, refresh, claims = self.at_descope()
        self.store(session, refresh)
        self.assertEqual(self.client.get("/me").status_code, 200)
        descope_client.logout(refresh)
        self.store(self.expired(claims), refresh)
        self.is_signed_out()
        self.assertNotIn(SESSION, self.client.session)

    def test_a_disabled_user_is_signed_out_at_the_next_refresh(self):
        _, refresh, claims = self.at_descope()
        descope_client.mgmt.user.deactivate(ADA)
        self.store(self.expired(claims), refresh)
        self.is_signed_out()
        descope_client.mgmt.user.activate(ADA)

    def test_forged_tokens_are_refused(self):
        session, refresh, _ = self.at_descope()
        head, body, signature = session.split(".")
        for forged in ("x", f"{head}.{body}.{signature[:-8]}AAAAAAAA", f"{head}.{body}.", refresh[:-8] + "AAAAAAAA"):
            self.client = self.client_class()
            self.store(forged, "x")
            try:
                self.is_signed_out()
            except InvalidTokenError:
                # The middleware does not catch what PyJWT says of a signature: the visitor sees an error page.
                pass
