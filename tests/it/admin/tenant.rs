//! Tenants.

use std::time::Duration;

use descope::mgmt::access_key::AccessKeySearch;
use descope::mgmt::jwt::SignIn;
use descope::mgmt::role::RoleDetails;
use descope::mgmt::tenant::{
    DisabledFeatures, NewTenant, SsoLink, SsoLinkRevocation, SsoSetupSuite, TenantDetails,
    TenantPatch, TenantSearch, TenantSettings, TimeUnit,
};
use descope::{AuthType, RoleInheritance, Scope};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::{manage, start, start_empty};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn details() -> TenantDetails {
    TenantDetails::default()
        .self_provisioning_domains(["acme.com"])
        .custom_attributes([("plan", json!({ "seats": 5, "trial": null }))])
        .enforce_sso(true)
        .enforce_sso_exclusions(["ada"])
        .federated_app_ids(["app"])
        .disabled(false)
        .role_inheritance(RoleInheritance::UserOnly)
}

fn with_details(mut members: Value) -> Value {
    let details = json!({
        "selfProvisioningDomains": ["acme.com"],
        "customAttributes": { "plan": { "seats": 5, "trial": null } },
        "enforceSSO": true, "enforceSSOExclusions": ["ada"], "federatedAppIds": ["app"],
        "disabled": false, "roleInheritance": "userOnly",
    });
    members.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    members
}

fn acme() -> Value {
    json!({
        "id": "acme", "name": "Acme", "selfProvisioningDomains": ["acme.com"],
        "customAttributes": { "plan": { "seats": 5, "trial": null } }, "authType": "saml",
        "domains": ["sso.acme.com"], "createdTime": 1_700_000_000, "enforceSSO": true,
        "disabled": true, "enforceSSOExclusions": ["ada"], "federatedAppIds": ["app"],
        "roleInheritance": "none", "defaultRoles": ["Member"], "parent": "group",
        "shoeSize": 42,
    })
}

#[test]
fn create_update_and_patch_with_every_field() {
    let new = NewTenant::default().id("acme").parent("group").details(details());
    let id = sends(
        "POST /v1/mgmt/tenant/create",
        MANAGEMENT,
        with_details(json!({ "name": "Acme", "id": "acme", "parent": "group" })),
        &json!({ "id": "acme" }),
        |client| client.mgmt().tenant().create("Acme", &new),
    );
    assert_eq!(id, "acme");
    sends(
        "POST /v1/mgmt/tenant/update",
        MANAGEMENT,
        with_details(json!({ "id": "acme", "name": "Acme" })),
        &json!({}),
        |client| client.mgmt().tenant().update("acme", "Acme", &details()),
    );
    let patch = TenantPatch::default().name("Acme").details(details());
    sends(
        "PATCH /v1/mgmt/tenant/patch",
        MANAGEMENT,
        with_details(json!({ "id": "acme", "name": "Acme" })),
        &json!({}),
        |client| client.mgmt().tenant().patch("acme", &patch),
    );
    every_field_of([
        "POST /v1/mgmt/tenant/create",
        "PATCH /v1/mgmt/tenant/patch",
        "POST /v1/mgmt/tenant/update",
    ]);
}

#[test]
fn what_is_unset_is_not_sent_and_what_is_empty_is() {
    let body = json!({ "name": "Acme" });
    sends("POST /v1/mgmt/tenant/create", MANAGEMENT, body, &json!({ "id": "T1" }), |client| {
        client.mgmt().tenant().create("Acme", &NewTenant::default())
    });
    let none: [&str; 0] = [];
    let patch = TenantPatch::default()
        .details(TenantDetails::default().self_provisioning_domains(none).enforce_sso(false));
    let body = json!({ "id": "acme", "selfProvisioningDomains": [], "enforceSSO": false });
    sends("PATCH /v1/mgmt/tenant/patch", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().tenant().patch("acme", &patch)
    });
}

