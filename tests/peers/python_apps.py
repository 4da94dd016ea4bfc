"""Applications: those that act for users elsewhere, those that users consent to, and scopes."""

from descope.management import common as m

from python_harness import ADA, fails, names, scenario
from python_mgmt import only

PAGE = "https://cal.example"


def seeded(run):
    """Two outbound applications, of which one takes API keys, Ada of a tenant, and Bob."""
    seed = {
        "tenants": [{"id": "acme", "name": "Acme"}, {"id": "other", "name": "Other"}],
        "users": [{"loginId": "ada", "userTenants": [{"tenantId": "acme"}]}, {"loginId": "bob"}],
        "outboundApps": [
            {"id": "cal", "name": "Calendar"},
            {"id": "sky", "name": "Weather", "appType": "apikey"},
        ],
    }
    run.emulator.control("POST", "seed", seed)
    return [run.client.mgmt.user.load(name)["user"]["userId"] for name in ("ada", "bob")]


@scenario(modern=True)
def outbound_applications(run):
    c = run.client.mgmt.outbound_application
    urls = {
        "discovery_url": f"{PAGE}/d",
        "authorization_url": f"{PAGE}/a",
        "token_url": f"{PAGE}/t",
        "revocation_url": f"{PAGE}/r",
        "default_redirect_url": f"{PAGE}/back",
    }
    made = c.create_application(
        "Calendar",
        "dates",
        "https://l.example",
        "cal",
        "canary",
        "C1",
        authorization_url_params=[m.URLParam("a", "1")],
        token_url_params=[m.URLParam("b", "2")],
        default_scopes=["read"],
        callback_domain="cb.example",
        pkce=True,
        access_type=m.AccessType.OFFLINE,
        prompt=[m.PromptType.CONSENT, m.PromptType.LOGIN],
        **urls,
    )["app"]
    assert c.load_application("cal")["app"] == made, made
    shown = [made[name] for name in ("id", "name", "description", "logo", "clientId")]
    assert shown == ["cal", "Calendar", "dates", "https://l.example", "C1"], made
    kinds = ("discovery", "authorization", "token", "revocation", "defaultRedirect")
    assert [made[f"{kind}Url"] for kind in kinds] == list(urls.values()), made
    assert made["authorizationUrlParams"] == [{"key": "a", "value": "1"}], made
    assert made["tokenUrlParams"] == [{"key": "b", "value": "2"}], made
    shown = [made[name] for name in ("accessType", "prompt", "pkce", "callbackDomain", "defaultScopes")]
    assert shown == ["offline", ["consent", "login"], True, "cb.example", ["read"]], made
    assert "canary" not in str(made), "no answer shows the secret"
    fails("EMU409", c.create_application, "Again", id="cal")
    other = c.create_application("Other")["app"]
    assert other["id"] and other["name"] == "Other"
    c.update_application("cal", "Ours", client_id="C2", access_type=m.AccessType.ONLINE)
    loaded = c.load_application("cal")["app"]
    shown = [loaded[name] for name in ("name", "clientId", "accessType")]
    assert shown == ["Ours", "C2", "online"], loaded
    assert not loaded.get("description") and not loaded.get("defaultScopes"), "all is overwritten"
    kept = [of for of in run.emulator.control("GET", "export")["outboundApps"] if of["id"] == "cal"]
    assert only(kept, "clientSecret") == "canary", "but for the secret"
    assert names(c.load_all_applications()["apps"]) == ["Other", "Ours"]
    c.delete_application("cal")
    fails("EMU404", c.load_application, "cal")
    fails("EMU404", c.update_application, "cal", "Ours")
    fails("EMU404", c.delete_application, "cal")
    assert names(c.load_all_applications()["apps"]) == ["Other"]


