//! SSO configurations.

use descope::mgmt::role::RoleDetails;
use descope::mgmt::sso::{
    AttributeMapping, ConfigurationOptions, FgaMapping, FgaRelation, GroupsMapping, LegacyOptions,
    OidcAttributeMapping, OidcProvider, RedirectUrls, RoleMapping, SamlMetadata, SamlOptions,
    SamlProvider,
};
use descope::mgmt::tenant::{NewTenant, TenantSearch};
use descope::{AuthType, Client, Scope};
use serde_json::{Value, json};

use crate::answers::survives;
use crate::emulated::start;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, refuses, sends};

fn attributes() -> AttributeMapping {
    AttributeMapping::default()
        .name("n")
        .given_name("gn")
        .middle_name("mn")
        .family_name("fn")
        .picture("p")
        .email("e")
        .phone_number("ph")
        .group("g")
        .username("u")
        .verified_email("ve")
        .verified_phone("vp")
        .custom_attributes([("theirs", "ours")])
}

fn attributes_sent() -> Value {
    json!({
        "name": "n", "givenName": "gn", "middleName": "mn", "familyName": "fn", "picture": "p",
        "email": "e", "phoneNumber": "ph", "group": "g", "username": "u", "verifiedEmail": "ve",
        "verifiedPhone": "vp", "customAttributes": { "theirs": "ours" },
    })
}

fn claims() -> OidcAttributeMapping {
    OidcAttributeMapping::default()
        .login_id("l")
        .name("n")
        .given_name("gn")
        .middle_name("mn")
        .family_name("fn")
        .email("e")
        .verified_email("ve")
        .username("u")
        .phone_number("ph")
        .verified_phone("vp")
        .picture("p")
        .group("g")
        .custom_attributes([("theirs", "ours")])
}

fn claims_sent() -> Value {
    let mut sent = attributes_sent();
    sent["loginId"] = json!("l");
    sent
}

fn fga() -> [(&'static str, FgaMapping); 1] {
    [("grp", FgaMapping::new([FgaRelation::new("doc", "doc-1", "owner")]))]
}

fn fga_sent() -> Value {
    json!({ "grp": { "relations": [
        { "resource": "doc-1", "relationDefinition": "owner", "namespace": "doc" },
    ] } })
}

fn options() -> SamlOptions {
    SamlOptions::default()
        .attribute_mapping(attributes())
        .role_mappings([RoleMapping::new("Editor", ["grp1", "grp2"])])
        .default_roles(["Member"])
        .groups_priority(["grp2"])
        .fga_mappings(fga())
        .fga_tenant_id_prefix("pre-")
        .fga_tenant_id_suffix("-suf")
        .sp_acs_url("https://sp/acs")
        .sp_entity_id("sp")
        .disable_sign_request(false)
        .redirect_url("https://app/after")
        .domains(["acme.com"])
        .sso_id("S1")
}

/// The request that sets up SAML, where `provider` is what differs.
fn saml_sent(provider: Value) -> Value {
    let mut settings = json!({
        "attributeMapping": attributes_sent(),
        "roleMappings": [{ "groups": ["grp1", "grp2"], "roleName": "Editor" }],
        "defaultSSORoles": ["Member"], "groupsPriority": ["grp2"], "fgaMappings": fga_sent(),
        "configFGATenantIDResourcePrefix": "pre-", "configFGATenantIDResourceSuffix": "-suf",
        "spACSUrl": "https://sp/acs", "spEntityId": "sp", "disableSignRequest": false,
        "spSignKey": "PRIVATE1", "spEncryptionKey": "PRIVATE2", "subjectNameIdFormat": "email",
    });
    let (Value::Object(settings_), Value::Object(provider)) = (&mut settings, provider) else {
        panic!()
    };
    settings_.extend(provider);
    json!({
        "tenantId": "acme", "ssoId": "S1", "redirectUrl": "https://app/after",
        "domains": ["acme.com"], "settings": settings,
    })
}

#[test]
fn saml_with_every_field() {
    let options = || {
        let all = options().sp_sign_key("PRIVATE1").sp_encryption_key("PRIVATE2");
        let all = all.subject_name_id_format("email");
        assert!(!format!("{all:?}").contains("PRIVATE"));
        all
    };
    let provider = SamlProvider::new("https://idp", "idp", "PEM").additional_certificates(["PEM2"]);
    let body = saml_sent(json!({
        "idpUrl": "https://idp", "entityId": "idp", "idpCert": "PEM",
        "idpAdditionalCerts": ["PEM2"],
    }));
    sends("POST /v1/mgmt/sso/saml", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_saml("acme", &provider, &options())
    });
    let metadata = SamlMetadata::new("https://idp/metadata").entity_id("idp");
    let body = saml_sent(json!({ "idpMetadataUrl": "https://idp/metadata", "entityId": "idp" }));
    let line = "POST /v1/mgmt/sso/saml/metadata";
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_saml_by_metadata("acme", &metadata, &options())
    });
    let metadata = SamlMetadata::new("https://idp/metadata");
    let body = json!({
        "tenantId": "acme", "settings": { "idpMetadataUrl": "https://idp/metadata" },
    });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_saml_by_metadata("acme", &metadata, &SamlOptions::default())
    });
    // No default roles at all must be said twice.
    let none: [&str; 0] = [];
    let body = json!({
        "tenantId": "acme", "settings": {
            "idpMetadataUrl": "https://idp/metadata", "defaultSSORoles": [],
            "replaceDefaultSSORoles": true,
        },
    });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        let options = SamlOptions::default().default_roles(none);
        client.mgmt().sso().configure_saml_by_metadata("acme", &metadata, &options)
    });
    let body = json!({
        "tenantId": "acme", "settings": {
            "idpUrl": "https://idp", "entityId": "idp", "idpCert": "PEM", "defaultSSORoles": [],
            "replaceDefaultSSORoles": true,
        },
    });
    sends("POST /v1/mgmt/sso/saml", MANAGEMENT, body, &json!({}), |client| {
        let provider = SamlProvider::new("https://idp", "idp", "PEM");
        let options = SamlOptions::default().default_roles(none);
        client.mgmt().sso().configure_saml("acme", &provider, &options)
    });
    every_field_of(["POST /v1/mgmt/sso/saml", "POST /v1/mgmt/sso/saml/metadata"]);
}

