"""Who manages a company's projects, and what a project keeps besides users, tenants and roles."""

import datetime

from descope.management import common as m
from descope.management import sso_settings as s

from python_harness import ADA, PHONE, fails, names, new_client, scenario
from python_mgmt import only

BOB = "bob@example.com"


@scenario(modern=True)
def descopers(run):
    c, e = run.client.mgmt.descoper, run.emulator
    support = m.DescoperTagRole(["live"], m.DescoperRole.SUPPORT)
    admin = m.DescoperProjectRole([e.project], m.DescoperRole.ADMIN)
    roles = m.DescoperRBAC(tags=[support], projects=[admin])
    ada = m.DescoperCreate(ADA, m.DescoperAttributes("Ada", phone=PHONE), True, roles)
    made = c.create([ada, m.DescoperCreate(BOB, rbac=m.DescoperRBAC(True))])
    assert made["total"] == 2 and c.list() == made, made
    id = made["descopers"][0]["id"]
    shown = c.load(id)["descoper"]
    assert shown == made["descopers"][0] and shown["loginIDs"] == [ADA], shown
    assert shown["attributes"] == {"displayName": "Ada", "email": ADA, "phone": PHONE}, shown
    assert shown["rbac"] == roles.to_dict(), shown
    assert made["descopers"][1]["rbac"]["isCompanyAdmin"] is True
    assert [len(e.messages(to)) for to in (ADA, BOB)] == [1, 0], "one of them is invited"
    eve = m.DescoperCreate("eve@example.com")
    fails("EMU409", c.create, [eve, m.DescoperCreate(BOB)])
    nowhere = m.DescoperRBAC(projects=[m.DescoperProjectRole(["P2nowhere"], m.DescoperRole.ADMIN)])
    fails("E011004", c.create, [eve, m.DescoperCreate("dan@example.com", rbac=nowhere)])
    assert c.list() == made, "all or none"
    c.update(id, m.DescoperAttributes("Ada L.", "a@example.com"))
    left = {"displayName": "Ada L.", "email": "a@example.com", "phone": ""}
    assert c.load(id)["descoper"] == {**shown, "attributes": left}
    c.update(id, rbac=m.DescoperRBAC(True))
    access = {"isCompanyAdmin": True, "tags": [], "projects": []}
    assert c.load(id)["descoper"] == {**shown, "attributes": left, "rbac": access}
    fails("E011004", c.update, id, rbac=nowhere)
    c.delete(id)
    fails("EMU404", c.load, id)
    fails("EMU404", c.delete, id)
    assert c.list() == {"descopers": made["descopers"][1:], "total": 1}


@scenario(modern=True)
def management_keys(run):
    c, e = run.client.mgmt.management_key, run.emulator
    access = m.MgmtKeyReBac(["company-full-access"])
    made = c.create("ci", access, "for builds", 60, ["10.0.0.1"])
    key, id = made["key"], made["key"]["id"]
    assert c.load(id)["key"] == key and key["reBac"] == access.to_dict(), key
    shown = [key[name] for name in ("name", "description", "permittedIps", "status")]
    assert shown == ["ci", "for builds", ["10.0.0.1"], "active"], key
    assert key["expireTime"] == key["createdTime"] + 60, key
    by_key = new_client(e, made["cleartext"]).mgmt
    by_key.tenant.create("Acme", id="acme")
    assert only(run.client.mgmt.tenant.load_all()["tenants"], "id") == "acme"

    # What its roles permit, in this project and by its tags.
    def limited(access):
        return new_client(e, c.create("limited", access)["cleartext"]).mgmt

    of_project = m.MgmtKeyProjectRole([e.project], ["project-infra-read-only"])
    reader = limited(m.MgmtKeyReBac(project_roles=[of_project]))
    assert reader.tenant.load("acme")["name"] == "Acme"
    fails(403, reader.tenant.create, "Other")
    fails(403, reader.user.create, "ada")
    fails(403, reader.management_key.search)
    by_tag = limited(m.MgmtKeyReBac(tag_roles=[m.MgmtKeyTagRole(["live"], ["tag-users-read-write"])]))
    fails(403, by_tag.user.create, "ada")
    run.client.mgmt.project.update_tags(["live"])
    assert by_tag.user.create("ada")["user"]["loginIds"] == ["ada"]
    fails(403, by_tag.tenant.load, "acme")
    elsewhere = m.MgmtKeyProjectRole(["P2nowhere"], ["admin"])
    fails("E011004", c.create, "other", m.MgmtKeyReBac(project_roles=[elsewhere]))

    c.update(id, "cd", "for deploys", [], m.MgmtKeyStatus.INACTIVE)
    changed = {"name": "cd", "description": "for deploys", "permittedIps": [], "status": "inactive"}
    assert c.load(id)["key"] == {**key, **changed, "version": key["version"] + 1}
    fails(401, by_key.tenant.load_all)
    c.update(id, "cd", "for deploys", [], m.MgmtKeyStatus.ACTIVE)
    by_key.tenant.load_all()
    e.advance(61)
    fails(401, by_key.tenant.load_all)
    assert names(c.search()["keys"]) == ["cd", "limited", "limited"]
    ids = names(c.search()["keys"], "id")
    assert c.delete([*ids, "MK2nobody"])["total"] == 3, "as many as there were"
    assert c.search()["keys"] == []
    fails("EMU404", c.load, id)
    fails(401, reader.tenant.load, "acme")


