"""What a project is made of, by management: the life of each kind of thing."""

import datetime

import descope

from python_harness import ADA, MODERN, fails, names, refresh, scenario, session


def only(items, key="name"):
    """The one item of a list."""
    assert len(items) == 1, items
    return items[0][key]


@scenario
def tenants(run):
    c, users = run.client.mgmt.tenant, run.client.mgmt.user
    made = c.create("Acme", self_provisioning_domains=["acme.example"], custom_attributes={"a": 1})
    assert c.create("Other", id="other")["id"] == "other"
    fails("EMU409", c.create, "Other", id="other")
    loaded = c.load(made["id"])
    assert (loaded["name"], loaded["selfProvisioningDomains"]) == ("Acme", ["acme.example"])
    assert loaded["customAttributes"] == {"a": 1} and loaded["createdTime"] > 0
    c.update(made["id"], "Acme Ltd", ["acme.example", "acme.test"])
    loaded = c.load(made["id"])
    assert loaded["name"] == "Acme Ltd" and not loaded["customAttributes"], "all is overwritten"
    assert loaded["selfProvisioningDomains"] == ["acme.example", "acme.test"]
    assert names(c.load_all()["tenants"]) == ["Acme Ltd", "Other"]
    assert only(c.search_all(ids=["other"])["tenants"]) == "Other"
    assert only(c.search_all(names=["Acme Ltd"])["tenants"]) == "Acme Ltd"
    assert only(c.search_all(self_provisioning_domains=["acme.test"])["tenants"]) == "Acme Ltd"
    c.update("other", "Other", custom_attributes={"b": 2})
    assert only(c.search_all(custom_attributes={"b": 2})["tenants"]) == "Other"
    assert c.search_all(ids=["nowhere"])["tenants"] == []
    fails("EMU404", c.update, "nowhere", "N")

    # The users of this tenant alone go with it, if it is deleted with all that it has.
    other, acme = (descope.AssociatedTenant(id) for id in ("other", made["id"]))
    users.create("ada", user_tenants=[other])
    users.create("bob", user_tenants=[other, acme])
    key = run.client.mgmt.access_key.create("ci", key_tenants=[other])
    c.delete("other", cascade=True)
    fails("EMU404", c.load, "other")
    assert names(c.load_all()["tenants"]) == ["Acme Ltd"]
    fails("E112102", users.load, "ada")
    fails("EMU401", run.client.exchange_access_key, key["cleartext"])
    assert only(users.load("bob")["user"]["userTenants"], "tenantId") == made["id"]
    c.delete(made["id"])
    assert not users.load("bob")["user"]["userTenants"], "without cascade, users stay"
    fails("EMU404", c.delete, made["id"])


@scenario
def permissions(run):
    c, role = run.client.mgmt.permission, run.client.mgmt.role
    c.create("fly", "may fly")
    fails("EMU409", c.create, "fly")
    role.create("Pilot", permission_names=["fly"])
    c.update("fly", "glide", "may glide")
    known = {of["name"]: of["description"] for of in c.load_all()["permissions"]}
    assert known["glide"] == "may glide" and "fly" not in known, known
    assert only(role.search(role_names=["Pilot"])["roles"], "permissionNames") == ["glide"]
    c.delete("glide")
    assert "glide" not in names(c.load_all()["permissions"])
    assert not only(role.search(role_names=["Pilot"])["roles"], "permissionNames")
    fails("EMU404", c.update, "glide", "soar")
    fails("EMU404", c.delete, "glide")