#[test]
fn oidc_with_every_field() {
    let mut by_id = GroupsMapping::new("", ["grp2"]);
    by_id.role.id = "R1".to_owned();
    let provider = OidcProvider::new("Idp", "client")
        .client_secret("canary")
        .redirect_url("https://app/after")
        .auth_url("https://idp/auth")
        .token_url("https://idp/token")
        .user_data_url("https://idp/user")
        .jwks_url("https://idp/keys")
        .scope(["openid"])
        .attribute_mapping(claims())
        .manage_provider_tokens(true)
        .callback_domain("sso.acme.com")
        .prompt(["consent", "login"])
        .grant_type("authorization_code")
        .issuer("https://idp")
        .use_pkce(true)
        .groups_mapping([GroupsMapping::new("Editor", ["grp1"]), by_id])
        .default_roles(["Member"])
        .groups_priority(["grp1"])
        .fga_mappings(fga())
        .provider_id("P1")
        .scim_provider_id("P2")
        .domains(["acme.com"])
        .sso_id("S1");
    assert!(!format!("{provider:?}").contains("canary"));
    let body = json!({
        "tenantId": "acme", "ssoId": "S1", "domains": ["acme.com"], "settings": {
            "name": "Idp", "clientId": "client", "clientSecret": "canary",
            "redirectUrl": "https://app/after", "authUrl": "https://idp/auth",
            "tokenUrl": "https://idp/token", "userDataUrl": "https://idp/user",
            "JWKsUrl": "https://idp/keys", "scope": ["openid"], "userAttrMapping": claims_sent(),
            "manageProviderTokens": true, "callbackDomain": "sso.acme.com",
            "prompt": ["consent", "login"], "grantType": "authorization_code",
            "issuer": "https://idp", "usePkce": true,
            "groupsMapping": [
                { "role": { "name": "Editor" }, "groups": ["grp1"] },
                { "role": { "id": "R1" }, "groups": ["grp2"] },
            ],
            "defaultSSORoles": ["Member"], "groupsPriority": ["grp1"], "fgaMappings": fga_sent(),
            "providerID": "P1", "scimProviderID": "P2",
        },
    });
    sends("POST /v1/mgmt/sso/oidc", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_oidc("acme", &provider)
    });
    let body = json!({ "tenantId": "acme", "settings": { "name": "Idp", "clientId": "client" } });
    sends("POST /v1/mgmt/sso/oidc", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_oidc("acme", &OidcProvider::new("Idp", "client"))
    });
    every_field_of(["POST /v1/mgmt/sso/oidc"]);
}