@scenario(modern=True)
def engines(run):
    c = run.client.mgmt.engine
    made, other = c.create("near")["engine"], c.create("far")["engine"]
    id, secret = made["id"], made.pop("secret")
    assert c.load(id)["engine"] == made and made["name"] == "near" and made["createdTime"] > 0
    rotated = c.rotate_secret(id)["secret"]
    assert rotated and rotated not in (secret, other["secret"])
    assert c.load(id)["engine"] == made, "nothing shows a secret again"
    assert c.update(id, "here")["engine"] == {**made, "name": "here"}
    assert names(c.load_all()["engines"]) == ["far", "here"]
    c.delete(id)
    fails("EMU404", c.load, id)
    fails("EMU404", c.update, id, "there")
    fails("EMU404", c.rotate_secret, id)
    assert names(c.load_all()["engines"]) == ["far"]


@scenario(modern=True)
def lists(run):
    c = run.client.mgmt.list
    made = c.create("Banned", "texts", "no entry", ["eve"])["list"]
    texts = made["id"]
    assert (made["description"], made["type"], made["data"]) == ("no entry", "texts", ["eve"]), made
    assert c.load(texts)["list"] == c.load_by_name("Banned")["list"] == made
    fails("EMU409", c.create, "Banned", "json")
    fails("E011004", c.create, "Odd", "numbers")
    c.add_texts(texts, ["mallory", "eve"])
    assert c.load(texts)["list"]["data"] == ["eve", "mallory"]
    assert c.check_text(texts, "mallory") is True and c.check_text(texts, "ada") is False
    assert c.check_texts(texts, ["ada", "eve"]) is True
    assert c.check_texts(texts, ["ada", "eve"], match_all=True) is False
    assert c.check_texts(texts, ["mallory", "eve"], match_all=True) is True
    fails("E011004", c.check_texts, texts, ["x"] * 101)
    fails("E011004", c.add_ips, texts, ["10.0.0.1"])
    c.remove_texts(texts, ["eve"])
    assert c.load(texts)["list"]["data"] == ["mallory"] and c.check_text(texts, "eve") is False

    ips = c.create("Office", "ips", data=["10.0.0.0/24"])["list"]["id"]
    c.add_ips(ips, ["192.0.2.7"])
    found = [c.check_ip(ips, ip) for ip in ("10.0.0.9", "192.0.2.7", "192.0.2.8")]
    assert found == [True, True, False], found
    fails("E011", c.add_ips, ips, ["nowhere"])
    fails("E011004", c.check_text, ips, "eve")
    c.remove_ips(ips, ["10.0.0.0/24"])
    assert c.load(ips)["list"]["data"] == ["192.0.2.7"] and c.check_ip(ips, "10.0.0.9") is False

    c.update(texts, "Limits", "json", data={"a": [1]})
    shown = {"id": texts, "name": "Limits", "description": "", "type": "json", "data": {"a": [1]}}
    assert c.load(texts)["list"] == shown, "all is overwritten"
    fails("EMU404", c.load_by_name, "Banned")
    fails("EMU409", c.update, texts, "Office", "json")
    c.import_lists([{**shown, "name": "Rates"}, {"name": "New", "type": "texts", "data": ["x"]}])
    assert names(c.load_all()["lists"]) == ["New", "Office", "Rates"]
    assert c.load(texts)["list"] == {**shown, "name": "Rates"}
    c.clear(texts)
    c.clear(ips)
    assert [c.load(id)["list"]["data"] for id in (texts, ips)] == [{}, []]
    c.delete(ips)
    fails("EMU404", c.load, ips)
    fails("EMU404", c.delete, ips)
    assert names(c.load_all()["lists"]) == ["New", "Rates"]