@scenario
def roles(run):
    c, users = run.client.mgmt.role, run.client.mgmt.user
    run.client.mgmt.permission.create("glide")
    run.client.mgmt.tenant.create("Acme", id="acme")
    c.create("Pilot", "flies", ["glide"])
    c.create("Pilot", "of a tenant", tenant_id="acme")
    fails("EMU409", c.create, "Pilot")
    fails("E011004", c.create, "Cook", permission_names=["fry"])
    tenants = [descope.AssociatedTenant("acme", ["Pilot"])]
    users.create("ada", role_names=["Pilot"], user_tenants=tenants)
    key = run.client.mgmt.access_key.create("ci", role_names=["Pilot"])["key"]["id"]
    c.update("Pilot", "Captain", "commands", ["glide"])
    ada = users.load("ada")["user"]
    assert ada["roleNames"] == ["Captain"], "who has a role has it by its new name"
    assert only(ada["userTenants"], "roleNames") == ["Pilot"], "the tenant's is another"
    assert run.client.mgmt.access_key.load(key)["key"]["roleNames"] == ["Captain"]
    assert {"Captain", "Pilot"} <= set(names(c.load_all()["roles"]))
    found = c.search(role_names=["Captain"], permission_names=["glide"])["roles"]
    assert only(found, "permissionNames") == ["glide"] and only(found, "description") == "commands"
    assert only(c.search(tenant_ids=["acme"])["roles"], "tenantId") == "acme"
    assert only(c.search(role_name_like="apta")["roles"]) == "Captain"
    assert c.search(role_names=["Nobody"])["roles"] == []
    c.delete("Captain")
    assert "Captain" not in names(c.load_all()["roles"])
    assert not users.load("ada")["user"]["roleNames"]
    assert not run.client.mgmt.access_key.load(key)["key"]["roleNames"]
    c.delete("Pilot", tenant_id="acme")
    assert only(users.load("ada")["user"]["userTenants"], "roleNames") == []
    fails("EMU404", c.delete, "Pilot")


@scenario
def access_keys(run):
    c, exchange = run.client.mgmt.access_key, run.client.exchange_access_key
    run.client.mgmt.tenant.create("Acme", id="acme")
    options = {"description": "for builds", "custom_claims": {"a": 1}, "permitted_ips": ["10.0.0.1"]}
    made = c.create("ci", 0, key_tenants=[descope.AssociatedTenant("acme")], **options)
    id, secret = made["key"]["id"], made["cleartext"]
    key = c.load(id)["key"]
    assert key == made["key"] and key["status"] == "active" and key["description"] == "for builds"
    assert key["permittedIps"] == ["10.0.0.1"] and key["customClaims"] == {"a": 1}
    assert exchange(secret)["sessionToken"]["a"] == 1
    c.update(id, "cd", "for deploys")
    key = c.load(id)["key"]
    assert (key["name"], key["description"]) == ("cd", "for deploys")
    assert key["permittedIps"] == ["10.0.0.1"], "what is not given stays"
    c.deactivate(id)
    assert c.load(id)["key"]["status"] == "inactive"
    fails("EMU401", exchange, secret)
    c.activate(id)
    assert c.load(id)["key"]["status"] == "active"
    assert exchange(secret)["keyId"] == id
    assert names(c.search_all_access_keys()["keys"]) == ["cd"]
    assert c.search_all_access_keys(tenant_ids=["acme"])["keys"] == [key]
    assert c.search_all_access_keys(tenant_ids=["other"])["keys"] == []
    c.delete(id)
    fails("EMU404", c.load, id)
    fails("EMU401", exchange, secret)
    assert not c.search_all_access_keys()["keys"]

    short = c.create("short", run.emulator.now() + 60)
    exchange(short["cleartext"])
    run.emulator.advance(120)
    assert c.load(short["key"]["id"])["key"]["status"] == "expired"
    fails("EMU401", exchange, short["cleartext"])