fn settings() -> Value {
    json!({
        "tenant": { "id": "acme", "name": "Acme", "authType": "oidc" },
        "saml": {
            "idpEntityId": "idp", "idpSSOUrl": "https://idp", "idpCertificate": "PEM",
            "idpMetadataUrl": "https://idp/metadata", "spEntityId": "sp",
            "spACSUrl": "https://sp/acs", "spCertificate": "PEM2",
            "idpAdditionalCertificates": ["PEM3"], "spSignCertificate": "PEM4",
            "subjectNameIdFormat": "persistent",
            "attributeMapping": attributes_sent(),
            "groupsMapping": [{ "role": { "id": "R1", "name": "Editor" }, "groups": ["grp1"] }],
            "defaultSSORoles": ["Member"], "groupsPriority": ["grp1"],
            "redirectUrl": "https://app/after", "fgaMappings": fga_sent(),
            "configFGATenantIDResourcePrefix": "pre-",
            "configFGATenantIDResourceSuffix": "-suf", "lastSuccessTestTime": 1_700_000_000,
            "providerID": "P1", "scimProviderID": "P2", "new": [1],
        },
        "oidc": {
            "name": "Idp", "clientId": "client", "clientSecret": "canary",
            "redirectUrl": "https://app/after", "authUrl": "https://idp/auth",
            "tokenUrl": "https://idp/token", "userDataUrl": "https://idp/user",
            "JWKsUrl": "https://idp/keys", "scope": ["openid"], "userAttrMapping": claims_sent(),
            "manageProviderTokens": true, "callbackDomain": "sso.acme.com",
            "prompt": ["consent"], "grantType": "authorization_code", "issuer": "https://idp",
            "groupsMapping": [], "defaultSSORoles": ["Member"], "groupsPriority": ["grp1"],
            "fgaMappings": fga_sent(), "lastSuccessTestTime": 1_700_000_001, "usePkce": true,
            "roleMappings": [{ "groups": ["grp1"], "roleName": "Editor" }],
            "providerID": "P3", "scimProviderID": "P4", "new": [2],
        },
        "ssoId": "S1", "new": [3],
    })
}