@scenario(modern=True)
def families(run):
    c, users = run.client.mgmt.family, run.client.mgmt.user
    made = c.create("Lovelace", "lovelace", {"crest": "lion"}, "https://p.example")["family"]
    shown = [made[name] for name in ("id", "name", "photo", "disabled", "customAttributes")]
    assert shown == ["lovelace", "Lovelace", "https://p.example", False, {"crest": "lion"}], made
    other = c.create("Byron", disabled=True)["family"]
    fails("EMU409", c.create, "Other", "lovelace")
    for found in (
        c.search_all(ids=["lovelace"]),
        c.search_all(names=["Lovelace"]),
        c.search_all(text="LION"),
        c.search_all(custom_attributes={"crest": "lion"}),
        c.search_all(page=0, size=1),
    ):
        assert found["families"] == [made], found
    second = c.search_all(page=1, size=1)
    assert second == {"families": [other], "total": 2}, second
    assert c.update("lovelace", "King", {"crest": "owl"})["family"]["photo"] == made["photo"]
    king = {**made, "name": "King", "customAttributes": {"crest": "owl"}}
    assert c.search_all(ids=["lovelace"])["families"] == [king]

    users.create("ada")
    users.create("bob")
    fails("E011004", users.add_families, "ada", [m.AssociatedFamily(other["id"])])  # it is disabled
    mine = m.AssociatedFamily("lovelace", ["Family Admin"], {"seat": 1})
    users.add_families("ada", [mine])
    ada = only(users.load("ada")["user"]["userFamilies"], "familyScopedAttributes")
    assert ada == {"seat": 1}, ada
    joined = users.load("ada")["user"]["userFamilies"][0]
    assert (joined["familyId"], joined["roleNames"]) == ("lovelace", ["Family Admin"]), joined
    c.update(other["id"], disabled=False)
    c.configure_settings(allow_multiple_families_users=False)
    fails("E011004", users.add_families, "ada", [m.AssociatedFamily(other["id"])])
    c.configure_settings(allow_multiple_families_users=True, max_family_members=1)
    fails("E011004", users.add_families, "bob", [m.AssociatedFamily("lovelace")])
    settings = {"enabled": True, "maxFamilyMembers": 1, "allowMultipleFamiliesUsers": True}
    assert c.get_settings() == settings
    users.add_families("ada", [m.AssociatedFamily(other["id"])])
    both = names(users.load("ada")["user"]["userFamilies"], "familyId")
    assert both == sorted(["lovelace", other["id"]]), both
    users.remove_families("ada", [other["id"]])
    assert only(users.load("ada")["user"]["userFamilies"], "familyId") == "lovelace"
    c.configure_settings(max_family_members=0)
    users.add_families("bob", [m.AssociatedFamily("lovelace")])
    c.delete("lovelace")
    assert not users.load("bob")["user"].get("userFamilies"), "its members leave it"
    assert names(c.search_all()["families"]) == ["Byron"]
    fails("EMU404", c.delete, "lovelace")
    fails("EMU404", c.update, "lovelace", "L")
    c.configure_settings(enabled=False)
    fails("E011004", c.create, "None")


@scenario(modern=True)
def dependents(run):
    c, users, client = run.client.mgmt.family, run.client.mgmt.user, run.client
    c.create("Lovelace", "lovelace")
    ada = users.create("ada")["user"]["userId"]
    users.create("bob")
    users.add_families("ada", [m.AssociatedFamily("lovelace", ["Family Admin"])])
    users.add_families("bob", [m.AssociatedFamily("lovelace")])
    person = {"name": "Ann", "given_name": "An", "email": "ann@example.com", "picture": "https://p.example"}
    more = {"family_scoped_attributes": {"bed": 8}, "custom_attributes": {"a": 1}}
    made = c.create_dependent("lovelace", "ann", **person, **more)["user"]
    ann = users.load("ann")["user"]
    assert ann["userId"] == made["userId"] and ann["customAttributes"] == {"a": 1}, ann
    shown = [ann[name] for name in ("name", "givenName", "email", "picture")]
    assert shown == ["Ann", "An", "ann@example.com", "https://p.example"], ann
    assert only(ann["userFamilies"], "familyScopedAttributes") == {"bed": 8}, ann
    fails("E062107", c.create_dependent, "lovelace", "ann")
    fails("EMU404", c.create_dependent, "nowhere")
    fails("E011004", users.remove_families, "ann", ["lovelace"])

    acting = c.impersonate_dependent("ada", "ann", "lovelace")
    claims = client.refresh_session(acting)["sessionToken"]
    assert claims["sub"] == made["userId"] and claims["act"] == {"sub": ada}, claims
    assert claims["dcf"] == "lovelace", claims
    back = client.refresh_session(c.stop_impersonation(acting, {"b": 2}))["sessionToken"]
    assert back["sub"] == ada and "act" not in back and back["b"] == 2, back
    fails("E064001", client.refresh_session, acting)
    fails("EMU403", c.impersonate_dependent, "bob", "ann")
    fails("EMU403", c.impersonate_dependent, "ada", "bob")
    fails("E112102", c.impersonate_dependent, "ada", "nobody")
    fails("E011004", c.impersonate_dependent, "ada", "ann", "other")

    tim = c.create_dependent("lovelace", name="Tim")["user"]
    fails("EMU404", c.delete_dependent, ada)
    c.delete_dependent(tim["userId"])
    assert users.load_users([tim["userId"]])["users"] == []
    c.delete("lovelace")
    fails("E112102", users.load, "ann")
    assert users.load("ada")["user"]["userId"] == ada


