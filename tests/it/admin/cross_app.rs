//! Which other applications a tenant trusts.

use descope::Scope;
use descope::emulator::Emulator;
use descope::mgmt::sso::{
    AttributeMapping, ConfigurationOptions, CrossAppAccess, CrossAppUpdate, FgaMapping,
    FgaRelation, GroupsMapping, RoleMapping, TrustedIssuer, TrustedIssuers,
};
use serde_json::{Value, json};

use crate::emulated::{refused, start};
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn trust_json() -> Value {
    json!({
        "issuers": { "https://iss": {
            "jwksUri": "https://iss/jwks", "signAlgorithm": "RS256",
            "userInfoUri": "https://iss/userinfo", "externalIdFieldName": "email",
            "jitDisabled": true, "attributeMapping": { "name": "n", "group": "g" },
        } },
        "jwtBearerGrantTypeAudienceToUse": "a", "jwtBearerGrantTypeScopeToUse": "s",
        "jwtBearerGrantTypeCustomClaimsToUse": "c",
    })
}

fn trust() -> TrustedIssuers {
    let issuer = TrustedIssuer::default()
        .jwks_uri("https://iss/jwks")
        .sign_algorithm("RS256")
        .user_info_uri("https://iss/userinfo")
        .external_id_field_name("email")
        .jit_disabled(true)
        .attribute_mapping(AttributeMapping::default().name("n").group("g"));
    TrustedIssuers::default()
        .issuers([("https://iss", issuer)])
        .audience_to_use("a")
        .scope_to_use("s")
        .custom_claims_to_use("c")
}

fn fga() -> FgaMapping {
    FgaMapping::new([FgaRelation::new("doc", "d1", "viewer")])
}

fn fga_json() -> Value {
    json!({ "relations": [
        { "namespace": "doc", "resource": "d1", "relationDefinition": "viewer" },
    ] })
}

fn access() -> Value {
    json!({
        "ssoId": "S1", "enabled": true, "settings": trust_json(),
        "groupsMapping": [{ "role": { "name": "Editor" }, "groups": ["g1", "g2"] }],
        "defaultSSORoles": ["Reader"], "fgaMappings": { "g1": fga_json() },
        "groupsPriority": ["g2", "g1"], "groupPriorityEnabled": true, "allowOverrideRoles": false,
        "providerID": "okta", "shoeSize": 42,
    })
}

fn is_the_access(access: &CrossAppAccess) {
    assert_eq!((access.sso_id.as_deref(), access.enabled), (Some("S1"), Some(true)));
    assert_eq!(access.trust, trust());
    assert_eq!(access.groups_mapping, [GroupsMapping::new("Editor", ["g1", "g2"])]);
    assert_eq!(
        (&*access.default_roles, &access.fga_mappings["g1"]),
        (&["Reader".to_owned()][..], &fga())
    );
    assert_eq!(access.groups_priority, ["g2", "g1"]);
    let flags = (access.group_priority_enabled, access.allow_override_roles);
    assert_eq!(flags, (Some(true), Some(false)));
    assert_eq!(
        (access.provider_id.as_deref(), &access.extra["shoeSize"]),
        (Some("okta"), &json!(42))
    );
    let written = serde_json::to_value(access).unwrap();
    assert_eq!(written, self::access());
    assert_eq!(serde_json::from_value::<CrossAppAccess>(written).unwrap(), *access);
}

#[test]
fn load_load_all_and_delete_with_every_field_and_with_none() {
    let (none, one) =
        (ConfigurationOptions::default(), ConfigurationOptions::default().sso_id("S/1"));
    for (options, query) in [(none, "tenantId=t%2F1"), (one, "tenantId=t%2F1&ssoId=S%2F1")] {
        let line = format!("GET /v1/mgmt/sso/xaa/settings?{query}");
        let loaded = sends(&line, MANAGEMENT, Value::Null, &access(), |client| {
            client.mgmt().sso().load_cross_app_access("t/1", &options)
        });
        is_the_access(&loaded);
        let line = format!("DELETE /v1/mgmt/sso/xaa/settings?{query}");
        sends(&line, MANAGEMENT, Value::Null, &json!({}), |client| {
            client.mgmt().sso().delete_cross_app_access("t/1", &options)
        });
    }
    let line = "GET /v1/mgmt/sso/xaa/settings/all?tenantId=t%2F1";
    let answer = json!({ "XAASettings": [access(), { "enabled": false }] });
    let all = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso().load_all_cross_app_access("t/1")
    });
    is_the_access(&all[0]);
    assert_eq!((all[1].enabled, &all[1].sso_id), (Some(false), &None));
    every_field_of([
        "DELETE /v1/mgmt/sso/xaa/settings",
        "GET /v1/mgmt/sso/xaa/settings",
        "GET /v1/mgmt/sso/xaa/settings/all",
    ]);
}