#[test]
fn load_load_all_new_and_delete() {
    let line = "GET /v2/mgmt/sso/settings?tenantId=a%26b&ssoId=S1";
    let found = sends(line, MANAGEMENT, Value::Null, &settings(), |client| {
        client.mgmt().sso().load("a&b", &ConfigurationOptions::default().sso_id("S1"))
    });
    assert_eq!((found.sso_id.as_deref(), &*found.tenant.name), (Some("S1"), "Acme"));
    assert_eq!(found.tenant.auth_type, Some(AuthType::Oidc));
    let (saml, oidc) = (&found.saml, &found.oidc);
    assert_eq!((&*saml.idp_entity_id, &*saml.idp_sso_url), ("idp", "https://idp"));
    assert_eq!((&*saml.idp_certificate, &*saml.sp_certificate), ("PEM", "PEM2"));
    assert_eq!(saml.idp_additional_certificates, ["PEM3"]);
    assert_eq!((&*saml.sp_sign_certificate, &*saml.subject_name_id_format), ("PEM4", "persistent"));
    assert_eq!(saml.idp_metadata_url, "https://idp/metadata");
    assert_eq!((&*saml.sp_entity_id, &*saml.sp_acs_url), ("sp", "https://sp/acs"));
    assert_eq!((&saml.attribute_mapping, &oidc.attribute_mapping), (&attributes(), &claims()));
    let mapping = &saml.groups_mapping[0];
    assert_eq!((&*mapping.role.id, &*mapping.role.name), ("R1", "Editor"));
    assert_eq!(
        (&*mapping.groups, &*saml.default_roles),
        (&["grp1".to_owned()][..], &["Member".to_owned()][..])
    );
    assert_eq!(
        (&*saml.redirect_url, &*saml.groups_priority),
        ("https://app/after", &["grp1".to_owned()][..])
    );
    assert_eq!(saml.fga_mappings["grp"], fga()[0].1);
    assert_eq!((&*saml.fga_tenant_id_prefix, &*saml.fga_tenant_id_suffix), ("pre-", "-suf"));
    assert_eq!(saml.last_success_test_time.unwrap().as_seconds(), 1_700_000_000);
    assert_eq!((&*oidc.name, &*oidc.client_id, &*oidc.issuer), ("Idp", "client", "https://idp"));
    assert_eq!((&*oidc.auth_url, &*oidc.token_url), ("https://idp/auth", "https://idp/token"));
    assert_eq!((&*oidc.user_data_url, &*oidc.jwks_url), ("https://idp/user", "https://idp/keys"));
    assert_eq!(
        (&*oidc.redirect_url, &*oidc.callback_domain),
        ("https://app/after", "sso.acme.com")
    );
    assert_eq!(
        (&*oidc.scope, &*oidc.prompt),
        (&["openid".to_owned()][..], &["consent".to_owned()][..])
    );
    assert!(oidc.manage_provider_tokens);
    assert_eq!(
        (&*oidc.grant_type, oidc.last_success_test_time.unwrap().as_seconds()),
        ("authorization_code", 1_700_000_001)
    );
    assert_eq!((&*saml.provider_id, &*saml.scim_provider_id), ("P1", "P2"));
    assert_eq!((&*oidc.provider_id, &*oidc.scim_provider_id), ("P3", "P4"));
    assert_eq!(oidc.use_pkce, Some(true));
    assert_eq!(oidc.role_mappings, [RoleMapping::new("Editor", ["grp1"])]);
    for (extra, value) in [(&saml.extra, 1), (&oidc.extra, 2), (&found.extra, 3)] {
        assert_eq!(json!(extra), json!({ "new": [value] }));
    }
    assert!(!format!("{found:?}").contains("canary"), "a secret, if there were one");

    let line = "GET /v2/mgmt/sso/settings/all?tenantId=acme";
    let all = json!({ "SSOSettings": [settings(), {}] });
    let both =
        sends(line, MANAGEMENT, Value::Null, &all, |client| client.mgmt().sso().load_all("acme"));
    assert_eq!((both.len(), both[0].sso_id.as_deref()), (2, Some("S1")));
    let body = json!({ "tenantId": "acme", "displayName": "Second", "ssoId": "S1" });
    let line = "POST /v1/mgmt/sso/settings/new";
    let new = sends(line, MANAGEMENT, body, &settings(), |client| {
        client.mgmt().sso().create("acme", "Second", &ConfigurationOptions::default().sso_id("S1"))
    });
    assert_eq!(new, found);
    let line = "DELETE /v1/mgmt/sso/settings?tenantId=acme&ssoId=S1";
    sends(line, MANAGEMENT, Value::Null, &json!({}), |client| {
        client.mgmt().sso().delete("acme", &ConfigurationOptions::default().sso_id("S1"))
    });
    let line = "DELETE /v1/mgmt/sso/settings?tenantId=acme";
    sends(line, MANAGEMENT, Value::Null, &json!({}), |c| {
        c.mgmt().sso().delete("acme", &Default::default())
    });
    survives(&settings(), |client| client.mgmt().sso().load("acme", &Default::default()));
    every_field_of([
        "DELETE /v1/mgmt/sso/settings",
        "POST /v1/mgmt/sso/settings/new",
        "GET /v2/mgmt/sso/settings",
        "GET /v2/mgmt/sso/settings/all",
    ]);
}

#[test]
fn redirects_auth_types_and_recalculation() {
    let urls = RedirectUrls::default().saml("https://app/saml").oauth("").sso_id("S1");
    let body = json!({
        "tenantId": "acme", "ssoId": "S1", "samlRedirectUrl": "https://app/saml",
        "oauthRedirectUrl": "",
    });
    sends("POST /v1/mgmt/sso/redirect", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_redirect_urls("acme", &urls)
    });
    let body = json!({ "tenantId": "acme", "ssoId": "S1", "authType": "oidc" });
    sends("POST /v1/mgmt/sso/settings/authtype", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_auth_type(
            "acme",
            &AuthType::Oidc,
            &ConfigurationOptions::default().sso_id("S1"),
        )
    });
    let body = json!({ "tenantId": "acme", "ssoId": "S1" });
    sends("POST /v1/mgmt/sso/recalculate-mappings", MANAGEMENT, body, &json!({}), |client| {
        client
            .mgmt()
            .sso()
            .recalculate_mappings("acme", &ConfigurationOptions::default().sso_id("S1"))
    });
    every_field_of([
        "POST /v1/mgmt/sso/recalculate-mappings",
        "POST /v1/mgmt/sso/redirect",
        "POST /v1/mgmt/sso/settings/authtype",
    ]);
}