@scenario(modern=True)
def custom_attributes(run):
    c, users = run.client.mgmt.family, run.client.mgmt.user

    def life(load, create, delete):
        options = [m.CustomAttributeOption("l", "Lion"), m.CustomAttributeOption("o", "Owl")]
        crest = m.CustomAttribute("crest", 4, "Crest", options, "l", ["Support"], ["Support"])
        create([crest, m.CustomAttribute("size", 2)])
        assert load() == {"data": [crest.to_dict(), {"name": "size", "type": 2}], "total": 2}
        fails("EMU409", create, [m.CustomAttribute("other", 1), m.CustomAttribute("size", 1)])
        fails("E011004", create, [m.CustomAttribute("other", 9)])
        assert names(load()["data"]) == ["crest", "size"], "all or none"
        delete(["crest", "nothing"])
        assert load() == {"data": [{"name": "size", "type": 2}], "total": 1}

    family = c.create("Lovelace", custom_attributes={"crest": "o", "size": 3})["family"]["id"]
    life(c.load_custom_attributes, c.create_custom_attributes, c.delete_custom_attributes)
    assert only(c.search_all(ids=[family])["families"], "customAttributes") == {"size": 3}
    life(
        users.load_family_scoped_custom_attributes,
        users.create_family_scoped_custom_attributes,
        users.delete_family_scoped_custom_attributes,
    )
    assert users.load_custom_attributes() == {"data": [], "total": 0}, "each has its own"

    # The SDK's hints say that a type is a text, and options are texts: the API has neither.
    fails("type", users.create_custom_attribute, "plan", "Plan", "string")
    fails("options", users.create_custom_attribute, "plan", "Plan", 4, options=["free"])
    users.create_custom_attribute("plan", "Plan", 1, True)
    plan = {"name": "plan", "displayName": "Plan", "type": 1, "required": True}
    assert users.load_custom_attributes() == {"data": [plan], "total": 1}
    fails("EMU409", users.create_custom_attribute, "plan", "Plan", 1)
    users.delete_custom_attribute("other")
    assert users.load_custom_attributes()["data"] == [plan]
    users.delete_custom_attribute("plan")
    assert users.load_custom_attributes() == {"data": [], "total": 0}


@scenario(modern=True)
def analytics(run):
    c = run.client.mgmt.analytics
    run.client.mgmt.tenant.create("Acme", id="acme")
    run.sign_in()
    run.sign_in()
    for tenant in ("acme", "acme", "other"):
        run.client.mgmt.audit.create_event("launch", "info", "ada", tenant)

    def counts(*names, **options):
        found = c.search(**options)["analytics"]
        assert {of["projectId"] for of in found} <= {run.emulator.project}, found
        return sorted((*(of[name] for name in names), int(of["cnt"])) for of in found)

    assert counts(actions=["launch"]) == [(3,)]
    by_tenant = counts("tenant", actions=["launch"], group_by_tenant=True)
    assert by_tenant == [("acme", 2), ("other", 1)], by_tenant
    assert counts(actions=["launch"], tenants=["acme"]) == [(2,)]
    signed_in = counts("action", "method", methods=["otp"], group_by_action=True, group_by_method=True)
    assert ("LoginSucceed", "otp", 2) in signed_in, signed_in
    actions = [of[0] for of in counts("action", excluded_actions=["launch"], group_by_action=True)]
    assert "launch" not in actions and "TenantCreated" in actions, actions
    hour = datetime.timedelta(hours=1)
    now = datetime.datetime.now()
    assert counts(actions=["launch"], from_ts=now - hour, to_ts=now + hour) == [(3,)]
    assert counts(actions=["launch"], from_ts=now + hour) == counts(to_ts=now - hour) == []
    assert counts(devices=["Phone"]) == counts(geos=["XX"]) == []
    by_day = counts("created", "tenant", "device", actions=["launch"], group_by_created="d")
    assert sum(of[-1] for of in by_day) == 3 and int(by_day[0][0]) % 86_400_000 == 0, by_day
    others = {"group_by_device": True, "group_by_geo": True, "group_by_referrer": True}
    assert counts("device", "geo", "referrer", actions=["launch"], **others) == [("", "", "", 3)]
    fails("E011004", c.search, group_by_created="decade")