@scenario
def sso_settings(run):
    from descope.management import sso_settings as s

    c = run.client.mgmt.sso
    run.client.mgmt.tenant.create("Acme", id="acme")
    run.client.mgmt.role.create("Pilot")
    urls = {"auth_url": "https://idp.example/auth", "token_url": "https://idp.example/token"}
    oidc = s.SSOOIDCSettings("OIDC", "client", client_secret="secret", scope=["openid"], **urls)
    c.configure_oidc_settings("acme", oidc, domains=["acme.example"])
    loaded = c.load_settings("acme")
    shown = [loaded["oidc"][name] for name in ("clientId", "authUrl", "tokenUrl", "scope")]
    assert shown == ["client", urls["auth_url"], urls["token_url"], ["openid"]], loaded
    assert loaded["tenant"]["domains"] == ["acme.example"] and loaded["tenant"]["authType"] == "oidc"

    mapping = s.AttributeMapping(name="n", email="e")
    roles = [s.RoleMapping(["pilots"], "Pilot")]
    saml = s.SSOSAMLSettings("https://idp.example", "entity", "cert", mapping, roles)
    c.configure_saml_settings("acme", saml, "https://a.example", ["acme.example"])
    loaded = c.load_settings("acme")
    assert loaded["tenant"]["authType"] == "saml"
    loaded = loaded["saml"]
    shown = [loaded[name] for name in ("idpSSOUrl", "idpEntityId", "idpCertificate", "redirectUrl")]
    assert shown == ["https://idp.example", "entity", "cert", "https://a.example"], loaded
    assert loaded["attributeMapping"]["email"] == "e"
    assert loaded["groupsMapping"][0]["role"]["name"] == "Pilot", loaded
    assert loaded["groupsMapping"][0]["groups"] == ["pilots"]
    run.client.mgmt.role.update("Pilot", "Captain")
    assert c.load_settings("acme")["saml"]["groupsMapping"][0]["role"]["name"] == "Captain"

    metadata = s.SSOSAMLSettingsByMetadata("https://idp.example/metadata", mapping, roles[:0])
    c.configure_saml_settings_by_metadata("acme", metadata, "https://b.example", ["b.example"])
    loaded = c.load_settings("acme")
    assert loaded["saml"]["idpMetadataUrl"] == "https://idp.example/metadata"
    assert loaded["saml"]["redirectUrl"] == "https://b.example"
    assert loaded["tenant"]["domains"] == ["b.example"]

    # The older calls.
    c.configure(
        "acme", "https://idp2.example", "entity2", "cert2", "https://a.example", ["acme.example"]
    )
    older = c.get_settings("acme")
    assert (older["idpEntityId"], older["idpSSOUrl"]) == ("entity2", "https://idp2.example"), older
    assert older["domains"] == ["acme.example"]
    c.configure_via_metadata("acme", "https://idp.example/metadata", "https://c.example")
    older = c.get_settings("acme")
    assert older["idpMetadataUrl"] == "https://idp.example/metadata", older
    c.mapping("acme", [s.RoleMapping(["captains"], "Captain")], s.AttributeMapping(name="other"))
    loaded = c.load_settings("acme")["saml"]
    assert loaded["attributeMapping"]["name"] == "other", loaded
    assert loaded["groupsMapping"][0]["groups"] == ["captains"], loaded
    run.client.mgmt.role.delete("Captain")
    assert not c.load_settings("acme")["saml"]["groupsMapping"]
    c.delete_settings("acme")
    loaded = c.load_settings("acme")
    assert not loaded["saml"].get("idpMetadataUrl") and loaded["tenant"]["authType"] == "none"
    fails("EMU404", c.load_settings, "nowhere")


