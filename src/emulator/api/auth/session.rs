//! Keys, refresh, logout, and what users may ask about themselves.

use serde_json::{Value, json};

use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Read, Unrecorded};
use crate::emulator::api::route::Bearer::{Public, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const LOGOUT: &[Field] = &[optional("logoutType", Kind::Texts)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::get("/v2/keys/{projectId}", Public, &[], keys),
    Route::get("/v1/keys/{projectId}", Public, &[optional("certs", Kind::Bool)], first_keys),
    Route::post(
        "/v1/auth/refresh",
        Refresh,
        Unrecorded("a session that goes on is no sign-in"),
        &[optional("externalToken", Kind::Text)],
        refresh,
    ),
    Route::post(
        "/v1/auth/logout",
        Refresh,
        Unrecorded("a session that ends is no sign-in"),
        LOGOUT,
        logout,
    ),
    Route::post(
        "/v1/auth/logoutall",
        Refresh,
        Unrecorded("a session that ends is no sign-in"),
        LOGOUT,
        logout_all,
    ),
    Route::get("/v1/auth/me", Refresh, &[], me),
    Route::get("/v1/auth/me/history", Refresh, &[], history),
    Route::post(
        "/v1/auth/me/tenants",
        Refresh,
        Read,
        &[optional("dct", Kind::Bool), optional("ids", Kind::Texts)],
        my_tenants,
    ),
    Route::post(
        "/v1/auth/tenant/select",
        Refresh,
        Unrecorded("a session that goes on is no sign-in"),
        &[required("tenant", Kind::Text)],
        select_tenant,
    ),
];

fn keys(call: &Call<'_>, store: &mut Store) -> Result {
    if call.param("projectId") != call.settings.project_id {
        return Err(Refusal::missing("project"));
    }
    store.keys.set(call.now).map(Reply::from)
}

/// Likewise, as a bare array: the first version.
fn first_keys(call: &Call<'_>, store: &mut Store) -> Result {
    let mut set = keys(call, store)?;
    Ok(set.body["keys"].take().into())
}

fn refresh(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    token::renew(call, store, &proven)
}

/// Sessions have no kinds here.
fn check_types(call: &Call<'_>) -> Result<()> {
    if call.body().texts("logoutType").is_empty() {
        return Ok(());
    }
    Err(Refusal::uncovered_field("logoutType"))
}

fn logout(call: &Call<'_>, store: &mut Store) -> Result {
    check_types(call)?;
    let proven = token::proven(call, store)?;
    store.sessions.revoke(&proven);
    Ok(Reply::empty())
}

fn logout_all(call: &Call<'_>, store: &mut Store) -> Result {
    check_types(call)?;
    let proven = token::proven(call, store)?;
    store.sessions.revoke_user(&proven.session.user, None);
    Ok(Reply::empty())
}

fn me(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    let user = store.user(&proven.session.user).ok_or_else(Refusal::no_user)?;
    Ok(user.show(store).into())
}

fn history(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    let user = store.user(&proven.session.user).ok_or_else(Refusal::no_user)?;
    Ok(user.history().collect::<Value>().into())
}

fn my_tenants(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    let (body, user) = (call.body(), store.user(&proven.session.user));
    let (current, ids) = (body.flag("dct"), body.texts("ids"));
    let well_asked = if current { ids.is_empty() } else { body.has("ids") };
    if !well_asked {
        return Err(Refusal::argument("Either dct or ids must be given"));
    }
    let memberships = user.into_iter().flat_map(|user| &user.grants.tenants);
    let tenants = memberships
        .filter(|membership| match &proven.tenant {
            _ if !current => ids.is_empty() || ids.contains(&&*membership.tenant),
            selected => selected.as_ref() == Some(&membership.tenant),
        })
        .filter_map(|membership| store.tenant(&membership.tenant))
        .map(|tenant| {
            let (id, name) = (&tenant.id, &tenant.name);
            json!({ "id": id, "name": name, "customAttributes": tenant.attributes })
        });
    list("tenants", tenants)
}

fn select_tenant(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    let tenant = call.body().text("tenant");
    let user = store.user(&proven.session.user);
    if user.is_none_or(|user| user.grants.membership(tenant).is_none()) {
        return Err(Refusal::forbidden("The user is not in this tenant"));
    }
    token::replace(call, store, &proven, Some(tenant.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::clock::Clock;
    use crate::emulator::testing::{claims, refused, text};
    use crate::emulator::{Emulator, Issuer};

    const ADA: &str = "ada@example.com";

    fn seeded(emulator: &Emulator) {
        emulator
            .seed(&json!({
                "permissions": [{ "name": "read" }, { "name": "write" }],
                "tenants": [{ "id": "t1", "name": "One", "customAttributes": { "a": 1 } },
                            { "id": "t2", "name": "Two" }],
                "roles": [{ "name": "Reader", "permissionNames": ["read"] },
                          { "name": "Writer", "permissionNames": ["write"], "tenantId": "t1" }],
                "users": [{ "loginId": ADA, "email": ADA, "roleNames": ["Reader"], "userTenants": [
                    { "tenantId": "t1", "roleNames": ["Writer", "Reader"] }, { "tenantId": "t2" },
                ] }],
            }))
            .unwrap();
    }

    fn signed_in(emulator: &Emulator) -> (Value, String) {
        let session = emulator.sign_in(ADA).unwrap();
        let refresh = text(&session, "refreshJwt").to_owned();
        (session, refresh)
    }

    #[test]
    fn tokens_have_descopes_claims() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (session, refresh) = signed_in(&emulator);
        let found = claims(&session["sessionJwt"]);
        let now = emulator.clock().unix().as_seconds();
        assert_eq!(found["iss"], emulator.project_id());
        assert_eq!(found["drn"], "DS");
        assert_eq!(found["sub"], session["user"]["userId"]);
        assert_eq!(found["exp"], session["sessionExpiration"]);
        assert!((now + 598..=now + 600).contains(&found["exp"].as_i64().unwrap()));
        assert_eq!(
            (&found["roles"], &found["permissions"]),
            (&json!(["Reader"]), &json!(["read"]))
        );
        assert_eq!(
            found["tenants"],
            json!({ "t1": { "roles": ["Reader", "Writer"], "permissions": ["read", "write"] }, "t2": {} })
        );
        assert!(text(&found, "rexp").ends_with('Z'));
        let found = claims(&json!(refresh));
        assert_eq!(found["drn"], "DSR");
        assert!(found.get("roles").is_none() && found.get("tenants").is_none());
        assert_eq!(found["exp"], session["cookieExpiration"]);
        assert_eq!(
            (&session["cookiePath"], &session["cookieMaxAge"]),
            (&json!("/"), &json!(28 * 86_400))
        );
    }

    #[test]
    fn issuers_come_in_three_forms() {
        for (issuer, before) in [
            (Issuer::ProjectId, ""),
            (Issuer::Url, "https://api.descope.com/"),
            (Issuer::App, "https://api.descope.com/v1/apps/"),
        ] {
            let emulator = Emulator::builder().issuer(issuer).project_id("P2abc").build();
            let token = emulator.issue_token(json!({})).unwrap();
            assert_eq!(claims(&json!(token))["iss"], format!("{before}P2abc"));
        }
    }

    #[test]
    fn refresh_follows_the_users_grants_and_keeps_the_refresh_token() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (session, refresh) = signed_in(&emulator);
        let body = json!({ "loginId": ADA, "roleNames": [] });
        emulator.manage("/v1/mgmt/user/update/role/set", &body);
        let (status, renewed) = emulator.refresh(&refresh);
        assert_eq!(status, 200);
        assert!(renewed.get("refreshJwt").is_none());
        assert_ne!(renewed["sessionJwt"], session["sessionJwt"]);
        assert!(claims(&renewed["sessionJwt"]).get("roles").is_none());
        assert_eq!(emulator.refresh(&refresh).0, 200);
        let key = format!("{refresh}:{}", emulator.management_key());
        assert_eq!(emulator.refresh(&key).0, 200, "a key after the token is fine");
    }

    #[test]
    fn refresh_refuses_what_is_no_live_refresh_token() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (session, refresh) = signed_in(&emulator);
        refused(emulator.refresh(text(&session, "sessionJwt")), 401, "E061005");
        refused(emulator.refresh(""), 401, "E061005");
        refused(emulator.refresh("garbage"), 401, "E061005");
        let other = Emulator::builder().project_id(emulator.project_id()).build();
        seeded(&other);
        refused(emulator.refresh(&signed_in(&other).1), 401, "E061005");
        let stray = json!({ "drn": "DSR", "sub": "U2nobody" });
        refused(emulator.refresh(&emulator.issue_token(stray).unwrap()), 401, "E061005");

        let disable = |status: &str| {
            let body = json!({ "loginId": ADA, "status": status });
            emulator.manage("/v1/mgmt/user/update/status", &body);
        };
        disable("disabled");
        refused(emulator.refresh(&refresh), 403, "EMU403");
        disable("enabled");
        assert_eq!(emulator.refresh(&refresh).0, 200);
        emulator.advance(Duration::from_secs(28 * 86_400));
        refused(emulator.refresh(&refresh), 401, "E061005");
    }

    #[test]
    fn an_issued_refresh_token_of_a_user_is_a_session() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let sub = signed_in(&emulator).0["user"]["userId"].clone();
        let token = json!({ "drn": "DSR", "sub": sub, "dct": "t2" });
        let token = emulator.issue_token(token).unwrap();
        assert_eq!(claims(&emulator.refresh(&token).1["sessionJwt"])["dct"], "t2");
    }

    #[test]
    fn rotated_refresh_tokens_work_once() {
        let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
        seeded(&emulator);
        let (_, first) = signed_in(&emulator);
        let second = text(&emulator.refresh(&first).1, "refreshJwt").to_owned();
        refused(emulator.refresh(&first), 401, "E061005");
        assert_eq!(emulator.refresh(&second).0, 200);
    }

    #[test]
    fn refresh_tokens_can_come_as_cookies() {
        let emulator = Emulator::builder().refresh_tokens_in_cookies(true).build();
        seeded(&emulator);
        assert!(emulator.sign_in(ADA).unwrap().get("refreshJwt").is_none());
        let body = json!({ "loginId": ADA });
        emulator.post("/v1/auth/otp/signin/email", &body);
        let body = json!({ "loginId": ADA, "code": emulator.code(ADA) });
        let request = crate::transport::http::Request::post("/v1/auth/otp/verify/email")
            .header("authorization", format!("Bearer {}", emulator.project_id()))
            .body(body.to_string().into_bytes());
        let response = emulator.handle(request.unwrap());
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        let token = cookie.strip_prefix("DSR=").unwrap().split(';').next().unwrap();
        assert_eq!(emulator.refresh(token).0, 200);

        // The browser sends it back, and the page names the project alone.
        let ask = |headers: &[(&str, &str)]| {
            let mut request = crate::transport::http::Request::post("/v1/auth/refresh")
                .header("authorization", format!("Bearer {}", emulator.project_id()));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            emulator.handle(request.body(Vec::new()).unwrap()).status().as_u16()
        };
        let renamed = ("x-descope-refresh-cookie-name", "MINE");
        assert_eq!(ask(&[("cookie", &format!("DS=x; DSR={token}"))]), 200);
        assert_eq!(ask(&[("cookie", "theme=dark"), ("cookie", &format!("DSR={token}"))]), 200);
        assert_eq!(ask(&[renamed, ("cookie", &format!("MINE={token}"))]), 200);
        for cookies in [&*format!("MINE={token}"), &*format!("XDSR={token}"), "DSR=", "DSR"] {
            assert_eq!(ask(&[("cookie", cookies)]), 401, "{cookies}");
        }
        assert_eq!(ask(&[renamed, ("cookie", &format!("DSR={token}"))]), 401);
    }

    #[test]
    fn logout_ends_one_session_and_logout_all_every_one() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let tokens: Vec<_> = (0..3).map(|_| signed_in(&emulator).1).collect();
        let call = |path: &str, token: &str| emulator.send("POST", path, token, &json!(null));
        assert_eq!(call("/v1/auth/logout", &tokens[0]), (200, json!({})));
        refused(emulator.refresh(&tokens[0]), 401, "E064001");
        refused(call("/v1/auth/logout", &tokens[0]), 401, "E064001");
        assert_eq!(emulator.refresh(&tokens[1]).0, 200);
        assert_eq!(call("/v1/auth/logoutall", &tokens[1]).0, 200);
        refused(emulator.refresh(&tokens[2]), 401, "E064001");
        let token = signed_in(&emulator).1;
        emulator.manage("/v1/mgmt/user/logout", &json!({ "loginId": ADA, "userId": "" }));
        refused(emulator.refresh(&token), 401, "E064001");
    }

    #[test]
    fn a_selected_tenant_stays_selected() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (_, refresh) = signed_in(&emulator);
        let select = |tenant: &str| {
            emulator.send("POST", "/v1/auth/tenant/select", &refresh, &json!({ "tenant": tenant }))
        };
        refused(select("t3"), 403, "EMU403");
        let selected = select("t1").1;
        assert_eq!(claims(&selected["sessionJwt"])["dct"], "t1");
        let token = text(&selected, "refreshJwt");
        assert_eq!(claims(&emulator.refresh(token).1["sessionJwt"])["dct"], "t1");

        let tenants =
            |token: &str, body: Value| emulator.send("POST", "/v1/auth/me/tenants", token, &body);
        let one = json!({ "id": "t1", "name": "One", "customAttributes": { "a": 1 } });
        let two = json!({ "id": "t2", "name": "Two", "customAttributes": {} });
        let wrapped = |list: &[&Value]| (200, json!({ "tenants": list }));
        assert_eq!(tenants(token, json!({ "dct": true, "ids": [] })), wrapped(&[&one]));
        assert_eq!(tenants(&refresh, json!({ "dct": true, "ids": null })), wrapped(&[]));
        assert_eq!(tenants(token, json!({ "dct": false, "ids": ["t2", "t9"] })), wrapped(&[&two]));
        assert_eq!(tenants(token, json!({ "ids": [] })), wrapped(&[&one, &two]));
        refused(tenants(token, json!({ "dct": true, "ids": ["t2"] })), 400, "E011004");
        refused(tenants(token, json!({})), 400, "E011004");

        emulator.manage("/v1/mgmt/tenant/delete", &json!({ "id": "t1", "cascade": false }));
        let left = claims(&emulator.refresh(token).1["sessionJwt"]);
        assert!(left.get("dct").is_none());
        assert_eq!(left["tenants"], json!({ "t2": {} }));
    }

    #[test]
    fn users_see_themselves_and_their_history() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (session, refresh) = signed_in(&emulator);
        let me = emulator.send("GET", "/v1/auth/me", &refresh, &json!(null));
        assert_eq!(me, (200, session["user"].clone()));
        let history = emulator.send("GET", "/v1/auth/me/history", &refresh, &json!(null)).1;
        assert_eq!(history.as_array().unwrap().len(), 1);
        assert_eq!(history[0]["userId"], session["user"]["userId"]);
        assert!(history[0]["loginTime"].is_i64());
    }

    #[test]
    fn tokens_die_with_their_key() {
        let emulator = Emulator::new();
        seeded(&emulator);
        let (_, refresh) = signed_in(&emulator);
        let keys = || {
            emulator.send("GET", &format!("/v2/keys/{}", emulator.project_id()), "", &json!(null)).1
        };
        let before = keys();
        emulator.rotate_keys_keeping(Duration::from_secs(60)).unwrap();
        assert_eq!(keys()["keys"][1], before["keys"][0]);
        assert_eq!(emulator.refresh(&refresh).0, 200);
        emulator.advance(Duration::from_secs(60));
        assert_eq!(keys()["keys"].as_array().unwrap().len(), 1);
        refused(emulator.refresh(&refresh), 401, "E061005");
        let (_, refresh) = signed_in(&emulator);
        emulator.rotate_keys().unwrap();
        refused(emulator.refresh(&refresh), 401, "E061005");
        refused(emulator.send("GET", "/v2/keys/P2other", "", &json!(null)), 404, "EMU404");
    }
}
