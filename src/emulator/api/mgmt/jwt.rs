//! Tokens: more claims, sign-ins without asking the user, impersonation.

use serde_json::{Value, json};

use super::ASSOCIATED_TENANT;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{OfUser, SignInBy, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::grants::{Grants, Membership, merge};
use crate::emulator::state::sign::Algorithm;
use crate::emulator::state::sign_in::{self, SignIn, custom_claims};
use crate::emulator::state::store::Store;
use crate::emulator::state::token::{self, ActingSession, Impersonation};
use crate::emulator::state::user::{Profile, User};
use crate::emulator::words::clock::rfc3339;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};
use crate::emulator::words::settings::seconds;

/// The permissions that allow to impersonate; the second is what documentation calls the first.
const IMPERSONATE: [&str; 2] = ["Impersonate", "impersonation"];

const UPDATE: &[Field] = &[
    required("jwt", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("refreshDuration", Kind::Int),
];
const STEPUP: [Field; 7] = [
    required("impersonatorId", Kind::Text),
    required("loginId", Kind::Text),
    optional("validateConsent", Kind::Bool),
    optional("customClaims", Kind::Map),
    optional("selectedTenant", Kind::Text),
    optional("refreshDuration", Kind::Int),
    optional("sessionCookieName", Kind::Text),
];
const IMPERSONATION: [Field; 8] = concat(STEPUP, [optional("stepup", Kind::Bool)]);
const STOP: &[Field] = &[
    required("jwt", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("selectedTenant", Kind::Text),
    optional("refreshDuration", Kind::Int),
];
const ANONYMOUS: &[Field] = &[
    optional("customClaims", Kind::Map),
    optional("selectedTenant", Kind::Text),
    optional("refreshDuration", Kind::Int),
    optional("roles", Kind::Texts),
];
const SIGN_IN: &[Field] = &[
    required("loginId", Kind::Text),
    optional("stepup", Kind::Bool),
    optional("mfa", Kind::Bool),
    optional("revokeOtherSessions", Kind::Bool),
    optional("revokeOtherSessionsTypes", Kind::Texts),
    optional("customClaims", Kind::Map),
    optional("jwt", Kind::Text),
    optional("tenantId", Kind::Text),
    optional("refreshDuration", Kind::Int),
    optional("selectedTenantId", Kind::Text),
];
const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    optional("user", Kind::Object(USER)),
    optional("emailVerified", Kind::Bool),
    optional("phoneVerified", Kind::Bool),
    optional("ssoAppId", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("refreshDuration", Kind::Int),
    optional("selectedTenantId", Kind::Text),
    optional("userTenants", Kind::Objects(ASSOCIATED_TENANT)),
];
/// Clients differ in where they put what is verified.
const USER: &[Field] = &[
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("phone", Kind::Text),
    optional("email", Kind::Text),
    optional("emailVerified", Kind::Bool),
    optional("phoneVerified", Kind::Bool),
    optional("ssoAppId", Kind::Text),
    optional("verifiedEmail", Kind::Bool),
    optional("verifiedPhone", Kind::Bool),
    optional("ssoAppIds", Kind::Texts),
    optional("recoveryEmail", Kind::Text),
    optional("recoveryPhone", Kind::Text),
];

const ASSERTION: &[Field] = &[
    required("issuer", Kind::Text),
    required("subject", Kind::Text),
    required("audience", Kind::Texts),
    required("expiresIn", Kind::Int),
    optional("flattenAudience", Kind::Bool),
    optional("algorithm", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[CONSENT]).seeds(&[&CONSENTS]);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/jwt/update",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        UPDATE,
        update,
    ),
    Route::post(
        "/v1/mgmt/impersonate",
        Management,
        OfUser("UserImpersonated"),
        &IMPERSONATION,
        |call, store| impersonate(call, store, call.body().flag("stepup")),
    ),
    Route::post(
        "/v1/mgmt/impersonate/stepup",
        Management,
        OfUser("UserImpersonated"),
        &STEPUP,
        |call, store| impersonate(call, store, true),
    ),
    Route::post(
        "/v1/mgmt/stop/impersonation",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        STOP,
        stop,
    ),
    Route::post(
        "/v1/mgmt/auth/anonymous",
        Management,
        Unrecorded("nobody signs in"),
        ANONYMOUS,
        anonymous,
    ),
    Route::post("/v1/mgmt/auth/signin", Management, SignInBy("management"), SIGN_IN, sign_in),
    Route::post("/v1/mgmt/auth/signup", Management, SignInBy("management"), SIGN_UP, sign_up),
    Route::post(
        "/v1/mgmt/auth/signup-in",
        Management,
        SignInBy("management"),
        SIGN_UP,
        |call, store| match store.user_by_login(call.body().text("loginId")) {
            Some(_) => sign_in(call, store),
            None => sign_up(call, store),
        },
    ),
    Route::post(
        "/v1/mgmt/token/clientassertion",
        Management,
        Unrecorded("whoever takes the assertion has the record of it"),
        ASSERTION,
        client_assertion,
    ),
];

/// Users consent to impersonation in flows; here seeds have them consent.
pub(in crate::emulator) const CONSENT: Route = Route::post(
    "/_emulator/seed/consent",
    Management,
    Unrecorded("a seed"),
    &[required("loginId", Kind::Text)],
    |call, store| {
        let user = store.managed_user(call.body().text("loginId"))?.id.clone();
        merge(&mut store.consents, [user]);
        Ok(Reply::empty())
    },
);

pub(in crate::emulator) const CONSENTS: List =
    List::plain("consents", "/_emulator/seed/consent", |store| {
        store.consents.iter().map(|user| json!({ "loginId": user })).collect()
    });

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let jwt = token::extend(call, store, body.text("jwt"), body)?;
    Ok(json!({ "jwt": jwt }).into())
}

