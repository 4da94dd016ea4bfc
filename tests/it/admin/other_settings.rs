//! Settings that were read from one object and go to another: the one that the call names is changed.

use descope::mgmt::inbound_app::InboundAppSettings;
use descope::mgmt::jwt_template::JwtTemplateDefinition;
use descope::mgmt::outbound_app::{OutboundAppSettings, OutboundAppUpdate};
use descope::mgmt::tenant::TenantSettings;
use descope::{Client, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::exchange;

/// The settings of the object `a`, which has the name `A`, as they were kept.
fn kept<T: DeserializeOwned>() -> T {
    let all = json!({ "id": "a", "tenantId": "a", "name": "A", "type": "user", "template": {} });
    serde_json::from_value(all).unwrap()
}

/// The body that a call sends.
fn body<T>(call: impl Fn(&Client) -> Result<T>) -> Value {
    let (_, sent) = exchange(&json!({}), &call);
    sent[0].body.clone()
}

#[test]
fn the_object_that_the_call_names_is_changed() {
    let sent = body(|c| c.mgmt().tenant().configure_settings("b", &kept::<TenantSettings>()));
    assert_eq!(sent["tenantId"], "b");
    let template: JwtTemplateDefinition = kept();
    let sent = body(|c| c.mgmt().jwt_template().update("b", &template));
    assert_eq!(sent["template"]["id"], "b");
    let settings: InboundAppSettings = kept();
    let sent = body(|c| c.mgmt().inbound_app().update("b", "B", &settings));
    assert_eq!((&sent["id"], &sent["name"]), (&json!("b"), &json!("B")));
    let update = OutboundAppUpdate::default().settings(kept::<OutboundAppSettings>());
    let sent = body(|c| c.mgmt().outbound_app().update("b", "B", &update));
    assert_eq!((&sent["app"]["id"], &sent["app"]["name"]), (&json!("b"), &json!("B")));
}
