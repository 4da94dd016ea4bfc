//! JWT templates on the emulator: how they are validated, and the tokens that they shape.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::emulator::Emulator;
use descope::mgmt::jwt_template::{
    AuthSchema, EmptyClaimPolicy, IssuerType, JwtTemplateDefinition, JwtTemplateKind,
    LibraryOverrides, ValidateOptions,
};
use descope::{Client, Scope};
use serde_json::{Map, Value, json};

use crate::emulated::{refused, start};

/// Ada of one tenant, Bo of two, and an access key.
fn seeded() -> (Emulator, Client) {
    let (emulator, client) = start();
    emulator
        .seed(&json!({
            "permissions": [{ "name": "read" }, { "name": "write" }],
            "tenants": [{ "id": "acme", "name": "Acme" }, { "id": "umbra", "name": "Umbra" }],
            "roles": [
                { "name": "Reader", "permissionNames": ["read"] },
                { "name": "Writer", "permissionNames": ["write"] },
            ],
            "users": [
                {
                    "loginId": "ada", "displayName": "Ada", "roleNames": ["Reader"],
                    "customAttributes": { "plan": "pro" },
                    "userTenants": [{ "tenantId": "acme", "roleNames": ["Writer"] }],
                },
                { "loginId": "bo", "userTenants": [{ "tenantId": "acme" }, { "tenantId": "umbra" }] },
            ],
        }))
        .unwrap();
    (emulator, client)
}

/// Creates a template and puts it into use. Returns its ID.
fn in_use(emulator: &Emulator, client: &Client, definition: &JwtTemplateDefinition) -> String {
    let id = client.mgmt().jwt_template().create(definition).unwrap().id;
    emulator.seed(&json!({ "jwtTemplatesInUse": [{ "id": id }] })).unwrap();
    id
}

/// The claims of the session token and of the refresh token that a user gets now.
fn tokens(emulator: &Emulator, client: &Client, user: &str) -> [Map<String, Value>; 2] {
    let session = emulator.sign_in(user).unwrap();
    let token = |name: &str| session[name].as_str().unwrap().to_owned();
    let refreshed = client.auth().session().refresh(&token("refreshJwt")).unwrap();
    let refresh = token("refreshJwt")
        .split('.')
        .nth(1)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap());
    [refreshed.claims().as_map().clone(), refresh.unwrap()]
}

#[test]
fn templates_are_validated_saved_replaced_and_deleted() {
    let (_, client) = start();
    let templates = client.mgmt().jwt_template();
    let claims = [("plan", "{{user.customAttributes.plan}}"), ("fixed", "x")];
    let good = JwtTemplateDefinition::new("Plan", JwtTemplateKind::User, claims);
    assert_eq!(templates.validate(&good, &ValidateOptions::default()).unwrap().issues, []);
    let made = templates.create(&good).unwrap();
    assert_eq!(templates.load(&made.id).unwrap(), made);
    assert_eq!(made.definition.claims, good.claims);
    let issues = |definition: &JwtTemplateDefinition| {
        let found = templates.validate(definition, &ValidateOptions::default()).unwrap();
        assert_eq!(found.valid, found.issues.is_empty());
        let codes = found.issues.into_iter().map(|issue| issue.code.unwrap());
        codes.collect::<Vec<_>>()
    };
    let named = |claims: &[(&str, &str)]| {
        JwtTemplateDefinition::new("New", JwtTemplateKind::User, claims.iter().copied())
    };
    let other = |text: &str| text.to_owned();
    for (definition, codes) in [
        (good.clone(), vec!["NAME_TAKEN"]),
        (named(&[("exp", "1"), ("sub", "me")]), vec!["RESERVED_CLAIM_KEY"; 2]),
        (named(&[("sub", "{{user.email}}")]).override_subject(true), vec![]),
        (named(&[("a", "{{moon.name}}")]), vec!["UNKNOWN_PLACEHOLDER"]),
        (named(&[]).auth_schema(AuthSchema::Other(other("x"))), vec!["AUTH_SCHEMA_INVALID"]),
        (named(&[]).issuer_type(IssuerType::Other(other("x"))), vec!["ISSUER_TYPE_INVALID"]),
        (
            named(&[]).empty_claim_policy(EmptyClaimPolicy::Other(other("x"))),
            vec!["EMPTY_CLAIM_POLICY_INVALID"],
        ),
        (
            JwtTemplateDefinition::new("New", JwtTemplateKind::Other(other("x")), [("a", "b")]),
            vec!["TYPE_INVALID"],
        ),
    ] {
        assert_eq!(issues(&definition), codes, "{definition:?}");
        if !codes.is_empty() {
            refused(templates.create(&definition), 400, "E011003");
            assert_eq!(templates.load_all().unwrap().len(), 1);
        }
    }
    let own = ValidateOptions::default().id(&*made.id);
    assert!(templates.validate(&good, &own).unwrap().valid, "the name is its own");
    assert!(templates.validate_saved(&made.id).unwrap().valid);

    refused(templates.update(&made.id, &named(&[("exp", "1")])), 400, "E011003");
    assert_eq!(templates.load(&made.id).unwrap(), made, "the old one stays");
    let updated = templates.update(&made.id, &good.clone().add_jti(true)).unwrap();
    assert_eq!((updated.definition.add_jti, &updated.id), (Some(true), &made.id));
    templates.delete(&made.id).unwrap();
    for gone in [
        templates.delete(&made.id),
        templates.load(&made.id).map(drop),
        templates.update(&made.id, &good).map(drop),
        templates.validate_saved(&made.id).map(drop),
    ] {
        refused(gone, 404, "EMU404");
    }
}