#[test]
fn update_with_every_field_and_with_none() {
    let update = CrossAppUpdate::default()
        .sso_id("S1")
        .enabled(true)
        .trust(trust())
        .role_mappings([RoleMapping::new("Editor", ["g1", "g2"])])
        .default_roles(["Reader"])
        .fga_mappings([("g1", fga())])
        .groups_priority(["g2", "g1"])
        .group_priority_enabled(true)
        .allow_override_roles(false)
        .provider_id("okta");
    let body = json!({
        "tenantId": "acme", "ssoId": "S1", "enabled": true, "settings": trust_json(),
        "roleMappings": [{ "roleName": "Editor", "groups": ["g1", "g2"] }],
        "defaultSSORoles": ["Reader"], "fgaMappings": { "g1": fga_json() },
        "groupsPriority": ["g2", "g1"], "groupPriorityEnabled": true, "allowOverrideRoles": false,
        "providerID": "okta",
    });
    let line = "POST /v1/mgmt/sso/xaa/settings";
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().update_cross_app_access("acme", &update)
    });
    sends(line, MANAGEMENT, json!({ "tenantId": "acme" }), &json!({}), |client| {
        client.mgmt().sso().update_cross_app_access("acme", &CrossAppUpdate::default())
    });
    every_field_of(["POST /v1/mgmt/sso/xaa/settings"]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let none = ConfigurationOptions::default();
    refuses("tenant_id", |c| c.mgmt().sso().load_cross_app_access("", &none));
    refuses("tenant_id", |c| c.mgmt().sso().load_all_cross_app_access(""));
    refuses("tenant_id", |c| c.mgmt().sso().delete_cross_app_access("", &none));
    let none = CrossAppUpdate::default();
    refuses("tenant_id", |c| c.mgmt().sso().update_cross_app_access(" ", &none));
    refusals_of([
        ("DELETE /v1/mgmt/sso/xaa/settings", "tenant_id"),
        ("GET /v1/mgmt/sso/xaa/settings", "tenant_id"),
        ("POST /v1/mgmt/sso/xaa/settings", "tenant_id"),
        ("GET /v1/mgmt/sso/xaa/settings/all", "tenant_id"),
    ]);
}

#[test]
fn a_tenant_trusts_whom_it_is_told_to_until_that_is_deleted() {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "acme", "name": "Acme" }],
        "roles": [{ "name": "Editor" }, { "name": "Reader" }],
    });
    emulator.seed(&seed).unwrap();
    let sso = client.mgmt().sso();
    let (none, second) =
        (ConfigurationOptions::default(), ConfigurationOptions::default().sso_id("second"));
    let nobody = sso.load_cross_app_access("acme", &none).unwrap();
    assert_eq!((nobody.enabled, nobody.trust.issuers.len()), (Some(false), 0));
    refused(sso.load_cross_app_access("acme", &second), 404, "EMU404");
    refused(sso.load_cross_app_access("nobody", &none), 404, "EMU404");
    let update = CrossAppUpdate::default()
        .enabled(true)
        .trust(trust())
        .role_mappings([RoleMapping::new("Editor", ["g1"])])
        .default_roles(["Reader"])
        .fga_mappings([("g1", fga())]);
    refused(sso.update_cross_app_access("nobody", &update), 404, "EMU404");
    let unknown = update.clone().default_roles(["Nobody"]);
    refused(sso.update_cross_app_access("acme", &unknown), 400, "E011004");
    sso.update_cross_app_access("acme", &update).unwrap();
    let access = sso.load_cross_app_access("acme", &none).unwrap();
    assert_eq!((access.enabled, &access.trust), (Some(true), &trust()));
    assert_eq!(access.groups_mapping[0].groups, ["g1"]);
    assert_eq!(access.default_roles, ["Reader"]);
    assert_eq!(access.fga_mappings["g1"], fga());

    let second_one = json!({ "tenantId": "acme", "ssoId": "second", "type": "saml" });
    emulator.seed(&json!({ "sso": [second_one] })).unwrap();
    let only = CrossAppUpdate::default().sso_id("second").trust(trust());
    sso.update_cross_app_access("acme", &only).unwrap();
    let all = sso.load_all_cross_app_access("acme").unwrap();
    let shown: Vec<_> = all.iter().map(|of| (of.sso_id.as_deref(), of.enabled)).collect();
    assert_eq!(shown, [(Some(""), Some(true)), (Some("second"), Some(false))]);

    client.mgmt().role().delete(Scope::Project, "Reader").unwrap();
    assert_eq!(sso.load_cross_app_access("acme", &none).unwrap().default_roles, [""; 0]);
    let copy = Emulator::builder().project_id(emulator.project_id()).build();
    copy.seed(&emulator.export()).unwrap();
    assert_eq!(copy.export(), emulator.export());

    sso.delete_cross_app_access("acme", &none).unwrap();
    let deleted = sso.load_cross_app_access("acme", &none).unwrap();
    assert_eq!(deleted.trust.issuers.len(), 0);
    assert_eq!(sso.load_cross_app_access("acme", &second).unwrap().trust, trust());
    client.mgmt().tenant().delete("acme").unwrap();
    refused(sso.load_all_cross_app_access("acme"), 404, "EMU404");
}
