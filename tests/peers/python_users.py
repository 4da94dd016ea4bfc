"""Users by management: their life, and what can be changed of them."""

import descope
from descope import DeliveryMethod, LoginOptions

from python_harness import ADA, EMAIL, PHONE, fails, names, refresh, scenario, session, token_of


def user(answer):
    return answer["user"]


def tenant_roles(user):
    return {of["tenantId"]: sorted(of["roleNames"]) for of in user["userTenants"] or []}


def prepare(run):
    mgmt = run.client.mgmt
    mgmt.role.create("Pilot")
    mgmt.role.create("Cook")
    mgmt.tenant.create("Acme", id="acme")
    mgmt.tenant.create("Other", id="other")
    return mgmt.user


@scenario
def users(run):
    c = prepare(run)
    given = dict(
        email=ADA,
        phone=PHONE,
        display_name="Ada",
        given_name="Augusta",
        middle_name="King",
        family_name="Lovelace",
        role_names=["Cook"],
        user_tenants=[descope.AssociatedTenant("acme", ["Pilot"])],
        picture="https://a.example/p.png",
        custom_attributes={"level": 3},
        verified_email=True,
        verified_phone=False,
        additional_login_ids=["countess"],
    )
    made = user(c.create("ada", **given))
    assert sorted(made["loginIds"]) == ["ada", "countess"] and made["roleNames"] == ["Cook"]
    assert (made["email"], made["phone"], made["picture"]) == (ADA, PHONE, given["picture"])
    shown = [made[name] for name in ("name", "givenName", "middleName", "familyName")]
    assert shown == ["Ada", "Augusta", "King", "Lovelace"]
    assert tenant_roles(made) == {"acme": ["Pilot"]} and made["status"] == "invited"
    assert made["customAttributes"] == {"level": 3}
    assert made["verifiedEmail"] is True and made["verifiedPhone"] is False
    fails("E062107", c.create, "ada")
    fails("E062107", c.create, "eve", additional_login_ids=["countess"])
    for same in (c.load("ada"), c.load("countess"), c.load_by_user_id(made["userId"])):
        assert user(same) == made
    fails("E112102", c.load, "nobody")
    fails("E112102", c.load_by_user_id, "nobody")

    # 1.7.1 returns nothing from these two. A patch leaves what is not given, an update clears it.
    c.patch("ada", display_name="Countess")
    patched = user(c.load("ada"))
    assert {**made, "name": "Countess"} == {**patched, "modifiedTime": made["modifiedTime"]}
    c.update("ada", email=ADA)
    replaced = user(c.load("ada"))
    assert replaced["email"] == ADA and replaced["userId"] == made["userId"]
    assert not any(replaced[name] for name in ("phone", "name", "picture", "customAttributes"))
    assert not replaced["roleNames"] and tenant_roles(replaced) == {}
    fails("E112102", c.update, "nobody")
    fails("E112102", c.patch, "nobody", display_name="X")

    c.create("bob", email="bob@example.com")
    c.delete("bob")
    fails("E112102", c.load, "bob")
    c.delete_by_user_id(made["userId"])
    fails("E112102", c.load, "ada")
    assert c.search_all()["users"] == []