#[test]
fn templates_of_the_library_become_the_projects() {
    let (_, client) = start();
    let templates = client.mgmt().jwt_template();
    let library = templates.load_library().unwrap();
    assert!(library.iter().any(|entry| entry.id == "supabase"));
    for entry in &library {
        assert_eq!(templates.load_from_library(&entry.id).unwrap(), *entry);
        let made = templates.create_from_library(&entry.id, &Default::default()).unwrap();
        assert_eq!(made.definition.claims, entry.definition.claims);
        assert_eq!(made.definition.source.as_deref(), Some(&*entry.id));
        assert!(templates.validate_saved(&made.id).unwrap().valid, "{}", entry.id);
    }
    refused(templates.create_from_library("supabase", &Default::default()), 400, "E011003");
    let overrides = LibraryOverrides::default().name("Ours").tags(["db"]).claims([("a", "b")]);
    let made = templates.create_from_library("supabase", &overrides).unwrap();
    assert_eq!((&*made.definition.name, &made.definition.claims["a"]), ("Ours", &json!("b")));
    assert_eq!(made.definition.tags, Some(vec!["db".to_owned()]));
    refused(templates.load_from_library("moon"), 404, "EMU404");
    refused(templates.create_from_library("moon", &overrides), 404, "EMU404");
}

#[test]
fn a_template_in_use_shapes_the_tokens_of_users() {
    let (emulator, client) = seeded();
    let plan = JwtTemplateDefinition::new(
        "Plan",
        JwtTemplateKind::User,
        [
            ("plan", json!("{{user.customAttributes.plan}}")),
            ("hello", json!("I am {{user.name}} of {{tenant.name}}")),
            ("none", json!("{{user.customAttributes.none}}")),
            ("deep", json!({ "verified": ["{{user.verifiedEmail}}", 1] })),
        ],
    );
    let id = in_use(&emulator, &client, &plan);
    let [session, refresh] = tokens(&emulator, &client, "ada");
    for token in [&session, &refresh] {
        assert_eq!((&token["plan"], &token["none"]), (&json!("pro"), &json!("")));
        assert_eq!(token["deep"], json!({ "verified": [false, 1] }));
    }
    assert_eq!((&session["hello"], session.get("dct")), (&json!("I am Ada of "), None));
    assert_eq!(session["roles"], json!(["Reader"]));

    let templates = client.mgmt().jwt_template();
    let update = |definition: JwtTemplateDefinition| {
        templates.update(&id, &definition).unwrap();
        tokens(&emulator, &client, "ada")
    };
    let nil = plan.clone().empty_claim_policy(EmptyClaimPolicy::Nil);
    let [session, refresh] = update(nil.omit_custom_claims_from_dsr(true));
    assert_eq!((&session["none"], refresh.get("plan")), (&Value::Null, None));
    let [session, _] = update(plan.clone().empty_claim_policy(EmptyClaimPolicy::Delete));
    assert!(!session.contains_key("none") && session.contains_key("plan"));

    let [session, _] = update(plan.clone().auto_dct(true));
    assert_eq!((&session["dct"], &session["hello"]), (&json!("acme"), &json!("I am Ada of Acme")));
    assert_eq!(session["roles"], json!(["Reader"]));
    assert_eq!(tokens(&emulator, &client, "bo")[0].get("dct"), None, "Bo has two tenants");
    let tenant_only = plan.clone().auto_dct(true).auth_schema(AuthSchema::TenantOnly);
    let [session, _] = update(tenant_only);
    assert_eq!((&session["roles"], session.get("tenants")), (&json!(["Writer"]), None));
    let info = emulator.sign_in("ada").unwrap();
    let claims = client.auth().session().validate(info["sessionJwt"].as_str().unwrap()).unwrap();
    assert_eq!(claims.permissions(Scope::Tenant("acme")), ["write"]);

    let [session, _] = update(plan.clone().auth_schema(AuthSchema::None));
    assert!(["roles", "permissions", "tenants"].iter().all(|name| !session.contains_key(*name)));
    let [session, _] = update(plan.clone().exclude_permissions(true));
    assert_eq!(session["tenants"], json!({ "acme": { "roles": ["Writer"] } }));
    assert!(session.contains_key("roles") && !session.contains_key("permissions"));

    let other_kind = JwtTemplateDefinition::new("Plan", JwtTemplateKind::Key, [("a", "b")]);
    refused(templates.update(&id, &other_kind), 400, "E011004");
    templates.delete(&id).unwrap();
    assert!(!tokens(&emulator, &client, "ada")[0].contains_key("plan"), "the default is back");
}