fn impersonate(call: &Call<'_>, store: &mut Store, stepup: bool) -> Result {
    let body = call.body();
    let impersonator = store.managed_user(body.text("impersonatorId"))?.clone();
    let user = store.managed_user(body.text("loginId"))?.id.clone();
    let grants = &impersonator.grants;
    let mut scopes =
        grants.tenants.iter().map(|membership| &membership.roles).chain([&grants.roles]);
    let may = |roles: &Vec<String>| {
        store.permission_names(roles).iter().any(|name| IMPERSONATE.contains(name))
    };
    if !scopes.any(may) {
        return Err(Refusal::forbidden("The impersonator has no permission to impersonate"));
    }
    if body.flag("validateConsent") && !store.consents.contains(&user) {
        return Err(Refusal::forbidden("The user has not consented to be impersonated"));
    }
    let acting = ActingSession { user: &user, actor: Some(&impersonator.id), stepup, family: None };
    let jwt = token::start(call, store, &acting, body)?;
    Ok(json!({ "jwt": jwt }).into())
}

pub(super) fn stop(call: &Call<'_>, store: &mut Store) -> Result {
    let ended = Impersonation::of(call, store, call.body().text("jwt"))?;
    let acting = ActingSession { user: &ended.actor, actor: None, stepup: false, family: None };
    let jwt = token::start(call, store, &acting, call.body())?;
    ended.end(store);
    Ok(json!({ "jwt": jwt }).into())
}

/// Tokens of somebody who is no user; they cannot be refreshed.
fn anonymous(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let subject = random::id("A");
    let lifetime =
        sign_in::lifetime(body).unwrap_or_else(|| seconds(call.settings.refresh_lifetime));
    let rexp = call.token_expiry(lifetime);
    let exp = call.token_expiry(seconds(call.settings.session_lifetime)).min(rexp);
    let sign = |name: &str, expires: i64, mut claims: Object| {
        if let Some(tenant) = body.some_text("selectedTenant") {
            claims.insert("dct".to_owned(), json!(tenant));
        }
        claims.extend(token::base_claims(call, name, &subject, expires));
        store.keys.sign(&Value::Object(claims))
    };
    let mut claims = custom_claims(body);
    claims.extend(anonymous_grants(store, body)?.claims(store));
    claims.insert("rexp".to_owned(), json!(rfc3339(rexp)));
    Ok(json!({
        "sessionJwt": sign("DS", exp, claims)?,
        "refreshJwt": sign("DSR", rexp, Object::new())?,
        "cookieDomain": "",
        "cookiePath": "/",
        "cookieMaxAge": lifetime,
        "cookieExpiration": rexp,
    })
    .into())
}

/// What the roles give that an anonymous token asks for: in its tenant, or in the project.
fn anonymous_grants(store: &Store, body: Fields<'_>) -> Result<Grants> {
    let tenant = body.some_text("selectedTenant");
    let roles = store.role_ids(&body.texts("roles"), tenant)?;
    let mut grants = Grants::default();
    match tenant {
        _ if roles.is_empty() => {}
        Some(tenant) => grants.tenants.push(Membership { roles, ..store.joining(tenant)? }),
        None => grants.roles = roles,
    }
    Ok(grants)
}

