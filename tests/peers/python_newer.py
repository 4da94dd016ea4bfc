"""What newer versions of the SDK can do besides."""

import descope
from authenticator import Authenticator
from descope import LoginOptions
from python_auth import totp_code
from python_harness import (
    ADA,
    PHONE,
    emulated,
    fails,
    names,
    new_client,
    refresh,
    scenario,
    session,
)
from python_mgmt import only
from python_relations import SCHEMA, allowed, relation

PAGE = "https://app.example.com/in"


@scenario(modern=True)
def enchanted_link_by_phone(run):
    c, e = run.client, run.emulator

    def click(started, to):
        fails("E062503", c.enchantedlink.get_session, started["pendingRef"])
        assert e.message(to)["method"] == "sms"
        c.enchantedlink.verify(e.link_token(to))
        return c.enchantedlink.get_session(started["pendingRef"])

    made = click(c.enchantedlink.sign_up_with_phone(PHONE, PAGE, {"name": "Ada"}), PHONE)
    assert made["user"]["verifiedPhone"] is True and made["user"]["name"] == "Ada"
    for start in (c.enchantedlink.sign_in_with_phone, c.enchantedlink.sign_up_or_in_with_phone):
        again = click(start(PHONE, PAGE), PHONE)
        assert again["user"]["userId"] == made["user"]["userId"] and again["firstSeen"] is False
    fails("E062108", c.enchantedlink.sign_in_with_phone, "+12025550177", PAGE)
    number = "+12025550199"
    click(c.enchantedlink.update_user_phone(PHONE, number, refresh(made)), number)
    assert c.me(refresh(made))["phone"] == number
    run.is_signed_in(made, PHONE, ["sms"])


@scenario(modern=True)
def last_response(run):
    client = new_client(run.emulator, run.emulator.key, verbose=True)
    client.mgmt.tenant.load_all()
    last = client.get_last_response()
    assert last.status_code == 200 and last.json() == {"tenants": []}, last
    assert run.client.get_last_response() is None, "only if it is asked for"


@scenario(modern=True)
def batches_of_users(run):
    c = run.client.mgmt.user
    ada, bob = (c.create(name)["user"] for name in ("ada", "bob"))
    ids = [ada["userId"], bob["userId"]]
    assert names(c.load_users(ids)["users"], "userId") == sorted(ids)
    assert only(c.load_users([ids[0], "U2nobody"])["users"], "userId") == ids[0]
    people = [descope.UserObj("ada", display_name="Ada"), descope.UserObj("nobody", phone=PHONE)]
    answer = c.patch_batch(people)
    assert only(answer["patchedUsers"]) == "Ada" and len(answer["failedUsers"]) == 1, answer
    assert c.load("ada")["user"]["name"] == "Ada"
    assert c.load("bob")["user"] == bob
    c.delete_batch(ids)
    assert c.search_all()["users"] == []


@scenario(modern=True)
def users_besides(run):
    from descope.management.user import CreateUserObj

    c, client = run.client.mgmt.user, run.client
    # The SDK sends a user with names of its own, as `family_name`, which the service ignores.
    person = CreateUserObj(email=ADA, name="Ada", family_name="Lovelace")
    options = LoginOptions(custom_claims={"a": 1})
    token = c.generate_sign_up_embedded_link(ADA, person, login_options=options)
    assert "user.family_name" in str(run.emulator.control("GET", "unknown"))
    signed_in = client.magiclink.verify(token)
    assert signed_in["firstSeen"] is True and signed_in["sessionToken"]["a"] == 1
    assert signed_in["user"]["loginIds"] == [ADA]
    fails("E062107", c.generate_sign_up_embedded_link, ADA)
    made = client.totp.update_user(ADA, refresh(signed_in))
    code = totp_code(made["key"], run.emulator.now())
    assert client.totp.sign_in_code(ADA, code)["user"]["TOTP"] is True
    c.remove_totp_seed(ADA)
    assert c.load(ADA)["user"]["TOTP"] is False
    fails("E0", client.totp.sign_in_code, ADA, totp_code(made["key"], run.emulator.now() + 30))


@scenario(modern=True)
def batches_of_access_keys(run):
    c, exchange = run.client.mgmt.access_key, run.client.exchange_access_key
    made = [c.create(name) for name in ("a", "b")]
    ids, secrets = [of["key"]["id"] for of in made], [of["cleartext"] for of in made]
    c.deactivate_batch(ids)
    for secret in secrets:
        fails("EMU401", exchange, secret)
    c.activate_batch(ids)
    assert [exchange(secret)["keyId"] for secret in secrets] == ids
    rotated = c.rotate(ids[0])
    assert rotated["key"]["id"] == ids[0] and rotated["cleartext"] != secrets[0]
    fails("EMU401", exchange, secrets[0])
    assert exchange(rotated["cleartext"])["keyId"] == ids[0]
    c.delete_batch(ids)
    assert c.search_all_access_keys()["keys"] == []


