//! What is saved of an emulator is there again in another.

use std::time::Duration;

use descope::emulator::Emulator;
use descope::mgmt::role::RoleDetails;
use descope::mgmt::sso::{
    ConfigurationOptions, OidcProvider, RoleMapping, SamlOptions, SamlProvider,
};
use descope::mgmt::sso_application::{
    NewOidcApplication, NewSamlApplication, NewWsFedApplication, OidcApplication, SamlApplication,
    SecretOptions, WsFedApplication,
};
use descope::mgmt::tenant::TimeUnit;
use descope::{Client, Scope};
use serde_json::json;

use crate::emulated::start;

#[test]
fn everything_is_saved_and_made_again() {
    let (emulator, client) = start();
    emulator
        .seed(&json!({
            "tenants": [{ "id": "acme", "name": "Acme" }],
            "roles": [{ "name": "Editor" }, { "name": "Member", "tenantId": "acme" }],
            "users": [{ "loginId": "ada" }, { "loginId": "al" }],
            "groups": [{ "tenantId": "acme", "id": "g", "display": "G", "loginIds": ["ada"],
                         "source": "jit", "ssoId": "S1" }],
            "consents": [{ "loginId": "ada" }],
            "sso": [{ "tenantId": "acme", "ssoId": "S0", "displayName": "Zeroth", "type": "oidc",
                      "redirectUrl": "https://app", "defaultRoleNames": ["Editor"] }],
        }))
        .unwrap();
    let (tenants, sso) = (client.mgmt().tenant(), client.mgmt().sso());
    let settings =
        tenants.load_settings("acme").unwrap().enabled(true).inactivity_time(5, TimeUnit::Days);
    tenants.configure_settings("acme", &settings).unwrap();
    tenants.update_default_roles("acme", &["Member"]).unwrap();
    let options = SamlOptions::default()
        .role_mappings([RoleMapping::new("Editor", ["grp"])])
        .default_roles(["Member"])
        .domains(["acme.com"]);
    sso.configure_saml("acme", &SamlProvider::new("https://idp", "idp", "PEM"), &options).unwrap();
    sso.create("acme", "Second", &ConfigurationOptions::default().sso_id("S1")).unwrap();
    sso.configure_oidc("acme", &OidcProvider::new("Idp", "client").sso_id("S1")).unwrap();
    let apps = client.mgmt().sso_application();
    let oidc = NewOidcApplication::new(OidcApplication::default().force_pkce(true))
        .id("one")
        .client_secret("canary");
    apps.create_oidc("One", &oidc).unwrap();
    apps.add_secret("one", "second", &Default::default()).unwrap();
    apps.create_saml(
        "Two",
        &NewSamlApplication::new(SamlApplication::new("e", "a", "c")).id("two"),
    )
    .unwrap();
    apps.create_wsfed("Three", &NewWsFedApplication::new(WsFedApplication::default().realm("r")))
        .unwrap();

    let saved = emulator.export();
    let (other, copy) = start();
    // Later, so that no time is right by chance.
    other.advance(Duration::from_secs(3600));
    other.seed(&saved).unwrap();
    assert_eq!(other.export(), saved);

    let seen = |client: &Client| {
        let mgmt = client.mgmt();
        (
            (mgmt.tenant().load_all().unwrap(), mgmt.tenant().load_settings("acme").unwrap()),
            mgmt.sso().load_all("acme").unwrap(),
            mgmt.group().load_all("acme", &Default::default()).unwrap(),
            mgmt.role().load_all().unwrap(),
            mgmt.sso_application()
                .load_secret("one", &SecretOptions::default())
                .unwrap()
                .expose()
                .to_owned(),
        )
    };
    assert_eq!(seen(&copy), seen(&client));
    let names = |client: &Client| -> Vec<String> {
        let apps = client.mgmt().sso_application().load_all().unwrap();
        let mut names: Vec<_> = apps.into_iter().map(|app| app.name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&copy), ["OIDC default application", "One", "Three", "Two"]);
    // Names still follow, for what is saved are IDs.
    copy.mgmt().role().update(Scope::Project, "Editor", "Author", &RoleDetails::default()).unwrap();
    let saml = copy.mgmt().sso().load("acme", &Default::default()).unwrap().saml;
    assert_eq!(saml.groups_mapping[0].role.name, "Author");
}

#[test]
fn the_project_and_its_password_settings_are_saved() {
    let emulator = Emulator::new();
    let seed = json!({
        "project": [{ "name": "Engine", "tags": ["a"] }],
        "passwordSettings": [{ "minLength": 12, "nonAlphanumeric": true, "lockAttempts": 3 }],
    });
    emulator.seed(&seed).unwrap();
    let saved = emulator.export();
    let (other, copy) = start();
    other.seed(&saved).unwrap();
    assert_eq!(other.export(), saved);
    let project = copy.mgmt().project().load_all().unwrap().remove(0);
    assert_eq!((&*project.name, project.tags), ("Engine", vec!["a".to_owned()]));
    let policy = copy.auth().password().load_policy().unwrap();
    assert_eq!((policy.min_length, policy.non_alphanumeric, policy.number), (12, true, true));
}

#[test]
fn seeds_are_checked() {
    let (emulator, _) = start();
    let refused = |seed| emulator.seed(&seed).unwrap_err().to_string();
    emulator.seed(&json!({ "tenants": [{ "id": "acme", "name": "Acme" }] })).unwrap();
    let error = refused(json!({ "groups": [{ "tenantId": "t9" }] }));
    assert!(error.starts_with("groups[0]: "), "{error}");
    let error = refused(json!({ "groups": [{ "tenantId": "acme", "loginIds": ["nobody"] }] }));
    assert!(error.contains("E112102"), "{error}");
    let error = refused(json!({ "sso": [{ "tenantId": "acme", "type": "telepathy" }] }));
    assert!(error.contains("telepathy"), "{error}");
    let error = refused(json!({ "consents": [{ "loginId": "nobody" }] }));
    assert!(error.contains("E112102"), "{error}");
    emulator.seed(&json!({ "sso": [{ "tenantId": "acme" }] })).unwrap();
    assert!(refused(json!({ "sso": [{ "tenantId": "acme" }] })).contains("exists"));
}