@scenario
def changes_of_users(run):
    c = prepare(run)
    made = user(c.create("ada", email=ADA))

    def changed(answer, **members):
        """The answer has these members, and so has the user that is loaded then."""
        loaded = user(c.load_by_user_id(made["userId"]))
        assert user(answer) == loaded
        assert {name: loaded[name] for name in members} == members, loaded

    changed(c.deactivate("ada"), status="disabled")
    c.set_active_password("ada", "Lasting-Secret-22")
    fails("EMU403", run.client.password.sign_in, "ada", "Lasting-Secret-22")
    changed(c.activate("ada"), status="enabled")
    run.client.password.sign_in("ada", "Lasting-Secret-22")
    changed(c.update_email("ada", "new@example.com", True), email="new@example.com", verifiedEmail=True)
    changed(c.update_email("ada", ADA, False), email=ADA, verifiedEmail=False)
    changed(c.update_phone("ada", PHONE, True), phone=PHONE, verifiedPhone=True)
    shown = {"name": "A", "givenName": "B", "middleName": "C", "familyName": "D"}
    changed(c.update_display_name("ada", "A", "B", "C", "D"), **shown)
    changed(c.update_picture("ada", "https://a.example/q"), picture="https://a.example/q")
    changed(c.update_custom_attribute("ada", "level", 4), customAttributes={"level": 4})
    changed(c.set_roles("ada", ["Pilot"]), roleNames=["Pilot"])
    assert sorted(user(c.add_roles("ada", ["Cook"]))["roleNames"]) == ["Cook", "Pilot"]
    changed(c.remove_roles("ada", ["Pilot"]), roleNames=["Cook"])
    fails("E011004", c.add_roles, "ada", ["Nobody"])

    def in_tenants(answer, expected):
        changed(answer)
        assert tenant_roles(user(answer)) == expected, answer

    in_tenants(c.add_tenant("ada", "acme"), {"acme": []})
    in_tenants(c.add_tenant("ada", "other"), {"acme": [], "other": []})
    in_tenants(c.set_tenant_roles("ada", "other", ["Pilot"]), {"acme": [], "other": ["Pilot"]})
    both = {"acme": [], "other": ["Cook", "Pilot"]}
    in_tenants(c.add_tenant_roles("ada", "other", ["Cook"]), both)
    in_tenants(c.remove_tenant_roles("ada", "other", ["Pilot"]), {"acme": [], "other": ["Cook"]})
    in_tenants(c.remove_tenant("ada", "other"), {"acme": []})
    fails("EMU404", c.add_tenant, "ada", "nowhere")
    fails("E011004", c.add_tenant_roles, "ada", "other", ["Cook"])

    apps = run.client.mgmt.sso_application
    one, two = (apps.create_oidc_application(name, "https://a.example")["id"] for name in "ab")
    changed(c.set_sso_apps("ada", [one]), ssoAppIds=[one])
    changed(c.add_sso_apps("ada", [two]), ssoAppIds=[one, two])
    changed(c.remove_sso_apps("ada", [one]), ssoAppIds=[two])
    apps.delete(two)
    assert user(c.load("ada"))["ssoAppIds"] == []

    changed(c.update_login_id("ada", "lovelace"), loginIds=["lovelace"])
    fails("E112102", c.load, "ada")
    c.create("bob")
    fails("E062107", c.update_login_id, "bob", "lovelace")


@scenario
def search_of_users(run):
    c = prepare(run)
    attributes = {"level": 3}
    tenants = [descope.AssociatedTenant("acme")]
    ada = user(c.create("ada", email=ADA, role_names=["Cook"], custom_attributes=attributes))
    bob = user(c.create("bob", phone=PHONE, display_name="Robert", user_tenants=tenants))
    tester = user(c.create_test_user("tester"))

    def found(**filters):
        return [of["loginIds"][0] for of in c.search_all(**filters)["users"]]

    assert sorted(found()) == ["ada", "bob"]
    assert found(tenant_ids=["acme"]) == ["bob"] and found(role_names=["Cook"]) == ["ada"]
    assert found(emails=[ADA]) == ["ada"] and found(phones=[PHONE]) == ["bob"]
    assert found(text="robert") == ["bob"] and found(text="nobody") == []
    assert found(custom_attributes=attributes) == ["ada"]
    assert found(statuses=["disabled"]) == []
    assert found(login_ids=["bob"]) == ["bob"]
    assert sorted(found(with_test_user=True)) == ["ada", "bob", "tester"]
    assert found(test_users_only=True) == ["tester"]
    assert len({*found(limit=1, page=0), *found(limit=1, page=1)}) == 2
    assert found(limit=1, page=2) == []
    assert c.search_all_test_users()["users"] == [tester]
    run.client.mgmt.tenant.delete("acme")
    assert tenant_roles(user(c.load_by_user_id(bob["userId"]))) == {}
    assert user(c.load_by_user_id(ada["userId"])) == ada