@scenario(modern=True)
def outbound_tokens(run):
    c, e = run.client.mgmt.outbound_application, run.emulator
    ada, bob = seeded(run)
    later = e.now() + 60
    c.upload_user_token(
        "cal",
        ada,
        refresh_token="r1",
        access_token="a1",
        access_token_expiry=later,
        access_token_type="bearer",
        scopes=["read"],
        external_identifier="ada@cal",
        id_token="i1",
        granted_by="admin",
    )
    token = c.fetch_token("cal", ada)["token"]
    shown = [token[name] for name in ("appId", "userId", "accessToken", "scopes", "grantedBy")]
    assert shown == ["cal", ada, "a1", ["read"], "admin"], token
    assert (token["accessTokenExpiry"], token["hasRefreshToken"]) == (str(later), True), token
    assert "refreshToken" not in token and token["externalIdentifier"] == "ada@cal", token
    more = c.fetch_token("cal", ada, options={"withRefreshToken": True})["token"]
    assert more == {**token, "refreshToken": "r1"}, more
    assert c.fetch_token_by_scopes("cal", ada, ["read"])["token"] == token
    fails("EMU404", c.fetch_token_by_scopes, "cal", ada, ["write"])
    fails("EMU404", c.fetch_token, "cal", bob)
    fails("EMU404", c.fetch_token, "nowhere", ada)
    renewed = c.fetch_token("cal", ada, options={"forceRefresh": True})["token"]
    assert renewed["accessToken"] != "a1" and renewed["id"] == token["id"], renewed
    e.advance(60 * 60)
    after = c.fetch_token_by_scopes("cal", ada, ["read"])["token"]["accessToken"]
    assert after != renewed["accessToken"], "it was renewed when it had expired"
    fails("E011004", c.upload_user_token, "cal", bob, refresh_token="revoked", verify_refresh=True)
    fails("E011", c.upload_user_token, "cal", bob)
    fails("E011004", c.upload_user_token, "sky", bob, access_token="a")
    fails("E011004", c.upload_user_token, "cal", bob, tenant_id="acme", access_token="a")
    fails("EMU404", c.fetch_token, "cal", bob)

    # Of tenants as a whole, and of users in one.
    c.upload_tenant_token("cal", "acme", access_token="t1", scopes=["read", "write"])
    c.upload_user_token("cal", ada, "acme", access_token="a2", scopes=["write"])
    of_tenant = c.fetch_tenant_token("cal", "acme")["token"]
    shown = [of_tenant[name] for name in ("userId", "tenantId", "accessToken")]
    assert shown == ["", "acme", "t1"], of_tenant
    assert c.fetch_tenant_token_by_scopes("cal", "acme", ["write"])["token"] == of_tenant
    fails("EMU404", c.fetch_tenant_token_by_scopes, "cal", "acme", ["admin"])
    fails("EMU404", c.fetch_tenant_token, "cal", "other")
    fails("EMU404", c.upload_tenant_token, "cal", "nowhere", access_token="t")
    assert c.fetch_token("cal", ada, "acme")["token"]["accessToken"] == "a2"
    in_tenant = c.fetch_token_by_scopes("cal", ada, ["write"], tenant_id="acme")["token"]
    assert in_tenant["accessToken"] == "a2" and in_tenant["tenantId"] == "acme", in_tenant

    # API keys.
    c.upload_user_api_key("sky", ada, "k1")
    c.upload_user_api_key("sky", ada, "k2", "acme")
    c.upload_tenant_api_key("sky", "acme", "k3")
    keys = (
        c.fetch_token("sky", ada),
        c.fetch_token("sky", ada, "acme"),
        c.fetch_tenant_token("sky", "acme"),
    )
    assert [of["token"]["accessToken"] for of in keys] == ["k1", "k2", "k3"], keys
    c.upload_user_api_key("sky", ada, "k4")
    assert c.fetch_token("sky", ada)["token"]["accessToken"] == "k4", "the new one takes its place"
    fails("E011004", c.upload_user_api_key, "cal", ada, "k")
    fails("E011004", c.upload_tenant_api_key, "cal", "acme", "k")

    assert sorted(c.list_apps_with_user_token(ada)["appIds"]) == ["cal", "sky"]
    assert sorted(c.list_apps_with_user_token(ada, "acme")["appIds"]) == ["cal", "sky"]
    assert c.list_apps_with_user_token(bob)["appIds"] == []
    c.delete_token(in_tenant["id"])
    fails("EMU404", c.fetch_token, "cal", ada, "acme")
    fails("EMU404", c.delete_token, in_tenant["id"])
    assert c.list_apps_with_user_token(ada, "acme")["appIds"] == ["sky"]
    c.delete_user_tokens("cal", ada)
    fails("EMU404", c.fetch_token, "cal", ada)
    assert c.fetch_token("sky", ada)["token"]["accessToken"] == "k4", "of this application alone"
    c.delete_user_tokens(user_id=ada)
    fails("EMU404", c.fetch_token, "sky", ada)
    assert c.fetch_tenant_token("cal", "acme")["token"] == of_tenant, "tokens of tenants stay"
    fails("E011", c.delete_user_tokens)