@scenario
def sso_applications(run):
    c = run.client.mgmt.sso_application
    page, default = "https://wiki.example/login", only(c.load_all()["apps"])
    options = {"description": "d", "logo": "l", "force_authentication": True}
    oidc = c.create_oidc_application("Wiki", page, id="wiki", **options)["id"]
    fails("EMU409", c.create_oidc_application, "Wiki", page, id="wiki")
    saml = c.create_saml_application(
        "CRM", "https://crm.example", use_metadata_info=True, metadata_url="https://crm.example/m"
    )["id"]
    loaded = c.load(oidc)
    assert (loaded["id"], loaded["name"], loaded["appType"]) == ("wiki", "Wiki", "oidc"), loaded
    assert (loaded["description"], loaded["logo"], loaded["enabled"]) == ("d", "l", True), loaded
    assert loaded["oidcSettings"]["loginPageUrl"] == page
    assert loaded["oidcSettings"]["forceAuthentication"] is True, loaded
    loaded = c.load(saml)
    assert loaded["appType"] == "saml" and loaded["samlSettings"]["useMetadataInfo"] is True
    assert loaded["samlSettings"]["metadataUrl"] == "https://crm.example/m", loaded
    c.update_oidc_application(oidc, "Wiki 2", page, enabled=False)
    loaded = c.load(oidc)
    assert (loaded["name"], loaded["enabled"]) == ("Wiki 2", False), loaded
    assert not loaded["description"] and not loaded["oidcSettings"]["forceAuthentication"], loaded
    c.update_saml_application(
        saml,
        "CRM 2",
        "https://crm.example",
        use_metadata_info=False,
        entity_id="e",
        acs_url="https://crm.example/acs",
        certificate="c",
    )
    settings = c.load(saml)["samlSettings"]
    shown = [settings[name] for name in ("useMetadataInfo", "entityId", "acsUrl", "certificate")]
    assert shown == [False, "e", "https://crm.example/acs", "c"], settings
    assert names(c.load_all()["apps"]) == ["CRM 2", default, "Wiki 2"]
    c.delete(oidc)
    fails("EMU404", c.load, oidc)
    assert names(c.load_all()["apps"]) == ["CRM 2", default]


@scenario
def groups(run):
    c = run.client.mgmt.group
    run.client.mgmt.tenant.create("Acme", id="acme")
    tenants = [descope.AssociatedTenant("acme")]
    made = run.client.mgmt.user.create(ADA, email=ADA, user_tenants=tenants)
    id = made["user"]["userId"]
    groups = [
        {"tenantId": "acme", "id": "g1", "display": "Pilots", "loginIds": [ADA]},
        {"tenantId": "acme", "id": "g2", "display": "Cooks"},
    ]
    run.emulator.control("POST", "seed", {"groups": groups})
    assert names(c.load_all_groups("acme"), "id") == ["g1", "g2"]
    for mine in (
        c.load_all_groups_for_members("acme", login_ids=[ADA]),
        c.load_all_groups_for_members("acme", user_ids=[id]),
        c.load_all_group_members("acme", "g1"),
    ):
        assert only(mine, "id") == "g1" and mine[0]["display"] == "Pilots"
        assert only(mine[0]["members"], "userId") == id
    run.client.mgmt.user.delete(ADA)
    assert c.load_all_group_members("acme", "g1")[0]["members"] == []
    run.client.mgmt.tenant.delete("acme")
    fails("EMU404", c.load_all_groups, "acme")


@scenario
def tokens_by_management(run):
    c, client = run.client.mgmt, run.client
    signed_in = run.sign_in()
    updated = c.jwt.update_jwt(session(signed_in), {"level": 5, "sub": "U2forged"})
    claims = client.validate_session(updated)
    assert claims["level"] == 5 and claims["sub"] == signed_in["user"]["userId"], claims
    c.permission.create("Impersonate")
    c.role.create("Support", permission_names=["Impersonate"])
    helper = c.user.create("helper", role_names=["Support"])["user"]["userId"]
    fails("EMU403", c.jwt.impersonate, signed_in["user"]["userId"], "helper", False)
    acting = c.jwt.impersonate(helper, ADA, False)
    acting = client.refresh_session(acting)["sessionToken"]
    assert acting["sub"] == signed_in["user"]["userId"] and acting["act"] == {"sub": helper}, acting
    fails("E112102", c.jwt.impersonate, helper, "nobody", False)
    fails("EMU403", c.jwt.impersonate, helper, ADA, True)
    run.emulator.control("POST", "seed", {"consents": [{"loginId": ADA}]})
    assert c.jwt.impersonate(helper, ADA, True)
    client.logout(refresh(signed_in))