#[test]
fn delete_says_what_goes_with_it() {
    let line = "POST /v1/mgmt/tenant/delete";
    let body = |cascade: bool| json!({ "id": "acme", "cascade": cascade });
    sends(line, MANAGEMENT, body(false), &json!({}), |c| c.mgmt().tenant().delete("acme"));
    sends(line, MANAGEMENT, body(true), &json!({}), |client| {
        client.mgmt().tenant().delete_with_members("acme")
    });
    every_field_of(["POST /v1/mgmt/tenant/delete"]);
}

#[test]
fn load_load_all_and_search() {
    let line = "GET /v1/mgmt/tenant?id=a%26b";
    let tenant =
        sends(line, MANAGEMENT, Value::Null, &acme(), |client| client.mgmt().tenant().load("a&b"));
    assert_eq!(
        (&*tenant.id, &*tenant.name, tenant.parent.as_deref()),
        ("acme", "Acme", Some("group"))
    );
    assert_eq!(tenant.self_provisioning_domains, ["acme.com"]);
    assert_eq!(tenant.custom_attributes["plan"], json!({ "seats": 5, "trial": null }));
    assert_eq!(
        (tenant.auth_type, &*tenant.domains),
        (Some(AuthType::Saml), &["sso.acme.com".to_owned()][..])
    );
    assert_eq!(tenant.created_time.unwrap().as_seconds(), 1_700_000_000);
    assert!(tenant.enforce_sso && tenant.disabled);
    assert_eq!(
        (tenant.enforce_sso_exclusions, tenant.federated_app_ids),
        (vec!["ada".to_owned()], vec!["app".to_owned()])
    );
    assert_eq!(tenant.role_inheritance, Some(RoleInheritance::None));
    assert_eq!(tenant.default_roles, ["Member"]);
    assert_eq!(tenant.extra["shoeSize"], 42);

    let answer = json!({ "id": "group", "successors": ["acme", "evil"] });
    let group = sends("GET /v1/mgmt/tenant?id=group", MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().tenant().load("group")
    });
    assert_eq!(group.successors, ["acme", "evil"]);

    let all = json!({ "tenants": [acme(), { "id": "b", "authType": "telepathy", "roleInheritance": "" }] });
    let tenants = sends("GET /v1/mgmt/tenant/all", MANAGEMENT, Value::Null, &all, |client| {
        client.mgmt().tenant().load_all()
    });
    assert_eq!(tenants[1].auth_type, Some(AuthType::Other("telepathy".to_owned())));
    assert_eq!(tenants[1].role_inheritance, Some(RoleInheritance::Unset));

    let search = TenantSearch::default()
        .ids(["acme"])
        .names(["Acme"])
        .self_provisioning_domains(["acme.com"])
        .custom_attributes([("plan", 1)])
        .auth_type(AuthType::Oidc)
        .parent_tenant_id("group")
        .sso_domains(["sso.acme.com"])
        .top_level_only(true);
    let body = json!({
        "tenantIds": ["acme"], "tenantNames": ["Acme"],
        "tenantSelfProvisioningDomains": ["acme.com"], "customAttributes": { "plan": 1 },
        "authType": "oidc", "parentTenantId": "group", "tenantSSODomains": ["sso.acme.com"],
        "topLevelOnly": true,
    });
    let found = sends("POST /v1/mgmt/tenant/search", MANAGEMENT, body, &all, |client| {
        client.mgmt().tenant().search(&search)
    });
    assert_eq!(found.len(), 2);
    let line = "POST /v1/mgmt/tenant/search";
    let none = sends(line, MANAGEMENT, json!({}), &json!({ "tenants": null }), |client| {
        client.mgmt().tenant().search(&TenantSearch::default())
    });
    assert_eq!(none, []);
    survives(&acme(), |client| client.mgmt().tenant().load("acme"));
    survives(&all, |client| client.mgmt().tenant().load_all());
    every_field_of([
        "GET /v1/mgmt/tenant",
        "GET /v1/mgmt/tenant/all",
        "POST /v1/mgmt/tenant/search",
    ]);
}