@scenario(modern=True)
def outbound_tokens_in_batches(run):
    c = run.client.mgmt.outbound_application
    ada, bob = seeded(run)
    mine = {"appId": "cal", "userId": ada, "accessToken": "a", "scopes": ["read"]}
    his = {"appId": "cal", "userId": bob, "refreshToken": "r"}
    wrong = [{**his, "appId": "nowhere"}, {**his, "refreshToken": ""}]
    failures = c.batch_upload_user_tokens([mine, *wrong])["failures"]
    assert [(of["appId"], of["userId"]) for of in failures] == [("nowhere", bob), ("cal", bob)]
    assert failures[0]["errorCode"] == "EMU404" and failures[1]["reason"], failures
    fails("EMU404", c.fetch_token, "cal", ada)  # all or none
    assert c.batch_upload_user_tokens([mine, his])["failures"] == []
    assert c.fetch_token("cal", ada)["token"]["scopes"] == ["read"]
    assert c.fetch_token("cal", bob)["token"]["accessToken"], "it is fetched by the refresh token"
    theirs = [{"appId": "cal", "tenantId": id, "accessToken": id} for id in ("acme", "other")]
    failures = c.batch_upload_tenant_tokens([*theirs, {**theirs[0], "tenantId": "nowhere"}])["failures"]
    assert only(failures, "tenantId") == "nowhere", failures
    fails("EMU404", c.fetch_tenant_token, "cal", "acme")
    assert c.batch_upload_tenant_tokens(theirs)["failures"] == []
    found = [c.fetch_tenant_token("cal", id)["token"]["accessToken"] for id in ("acme", "other")]
    assert found == ["acme", "other"], found


@scenario(modern=True)
def outbound_tokens_by_inbound_token(run):
    c, by = run.client.mgmt.outbound_application, run.client.mgmt.outbound_application_by_token
    apps, e = run.client.mgmt.third_party_application, run.emulator
    ada, bob = seeded(run)
    app = apps.create("Partner", PAGE, permissions_scopes=[{"name": "read"}])["id"]
    seed = {"inboundConsents": [{"appId": app, "loginId": "ada", "scopes": ["read"]}]}
    token = e.control("POST", "seed", seed)["inboundConsents"][0]["accessToken"]
    for user in (ada, bob):
        c.upload_user_token("cal", user, access_token=user, scopes=["read"])
    c.upload_user_token("cal", ada, "acme", access_token="a2")
    for tenant in ("acme", "other"):
        c.upload_tenant_token("cal", tenant, access_token=tenant, scopes=["read"])
    assert by.fetch_token(token, "cal", ada)["token"]["accessToken"] == ada
    assert by.fetch_token(token, "cal", ada, "acme")["token"]["accessToken"] == "a2"
    assert by.fetch_token_by_scopes(token, "cal", ada, ["read"])["token"]["accessToken"] == ada
    assert by.fetch_tenant_token(token, "cal", "acme")["token"]["accessToken"] == "acme"
    found = by.fetch_tenant_token_by_scopes(token, "cal", "acme", ["read"])
    assert found == c.fetch_tenant_token("cal", "acme"), found
    fails("EMU404", by.fetch_token_by_scopes, token, "cal", ada, ["write"])
    fails(403, by.fetch_token, token, "cal", bob)
    fails(403, by.fetch_tenant_token, token, "cal", "other")
    fails(401, by.fetch_token, "x" + token, "cal", ada)
    session = run.client.mgmt.jwt.sign_in("ada")["sessionToken"]["jwt"]
    fails(401, by.fetch_token, session, "cal", ada)
    apps.delete_consents(app_id=app)
    fails(403, by.fetch_token, token, "cal", ada)
    fails(403, by.fetch_tenant_token, token, "cal", "acme")