#[test]
fn a_template_says_whose_the_tokens_are() {
    let (emulator, client) = seeded();
    let plan = JwtTemplateDefinition::new("Plan", JwtTemplateKind::User, [("plan", "pro")]);
    let id = in_use(&emulator, &client, &plan);
    let project = emulator.project_id();
    let url = format!("https://api.descope.com/{project}");
    let app = format!("https://api.descope.com/v1/apps/{project}");
    for (definition, issuer) in [
        (plan.clone().conformance_issuer(true), &*url),
        (plan.clone().issuer_type(IssuerType::Federated), &url),
        (plan.clone().issuer_type(IssuerType::Inbound), &app),
        (plan.clone().issuer_type(IssuerType::Legacy), project),
    ] {
        client.mgmt().jwt_template().update(&id, &definition).unwrap();
        let [session, refresh] = tokens(&emulator, &client, "ada");
        assert_eq!((&session["iss"], &refresh["iss"]), (&json!(issuer), &json!(issuer)));
    }
}

#[test]
fn a_template_may_give_users_another_subject() {
    let (emulator, client) = seeded();
    let subject = [("sub", "{{user.name}}")];
    let subject = JwtTemplateDefinition::new("Subject", JwtTemplateKind::User, subject);
    in_use(&emulator, &client, &subject.override_subject(true));
    let user = client.mgmt().user().load("ada").unwrap();
    for token in tokens(&emulator, &client, "ada") {
        assert_eq!((&token["sub"], &token["dsub"]), (&json!("Ada"), &json!(user.user_id)));
    }
    let session = emulator.sign_in("ada").unwrap();
    let claims = client.auth().session().validate(session["sessionJwt"].as_str().unwrap()).unwrap();
    assert_eq!(claims.user_id(), user.user_id);
    let [of_bo, _] = tokens(&emulator, &client, "bo");
    assert_eq!(of_bo.get("dsub"), None, "Bo has no name");
}

#[test]
fn a_template_for_access_keys_is_theirs_alone() {
    let (emulator, client) = seeded();
    let claims = [("of", "{{key.name}}"), ("team", "{{key.customAttributes.team}}")];
    let of_keys = JwtTemplateDefinition::new("Keys", JwtTemplateKind::Key, claims);
    let id = in_use(&emulator, &client, &of_keys.auth_schema(AuthSchema::None));
    let seed = json!({ "accessKeys": [
        { "name": "ci", "roleNames": ["Reader"], "customAttributes": { "team": "engine" } },
    ] });
    let made = emulator.seed(&seed).unwrap();
    let key = made["accessKeys"][0]["cleartext"].as_str().unwrap();
    let exchange = || {
        let session = client.auth().access_key().exchange(key, &Default::default()).unwrap();
        session.session.claims.as_map().clone()
    };
    let token = exchange();
    assert_eq!((&token["of"], &token["team"]), (&json!("ci"), &json!("engine")));
    assert!(!token.contains_key("roles"));
    assert!(!tokens(&emulator, &client, "ada")[0].contains_key("of"));

    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());
    client.mgmt().jwt_template().delete(&id).unwrap();
    assert!(exchange().contains_key("roles"));
}