#[test]
fn settings_with_every_field() {
    let features = DisabledFeatures::default()
        .saml(true)
        .oidc(false)
        .scim(true)
        .sso_domains(false)
        .group_mapping(true);
    let suite = SsoSetupSuite::default().enabled(true).style_id("dark").disabled_features(features);
    let settings = TenantSettings::default()
        .self_provisioning_domains(["acme.com"])
        .domains(["sso.acme.com"])
        .auth_type(AuthType::None)
        .enabled(true)
        .refresh_token_expiration(4, TimeUnit::Weeks)
        .session_token_expiration(10, TimeUnit::Minutes)
        .stepup_token_expiration(1, TimeUnit::Hours)
        .enable_inactivity(true)
        .inactivity_time(2, TimeUnit::Days)
        .jit_disabled(true)
        .sso_setup_suite_settings(suite)
        .enforce_sso(false)
        .enforce_sso_exclusions(["ada"])
        .federated_app_ids(["app"]);
    let wire = json!({
        "selfProvisioningDomains": ["acme.com"], "domains": ["sso.acme.com"], "authType": "none",
        "enabled": true, "refreshTokenExpiration": 4, "refreshTokenExpirationUnit": "weeks",
        "sessionTokenExpiration": 10, "sessionTokenExpirationUnit": "minutes",
        "stepupTokenExpiration": 1, "stepupTokenExpirationUnit": "hours",
        "enableInactivity": true, "inactivityTime": 2, "inactivityTimeUnit": "days",
        "JITDisabled": true,
        "ssoSetupSuiteSettings": {
            "enabled": true, "styleId": "dark",
            "disabledFeatures": {
                "saml": true, "oidc": false, "scim": true, "ssoDomains": false,
                "groupMapping": true,
            },
        },
        "enforceSSO": false, "enforceSSOExclusions": ["ada"], "federatedAppIds": ["app"],
    });
    let mut body = wire.clone();
    body["tenantId"] = json!("acme");
    sends("POST /v1/mgmt/tenant/settings", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().tenant().configure_settings("acme", &settings)
    });
    let line = "GET /v1/mgmt/tenant/settings?id=acme";
    let read = sends(line, MANAGEMENT, Value::Null, &wire, |client| {
        client.mgmt().tenant().load_settings("acme")
    });
    assert_eq!(read, settings);
    let node = json!({ "InactivityTime": 3, "InactivityTimeUnit": "fortnights" });
    let read = sends(line, MANAGEMENT, Value::Null, &node, |client| {
        client.mgmt().tenant().load_settings("acme")
    });
    assert_eq!(read.inactivity_time, Some(3));
    assert_eq!(read.inactivity_time_unit, Some(TimeUnit::Other("fortnights".to_owned())));
    survives(&wire, |client| client.mgmt().tenant().load_settings("acme"));
    every_field_of(["GET /v1/mgmt/tenant/settings", "POST /v1/mgmt/tenant/settings"]);
}