@scenario(modern=True)
def batches_of_roles_and_permissions(run):
    p, r = run.client.mgmt.permission, run.client.mgmt.role
    at_first = names(p.load_all()["permissions"])

    def known():
        return {of["name"]: of for of in p.load_all()["permissions"] if of["name"] not in at_first}

    p.create_batch([{"name": name} for name in ("read", "write", "run")])
    assert sorted(known()) == ["read", "run", "write"]
    p.update_batch([{"name": "read", "newName": "look", "description": "at it"}])
    assert known()["look"]["description"] == "at it" and "read" not in known()
    p.update_by_id(known()["look"]["id"], "see")
    assert "see" in known()
    p.delete_by_id(known()["see"]["id"])
    p.delete_batch(["write"])
    assert list(known()) == ["run"]
    p.create("walk")
    p.delete_batch_by_ids([of["id"] for of in known().values() if of["name"] != "run"])
    assert list(known()) == ["run"]

    def roles():
        return {of["name"]: of for of in r.load_all()["roles"] if of["name"][0] == "R"}

    run.client.mgmt.user.create("ada")
    r.create_batch([{"name": f"R{n}", "permissionNames": ["run"]} for n in range(5)])
    assert len(roles()) == 5 and roles()["R1"]["permissionNames"] == ["run"]
    run.client.mgmt.user.set_roles("ada", list(roles()))
    r.update_batch([{"name": "R0", "newName": "R5", "description": "last"}])
    assert roles()["R5"]["description"] == "last" and "R0" not in roles()
    r.update_by_id(roles()["R5"]["id"], "R6", permission_names=["run"])
    assert roles()["R6"]["permissionNames"] == ["run"]
    r.delete_by_id(roles()["R6"]["id"])
    r.delete_batch(["R1", {"name": "R2"}])
    assert sorted(roles()) == ["R3", "R4"]
    r.delete_batch_by_ids([roles()["R3"]["id"]])
    assert run.client.mgmt.user.load("ada")["user"]["roleNames"] == ["R4"]


@scenario(modern=True)
def tenants_besides(run):
    c, users = run.client.mgmt.tenant, run.client.mgmt.user
    c.create("Acme", id="acme", self_provisioning_domains=["acme.example"])
    before = c.load("acme")
    c.patch_tenant("acme", custom_attributes={"a": 1}, enforce_sso=True)
    assert c.load("acme") == {**before, "customAttributes": {"a": 1}, "enforceSSO": True}
    run.client.mgmt.role.create("Pilot")
    c.update_default_roles("acme", ["Pilot"])
    assert c.load("acme")["defaultRoles"] == ["Pilot"]
    users.create("ada")
    joined = users.add_tenant("ada", "acme")["user"]["userTenants"]
    assert only(joined, "roleNames") == ["Pilot"], "who joins gets them"
    rules = {"session_token_expiration": 5, "enable_inactivity": True, "inactivity_time": 3}
    c.update_settings("acme", ["a.example"], domains=["b.example"], JITDisabled=True, **rules)
    settings = c.load_settings("acme")
    shown = [settings[name] for name in ("sessionTokenExpiration", "enableInactivity")]
    assert shown == [5, True] and settings["JITDisabled"] is True, settings
    assert settings["domains"] == ["b.example"] and settings["inactivityTime"] == 3, settings
    assert c.load("acme")["selfProvisioningDomains"] == ["a.example"]
    link = c.generate_sso_configuration_link("acme", 3600, email=ADA)
    assert link.startswith("http") and run.emulator.message(ADA)["link"] == link
    c.revoke_sso_configuration_link("acme")
    fails("EMU404", c.generate_sso_configuration_link, "nowhere")
    fails("EMU404", c.load_settings, "nowhere")


@scenario(modern=True)
def sso_besides(run):
    from descope.management import sso_settings as s

    c = run.client.mgmt.sso
    run.client.mgmt.tenant.create("Acme", id="acme")
    run.client.mgmt.role.create("Pilot")
    c.new_settings("acme", "Second", sso_id="second")
    loaded = c.load_all_settings("acme")["SSOSettings"]
    assert "second" in [of["ssoId"] for of in loaded if of["displayName"] == "Second"], loaded
    roles = [s.RoleMapping(["pilots"], "Pilot")]
    c.configure_saml_settings("acme", s.SSOSAMLSettings("https://i.example", "e", "c", None, roles))
    c.configure_sso_redirect_url("acme", saml_redirect_url="https://back.example")
    assert c.load_settings("acme")["saml"]["redirectUrl"] == "https://back.example"
    c.configure_auth_type("acme", "none")
    assert c.load_settings("acme")["tenant"]["authType"] == "none"
    c.configure_auth_type("acme", "saml")
    assert c.load_settings("acme")["tenant"]["authType"] == "saml"
    tenants = [descope.AssociatedTenant("acme")]
    run.client.mgmt.user.create("ada", user_tenants=tenants)
    groups = [{"tenantId": "acme", "id": "pilots", "loginIds": ["ada"]}]
    run.emulator.control("POST", "seed", {"groups": groups})
    c.recalculate_sso_mappings("acme")
    ada = run.client.mgmt.user.load("ada")["user"]
    assert only(ada["userTenants"], "roleNames") == ["Pilot"]


