//! Access tokens of inbound applications.

use serde_json::{Value, json};

use super::claim_template::{fill, is_nothing};
use super::oauth_grant;
use super::sign_in::unreserved;
use super::store::Store;
use super::table::By;
use super::token::base_claims;
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::refusal::{Refusal, Result};
use crate::emulator::words::settings::seconds;

/// Signs an access token for what a user has consented to.
pub(in crate::emulator) fn issue(
    context: &Context<'_>,
    store: &Store,
    consent: &str,
) -> Result<String> {
    let missing = || Refusal::missing("consent");
    let consent = store.applications.consents.get(By::Id, consent).ok_or_else(missing)?;
    let app = store.applications.inbound.get(By::Id, &consent.app).ok_or_else(missing)?;
    let user = consent.user.as_deref().and_then(|user| store.user(user)).ok_or_else(missing)?;
    user.may_sign_in()?;
    if consent.expired(context.now) {
        return Err(Refusal::forbidden("The consent has expired"));
    }
    let expires = context.token_expiry(seconds(context.settings.session_lifetime));
    let mut claims = scope_claims(store, app.settings(), &consent.scopes, Some(user));
    claims.extend(base_claims(context, "", &user.id, expires));
    claims.remove("drn");
    let (project, client) = (&context.settings.project_id, &app.client_id);
    let audience = match app.settings().text("defaultAudience") {
        "projectId" => json!(project),
        "clientId" => json!(client),
        _ => json!([project, client]),
    };
    claims.insert("aud".to_owned(), audience);
    claims.insert("azp".to_owned(), json!(client));
    claims.insert("scope".to_owned(), json!(consent.scopes.join(" ")));
    if let Some(tenant) = &consent.tenant {
        claims.insert("dct".to_owned(), json!(tenant));
    }
    store.keys.sign(&Value::Object(claims))
}

/// The claims that these scopes of an application give for a user, and the mandatory ones. A claim that
/// comes to nothing is left out. Without a user, the application acts for itself.
pub(in crate::emulator) fn scope_claims(
    store: &Store,
    settings: Fields<'_>,
    scopes: &[String],
    user: Option<&User>,
) -> Object {
    let data = json!({ "user": user.map(|user| user.show(store)) });
    let has = |scope: &str| scopes.iter().any(|given| given == scope);
    let mut claims = Object::new();
    let mut add = |name: &str, value: Value| {
        if !is_nothing(&value) {
            claims.insert(name.to_owned(), value);
        }
    };
    for scope in settings.objects("attributesScopes").filter(|scope| has(scope.text("name"))) {
        for name in scope.texts("values") {
            let own = data["user"].get(name);
            add(name, own.unwrap_or(&data["user"]["customAttributes"][name]).clone());
        }
    }
    for mapping in settings.objects("scopeClaimMapping") {
        let scope = mapping.text("scope");
        if !mapping.flag("mandatory") && !has(scope) {
            continue;
        }
        let given = if mapping.flag("useProjectMapping") {
            store.claims.of_scope(scope)
        } else {
            mapping.map("claims")
        };
        for (name, template) in given.into_iter().flatten() {
            add(name, fill(template, &data));
        }
    }
    let mut claims = unreserved(&claims);
    claims.extend(permitted(store, settings, scopes, user));
    claims
}

/// The roles and permissions that these scopes stand for, as far as the user has them.
fn permitted(
    store: &Store,
    settings: Fields<'_>,
    scopes: &[String],
    user: Option<&User>,
) -> Object {
    let given = settings
        .objects("permissionsScopes")
        .filter(|scope| scopes.iter().any(|given| given == scope.text("name")));
    let named: Vec<&str> = given.flat_map(|scope| scope.texts("values")).collect();
    let all = |names: Vec<&str>| -> Value {
        names.into_iter().filter(|name| named.contains(name)).collect()
    };
    let own = user.map(|user| &user.grants.roles);
    let roles = match own {
        Some(own) => store.role_names(own),
        None => store.roles.iter().map(|role| &*role.name).collect(),
    };
    let permissions = match own {
        Some(own) => store.permission_names(own),
        None => store.permissions.iter().map(|permission| &*permission.name).collect(),
    };
    let claims = [("roles", all(roles)), ("permissions", all(permissions))].into_iter();
    claims.filter(|(_, v)| !is_nothing(v)).map(|(name, v)| (name.to_owned(), v)).collect()
}

/// Who an access token of an inbound application speaks for.
pub(in crate::emulator) struct Bearer {
    pub(in crate::emulator) user: String,
}

/// Whose access token of an inbound application a call has, if it has one in place of the management
/// key. The user's consent must still be there.
pub(in crate::emulator) fn bearer(context: &Context<'_>, store: &Store) -> Result<Option<Bearer>> {
    let Some(token) = &context.token else { return Ok(None) };
    let claims = store.keys.verify(token, context.now)?;
    oauth_grant::check_token(context, store, token)?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let app = store.applications.inbound.get(By::Client, text("azp"));
    let app = app.ok_or_else(|| Refusal::token("The token is of no inbound application"))?;
    let user = store.user(text("sub")).ok_or_else(|| Refusal::token("The user is gone"))?;
    user.may_sign_in()?;
    let tenant = claims["dct"].as_str();
    let mut consents = store.applications.consents.all(By::User, &user.id);
    let given = consents.find(|consent| consent.is_of(&app.id, Some(&user.id), tenant));
    match given {
        Some(consent) if !consent.expired(context.now) => {
            Ok(Some(Bearer { user: user.id.clone() }))
        }
        _ => Err(Refusal::forbidden("The user has not consented, or not any more")),
    }
}