#[test]
fn default_roles_and_links() {
    let body = json!({ "id": "acme", "defaultRoles": ["A", "B"] });
    sends("POST /v1/mgmt/tenant/updateDefaultRoles", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().tenant().update_default_roles("acme", &["A", "B"])
    });
    let options = SsoLink::default()
        .expires_in(Duration::from_millis(3_600_001))
        .sso_id("S1")
        .email("it@acme.com")
        .actor_id("ada")
        .template_id("T1");
    let body = json!({
        "tenantId": "acme", "expireTime": 3601, "ssoId": "S1", "email": "it@acme.com",
        "actorId": "ada", "templateId": "T1",
    });
    let link = sends(
        "POST /v2/mgmt/tenant/adminlinks/sso/generate",
        MANAGEMENT,
        body,
        &json!({ "adminSSOConfigurationLink": "https://link" }),
        |client| client.mgmt().tenant().generate_sso_configuration_link("acme", &options),
    );
    assert_eq!(link.expose(), "https://link");
    let line = "POST /v1/mgmt/tenant/adminlinks/sso/revoke";
    sends(line, MANAGEMENT, json!({ "tenantId": "acme", "ssoId": "S1" }), &json!({}), |client| {
        client
            .mgmt()
            .tenant()
            .revoke_sso_configuration_link("acme", &SsoLinkRevocation::default().sso_id("S1"))
    });
    every_field_of([
        "POST /v1/mgmt/tenant/adminlinks/sso/revoke",
        "POST /v1/mgmt/tenant/updateDefaultRoles",
        "POST /v2/mgmt/tenant/adminlinks/sso/generate",
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let (new, details) = (NewTenant::default(), TenantDetails::default());
    refuses("name", |c| c.mgmt().tenant().create("", &new));
    refuses("id", |c| c.mgmt().tenant().update(" ", "Acme", &details));
    refuses("name", |c| c.mgmt().tenant().update("acme", "", &details));
    refuses("id", |c| c.mgmt().tenant().patch("", &TenantPatch::default()));
    refuses("id", |c| c.mgmt().tenant().delete(""));
    refuses("id", |c| c.mgmt().tenant().delete_with_members("a\nb"));
    refuses("id", |c| c.mgmt().tenant().load(""));
    refuses("id", |c| c.mgmt().tenant().load_settings(""));
    refuses("id", |c| c.mgmt().tenant().configure_settings("", &TenantSettings::default()));
    refuses("id", |c| c.mgmt().tenant().update_default_roles("", &[]));
    refuses("roles", |c| c.mgmt().tenant().update_default_roles("acme", &["A", ""]));
    refuses("id", |c| c.mgmt().tenant().generate_sso_configuration_link("", &SsoLink::default()));
    refuses("id", |c| c.mgmt().tenant().revoke_sso_configuration_link("", &Default::default()));
    refusals_of([
        ("GET /v1/mgmt/tenant", "id"),
        ("POST /v1/mgmt/tenant/adminlinks/sso/revoke", "id"),
        ("POST /v1/mgmt/tenant/create", "name"),
        ("POST /v1/mgmt/tenant/delete", "id"),
        ("PATCH /v1/mgmt/tenant/patch", "id"),
        ("GET /v1/mgmt/tenant/settings", "id"),
        ("POST /v1/mgmt/tenant/settings", "id"),
        ("POST /v1/mgmt/tenant/update", "id name"),
        ("POST /v1/mgmt/tenant/updateDefaultRoles", "id roles"),
        ("POST /v2/mgmt/tenant/adminlinks/sso/generate", "id"),
    ]);
}

#[test]
fn a_tenant_lives_from_creation_to_deletion() {
    let (emulator, client) = start();
    let tenants = client.mgmt().tenant();
    let id = tenants.create("First", &NewTenant::default()).unwrap();
    let new = NewTenant::default().id("acme").parent(&*id).details(details());
    assert_eq!(tenants.create("Acme", &new).unwrap(), "acme");
    assert!(tenants.create("Other", &new).is_err(), "the ID is taken");

    let acme = tenants.load("acme").unwrap();
    assert_eq!((&*acme.name, acme.parent), ("Acme", Some(id.clone())));
    assert!(acme.enforce_sso);
    assert_eq!(acme.custom_attributes["plan"], json!({ "seats": 5, "trial": null }));

    let patch = TenantPatch::default().details(TenantDetails::default().disabled(true));
    tenants.patch("acme", &patch).unwrap();
    let patched = tenants.load("acme").unwrap();
    assert!(patched.disabled && patched.enforce_sso, "a patch leaves the rest");
    tenants.update("acme", "Acme Ltd", &TenantDetails::default()).unwrap();
    let updated = tenants.load("acme").unwrap();
    assert_eq!(updated.name, "Acme Ltd");
    assert!(!updated.disabled && !updated.enforce_sso, "an update clears the rest");
    assert!(updated.custom_attributes.is_empty() && updated.self_provisioning_domains.is_empty());

    let names = |search: TenantSearch| -> Vec<String> {
        tenants.search(&search).unwrap().into_iter().map(|tenant| tenant.name).collect()
    };
    assert_eq!(names(TenantSearch::default().names(["First", "Nobody"])), ["First"]);
    assert_eq!(names(TenantSearch::default().parent_tenant_id(&*id)), ["Acme Ltd"]);
    assert_eq!(names(TenantSearch::default().auth_type(AuthType::Saml)), [""; 0]);
    assert_eq!(tenants.load_all().unwrap().len(), 2);

    tenants.delete(&id).unwrap();
    assert_eq!(tenants.load("acme").unwrap().parent, None, "the parent is gone");
    assert!(tenants.load(&id).unwrap_err().is_not_found());
    assert!(tenants.delete(&id).unwrap_err().is_not_found());
    assert!(tenants.patch(&id, &patch).unwrap_err().is_not_found());
    assert_eq!(emulator.export()["tenants"].as_array().unwrap().len(), 1);
}

#[test]
fn members_go_with_a_tenant_only_on_demand_and_only_if_it_is_theirs_alone() {
    let seed = json!({
        "tenants": [{ "id": "t1", "name": "One" }, { "id": "t2", "name": "Two" }],
        "roles": [{ "name": "Local", "tenantId": "t1" }, { "name": "Global" }],
        "users": [
            { "loginId": "both", "userTenants": [
                { "tenantId": "t1", "roleNames": ["Local", "Global"] }, { "tenantId": "t2" },
            ] },
            { "loginId": "one", "userTenants": [{ "tenantId": "t1" }] },
            { "loginId": "none" },
        ],
        "accessKeys": [{ "name": "k", "keyTenants": [{ "tenantId": "t1" }] }],
        "sso": [{ "tenantId": "t1" }],
        "groups": [{ "tenantId": "t1", "id": "g", "loginIds": ["one"] }],
    });
    let left = |cascade: bool| {
        let (emulator, client) = start_empty();
        emulator.seed(&seed).unwrap();
        let tenants = client.mgmt().tenant();
        if cascade { tenants.delete_with_members("t1") } else { tenants.delete("t1") }.unwrap();
        assert!(client.mgmt().sso().load("t1", &Default::default()).unwrap_err().is_not_found());
        assert!(
            client.mgmt().group().load_all("t1", &Default::default()).unwrap_err().is_not_found()
        );
        let roles = client.mgmt().role().load_all().unwrap();
        assert_eq!(roles.iter().map(|role| &*role.name).collect::<Vec<_>>(), ["Global"]);
        let both = client.mgmt().user().load("both").unwrap();
        assert_eq!(both.user_tenants.iter().map(|of| &*of.tenant_id).collect::<Vec<_>>(), ["t2"]);
        assert!(client.mgmt().user().load("none").is_ok());
        let keys = client.mgmt().access_key().search(&AccessKeySearch::default()).unwrap();
        (client.mgmt().user().load("one").is_ok(), keys.len())
    };
    assert_eq!(left(false), (true, 1));
    assert_eq!(left(true), (false, 0));
}

#[test]
fn those_who_join_get_the_tenants_default_roles() {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "t1", "name": "One" }],
        "roles": [{ "name": "Member", "tenantId": "t1" }, { "name": "Guest" }],
        "users": [{ "loginId": "ada" }],
    });
    emulator.seed(&seed).unwrap();
    let tenants = client.mgmt().tenant();
    assert!(tenants.update_default_roles("t1", &["Nobody"]).is_err());
    assert!(tenants.update_default_roles("t9", &[]).unwrap_err().is_not_found());
    tenants.update_default_roles("t1", &["Member", "Guest"]).unwrap();
    client
        .mgmt()
        .role()
        .update(Scope::Tenant("t1"), "Member", "Staff", &RoleDetails::default())
        .unwrap();
    client.mgmt().role().delete(Scope::Project, "Guest").unwrap();
    assert_eq!(tenants.load("t1").unwrap().default_roles, ["Staff"], "renamed and deleted");
    client.mgmt().user().add_tenant("ada", "t1").unwrap();
    let session = client.mgmt().jwt().sign_in("ada", &SignIn::default()).unwrap();
    assert!(session.claims().has_roles(Scope::Tenant("t1"), ["Staff"]));
    tenants.update_default_roles("t1", &[]).unwrap();
    assert_eq!(tenants.load("t1").unwrap().default_roles, [""; 0]);
}