@scenario(modern=True)
def outbound_scim(run):
    c = run.client.mgmt.outbound_scim
    app = run.client.mgmt.sso_application.create_oidc_application("Wiki", PAGE)["id"]
    config = {"baseUrl": "https://scim.example", "hmacSecret": "canary"}
    made = c.create_configuration(app, config)["configuration"]
    masked = {**config, "hmacSecret": "********"}
    assert (made["appId"], made["configuration"], made["enabled"]) == (app, masked, True), made
    assert c.load_configuration(app)["configuration"] == made
    fails("EMU409", c.create_configuration, app)
    fails("EMU404", c.create_configuration, "nowhere")
    version = int(made["version"])
    off = c.set_enabled(app, False)["configuration"]
    assert off == {**made, "enabled": False, "version": str(version + 1)}, off
    fails("E011004", c.update_configuration, app, version, {})  # of an older version
    changed = {**masked, "baseUrl": "https://scim2.example"}
    c.update_configuration(app, version + 1, changed)
    loaded = c.load_configuration(app)["configuration"]
    assert loaded == {**off, "configuration": changed, "version": str(version + 2)}, loaded
    kept = only(run.emulator.control("GET", "export")["outboundScim"], "configuration")
    assert kept == {**changed, "hmacSecret": "canary"}, "a masked secret stays"
    c.update_configuration(app, version + 2)
    assert c.load_configuration(app)["configuration"]["configuration"] == {}
    c.delete_configuration(app)
    fails("EMU404", c.load_configuration, app)
    fails("EMU404", c.set_enabled, app, True)
    fails("EMU404", c.delete_configuration, app)


@scenario(modern=True)
def third_party_applications(run):
    c = run.client.mgmt.third_party_application
    read = {"name": "read", "description": "To read", "values": ["reader"], "optional": True}
    mail = {"name": "mail", "description": "Your address", "values": ["email"]}
    options = {
        "description": "d",
        "logo": "https://l.example",
        "approved_callback_urls": ["https://p.example/back"],
        "permissions_scopes": [read],
        "attributes_scopes": [mail],
        "jwt_bearer_settings": {"issuers": {}},
        "custom_attributes": {"plan": "free"},
        "force_pkce": True,
        "default_audience": "clientId",
    }
    made = c.create("Partner", PAGE, **options)
    id = made["id"]
    loaded = c.load(id)
    shown = [loaded[name] for name in ("id", "name", "loginPageUrl", "clientId", "description", "logo")]
    assert shown == [id, "Partner", PAGE, made["clientId"], "d", "https://l.example"], loaded
    assert loaded["approvedCallbackUrls"] == ["https://p.example/back"], loaded
    assert (loaded["permissionsScopes"], loaded["attributesScopes"]) == ([read], [mail]), loaded
    assert loaded["customAttributes"] == {"plan": "free"}, loaded
    assert (loaded["forcePkce"], loaded["defaultAudience"]) == (True, "clientId"), loaded
    fails("EMU409", c.create, "Partner", PAGE)
    fails("E011004", c.create, "Odd", PAGE, default_audience="everybody")
    fails("E011004", c.create, "Odd", PAGE, permissions_scopes=[read, read])
    assert c.get_secret(id)["cleartext"] == made["cleartext"]
    rotated = c.rotate_secret(id)["cleartext"]
    assert rotated != made["cleartext"] and c.get_secret(id)["cleartext"] == rotated
    c.patch(id, description="e", force_pkce=False, attributes_scopes=[])
    patched = {**loaded, "description": "e", "forcePkce": False, "attributesScopes": []}
    assert c.load(id) == patched, "the rest stays"
    c.patch(id, "Friend", "https://f.example")
    assert c.load(id) == {**patched, "name": "Friend", "loginPageUrl": "https://f.example"}
    c.update(id, "Stranger", PAGE)
    loaded = c.load(id)
    assert (loaded["name"], loaded["loginPageUrl"]) == ("Stranger", PAGE), loaded
    assert not loaded["description"] and not loaded["permissionsScopes"], "all is overwritten"
    assert not loaded.get("customAttributes") and loaded["clientId"] == made["clientId"], loaded
    assert c.get_secret(id)["cleartext"] == rotated, "but for the secret"
    more = [c.create(name, PAGE)["id"] for name in ("A", "B")]
    assert names(c.load_all()["apps"]) == ["A", "B", "Stranger"]
    assert loaded in c.load_all()["apps"]
    fails("EMU409", c.patch, id, "A")
    fails("EMU404", c.delete_batch, [*more, "nowhere"])
    assert len(c.load_all()["apps"]) == 3, "all or none"
    c.delete_batch(more)
    assert c.load_all()["apps"] == [loaded]
    c.delete(id)
    for call in (c.load, c.delete, c.get_secret, c.rotate_secret, c.patch):
        fails("EMU404", call, id)
    fails("EMU404", c.update, id, "Stranger", PAGE)


