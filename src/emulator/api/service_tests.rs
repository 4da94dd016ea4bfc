//! What official SDKs in other languages send, and what their suites see at Descope: that of it which this crate's
//! functions do not send or do not show. The rest is in `tests/live`.

use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::emulator::testing::{refused, text};

fn created(emulator: &Emulator, user: &Value) -> Value {
    emulator.manage("/v1/mgmt/user/create", user)["user"].clone()
}

fn get(emulator: &Emulator, path: &str) -> Value {
    let (status, answer) = emulator.send("GET", path, emulator.management_key(), &json!(null));
    assert_eq!(status, 200, "{answer}");
    answer
}

#[test]
fn a_phone_number_is_a_login_id_in_any_spelling() {
    let emulator = Emulator::new();
    let user = created(&emulator, &json!({ "loginId": "+1-555-555-0123" }));
    assert_eq!(user["loginIds"], json!(["+15555550123"]));
    assert_eq!((&user["phone"], &user["verifiedPhone"]), (&json!("+15555550123"), &json!(true)));
    assert_eq!(emulator.user("%2B15555550123"), user);
    assert_eq!(emulator.user("%2B1-555-555-0123"), user);
    let other = json!({ "loginId": "+1 (555) 555-0123" });
    let key = emulator.management_key();
    refused(emulator.send("POST", "/v1/mgmt/user/create", key, &other), 400, "E062107");
    let found = emulator.manage("/v2/mgmt/user/search", &json!({ "phones": ["+1.555.555.0123"] }));
    assert_eq!(found["total"], 1);
    let start = json!({ "loginId": "+1-555-555-0123", "loginOptions": {} });
    assert_eq!(emulator.post("/v1/auth/otp/signin/sms", &start).0, 200);
    let body = json!({ "loginId": "+15555550123", "code": emulator.code("+15555550123") });
    assert_eq!(emulator.post("/v1/auth/otp/verify/sms", &body).0, 200);
    let body = json!({ "loginId": "+15555550123", "phone": "+44 20 7946 0000", "verified": true });
    let changed = emulator.manage("/v1/mgmt/user/update/phone", &body);
    assert_eq!(changed["user"]["phone"], "+442079460000");
}

#[test]
fn what_is_said_of_an_address_counts_and_else_it_is_verified() {
    let emulator = Emulator::new();
    let address = "ada@example.com";
    let verified = |user: &Value| [user["verifiedEmail"].clone(), user["verifiedPhone"].clone()];
    let user =
        created(&emulator, &json!({ "loginId": "a", "email": address, "phone": "+12025550101" }));
    assert_eq!(verified(&user), [true, true]);
    let user = json!({ "loginId": "b", "email": address, "verifiedEmail": false });
    assert_eq!(verified(&created(&emulator, &user)), [false, false]);
    let user = created(&emulator, &json!({ "loginId": address, "verifiedEmail": false }));
    assert_eq!((&user["email"], &user["verifiedEmail"]), (&json!(address), &json!(false)));
    let user = created(&emulator, &json!({ "loginId": "c@example.com", "email": address }));
    assert_eq!((&user["email"], &user["verifiedEmail"]), (&json!(address), &json!(true)));
    let patch = |body: Value| {
        let key = emulator.management_key();
        emulator.send("PATCH", "/v1/mgmt/user/patch", key, &body).1["user"].clone()
    };
    assert_eq!(verified(&patch(json!({ "loginId": "b", "givenName": "B" }))), [false, false]);
    assert_eq!(
        verified(&patch(json!({ "loginId": "b", "email": "b@example.com" }))),
        [true, false]
    );
    let unverified = json!({ "loginId": "b", "phone": "+12025550101", "verifiedPhone": false });
    assert_eq!(verified(&patch(unverified)), [true, false]);
}

#[test]
fn invited_users_sign_up_where_they_are_reached_and_others_do_not() {
    let emulator = Emulator::new();
    let address = "ada@example.com";
    created(&emulator, &json!({ "loginId": address }));
    created(&emulator, &json!({ "loginId": "al", "email": "al@example.com", "status": "enabled" }));
    for kind in ["otp", "magiclink", "enchantedlink"] {
        let sign_up = |login_id: &str| {
            let path = format!("/v1/auth/{kind}/signup/email");
            let user = json!({ "email": "eve@example.com" });
            emulator.post(&path, &json!({ "loginId": login_id, "user": user }))
        };
        assert_eq!(sign_up(address).1["maskedEmail"], "a***@example.com", "{kind}");
        refused(sign_up("al"), 400, "E062107");
    }
    assert!(emulator.inbox().last_to("eve@example.com").is_none());
    let body = json!({ "loginId": address, "code": emulator.inbox().messages()[0].code });
    let (status, session) = emulator.post("/v1/auth/otp/verify/email", &body);
    assert_eq!((status, &session["user"]["status"]), (200, &json!("enabled")), "{session}");
}