#[test]
fn settings_are_kept_and_checked() {
    let (_, client) = start();
    let tenants = client.mgmt().tenant();
    tenants.create("Acme", &NewTenant::default().id("acme")).unwrap();
    let empty = tenants.load_settings("acme").unwrap();
    assert_eq!((empty.auth_type.clone(), empty.enabled), (Some(AuthType::None), None));
    let settings = empty
        .enabled(true)
        .inactivity_time(5, TimeUnit::Minutes)
        .enable_inactivity(true)
        .domains(["sso.acme.com"])
        .self_provisioning_domains(["acme.com"]);
    tenants.configure_settings("acme", &settings).unwrap();
    assert_eq!(tenants.load_settings("acme").unwrap(), settings);
    let acme = tenants.load("acme").unwrap();
    assert_eq!(
        (&*acme.domains, &*acme.self_provisioning_domains),
        (&["sso.acme.com".to_owned()][..], &["acme.com".to_owned()][..])
    );
    let odd = TenantSettings::default()
        .session_token_expiration(1, TimeUnit::Other("fortnights".to_owned()));
    assert!(tenants.configure_settings("acme", &odd).is_err());
    assert_eq!(
        tenants.load_settings("acme").unwrap(),
        settings,
        "a refused change changes nothing"
    );
    assert!(tenants.load_settings("t9").unwrap_err().is_not_found());
}