/// The tenant that a call selects, if it does.
fn selected(body: Fields<'_>, asked: SignIn) -> SignIn {
    match body.some_text("selectedTenantId") {
        Some(tenant) => asked.in_tenant(tenant),
        None => asked,
    }
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let user = store.known_user(body.text("loginId"))?.id.clone();
    // The session to add to is not in the bearer here.
    let token = body.some_text("jwt").map(str::to_owned);
    let context = Context { token, real: call.real, ..Context::new(call.settings, call.now) };
    let asked = SignIn::new(&context, store, Some(&user), body)?;
    token::sign_in(call, store, &user, "mgmt", selected(body, asked))
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (login_id, known) = (body.text("loginId"), body.object("user"));
    store.check_free(login_id)?;
    let flag = |ours: &str, theirs: &str| body.flag(ours) || known.flag(ours) || known.flag(theirs);
    let mut user = User {
        profile: Profile::read(known),
        verified_email: flag("emailVerified", "verifiedEmail"),
        verified_phone: flag("phoneVerified", "verifiedPhone"),
        ..User::new(login_id, call.now)
    };
    let apps = known.texts("ssoAppIds").into_iter().chain(body.some_text("ssoAppId"));
    merge(&mut user.sso_apps, apps.map(str::to_owned));
    user.grants.tenants = store.memberships(body.objects("userTenants"))?;
    let asked = SignIn::new(call, store, Some(&user.id), body)?;
    let id = asked.register(call, store, user)?;
    token::sign_in(call, store, &id, "mgmt", selected(body, asked))
}