#[test]
fn older_paths_do_what_their_second_version_does() {
    let emulator = Emulator::new();
    created(&emulator, &json!({ "loginId": "ada" }));
    let body = json!({ "loginId": "ada", "roleNames": ["Tenant Admin"] });
    let answer = emulator.manage("/v1/mgmt/user/update/role/add", &body);
    assert_eq!(answer["user"]["roleNames"], json!(["Tenant Admin"]));
    let body = json!({ "roleNames": ["Tenant Admin"], "ssoOnly": false });
    let found = emulator.manage("/v1/mgmt/user/search", &body);
    assert_eq!(found, emulator.manage("/v2/mgmt/user/search", &body));
    assert_eq!(found["total"], 1);
}

#[test]
fn fields_of_other_sdks_are_taken() {
    let emulator = Emulator::new();
    let named = |path: &str, body: Value| {
        let answer = emulator.manage(path, &body);
        answer["user"]["name"].clone()
    };
    let of =
        |login_id: &str, name: &str| json!({ "loginId": login_id, "name": name, "invite": false });
    assert_eq!(named("/v1/mgmt/user/create", of("ada", "Ada")), "Ada");
    assert_eq!(named("/v1/mgmt/user/create/test", of("test", "Test")), "Test");
    assert_eq!(named("/v1/mgmt/user/update", of("ada", "Countess")), "Countess");
    let name = json!({ "loginId": "ada", "name": "Ada Lovelace" });
    assert_eq!(named("/v1/mgmt/user/update/name", name), "Ada Lovelace");
    let batch = json!({ "users": [of("al", "Alan")], "invite": false });
    let batch = emulator.manage("/v1/mgmt/user/create/batch", &batch);
    assert_eq!(batch["createdUsers"][0]["name"], "Alan", "{batch}");
    let key = emulator.management_key();
    let patched = emulator.send("PATCH", "/v1/mgmt/user/patch", key, &of("ada", "A"));
    assert_eq!(patched.1["user"]["name"], "A");

    let user = json!({ "name": "T", "test": false, "invite": false });
    let sign_up = json!({ "loginId": "totp", "user": user });
    assert_eq!(emulator.post("/v1/auth/totp/signup", &sign_up).0, 200);
    let sign_up = json!({
        "loginId": "new@example.com", "loginOptions": { "ssoAppId": "descope-default-oidc" },
    });
    assert_eq!(emulator.post("/v1/auth/otp/signup/email", &sign_up).0, 200);

    for (name, default) in
        [("R1", json!({ "defaultRole": true })), ("R2", json!({ "defaultRole": false }))]
    {
        let mut role = default;
        role["name"] = json!(name);
        emulator.manage("/v1/mgmt/role/create", &role);
    }
    let roles = get(&emulator, "/v1/mgmt/role/all")["roles"].clone();
    let default = roles.as_array().unwrap().iter().filter(|role| role["default"] == true);
    assert_eq!(default.map(|role| text(role, "name")).collect::<Vec<_>>(), ["R1"]);

    emulator.manage("/v1/mgmt/tenant/create", &json!({ "id": "t1", "name": "One" }));
    emulator.manage("/v1/mgmt/tenant/create", &json!({ "id": "t2", "name": "Two" }));
    let found = emulator.manage("/v1/mgmt/tenant/search", &json!({ "names": ["Two"] }));
    assert_eq!(
        (found["tenants"].as_array().unwrap().len(), &found["tenants"][0]["id"]),
        (1, &json!("t2"))
    );
}

#[test]
fn a_redirect_url_is_taken_in_either_spelling() {
    let emulator = Emulator::new();
    let sso = json!({ "tenantId": "t1", "type": "saml" });
    emulator.seed(&json!({ "tenants": [{ "id": "t1", "name": "One" }], "sso": [sso] })).unwrap();
    let back = "https%3A%2F%2Fapp.example.com%2Fback";
    for start in
        ["sso/authorize?tenant=t1", "saml/authorize?tenant=t1", "oauth/authorize?provider=github"]
    {
        for name in ["redirectURL", "redirectUrl"] {
            let path = format!("/v1/auth/{start}&{name}={back}");
            let (status, answer) = emulator.post(&path, &json!({}));
            assert_eq!(status, 200, "{path}: {answer}");
            let url = emulator.idp_sign_in(text(&answer, "url"), "ada@example.com").unwrap();
            assert!(url.starts_with("https://app.example.com/back?code="), "{url}");
        }
    }
}

#[test]
fn empty_settings_of_saml_count_as_unset() {
    let emulator = Emulator::new();
    emulator.manage("/v1/mgmt/tenant/create", &json!({ "id": "t1", "name": "One" }));
    let settings = json!({
        "idpUrl": "https://idp.example.com", "entityId": "e", "idpCert": "c",
        "spEntityId": "", "spACSUrl": "",
    });
    let configure = |settings: &Value| {
        emulator.manage("/v1/mgmt/sso/saml", &json!({ "tenantId": "t1", "settings": settings }));
        get(&emulator, "/v2/mgmt/sso/settings?tenantId=t1")["saml"].clone()
    };
    let project = emulator.project_id();
    let saml = configure(&settings);
    assert_eq!(saml["spEntityId"], json!(format!("{project}-t1")));
    let acs = text(&saml, "spACSUrl");
    assert!(acs.ends_with(&format!("?projectId={project}&tenantId=t1")), "{acs}");
    let mut own = settings;
    own["spEntityId"] = json!("mine");
    own["spACSUrl"] = json!("https://sp.example.com/acs");
    let saml = configure(&own);
    assert_eq!((&saml["spEntityId"], &saml["spACSUrl"]), (&own["spEntityId"], &own["spACSUrl"]));
    assert!(get(&emulator, "/v1/mgmt/sso/settings?tenantId=t1")["domain"].is_string());
}