@scenario
def flows_and_theme(run):
    c = run.client.mgmt.flow
    before = c.list_flows()
    assert before["total"] == len(before["flows"]) > 5, "what a new project has"
    exported = c.export_flow(before["flows"][0]["id"])
    flow = {**exported["flow"], "name": "Copy"}
    assert c.import_flow("copy", flow, exported["screens"])["flow"]["name"] == "Copy"
    assert c.export_flow("copy")["flow"] == flow
    listed = {of["id"]: of["name"] for of in c.list_flows()["flows"]}
    assert listed["copy"] == "Copy" and len(listed) == before["total"] + 1, listed
    c.delete_flows(["copy"])
    assert c.list_flows() == before
    fails("EMU404", c.export_flow, "copy")
    theme = c.export_theme()["theme"]
    theme["cssTemplate"] = {"light": {"a": 1}}
    assert c.import_theme(theme)["theme"]["cssTemplate"] == {"light": {"a": 1}}
    assert c.export_theme()["theme"] == {**theme, "version": theme["version"] + 1}


@scenario
def projects(run):
    c, flow = run.client.mgmt.project, run.client.mgmt.flow
    c.update_name("Engine")
    c.update_tags(["a", "b"])
    about = c.list_projects()["projects"]
    assert only(about) == "Engine" and only(about, "tags") == ["a", "b"], about
    assert only(about, "id") == run.emulator.project
    made = c.clone("Copy", "production", ["c"])
    assert made["projectName"] == "Copy" and made["projectId"] != run.emulator.project, made
    assert names(c.list_projects()["projects"]) == ["Copy", "Engine"]
    exported = c.export_project()
    flow.import_flow("more", {"name": "More"}, [])
    c.import_project(exported)
    assert "more" not in names(flow.list_flows()["flows"], "id"), "it overrides what there is"
    if MODERN:
        snapshot = c.export_snapshot()["files"]
        assert c.validate_snapshot(snapshot)["ok"] is True
        flow.import_flow("more", {"name": "More"}, [])
        c.import_snapshot(snapshot)
        assert "more" not in names(flow.list_flows()["flows"], "id")


@scenario
def audit(run):
    c = run.client.mgmt.audit
    signed_in = run.sign_in()
    run.client.mgmt.tenant.create("Acme", id="acme")
    run.client.mgmt.user.create("bob")
    run.client.mgmt.user.delete("bob")
    fails("E062909", password_expired, run)
    c.create_event("launch", "info", "ada", "acme", data={"rocket": 1})
    before = datetime.datetime.now() - datetime.timedelta(hours=1)
    later = datetime.datetime.now() + datetime.timedelta(hours=1)
    found = c.search(actions=["launch"], from_ts=before, to_ts=later)["audits"]
    assert only(found, "action") == "launch" and only(found, "tenants") == ["acme"], found
    assert only(found, "data") == {"rocket": 1} and only(found, "projectId") == run.emulator.project
    occurred = only(found, "occurred").replace(tzinfo=datetime.timezone.utc).timestamp()
    assert abs(occurred - run.emulator.now()) < 60, found
    assert c.search(actions=["launch"], from_ts=later)["audits"] == []
    assert c.search(actions=["launch"], to_ts=before)["audits"] == []
    assert c.search(tenants=["acme"], text="rocket")["audits"] == [], "names are no text"
    assert c.search(text="nothing like it")["audits"] == []
    signed = c.search(actions=["LoginSucceed"], login_ids=[ADA])["audits"]
    assert only(signed, "userId") == signed_in["user"]["userId"]
    assert only(signed, "method") == "otp" and only(signed, "loginIds") == [ADA]
    failed = c.search(actions=["LoginFailed"], methods=["password"])["audits"]
    assert only(failed, "loginIds") == ["eve"], failed
    everything = {of["action"] for of in c.search()["audits"]}
    assert {"UserCreated", "UserDeleted", "TenantCreated", "LoginSucceed"} <= everything, everything
    rest = {of["action"] for of in c.search(excluded_actions=["UserCreated"])["audits"]}
    assert rest == everything - {"UserCreated"}


def password_expired(run):
    run.client.mgmt.user.create("eve")
    run.client.mgmt.user.set_temporary_password("eve", "Temporary-Secret-1")
    run.client.password.sign_in("eve", "Temporary-Secret-1")