/// What a client authenticates itself with in place of a secret (RFC 7523 section 2.2).
fn client_assertion(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, audience) = (call.body(), call.body().texts("audience"));
    let algorithm = Algorithm::parse(body.some_text("algorithm").unwrap_or("RS256"))
        .ok_or_else(|| Refusal::argument("The algorithm field must be RS256, RS384 or ES384"))?;
    let lifetime = body.int("expiresIn").unwrap_or_default();
    if lifetime <= 0 {
        return Err(Refusal::argument("The expiresIn field must be positive"));
    }
    let aud = match &*audience {
        [] => return Err(Refusal::invalid("The audience field is required")),
        [only] if body.flag("flattenAudience") => json!(only),
        all => json!(all),
    };
    let claims = json!({
        "iss": body.text("issuer"),
        "sub": body.text("subject"),
        "aud": aud,
        "iat": call.issued(),
        "exp": call.token_expiry(lifetime),
        "jti": random::text(22),
    });
    Ok(json!({ "jwt": store.keys.sign_by(algorithm, &claims)? }).into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::state::sign_in;
    use crate::emulator::testing::{claims, refused, text};

    fn seeded() -> Emulator {
        let emulator = Emulator::new();
        let seed = json!({
            "permissions": [{ "name": "Impersonate" }],
            "roles": [{ "name": "Support", "permissionNames": ["Impersonate"] }],
            "users": [{ "loginId": "ada" }, { "loginId": "sue", "roleNames": ["Support"] }],
            "tenants": [{ "id": "t1", "name": "One" }],
        });
        emulator.seed(&seed).unwrap();
        emulator
    }

    fn impersonated(emulator: &Emulator) -> String {
        let body = json!({ "impersonatorId": "sue", "loginId": "ada" });
        text(&emulator.manage("/v1/mgmt/impersonate", &body), "jwt").to_owned()
    }

    fn stop(emulator: &Emulator, token: &str, tenant: &str) -> (u16, Value) {
        let body = json!({ "jwt": token, "selectedTenant": tenant });
        emulator.send("POST", "/v1/mgmt/stop/impersonation", emulator.management_key(), &body)
    }

    #[test]
    fn an_impersonation_is_stopped_once() {
        let emulator = seeded();
        let token = impersonated(&emulator);
        refused(stop(&emulator, &token, "t1"), 400, "E011004");
        assert_eq!(emulator.refresh(&token).0, 200, "it goes on");
        let (status, answer) = stop(&emulator, &token, "");
        assert_eq!(
            (status, &claims(&answer["jwt"])["sub"]),
            (200, &emulator.user("sue")["userId"])
        );
        refused(emulator.refresh(&token), 401, "E064001");
        refused(stop(&emulator, &token, ""), 401, "E064001");
    }

    #[test]
    fn an_impersonation_that_was_logged_out_is_not_stopped() {
        let emulator = seeded();
        let token = impersonated(&emulator);
        emulator.send("POST", "/v1/auth/logout", &token, &json!({}));
        refused(stop(&emulator, &token, ""), 401, "E064001");
    }

    #[test]
    fn a_session_token_stops_its_impersonation() {
        let emulator = seeded();
        let token = impersonated(&emulator);
        let session = text(&emulator.refresh(&token).1, "sessionJwt").to_owned();
        assert_eq!(stop(&emulator, &session, "").0, 200);
        refused(emulator.refresh(&token), 401, "E064001");
        refused(stop(&emulator, &session, ""), 401, "E064001");
    }

    /// Tokens by each call that takes `refreshDuration` and `customClaims`.
    fn made(emulator: &Emulator, options: &Value) -> Vec<Value> {
        let make = |path: &str, name: &str, more: Value| {
            let mut body = options.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            emulator.manage(path, &body)[name].clone()
        };
        let acting = json!({ "impersonatorId": "sue", "loginId": "ada" });
        let mut tokens = vec![make("/v1/mgmt/impersonate", "jwt", acting)];
        tokens.push(make("/v1/mgmt/stop/impersonation", "jwt", json!({ "jwt": tokens[0] })));
        tokens.push(make("/v1/mgmt/auth/signin", "refreshJwt", json!({ "loginId": "ada" })));
        tokens.push(make("/v1/mgmt/auth/signup", "refreshJwt", json!({ "loginId": "al" })));
        tokens.push(make("/v1/mgmt/jwt/update", "jwt", json!({ "jwt": tokens[2] })));
        tokens
    }

    #[test]
    fn a_duration_of_zero_is_the_projects() {
        for none in [0, -1] {
            let emulator = seeded();
            let options = json!({ "refreshDuration": none });
            let month = 28 * 24 * 60 * 60;
            for token in made(&emulator, &options) {
                let found = claims(&token);
                let lasts = found["exp"].as_i64().unwrap() - found["iat"].as_i64().unwrap();
                assert_eq!(lasts, month, "{found}");
            }
            let anonymous = emulator.manage("/v1/mgmt/auth/anonymous", &options);
            assert_eq!(anonymous["cookieMaxAge"], json!(month));
        }
    }

    #[test]
    fn custom_claims_are_none_of_descopes() {
        let emulator = seeded();
        let mut own = json!({ "plan": "pro" });
        for name in sign_in::RESERVED {
            own[*name] = json!("forged");
        }
        let options = json!({ "customClaims": own });
        let check = |token: &Value| {
            let found = claims(token);
            for (name, value) in found.as_object().unwrap() {
                assert_ne!(value, "forged", "{name} in {found}");
            }
            assert_eq!(found["plan"], "pro");
        };
        for token in &made(&emulator, &options)[1..] {
            let (status, answer) = emulator.refresh(token.as_str().unwrap());
            assert_eq!(status, 200, "{answer}");
            check(&answer["sessionJwt"]);
        }
        check(&emulator.manage("/v1/mgmt/auth/anonymous", &options)["sessionJwt"]);
        let body = json!({ "loginId": "ada", "customClaims": own });
        let link = emulator.manage("/v1/mgmt/user/signin/embeddedlink", &body);
        check(&emulator.post("/v1/auth/magiclink/verify", &link).1["sessionJwt"]);
    }

    #[test]
    fn a_spent_refresh_token_is_not_revived() {
        let emulator = Emulator::builder().rotate_refresh_tokens(true).build();
        emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
        let update = |token: &str| {
            let (key, body) = (emulator.management_key(), json!({ "jwt": token }));
            emulator.send("POST", "/v1/mgmt/jwt/update", key, &body)
        };
        let first = text(&emulator.sign_in("ada").unwrap(), "refreshJwt").to_owned();
        let second = text(&emulator.refresh(&first).1, "refreshJwt").to_owned();
        refused(update(&first), 401, "E061005");
        let (status, third) = update(&second);
        assert_eq!(status, 200, "{third}");
        refused(emulator.refresh(&second), 401, "E061005");
        assert_eq!(emulator.refresh(text(&third, "jwt")).0, 200);
    }

    #[test]
    fn users_who_are_kept_out_get_no_tokens() {
        for status in ["disabled", "expired"] {
            let emulator = seeded();
            let key = emulator.management_key();
            let refresh = text(&emulator.sign_in("ada").unwrap(), "refreshJwt").to_owned();
            let body = json!({ "loginId": "ada", "status": status });
            emulator.manage("/v1/mgmt/user/update/status", &body);
            refused(emulator.refresh(&refresh), 403, "EMU403");
            let error = emulator.sign_in("ada").unwrap_err().to_string();
            assert!(error.contains(status), "{error}");
            let body = json!({ "impersonatorId": "sue", "loginId": "ada" });
            refused(emulator.send("POST", "/v1/mgmt/impersonate", key, &body), 403, "EMU403");
            let body = json!({ "loginId": "ada" });
            refused(emulator.send("POST", "/v1/mgmt/auth/signin", key, &body), 403, "EMU403");
        }
    }
}