@scenario(modern=True)
def audit_webhook(run):
    c = run.client.mgmt.audit
    c.create_audit_webhook("Hook", "https://h.example", {"x-a": "1"})
    kept = run.emulator.control("GET", "export")["auditWebhooks"]
    assert kept == [{"name": "Hook", "url": "https://h.example", "headers": {"x-a": "1"}}], kept
    fails("EMU409", c.create_audit_webhook, "Hook")
    assert len(c.search(actions=["ConnectorCreated"])["audits"]) == 1


@scenario(modern=True)
def cross_app_access(run):
    c = run.client.mgmt.sso
    run.client.mgmt.tenant.create("Acme", id="acme")
    run.client.mgmt.role.create("Pilot")
    nothing = c.load_xaa_settings("acme")
    assert nothing["enabled"] is False and nothing["settings"] == {"issuers": {}}, nothing
    mapping = s.AttributeMapping(email="mail")
    issuer = s.XAAIssuerSettings("https://i.example/jwks", "RS256", None, "oid", True, mapping)
    trust = s.XAAJWTBearerSettings({"https://i.example": issuer}, "aud", "scope", "claims")
    relation = s.FGAGroupMappingRelation("plan", "viewer", "doc")
    settings = s.XAASettings(
        True,
        trust,
        [s.RoleMapping(["pilots"], "Pilot")],
        ["Pilot"],
        {"pilots": s.FGAGroupMapping([relation])},
        ["pilots"],
        True,
        False,
        "okta",
    )
    c.configure_xaa_settings("acme", settings)
    loaded = c.load_xaa_settings("acme")
    kept = loaded["settings"]["issuers"]["https://i.example"]
    assert (kept["jwksUri"], kept["signAlgorithm"]) == ("https://i.example/jwks", "RS256"), kept
    assert (kept["externalIdFieldName"], kept["jitDisabled"]) == ("oid", True), kept
    assert kept["attributeMapping"]["email"] == "mail", kept
    assert loaded["settings"]["jwtBearerGrantTypeAudienceToUse"] == "aud", loaded
    assert loaded["enabled"] is True and loaded["providerID"] == "okta", loaded
    assert (loaded["groupsPriority"], loaded["groupPriorityEnabled"]) == (["pilots"], True), loaded
    assert only(loaded["groupsMapping"], "groups") == ["pilots"], loaded
    assert loaded["groupsMapping"][0]["role"]["name"] == "Pilot", loaded
    assert loaded["defaultSSORoles"] == ["Pilot"], loaded
    assert loaded["fgaMappings"]["pilots"]["relations"][0]["resource"] == "plan", loaded
    c.new_settings("acme", "Second", sso_id="second")
    c.configure_xaa_settings("acme", s.XAASettings(True), "second")
    second = c.load_xaa_settings("acme", "second")
    assert (second["enabled"], second["ssoId"], second["groupsMapping"]) == (True, "second", []), second
    of_tenant = c.load_all_xaa_settings("acme")["XAASettings"]
    assert sorted(of["ssoId"] for of in of_tenant) == ["", "second"] and loaded in of_tenant, of_tenant
    fails("E011004", c.configure_xaa_settings, "acme", s.XAASettings(default_sso_roles=["Cook"]))
    assert c.load_xaa_settings("acme") == loaded
    c.delete_xaa_settings("acme", "second")
    assert c.load_xaa_settings("acme", "second")["enabled"] is False
    assert c.load_xaa_settings("acme") == loaded, "the other stays"
    c.delete_xaa_settings("acme")
    assert c.load_xaa_settings("acme") == nothing
    fails("EMU404", c.load_all_xaa_settings, "nowhere")