@scenario(modern=True)
def consents(run):
    c, e = run.client.mgmt.third_party_application, run.emulator
    ada, bob = seeded(run)
    scopes = [{"name": "read"}, {"name": "write"}]
    one, two = (c.create(name, PAGE, permissions_scopes=scopes)["id"] for name in ("One", "Two"))

    def consent(app, scopes, **whose):
        seed = {"inboundConsents": [{"appId": app, "scopes": scopes, **whose}]}
        return e.control("POST", "seed", seed)["inboundConsents"][0]["consentId"]

    def left(**asked):
        return names(c.search_consents(**asked)["consents"], "id")

    adas = consent(one, ["read"], loginId="ada")
    assert consent(one, ["write"], loginId="ada") == adas, "it adds to the first"
    bobs, other = (consent(app, ["read"], loginId="bob") for app in (one, two))
    within = consent(one, ["read"], loginId="ada", tenantId="acme")
    whole = consent(one, ["read"], tenantId="acme")
    shown = only(c.search_consents(consent_id=adas)["consents"], "scopes")
    assert shown == ["read", "write"], shown
    all_of = c.search_consents()
    assert all_of["total"] == 5, all_of
    assert names(all_of["consents"], "id") == sorted([adas, bobs, other, within, whole])
    assert left(app_id=two) == [other]
    assert left(user_id=bob) == sorted([bobs, other])
    assert left(tenant_id="acme") == sorted([within, whole])
    assert left(app_id=one, user_id=ada) == sorted([adas, within])
    pages = [c.search_consents(app_id=one, page=page, limit=3) for page in (0, 1)]
    assert [len(of["consents"]) for of in pages] == [3, 1] and pages[1]["total"] == 4, pages
    fails("E011", c.delete_consents)
    fails("EMU404", c.delete_tenant_consents, "nowhere")
    c.delete_tenant_consents("acme")
    assert left(tenant_id="acme") == [within], "only that of the tenant as a whole"
    c.delete_consents(app_id=one, user_ids=[ada], tenant_id="acme")
    assert left() == sorted([adas, bobs, other])
    c.delete_consents(consent_ids=[adas])
    assert left() == sorted([bobs, other])
    c.delete(two)
    assert left() == [bobs], "consents go with their application"
    run.client.mgmt.user.delete("bob")
    assert left() == [], "and with their user"


@scenario(modern=True)
def scope_claims(run):
    c = run.client.mgmt.scope_claim_mapping
    assert c.get()["mappings"] == []
    profile = {"scope": "profile", "claims": {"nick": "{{user.name}}"}, "description": "Who you are"}
    c.set([{"scope": "old", "claims": {}}])
    c.set([profile])
    assert c.get()["mappings"] == [profile], "all are replaced"
    fails("E011004", c.set, [profile, profile])
    assert c.get()["mappings"] == [profile]

    # What they do: the claim is in the token of an application that goes by the project's mapping.
    run.client.mgmt.user.create(ADA, display_name="Ada")
    mapping = [{"scope": "profile", "useProjectMapping": True}]
    seed = {
        "inboundApps": [{"id": "one", "name": "One", "scopeClaimMapping": mapping}],
        "inboundConsents": [{"appId": "one", "loginId": ADA, "scopes": ["profile"]}],
    }

    def claims(seed):
        token = run.emulator.control("POST", "seed", seed)["inboundConsents"][0]["accessToken"]
        return run.client.validate_session(token, audience=run.emulator.project)

    assert claims(seed)["nick"] == "Ada"
    c.delete()
    assert c.get()["mappings"] == []
    assert "nick" not in claims({"inboundConsents": seed["inboundConsents"]})