@scenario
def invitations(run):
    c, e = run.client.mgmt.user, run.emulator
    invited = user(c.invite(ADA, email=ADA, invite_url="https://a.example", send_mail=True))
    assert invited["status"] == "invited", invited
    message = e.message(ADA)
    assert (message["purpose"], message["link"]) == ("invite", "https://a.example"), message
    batch = [descope.UserObj("bob", email="bob@example.com"), descope.UserObj("eve", phone=PHONE)]
    answer = c.invite_batch(batch, invite_url="https://a.example", send_mail=True, send_sms=True)
    assert not answer["failedUsers"], answer
    assert sorted(of["loginIds"][0] for of in answer["createdUsers"]) == ["bob", "eve"]
    assert e.message("bob@example.com")["method"] == "email" and e.message(PHONE)["method"] == "sms"
    answer = c.invite_batch(batch, invite_url="https://a.example", send_mail=True)
    assert answer["createdUsers"] == [] and len(answer["failedUsers"]) == 2
    assert all("exists" in of["failure"] for of in answer["failedUsers"]), answer
    run.sign_in(ADA)
    assert user(c.load(ADA))["status"] == "enabled", "by the first sign-in"


@scenario
def test_users(run):
    c, client = run.client.mgmt.user, run.client
    made = user(c.create_test_user("tester", email="tester@example.com", phone=PHONE))
    assert made["test"] is True, made
    c.create("ada")
    options = LoginOptions(custom_claims={"a": 1})
    otp = c.generate_otp_for_test_user(EMAIL, "tester", options)
    assert otp["loginId"] == "tester"
    signed_in = client.otp.verify_code(EMAIL, "tester", otp["code"])
    assert signed_in["user"]["userId"] == made["userId"] and signed_in["sessionToken"]["a"] == 1
    by_text = c.generate_otp_for_test_user(DeliveryMethod.SMS, "tester")["code"]
    assert client.otp.verify_code(DeliveryMethod.SMS, "tester", by_text)["user"]["test"] is True
    magic = c.generate_magic_link_for_test_user(EMAIL, "tester", "https://a.example")
    signed_in = client.magiclink.verify(token_of(magic["link"]))
    assert signed_in["user"]["userId"] == made["userId"]
    enchanted = c.generate_enchanted_link_for_test_user("tester", "https://a.example")
    fails("E062503", client.enchantedlink.get_session, enchanted["pendingRef"])
    client.enchantedlink.verify(token_of(enchanted["link"]))
    signed_in = client.enchantedlink.get_session(enchanted["pendingRef"])
    assert signed_in["user"]["userId"] == made["userId"]
    assert run.emulator.messages("tester@example.com") == [], "nothing is sent to test users"
    embedded = c.generate_embedded_link("tester", {"b": 2})
    signed_in = client.magiclink.verify(embedded)
    assert signed_in["sessionToken"]["b"] == 2
    run.is_signed_in(signed_in, "tester", signed_in["sessionToken"]["amr"])
    fails("E062504", client.magiclink.verify, embedded)
    fails("E011004", c.generate_otp_for_test_user, EMAIL, "ada")
    c.delete_all_test_users()
    fails("E112102", c.load, "tester")
    assert user(c.load("ada"))["test"] is False


@scenario
def passwords_by_management(run):
    c, client = run.client.mgmt.user, run.client
    made = user(c.create("ada", email=ADA))
    c.set_temporary_password("ada", "Temporary-Secret-1")
    fails("E062909", client.password.sign_in, "ada", "Temporary-Secret-1")
    fails("EMU401", client.password.sign_in, "ada", "Another-Secret-33")
    c.set_active_password("ada", "Lasting-Secret-22")
    first = client.password.sign_in("ada", "Lasting-Secret-22")
    assert first["user"]["userId"] == made["userId"] and first["user"]["password"] is True
    c.expire_password("ada")
    fails("E062909", client.password.sign_in, "ada", "Lasting-Secret-22")
    replaced = client.password.replace("ada", "Lasting-Secret-22", "Other-Secret-44")
    assert client.validate_session(session(replaced))["sub"] == made["userId"]
    c.set_password("ada", "Another-Secret-33")
    fails("E062909", client.password.sign_in, "ada", "Another-Secret-33")
    c.set_active_password("ada", "Another-Secret-33")
    signed_in = client.password.sign_in("ada", "Another-Secret-33")
    history = c.history([made["userId"]])
    assert len(history) == 3 and {of["userId"] for of in history} == {made["userId"]}, history
    assert user(c.load("ada"))["loginIds"] == ["ada"] and names([signed_in["user"]], "userId")
    c.logout_user("ada")
    fails("E064001", client.refresh_session, refresh(signed_in))
    signed_in = client.password.sign_in("ada", "Another-Secret-33")
    c.logout_user_by_user_id(made["userId"])
    fails("E064001", client.refresh_session, refresh(signed_in))