#[test]
#[expect(deprecated, reason = "they must go on working")]
fn the_older_calls() {
    let options = LegacyOptions::default().redirect_url("https://app").domains(["acme.com"]);
    let body = json!({
        "tenantId": "acme", "idpURL": "https://idp", "entityId": "idp", "idpCert": "PEM",
        "redirectURL": "https://app", "domains": ["acme.com"],
    });
    sends("POST /v1/mgmt/sso/settings", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure("acme", "https://idp", "idp", "PEM", &options)
    });
    let none: [&str; 0] = [];
    let options = LegacyOptions::default().redirect_url("").domains(none);
    let body = json!({
        "tenantId": "acme", "idpMetadataURL": "https://idp", "redirectURL": "", "domains": [],
    });
    sends("POST /v1/mgmt/sso/metadata", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().configure_via_metadata("acme", "https://idp", &options)
    });
    let body = json!({
        "tenantId": "acme", "roleMappings": [{ "groups": ["ADMIN"], "roleName": "Admin" }],
        "attributeMapping": attributes_sent(),
    });
    sends("POST /v1/mgmt/sso/mapping", MANAGEMENT, body, &json!({}), |client| {
        let roles = [RoleMapping::new("Admin", ["ADMIN"])];
        client.mgmt().sso().mapping("acme", &roles, &attributes())
    });
    let body = json!({
        "tenantId": "acme", "roleMappings": [], "attributeMapping": attributes_sent(),
        "defaultSSORoles": ["Admin"],
    });
    sends("POST /v1/mgmt/sso/mapping", MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().sso().mapping_with_default_roles("acme", &[], &attributes(), &["Admin"])
    });
    let answer = json!({
        "tenantId": "acme", "idpEntityId": "idp", "idpSSOUrl": "https://idp",
        "idpCertificate": "PEM", "idpMetadataUrl": "m", "spEntityId": "sp", "spACSUrl": "acs",
        "spCertificate": "PEM2", "userMapping": { "name": "NAME", "phoneNumber": "PH" },
        "groupsMapping": [{ "role": { "id": "R1", "name": "Admin" }, "groups": ["ADMIN"] }],
        "redirectUrl": "https://app", "domains": ["acme.com"], "domain": "acme.com",
    });
    let line = "GET /v1/mgmt/sso/settings?tenantId=acme";
    let found = sends(line, MANAGEMENT, Value::Null, &answer, |client| {
        client.mgmt().sso().load_legacy("acme")
    });
    assert_eq!((&*found.idp_sso_url, &*found.sp_acs_url), ("https://idp", "acs"));
    assert_eq!((&*found.user_mapping.phone_number, &*found.domain), ("PH", "acme.com"));
    assert_eq!(found.groups_mapping[0].role.name, "Admin");
    survives(&answer, |client| client.mgmt().sso().load_legacy("acme"));

    refuses("tenant_id", |c| c.mgmt().sso().load_legacy(""));
    refuses("idp_url", |c| c.mgmt().sso().configure("acme", "", "idp", "PEM", &options));
    refuses("entity_id", |c| c.mgmt().sso().configure("acme", "u", "", "PEM", &options));
    refuses("idp_certificate", |c| c.mgmt().sso().configure("acme", "u", "e", " ", &options));
    refuses("idp_metadata_url", |c| c.mgmt().sso().configure_via_metadata("acme", "", &options));
    refuses("tenant_id", |c| c.mgmt().sso().configure_via_metadata("", "u", &options));
    refuses("tenant_id", |c| c.mgmt().sso().mapping("", &[], &AttributeMapping::default()));
    every_field_of([
        "POST /v1/mgmt/sso/mapping",
        "POST /v1/mgmt/sso/metadata",
        "GET /v1/mgmt/sso/settings",
        "POST /v1/mgmt/sso/settings",
    ]);
    refusals_of([
        ("POST /v1/mgmt/sso/mapping", "tenant_id"),
        ("POST /v1/mgmt/sso/metadata", "idp_metadata_url tenant_id"),
        ("GET /v1/mgmt/sso/settings", "tenant_id"),
        ("POST /v1/mgmt/sso/settings", "entity_id idp_certificate idp_url"),
    ]);
}