#[test]
fn the_secret_of_oidc_is_answered_empty() {
    let emulator = Emulator::new();
    emulator.manage("/v1/mgmt/tenant/create", &json!({ "id": "t1", "name": "One" }));
    let settings = json!({ "name": "p", "clientId": "c", "clientSecret": "s3cret" });
    emulator.manage("/v1/mgmt/sso/oidc", &json!({ "tenantId": "t1", "settings": settings }));
    let oidc = get(&emulator, "/v2/mgmt/sso/settings?tenantId=t1")["oidc"].clone();
    assert_eq!((&oidc["clientSecret"], &oidc["clientId"]), (&json!(""), &json!("c")));
    assert!(!emulator.export().to_string().contains("s3cret"));
}

#[test]
fn answers_show_permissions_and_login_ids_under_both_names() {
    let emulator = Emulator::new();
    let user = created(&emulator, &json!({ "loginId": "ada", "roleNames": ["Tenant Admin"] }));
    assert_eq!(user["externalIds"], json!(["ada"]));
    assert_eq!(user["permissions"], json!(["User Admin", "SSO Admin"]));
    assert_eq!(user["push"], false);
}

#[test]
fn the_older_settings_of_a_new_tenant_have_every_key() {
    let emulator = Emulator::new();
    emulator.manage("/v1/mgmt/tenant/create", &json!({ "id": "t1", "name": "One" }));
    let settings = get(&emulator, "/v1/mgmt/sso/settings?tenantId=t1");
    for name in ["idpEntityId", "idpSSOUrl", "idpCertificate", "domain"] {
        assert_eq!(settings[name], "", "{name}: {settings}");
    }
    let mapping = settings["userMapping"].as_object().unwrap();
    for (name, attribute) in mapping.iter().filter(|(name, _)| *name != "customAttributes") {
        let expected = match &**name {
            "name" => "name",
            "email" => "email",
            "phoneNumber" => "phone",
            _ => "",
        };
        assert_eq!(attribute, expected, "{name}");
    }
    for name in ["username", "group", "givenName", "middleName", "familyName", "picture"] {
        assert!(mapping.contains_key(name), "{name}: {settings}");
    }
}

#[test]
fn refusals_name_what_is_missing_or_wrong() {
    let emulator = Emulator::new();
    let key = emulator.management_key();
    created(&emulator, &json!({ "loginId": "ada@example.com" }));
    let link = json!({ "loginId": "ada@example.com", "timeout": 1 });
    let link = emulator.manage("/v1/mgmt/user/signin/embeddedlink", &link)["token"].clone();
    emulator.advance(std::time::Duration::from_secs(2));
    let login = |code: Value| json!({ "loginId": "ada@example.com", "code": code });
    for (path, bearer, body, named) in [
        ("/v1/mgmt/tenant/create", key, json!({ "name": "" }), "The name field is required"),
        ("/v1/mgmt/accesskey/create", key, json!({ "name": "" }), "The name field is required"),
        (
            "/v1/mgmt/accesskey/update",
            key,
            json!({ "id": "", "name": "n" }),
            "The id field is required",
        ),
        (
            "/v1/mgmt/accesskey/update",
            key,
            json!({ "id": "k", "name": "" }),
            "The name field is required",
        ),
        ("/v1/mgmt/accesskey/activate", key, json!({ "id": "" }), "The id field is required"),
        ("/v1/mgmt/accesskey/deactivate", key, json!({ "id": "" }), "The id field is required"),
        ("/v1/mgmt/accesskey/delete", key, json!({ "id": "" }), "The id field is required"),
        ("/v1/auth/otp/verify/email", "", login(json!("000000")), "code"),
        ("/v1/auth/otp/verify/email", "", login(json!("")), "code"),
        ("/v1/auth/otp/verify/email", "", login(json!(null)), "code"),
        ("/v1/auth/otp/signin/email", "", json!({ "loginId": "nobody@example.com" }), "user"),
        ("/v1/auth/magiclink/verify", "", json!({ "token": "nothing" }), "token"),
        ("/v1/auth/magiclink/verify", "", json!({ "token": "" }), "token"),
        ("/v1/auth/magiclink/verify", "", json!({}), "token"),
        ("/v1/auth/magiclink/verify", "", json!({ "token": link }), "expire"),
    ] {
        let (status, answer) = emulator.send("POST", path, bearer, &body);
        assert!((400..500).contains(&status), "{path} {body}: {status}");
        let said = format!("{} {}", answer["errorDescription"], answer["errorMessage"]);
        assert!(said.to_lowercase().contains(&named.to_lowercase()), "{path} {body}: {said}");
    }
}