@scenario(modern=True)
def wsfed_applications(run):
    c, page = run.client.mgmt.sso_application, "https://a.example"
    made = c.create_wsfed_application("Fed", page, "urn:a", "https://a.example/reply")["id"]
    loaded = c.load(made)
    assert loaded["appType"] == "wsfed" and loaded["wsFedSettings"]["realm"] == "urn:a", loaded
    c.update_wsfed_application(made, "Fed 2", page, "urn:b", "https://a.example/reply")
    loaded = c.load(made)
    assert (loaded["name"], loaded["wsFedSettings"]["realm"]) == ("Fed 2", "urn:b"), loaded
    oidc = c.create_oidc_application("Wiki", page)["id"]
    secret = c.get_application_secret(oidc)
    rotated = c.rotate_application_secret(oidc)
    assert secret and rotated != secret and c.get_application_secret(oidc) == rotated


@scenario(modern=True)
def sign_in_by_management(run):
    from descope.management.common import MgmtLoginOptions, MgmtSignUpOptions, MgmtUserRequest

    c, client = run.client.mgmt.jwt, run.client
    person = MgmtUserRequest(name="Ada", email=ADA, email_verified=True)
    made = c.sign_up(ADA, person, MgmtSignUpOptions(custom_claims={"a": 1}))
    assert made["firstSeen"] is True and made["user"]["verifiedEmail"] is True
    assert client.validate_session(session(made))["a"] == 1
    fails("E062107", c.sign_up, ADA)
    fails("E062108", c.sign_in, "nobody")
    again = c.sign_in(ADA, MgmtLoginOptions(revoke_other_sessions=True))
    assert again["user"]["userId"] == made["user"]["userId"] and again["firstSeen"] is False
    fails("E064001", client.refresh_session, refresh(made))
    stepped = c.sign_in(ADA, MgmtLoginOptions(stepup=True, jwt=refresh(again)))
    assert stepped["sessionToken"]["su"] is True
    assert c.sign_up_or_in(ADA)["firstSeen"] is False
    assert c.sign_up_or_in("bob", MgmtUserRequest(name="Bob"))["user"]["name"] == "Bob"
    run.is_signed_in(again, ADA, again["sessionToken"]["amr"])

    run.client.mgmt.permission.create("Impersonate")
    run.client.mgmt.role.create("Support", permission_names=["Impersonate"])
    helper = run.client.mgmt.user.create("helper", role_names=["Support"])["user"]["userId"]
    acting = c.impersonate_stepup(helper, ADA, False, {"b": 2})
    claims = client.refresh_session(acting)["sessionToken"]
    assert claims["act"] == {"sub": helper} and claims["sub"] == made["user"]["userId"]
    assert claims["su"] is True and claims["b"] == 2, claims
    back = client.refresh_session(c.stop_impersonation(acting))["sessionToken"]
    assert back["sub"] == helper and "act" not in back, back
    fails("E064001", client.refresh_session, acting)

    nobody = c.anonymous({"c": 3}, "acme")
    claims = client.validate_session(session(nobody))
    assert claims["c"] == 3 and claims["dct"] == "acme" and claims["sub"] != helper
    fails("E061005", client.refresh_session, refresh(nobody))


@scenario(modern=True)
def password_settings(run):
    c, client = run.client.mgmt.password, run.client
    assert c.get_settings()["minLength"] == 8
    rules = {"enabled": True, "minLength": 12, "lowercase": True, "uppercase": False}
    c.configure_settings("", {**rules, "number": False, "nonAlphanumeric": True})
    settings = c.get_settings()
    assert (settings["minLength"], settings["uppercase"]) == (12, False), settings
    assert client.password.get_policy()["nonAlphanumeric"] is True
    fails("E011004", client.password.sign_up, ADA, "Correct1horse")
    assert client.password.sign_up(ADA, "correct-horse")["user"]["password"] is True


@scenario(modern=True)
def license(run):
    assert run.client.mgmt.license.get()["rateLimitTier"].startswith("tier")