#[test]
fn bad_input_is_refused_before_a_request() {
    let good = SamlProvider::new("https://idp", "idp", "PEM");
    let options = SamlOptions::default();
    refuses("tenant_id", |c| c.mgmt().sso().load("", &Default::default()));
    refuses("tenant_id", |c| c.mgmt().sso().load_all(""));
    refuses("tenant_id", |c| c.mgmt().sso().create("", "Second", &Default::default()));
    refuses("display_name", |c| c.mgmt().sso().create("acme", "", &Default::default()));
    refuses("tenant_id", |c| c.mgmt().sso().delete("", &Default::default()));
    refuses("tenant_id", |c| c.mgmt().sso().configure_saml("", &good, &options));
    for (name, provider) in [
        ("idp_url", SamlProvider::new("", "idp", "PEM")),
        ("entity_id", SamlProvider::new("https://idp", "", "PEM")),
        ("certificate", SamlProvider::new("https://idp", "idp", "")),
    ] {
        refuses(name, |c| c.mgmt().sso().configure_saml("acme", &provider, &options));
    }
    refuses("idp_metadata_url", |c| {
        c.mgmt().sso().configure_saml_by_metadata("acme", &SamlMetadata::new(""), &options)
    });
    let metadata = SamlMetadata::new("https://idp/metadata");
    refuses("tenant_id", |c| c.mgmt().sso().configure_saml_by_metadata("", &metadata, &options));
    refuses("name", |c| c.mgmt().sso().configure_oidc("acme", &OidcProvider::new("", "client")));
    refuses("client_id", |c| c.mgmt().sso().configure_oidc("acme", &OidcProvider::new("Idp", "")));
    refuses("tenant_id", |c| c.mgmt().sso().configure_oidc("", &OidcProvider::new("a", "b")));
    refuses("tenant_id", |c| c.mgmt().sso().configure_redirect_urls("", &RedirectUrls::default()));
    refuses("tenant_id", |c| {
        c.mgmt().sso().configure_auth_type("", &AuthType::None, &Default::default())
    });
    refuses("tenant_id", |c| c.mgmt().sso().recalculate_mappings("", &Default::default()));
    refusals_of([
        ("POST /v1/mgmt/sso/oidc", "client_id name tenant_id"),
        ("POST /v1/mgmt/sso/recalculate-mappings", "tenant_id"),
        ("POST /v1/mgmt/sso/redirect", "tenant_id"),
        ("POST /v1/mgmt/sso/saml", "certificate entity_id idp_url tenant_id"),
        ("POST /v1/mgmt/sso/saml/metadata", "idp_metadata_url tenant_id"),
        ("DELETE /v1/mgmt/sso/settings", "tenant_id"),
        ("POST /v1/mgmt/sso/settings/authtype", "tenant_id"),
        ("POST /v1/mgmt/sso/settings/new", "display_name tenant_id"),
        ("GET /v2/mgmt/sso/settings", "tenant_id"),
        ("GET /v2/mgmt/sso/settings/all", "tenant_id"),
    ]);
}

fn with_acme() -> (descope::emulator::Emulator, Client) {
    let (emulator, client) = start();
    let seed = json!({
        "tenants": [{ "id": "acme", "name": "Acme" }],
        "roles": [{ "name": "Editor" }, { "name": "Member", "tenantId": "acme" }],
    });
    emulator.seed(&seed).unwrap();
    (emulator, client)
}

