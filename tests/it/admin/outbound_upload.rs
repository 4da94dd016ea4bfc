//! Tokens and API keys for outbound applications that are uploaded and deleted.

use descope::mgmt::outbound_app::{
    InTenant, RefreshCheck, TenantTokenUpload, TokenUpload, TokensToDelete, UserTokenUpload,
};
use descope::{Client, Result, UnixTime};
use serde_json::{Value, json};

use super::outbound_app::with;
use crate::inventory::{every_field_of, refusals_of};
use crate::support::{MANAGEMENT, exchange, refuses, sends};

fn every_upload() -> TokenUpload {
    TokenUpload::both("canary-a", "canary-r")
        .id_token("canary-i")
        .access_token_expiry(UnixTime::from_seconds(1_900_000_000))
        .access_token_type("bearer")
        .scopes(["read", "write"])
        .external_identifier("work")
        .granted_by("U2")
}

fn every_upload_json() -> Value {
    json!({
        "accessToken": "canary-a", "refreshToken": "canary-r", "idToken": "canary-i",
        "accessTokenExpiry": 1_900_000_000, "accessTokenType": "bearer",
        "scopes": ["read", "write"], "externalIdentifier": "work", "grantedBy": "U2",
    })
}

#[test]
fn upload_with_every_field_and_with_none() {
    let user = UserTokenUpload::new("cal", "U1", every_upload()).tenant_id("acme");
    let tenant = TenantTokenUpload::new("cal", "acme", every_upload());
    assert!(!format!("{user:?} {tenant:?}").contains("canary"));
    let user_json =
        with(every_upload_json(), json!({ "appId": "cal", "userId": "U1", "tenantId": "acme" }));
    let tenant_json = with(every_upload_json(), json!({ "appId": "cal", "tenantId": "acme" }));
    let path = |name: &str| format!("POST /v1/mgmt/outbound/app/{name}/upload");
    for (check, verify) in [(RefreshCheck::Verify, true), (RefreshCheck::Skip, false)] {
        let verify = json!({ "verifyRefresh": verify });
        let body = with(user_json.clone(), verify.clone());
        sends(&path("user/oauthtoken"), MANAGEMENT, body, &json!({}), |client| {
            client.mgmt().outbound_app().upload_user_token(&user, check)
        });
        let body = with(tenant_json.clone(), verify);
        sends(&path("tenant/oauthtoken"), MANAGEMENT, body, &json!({}), |client| {
            client.mgmt().outbound_app().upload_tenant_token(&tenant, check)
        });
    }
    let failures = json!({ "failures": [{
        "appId": "cal", "userId": "U1", "tenantId": "acme", "errorCode": "E1", "reason": "late",
        "shoeSize": 42,
    }] });
    let plain = UserTokenUpload::new("mail", "U2", TokenUpload::access_token("a"));
    let body = json!({ "tokens": [
        user_json, { "appId": "mail", "userId": "U2", "accessToken": "a" },
    ] });
    let failed = sends(&path("user/oauthtoken/batch"), MANAGEMENT, body, &failures, |client| {
        let uploads = [user.clone(), plain.clone()];
        client.mgmt().outbound_app().upload_user_token_batch(&uploads)
    });
    assert_eq!(serde_json::to_value(&failed).unwrap(), failures["failures"]);
    let plain = TenantTokenUpload::new("mail", "t2", TokenUpload::refresh_token("r"));
    let body = json!({ "tokens": [
        tenant_json, { "appId": "mail", "tenantId": "t2", "refreshToken": "r" },
    ] });
    let failed = sends(&path("tenant/oauthtoken/batch"), MANAGEMENT, body, &failures, |client| {
        let uploads = [tenant.clone(), plain.clone()];
        client.mgmt().outbound_app().upload_tenant_token_batch(&uploads)
    });
    let failure = &failed[0];
    assert_eq!(
        (failure.error_code.as_deref(), failure.reason.as_deref()),
        (Some("E1"), Some("late"))
    );
    assert_eq!(failure.user_id.as_deref(), Some("U1"));
    let all_went_well = |client: &Client| {
        client.mgmt().outbound_app().upload_user_token_batch(std::slice::from_ref(&user))
    };
    assert_eq!(exchange(&json!({ "failures": [] }), all_went_well).0.unwrap(), []);
    every_field_of([
        "POST /v1/mgmt/outbound/app/tenant/oauthtoken/batch/upload",
        "POST /v1/mgmt/outbound/app/tenant/oauthtoken/upload",
        "POST /v1/mgmt/outbound/app/user/oauthtoken/batch/upload",
        "POST /v1/mgmt/outbound/app/user/oauthtoken/upload",
    ]);
}