#[test]
fn links_for_administrators_are_mailed() {
    let (emulator, client) = start();
    let tenants = client.mgmt().tenant();
    tenants.create("Acme", &NewTenant::default().id("acme")).unwrap();
    let options = SsoLink::default().email("it@acme.com");
    let link = tenants.generate_sso_configuration_link("acme", &options).unwrap();
    let mailed = emulator.inbox().last_to("it@acme.com").unwrap();
    assert_eq!(mailed.link.as_deref(), Some(link.expose()));
    tenants.revoke_sso_configuration_link("acme", &Default::default()).unwrap();
    assert!(tenants.generate_sso_configuration_link("t9", &options).unwrap_err().is_not_found());
}

#[test]
fn searches_find_top_levels_and_domains_of_sso() {
    let (emulator, client) = start();
    let tenants = json!([
        { "id": "group", "name": "Group" }, { "id": "acme", "name": "Acme", "parent": "group" },
    ]);
    emulator.seed(&json!({ "tenants": tenants })).unwrap();
    let body = json!({
        "tenantId": "acme", "domains": ["acme.com"], "redirectUrl": "https://example.com",
        "settings": { "idpUrl": "https://idp.example.com", "entityId": "e", "idpCert": "c" },
    });
    manage(&emulator, "/v1/mgmt/sso/saml", &body);
    let found = |search: TenantSearch| {
        let found = client.mgmt().tenant().search(&search).unwrap();
        found.into_iter().map(|tenant| tenant.id).collect::<Vec<_>>()
    };
    let search = TenantSearch::default;
    assert_eq!(found(search().top_level_only(true)), ["group"]);
    assert_eq!(found(search().top_level_only(false)), ["group", "acme"]);
    assert_eq!(found(search().sso_domains(["acme.com", "other.com"])), ["acme"]);
    assert_eq!(found(search().sso_domains(["other.com"])), [""; 0]);
}