#[test]
fn a_configuration_lives_from_creation_to_deletion() {
    let (_, client) = with_acme();
    let sso = client.mgmt().sso();
    let empty = sso.load("acme", &Default::default()).unwrap();
    assert_eq!((empty.tenant.auth_type, &*empty.saml.idp_sso_url), (Some(AuthType::None), ""));
    assert!(sso.load("t9", &Default::default()).unwrap_err().is_not_found());
    assert!(
        sso.load("acme", &ConfigurationOptions::default().sso_id("S9")).unwrap_err().is_not_found()
    );

    let provider = SamlProvider::new("https://idp", "idp", "PEM");
    let options = SamlOptions::default()
        .attribute_mapping(attributes())
        .role_mappings([RoleMapping::new("Editor", ["grp1"]), RoleMapping::new("Member", ["grp2"])])
        .default_roles(["Member"])
        .redirect_url("https://app")
        .domains(["acme.com"]);
    let nobody = SamlOptions::default().role_mappings([RoleMapping::new("Nobody", ["g"])]);
    assert!(sso.configure_saml("acme", &provider, &nobody).is_err());
    sso.configure_saml("acme", &provider, &options).unwrap();
    let found = sso.load("acme", &Default::default()).unwrap();
    assert_eq!(
        (found.tenant.auth_type.clone(), &*found.tenant.domains),
        (Some(AuthType::Saml), &["acme.com".to_owned()][..])
    );
    assert_eq!(
        (&*found.saml.idp_sso_url, &*found.saml.redirect_url),
        ("https://idp", "https://app")
    );
    assert_eq!(found.saml.attribute_mapping, attributes());
    assert!(!found.saml.sp_acs_url.is_empty() && !found.saml.sp_entity_id.is_empty());
    let roles = |client: &Client| -> Vec<String> {
        let found = client.mgmt().sso().load("acme", &Default::default()).unwrap();
        found.saml.groups_mapping.into_iter().map(|of| of.role.name).collect()
    };
    assert_eq!(roles(&client), ["Editor", "Member"]);
    client
        .mgmt()
        .role()
        .update(Scope::Project, "Editor", "Author", &RoleDetails::default())
        .unwrap();
    client.mgmt().role().delete(Scope::Tenant("acme"), "Member").unwrap();
    assert_eq!(roles(&client), ["Author"], "renamed and deleted");
    assert_eq!(sso.load("acme", &Default::default()).unwrap().saml.default_roles, [""; 0]);
    let by_saml = TenantSearch::default().auth_type(AuthType::Saml);
    assert_eq!(client.mgmt().tenant().search(&by_saml).unwrap().len(), 1);

    let urls = RedirectUrls::default().saml("");
    sso.configure_redirect_urls("acme", &urls).unwrap();
    assert_eq!(sso.load("acme", &Default::default()).unwrap().saml.redirect_url, "");
    let metadata = SamlMetadata::new("https://idp/metadata");
    sso.configure_saml_by_metadata("acme", &metadata, &SamlOptions::default()).unwrap();
    let found = sso.load("acme", &Default::default()).unwrap();
    assert_eq!(
        (&*found.saml.idp_metadata_url, &*found.saml.idp_sso_url),
        ("https://idp/metadata", "")
    );
    assert_eq!((found.saml.groups_mapping, found.tenant.domains), (vec![], vec![]), "replaced");

    let provider = OidcProvider::new("Idp", "client")
        .client_secret("canary")
        .use_pkce(true)
        .groups_mapping([GroupsMapping::new("Author", ["grp1"])])
        .attribute_mapping(claims());
    sso.configure_oidc("acme", &provider).unwrap();
    let found = sso.load("acme", &Default::default()).unwrap();
    assert_eq!(found.tenant.auth_type, Some(AuthType::Oidc));
    assert_eq!((&*found.oidc.client_id, &found.oidc.attribute_mapping), ("client", &claims()));
    assert_eq!(found.oidc.groups_mapping[0].role.name, "Author");
    assert_eq!(found.saml.idp_metadata_url, "https://idp/metadata", "it is kept beside");
    sso.configure_auth_type("acme", &AuthType::Saml, &Default::default()).unwrap();
    assert_eq!(client.mgmt().tenant().load("acme").unwrap().auth_type, Some(AuthType::Saml));
    assert!(
        sso.configure_auth_type("acme", &AuthType::Other("x".to_owned()), &Default::default())
            .is_err()
    );

    sso.delete("acme", &Default::default()).unwrap();
    let empty = sso.load("acme", &Default::default()).unwrap();
    assert_eq!((empty.tenant.auth_type, &*empty.oidc.client_id), (Some(AuthType::None), ""));
}