#[test]
fn api_keys_are_uploaded_and_tokens_deleted() {
    let line = "POST /v1/mgmt/outbound/app/user/apikey/upload";
    let body = json!({ "appId": "w", "userId": "U1", "apiKey": "canary", "tenantId": "acme" });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        let options = InTenant::default().tenant_id("acme");
        client.mgmt().outbound_app().upload_user_api_key("w", "U1", "canary", &options)
    });
    let body = json!({ "appId": "w", "userId": "U1", "apiKey": "canary" });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        let options = InTenant::default();
        client.mgmt().outbound_app().upload_user_api_key("w", "U1", "canary", &options)
    });
    let line = "POST /v1/mgmt/outbound/app/tenant/apikey/upload";
    let body = json!({ "appId": "w", "tenantId": "acme", "apiKey": "canary" });
    sends(line, MANAGEMENT, body, &json!({}), |client| {
        client.mgmt().outbound_app().upload_tenant_api_key("w", "acme", "canary")
    });
    let line = "DELETE /v1/mgmt/outbound/token?id=OT%2F1";
    sends(line, MANAGEMENT, Value::Null, &json!({}), |client| {
        client.mgmt().outbound_app().delete_token("OT/1")
    });
    let both = TokensToDelete::OfUserInApp { app_id: "c/1", user_id: "U/1" };
    for (tokens, query) in [
        (TokensToDelete::OfApp("c/1"), "appId=c%2F1"),
        (TokensToDelete::OfUser("U/1"), "userId=U%2F1"),
        (both, "appId=c%2F1&userId=U%2F1"),
    ] {
        let line = format!("DELETE /v1/mgmt/outbound/user/tokens?{query}");
        sends(&line, MANAGEMENT, Value::Null, &json!({}), |client| {
            client.mgmt().outbound_app().delete_user_tokens(tokens)
        });
    }
    every_field_of([
        "POST /v1/mgmt/outbound/app/tenant/apikey/upload",
        "POST /v1/mgmt/outbound/app/user/apikey/upload",
        "DELETE /v1/mgmt/outbound/token",
        "DELETE /v1/mgmt/outbound/user/tokens",
    ]);
}

#[test]
fn bad_uploads_are_refused_before_a_request() {
    type Upload<'a> = &'a dyn Fn(&Client, &str, &str, TokenUpload) -> Result<()>;
    let user: Upload<'_> = &|client, app, user, token| {
        let upload = UserTokenUpload::new(app, user, token);
        client.mgmt().outbound_app().upload_user_token(&upload, RefreshCheck::Skip)
    };
    let users: Upload<'_> = &|client, app, user, token| {
        let upload = UserTokenUpload::new(app, user, token);
        client.mgmt().outbound_app().upload_user_token_batch(&[upload]).map(drop)
    };
    let tenant: Upload<'_> = &|client, app, tenant, token| {
        let upload = TenantTokenUpload::new(app, tenant, token);
        client.mgmt().outbound_app().upload_tenant_token(&upload, RefreshCheck::Skip)
    };
    let tenants: Upload<'_> = &|client, app, tenant, token| {
        let upload = TenantTokenUpload::new(app, tenant, token);
        client.mgmt().outbound_app().upload_tenant_token_batch(&[upload]).map(drop)
    };
    let good = || TokenUpload::access_token("a");
    for (owner, upload) in
        [("user_id", user), ("user_id", users), ("tenant_id", tenant), ("tenant_id", tenants)]
    {
        refuses("app_id", |c| upload(c, "", "O1", good()));
        refuses(owner, |c| upload(c, "cal", "", good()));
        refuses("access_token", |c| upload(c, "cal", "O1", TokenUpload::access_token("")));
        refuses("refresh_token", |c| upload(c, "cal", "O1", TokenUpload::refresh_token("")));
        refuses("refresh_token", |c| upload(c, "cal", "O1", TokenUpload::both("a", "")));
        refuses("id_token", |c| upload(c, "cal", "O1", good().id_token("")));
        let never = UnixTime::from_seconds(0);
        refuses("access_token_expiry", |c| {
            upload(c, "cal", "O1", good().access_token_expiry(never))
        });
    }
    refuses("uploads", |c| c.mgmt().outbound_app().upload_user_token_batch(&[]));
    refuses("uploads", |c| c.mgmt().outbound_app().upload_tenant_token_batch(&[]));
    refusals_of([
        (
            "POST /v1/mgmt/outbound/app/tenant/oauthtoken/batch/upload",
            "access_token access_token_expiry app_id id_token refresh_token tenant_id uploads",
        ),
        (
            "POST /v1/mgmt/outbound/app/tenant/oauthtoken/upload",
            "access_token access_token_expiry app_id id_token refresh_token tenant_id",
        ),
        (
            "POST /v1/mgmt/outbound/app/user/oauthtoken/batch/upload",
            "access_token access_token_expiry app_id id_token refresh_token uploads user_id",
        ),
        (
            "POST /v1/mgmt/outbound/app/user/oauthtoken/upload",
            "access_token access_token_expiry app_id id_token refresh_token user_id",
        ),
    ]);
}

#[test]
fn bad_keys_and_ids_are_refused_before_a_request() {
    let none = InTenant::default();
    refuses("app_id", |c| c.mgmt().outbound_app().upload_user_api_key("", "U1", "k", &none));
    refuses("user_id", |c| c.mgmt().outbound_app().upload_user_api_key("w", "", "k", &none));
    refuses("api_key", |c| c.mgmt().outbound_app().upload_user_api_key("w", "U1", "", &none));
    refuses("app_id", |c| c.mgmt().outbound_app().upload_tenant_api_key("", "acme", "k"));
    refuses("tenant_id", |c| c.mgmt().outbound_app().upload_tenant_api_key("w", "", "k"));
    refuses("api_key", |c| c.mgmt().outbound_app().upload_tenant_api_key("w", "acme", " "));
    refuses("id", |c| c.mgmt().outbound_app().delete_token(""));
    let of = |tokens| move |c: &Client| c.mgmt().outbound_app().delete_user_tokens(tokens);
    refuses("app_id", of(TokensToDelete::OfApp("")));
    refuses("user_id", of(TokensToDelete::OfUser("")));
    refuses("user_id", of(TokensToDelete::OfUserInApp { app_id: "cal", user_id: "" }));
    refusals_of([
        ("POST /v1/mgmt/outbound/app/tenant/apikey/upload", "api_key app_id tenant_id"),
        ("POST /v1/mgmt/outbound/app/user/apikey/upload", "api_key app_id user_id"),
        ("DELETE /v1/mgmt/outbound/token", "id"),
        ("DELETE /v1/mgmt/outbound/user/tokens", "app_id user_id"),
    ]);
}
