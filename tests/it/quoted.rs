//! Descope might quote a request in its refusal: no secret of the newer areas' requests is in the
//! error that comes of it.

use descope::auth::notp::NotpUpdateOptions;
use descope::auth::outbound::ConnectOptions;
use descope::emulator::Emulator;
use descope::mgmt::family::StopFamilyImpersonation;
use descope::mgmt::outbound_app::{
    InTenant, NewOutboundApp, OutboundAppUpdate, RefreshCheck, TemplatedOutboundApp,
    TenantTokenOptions, TenantTokenUpload, TokenUpload, UserTokenOptions, UserTokenUpload,
};
use descope::mgmt::outbound_scim::ScimOptions;
use descope::transport::http::StatusCode;
use descope::transport::{Request, Response};
use descope::{Client, Error};
use serde_json::json;

use crate::support::MANAGEMENT;

const SECRET: &str = "canary-secret";

/// A client whose every request is refused with its bearer and body as the reason.
fn client() -> Client {
    let emulator = Emulator::new();
    Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .management_key(MANAGEMENT)
        .transport(move |request: Request| {
            if request.uri().path().starts_with("/v2/keys/") {
                return Ok(emulator.handle(request));
            }
            let bearer = request.headers()["authorization"].to_str().unwrap();
            let body = String::from_utf8_lossy(request.body());
            let refusal = json!({
                "errorCode": "E1", "errorDescription": bearer, "errorMessage": body,
            });
            let mut response = Response::new(refusal.to_string().into_bytes());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        })
        .build()
        .unwrap()
}

/// Makes a call that is refused, and returns all that its error says.
fn refusal<T>(result: descope::Result<T>) -> String {
    let error = result.err().unwrap();
    assert!(matches!(error, Error::Api(_)), "{error:?}");
    format!("{error} {error:?}")
}

#[test]
fn no_secret_of_a_request_is_in_an_error() {
    let client = client();
    let apps = client.mgmt().outbound_app();
    let new = NewOutboundApp::default().client_secret(SECRET);
    let template = TemplatedOutboundApp::default().client_secret(SECRET);
    let update = OutboundAppUpdate::default().client_secret(SECRET);
    let uploads = || {
        [
            TokenUpload::access_token(SECRET),
            TokenUpload::refresh_token(SECRET),
            TokenUpload::access_token("other-token").id_token(SECRET),
        ]
    };
    let mut said = vec![
        refusal(apps.create("Calendar", &new)),
        refusal(apps.create_from_template("T1", &template)),
        refusal(apps.update("cal", "Calendar", &update)),
        refusal(apps.upload_user_api_key("cal", "U1", SECRET, &InTenant::default())),
        refusal(apps.upload_tenant_api_key("cal", "acme", SECRET)),
        refusal(apps.tokens_as(SECRET).load_for_user("cal", "U1", &UserTokenOptions::default())),
        refusal(apps.tokens_as(SECRET).load_for_tenant("cal", "t", &TenantTokenOptions::default())),
    ];
    for upload in uploads() {
        let user = UserTokenUpload::new("cal", "U1", upload.clone());
        let tenant = TenantTokenUpload::new("cal", "acme", upload);
        said.push(refusal(apps.upload_user_token(&user, RefreshCheck::Skip)));
        said.push(refusal(apps.upload_user_token_batch(&[user])));
        said.push(refusal(apps.upload_tenant_token(&tenant, RefreshCheck::Skip)));
        said.push(refusal(apps.upload_tenant_token_batch(&[tenant])));
    }
    let scim = client.mgmt().outbound_scim();
    let configuration = [("auth", json!({ "tokens": [SECRET] }))];
    let options = ScimOptions::default().configuration(configuration);
    said.push(refusal(scim.create("app", &options)));
    said.push(refusal(scim.update("app", 7, &options)));
    let stop = StopFamilyImpersonation::default();
    said.push(refusal(client.mgmt().family().stop_impersonation(SECRET, &stop)));
    let auth = client.auth();
    said.push(refusal(auth.notp().session(SECRET)));
    let update = NotpUpdateOptions::default();
    said.push(refusal(auth.notp().update("ada", "+12025550101", SECRET, &update)));
    said.push(refusal(auth.outbound().connect("cal", SECRET, &ConnectOptions::default())));
    for text in said {
        assert!(!text.contains(SECRET) && !text.contains(MANAGEMENT), "{text}");
        assert!(text.contains("[redacted]"), "{text}");
    }
}