@scenario(modern=True)
def fga_besides(run):
    c = run.client.mgmt.fga
    run.client.mgmt.tenant.create("Acme", id="acme")
    assert c.save_schema_dryrun(SCHEMA)["deletesPreview"]["hasDeletes"] is False
    fails(400, c.check, [relation("doc", "plan", "owner", "user", "ada")])
    c.save_schema(SCHEMA)
    c.create_relations([relation("doc", "plan", "owner", "user", "ada")])
    preview = c.save_schema_dryrun("model AuthZ 1.0\n\ntype user\n")["deletesPreview"]
    assert preview["hasDeletes"] is True and "doc" in str(preview["types"]), preview
    assert allowed(c) == ["ada"], "a dry run changes nothing"
    plan = {"resourceId": "plan", "resourceType": "doc"}
    c.save_resources_details([{**plan, "displayName": "The plan"}])
    other = {**plan, "resourceId": "other"}
    assert c.load_resources_details([plan, other]) == [{**plan, "displayName": "The plan"}]
    schema = c.load_mappable_schema("acme")
    found = {of["type"]: of["resources"] for of in schema["mappableResources"]}
    assert found["doc"] == [{"resource": "plan"}] and found["org"] == [], found
    queries = [{"type": "doc", "queries": ["pla"]}, {"type": "doc", "queries": ["x"]}]
    found = [of["resources"] for of in c.load_mappable_resources("acme", queries, 10)]
    assert found == [[{"resource": "plan"}], []], found


@scenario(modern=True)
def deleted_project(run):
    c = run.client.mgmt
    c.user.create("ada")
    c.project.delete()
    fails("E112102", c.user.load, "ada")


@scenario(modern=True)
def single_passkeys(run):
    c, user, origin = run.client.webauthn, run.client.mgmt.user, "https://app.example.com"
    first, second = Authenticator(origin), Authenticator(origin)
    started = c.sign_up_start(ADA, origin, {"name": "Ada"})
    made = c.sign_up_finish(started["transactionId"], first.create(started["options"]))
    started = c.update_start(ADA, refresh(made), origin)
    c.update_finish(started["transactionId"], second.create(started["options"]))
    older, newer = user.list_passkeys(ADA)["passkeys"]
    assert older["rpId"] == newer["rpId"] == "app.example.com" and older["createdTime"] > 0, older
    user.create("bob")
    fails("EMU404", user.delete_passkey, "bob", older["id"])
    user.delete_passkey(ADA, older["id"])
    assert user.list_passkeys(ADA)["passkeys"] == [newer]
    started = c.sign_in_start(ADA, origin)
    fails(401, c.sign_in_finish, started["transactionId"], first.get(started["options"]))
    started = c.sign_in_start(ADA, origin)
    c.sign_in_finish(started["transactionId"], second.get(started["options"]))
    user.delete_passkey(ADA, newer["id"])
    assert user.load(ADA)["user"]["webauthn"] is False


@scenario(modern=True)
def devices_and_recovery(run):
    c, e = run.client.mgmt.user, run.emulator
    devices = [{"id": name, "name": name, "expirationTime": e.now() + 60} for name in ("d1", "d2")]
    state = {"trustedDevices": devices, "recoveryCodes": ["A-1"]}
    e.control("POST", "seed", {"users": [{"loginId": "ada", "state": state}]})
    found = c.list_trusted_devices(["ada"])["devices"]
    assert names(found, "id") == ["d1", "d2"], found
    c.remove_trusted_device("ada", ["d1"])
    assert names(c.list_trusted_devices(["ada"])["devices"], "id") == ["d2"]
    fails("E112102", c.list_trusted_devices, ["nobody"])

    c.remove_recovery_codes("ada")
    (kept,) = e.control("GET", "export")["users"]
    assert kept["state"]["recoveryCodes"] == []
    user = c.update_recovery_email("ada", ADA, True)["user"]
    assert (user["recoveryEmail"], user["verifiedRecoveryEmail"]) == (ADA, True), user
    user = c.update_recovery_phone("ada", PHONE)["user"]
    assert (user["recoveryPhone"], user["verifiedRecoveryPhone"]) == (PHONE, False), user
    assert c.load("ada")["user"]["recoveryEmail"] == ADA
    fails("E112102", c.update_recovery_email, "nobody", ADA)


@scenario(modern=True)
def uncovered(run):
    flow, user = run.client.mgmt.flow, run.client.mgmt.user
    for path, call, *args in (
        ("flow/run", flow.run_flow, "sign-up"),
        ("flow/async/run", flow.run_flow_async, "sign-up"),
        ("flow/async/result", flow.get_flow_async_result, "E1"),
        ("user/import", user.import_users, "auth0"),
    ):
        if not emulated(f"POST /v1/mgmt/{path}"):
            fails("EMU501", call, *args)