#[test]
fn a_tenant_can_have_several_configurations() {
    let (_, client) = with_acme();
    let sso = client.mgmt().sso();
    let second =
        sso.create("acme", "Second", &ConfigurationOptions::default().sso_id("S1")).unwrap();
    assert_eq!((second.sso_id.as_deref(), &*second.tenant.id), (Some("S1"), "acme"));
    assert!(
        sso.create("acme", "Again", &ConfigurationOptions::default().sso_id("S1")).is_err(),
        "the ID is taken"
    );
    let third = sso.create("acme", "Third", &Default::default()).unwrap().sso_id;
    assert!(third.is_some());
    sso.configure_oidc("acme", &OidcProvider::new("Idp", "client").sso_id("S1")).unwrap();
    assert_eq!(
        sso.load("acme", &ConfigurationOptions::default().sso_id("S1")).unwrap().oidc.client_id,
        "client"
    );
    assert_eq!(sso.load("acme", &Default::default()).unwrap().oidc.client_id, "", "another one");
    assert_eq!(client.mgmt().tenant().load("acme").unwrap().auth_type, Some(AuthType::None));
    let ids: Vec<Option<String>> =
        sso.load_all("acme").unwrap().into_iter().map(|settings| settings.sso_id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.contains(&None) && ids.contains(&third));
    sso.delete("acme", &ConfigurationOptions::default().sso_id("S1")).unwrap();
    assert!(
        sso.load("acme", &ConfigurationOptions::default().sso_id("S1")).unwrap_err().is_not_found()
    );
    assert!(
        sso.delete("acme", &ConfigurationOptions::default().sso_id("S1"))
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn groups_earn_roles_when_they_are_worked_out_anew() {
    let (emulator, client) = with_acme();
    let seed = json!({
        "roles": [{ "name": "Owner" }],
        "users": [
            { "loginId": "ada", "userTenants": [{ "tenantId": "acme", "roleNames": ["Owner", "Member"] }] },
            { "loginId": "al", "userTenants": [{ "tenantId": "acme", "roleNames": ["Member"] }] },
        ],
        "groups": [{ "tenantId": "acme", "id": "g", "display": "Writers", "loginIds": ["ada"] }],
    });
    emulator.seed(&seed).unwrap();
    let options = SamlOptions::default().role_mappings([
        RoleMapping::new("Editor", ["Writers"]),
        RoleMapping::new("Member", ["No"]),
    ]);
    let provider = SamlProvider::new("https://idp", "idp", "PEM");
    client.mgmt().sso().configure_saml("acme", &provider, &options).unwrap();
    client.mgmt().sso().recalculate_mappings("acme", &Default::default()).unwrap();
    let roles = |login_id: &str| {
        let mut roles = client.mgmt().user().load(login_id).unwrap().user_tenants.remove(0).roles;
        roles.sort();
        roles
    };
    assert_eq!(roles("ada"), ["Editor", "Owner"]);
    assert_eq!(roles("al"), ["Member"], "in no group");
}

#[test]
#[expect(deprecated, reason = "they must go on working")]
fn the_older_calls_work_on_the_same_configuration() {
    let (_, client) = with_acme();
    let sso = client.mgmt().sso();
    let options = LegacyOptions::default().redirect_url("https://app").domains(["acme.com"]);
    sso.configure("acme", "https://idp", "idp", "PEM", &options).unwrap();
    let mapping = [RoleMapping::new("Editor", ["ADMIN"])];
    sso.mapping("acme", &mapping, &AttributeMapping::default().phone_number("PH")).unwrap();
    let old = sso.load_legacy("acme").unwrap();
    assert_eq!(
        (&*old.idp_sso_url, &*old.idp_entity_id, &*old.domain),
        ("https://idp", "idp", "acme.com")
    );
    assert_eq!(
        (&*old.user_mapping.phone_number, &*old.groups_mapping[0].role.name),
        ("PH", "Editor")
    );
    let new = sso.load("acme", &Default::default()).unwrap();
    assert_eq!((&*new.saml.idp_certificate, &*new.saml.redirect_url), ("PEM", "https://app"));
    sso.configure_via_metadata("acme", "https://idp/metadata", &LegacyOptions::default()).unwrap();
    let old = sso.load_legacy("acme").unwrap();
    assert_eq!((&*old.idp_metadata_url, &*old.idp_sso_url), ("https://idp/metadata", ""));
    assert_eq!((old.domains.len(), old.groups_mapping.len()), (0, 1), "the mapping stays");
    sso.mapping("acme", &[], &AttributeMapping::default()).unwrap();
    let old = sso.load_legacy("acme").unwrap();
    assert_eq!((&*old.user_mapping.phone_number, old.groups_mapping.len()), ("", 0));
    client.mgmt().tenant().create("B", &NewTenant::default().id("b")).unwrap();
    assert_eq!(sso.load_legacy("b").unwrap().idp_sso_url, "");
}
