//! What the connectors of the audit trail send: a request for each record that passes their filters.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::mgmt::audit::KEPT;
use crate::emulator::state::audit::Record;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::Fields;
use crate::emulator::words::host;
use crate::emulator::words::settings::Settings;
use crate::transport::Request;
use crate::transport::http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use crate::transport::http::{Method, Uri};

/// As Descope's documentation names it. Its examples compare base64.
const SIGNATURE: HeaderName = HeaderName::from_static("x-descope-webhook-s256");

/// A request that a connector has to make.
pub(in crate::emulator) struct Due {
    pub(in crate::emulator) request: Request,
    /// Whether any certificate is trusted.
    pub(in crate::emulator) insecure: bool,
}

/// What is due for the records since the last time, in their order; or why something is not sent, without what may
/// be secret of it.
pub(in crate::emulator) fn due(
    settings: &Settings,
    store: &mut Store,
) -> Vec<std::result::Result<Due, String>> {
    let connectors: Vec<_> =
        store.documents.kept(KEPT).filter(|connector| connector.has("url")).collect();
    let mut due = Vec::new();
    for record in store.audit.take_fresh() {
        let takers = connectors.iter().filter(|connector| takes(**connector, record));
        due.extend(takers.map(|connector| request(*connector, settings, record)));
    }
    due
}

fn takes(connector: Fields<'_>, record: &Record) -> bool {
    connector.objects("filters").all(|filter| passes(filter, record))
}

/// Node's SDK names what a filter looks at differently from Go's.
fn passes(filter: Fields<'_>, record: &Record) -> bool {
    let values = filter.texts("values");
    let has = match filter.some_text("filterType").or(filter.some_text("key")) {
        Some("actions") => values.contains(&&*record.action),
        Some("tenants") => record.tenants.iter().any(|tenant| values.contains(&&**tenant)),
        _ => return true,
    };
    has != (filter.text("operator") == "excludes")
}

fn request(
    connector: Fields<'_>,
    settings: &Settings,
    record: &Record,
) -> std::result::Result<Due, String> {
    let name = connector.text("name");
    let url: Uri = connector
        .text("url")
        .parse()
        .map_err(|_| format!("the URL of the connector {name:?} cannot be read"))?;
    let host = url.host().unwrap_or_default();
    let allowed = settings.webhook_hosts.iter().any(|known| host::name(known) == host::name(host));
    if !allowed && !host::is_loopback(host) {
        return Err(format!(
            "{host:?} is not this machine: allow it with EmulatorBuilder::webhook_host"
        ));
    }
    let body = body(settings, record);
    let headers = headers(connector, &body)
        .ok_or_else(|| format!("the headers of the connector {name:?} cannot be sent"))?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    Ok(Due { request, insecure: connector.flag("insecure") })
}

/// A list of the one record. Descope documents no shape; public receivers read a list of what the search finds, with
/// numbers for times.
fn body(settings: &Settings, record: &Record) -> Vec<u8> {
    let mut shown = record.show(&settings.project_id);
    shown["occurred"] = json!(record.occurred.saturating_mul(1000));
    Value::Array(vec![shown]).to_string().into_bytes()
}

/// `None` if something is configured that no header can have.
fn headers(connector: Fields<'_>, body: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut set = |name: &str, value: &str| {
        let (name, mut value) =
            (name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
        value.set_sensitive(true);
        headers.insert(name, value);
        Some(())
    };
    set(CONTENT_TYPE.as_str(), "application/json")?;
    for (name, value) in connector.map("headers").into_iter().flatten() {
        set(name, value.as_str().unwrap_or_default())?;
    }
    let authentication = connector.object("authentication");
    if let Some(token) = authentication.some_text("bearerToken") {
        set(AUTHORIZATION.as_str(), &format!("Bearer {token}"))?;
    }
    if authentication.has("basic") {
        let basic = authentication.object("basic");
        let pair = format!("{}:{}", basic.text("username"), basic.text("password"));
        set(AUTHORIZATION.as_str(), &format!("Basic {}", STANDARD.encode(pair)))?;
    }
    if authentication.has("apiKey") {
        let key = authentication.object("apiKey");
        set(key.text("key"), key.text("token"))?;
    }
    if let Some(secret) = connector.some_text("hmacSecret") {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        set(SIGNATURE.as_str(), &STANDARD.encode(hmac::sign(&key, body)))?;
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::words::fields::Object;

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { panic!("{value}") };
        object
    }

    #[test]
    fn an_event_passes_all_filters_of_its_connector() {
        let record = Record {
            action: "LoginSucceed".to_owned(),
            tenants: vec!["acme".to_owned(), "other".to_owned()],
            ..Record::default()
        };
        let of_acme =
            json!({ "filterType": "tenants", "operator": "includes", "values": ["acme"] });
        let no_logins =
            json!({ "filterType": "actions", "operator": "excludes", "values": ["LoginSucceed"] });
        for (filters, expected) in [
            (json!([]), true),
            (json!([{ "filterType": "all" }]), true),
            (json!([{ "key": "all", "operator": "excludes", "values": ["LoginSucceed"] }]), true),
            (json!([of_acme]), true),
            (json!([no_logins]), false),
            (json!([of_acme, no_logins]), false),
            // As Node's SDK names it; without an operator, one of the values lets it through.
            (json!([{ "key": "actions", "values": ["LoginFailed", "LoginSucceed"] }]), true),
            (json!([{ "key": "actions", "values": ["Login"] }]), false),
            (json!([{ "filterType": "actions", "operator": "includes", "values": [] }]), false),
            (json!([{ "filterType": "tenants", "operator": "excludes", "values": ["x"] }]), true),
            (
                json!([{ "filterType": "tenants", "operator": "excludes", "values": ["other"] }]),
                false,
            ),
        ] {
            let connector = object(json!({ "filters": filters }));
            assert_eq!(takes(Fields::new(&connector), &record), expected, "{filters}");
        }
    }

    #[test]
    fn a_connector_authenticates_itself_as_configured() {
        let sent = |connector: Value| {
            let connector = object(connector);
            headers(Fields::new(&connector), b"[]")
        };
        for (authentication, name, value) in [
            (json!({ "bearerToken": "t" }), "authorization", "Bearer t"),
            (
                json!({ "basic": { "username": "ada", "password": "p:w" } }),
                "authorization",
                "Basic YWRhOnA6dw==",
            ),
            (json!({ "apiKey": { "key": "X-Key", "token": "t0ken" } }), "x-key", "t0ken"),
        ] {
            let headers = sent(json!({ "authentication": authentication })).unwrap();
            assert_eq!(headers[name], value);
            assert!(!format!("{headers:?}").contains(value), "{headers:?}");
        }
        let own = sent(json!({ "headers": { "Content-Type": "text/json", "x-a": "1" } })).unwrap();
        assert!(own["content-type"] == "text/json" && own["x-a"] == "1", "{own:?}");
        assert!(!own.contains_key(SIGNATURE));
        for odd in [
            json!({ "headers": { "a b": "1" } }),
            json!({ "headers": { "a": "1\n2" } }),
            json!({ "authentication": { "apiKey": { "key": "", "token": "k" } } }),
        ] {
            assert!(sent(odd.clone()).is_none(), "{odd}");
        }
    }
}
