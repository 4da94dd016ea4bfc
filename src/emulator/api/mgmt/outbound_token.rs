//! The tokens of users and tenants for other services.

use serde_json::{Value, json};

use super::outbound_app::find;
use super::owned;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{self, Action, Unrecorded};
use crate::emulator::api::route::Bearer::{Management, ManagementOrInbound};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::inbound_token;
use crate::emulator::state::outbound_app::{OutboundToken, Owner};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Fields, Kind, concat, optional, required};
use crate::emulator::words::refusal::{Error, Refusal, Reply, Result};

const OPTIONS: Field = optional(
    "options",
    Kind::Object(&[optional("withRefreshToken", Kind::Bool), optional("forceRefresh", Kind::Bool)]),
);
const OF_USER: [Field; 3] = [
    required("appId", Kind::Text),
    required("userId", Kind::Text),
    optional("tenantId", Kind::Text),
];
const OF_TENANT: [Field; 2] = [required("appId", Kind::Text), required("tenantId", Kind::Text)];
const WANTED: [Field; 2] = [OPTIONS, optional("externalIdentifier", Kind::Text)];
const USER_LATEST: [Field; 5] = concat(OF_USER, WANTED);
const USER_SCOPED: [Field; 6] = concat(USER_LATEST, [optional("scopes", Kind::Texts)]);
const TENANT_LATEST: [Field; 4] = concat(OF_TENANT, WANTED);
const TENANT_SCOPED: [Field; 5] = concat(TENANT_LATEST, [optional("scopes", Kind::Texts)]);
const TOKEN: [Field; 8] = [
    optional("accessToken", Kind::Text),
    optional("accessTokenExpiry", Kind::Int),
    optional("accessTokenType", Kind::Text),
    optional("externalIdentifier", Kind::Text),
    optional("grantedBy", Kind::Text),
    optional("idToken", Kind::Text),
    optional("refreshToken", Kind::Text),
    optional("scopes", Kind::Texts),
];
const USER_TOKEN: [Field; 11] = concat(OF_USER, TOKEN);
const TENANT_TOKEN: [Field; 10] = concat(OF_TENANT, TOKEN);
const VERIFY: [Field; 1] = [optional("verifyRefresh", Kind::Bool)];
const UPLOAD_USER_TOKEN: [Field; 12] = concat(USER_TOKEN, VERIFY);
const UPLOAD_TENANT_TOKEN: [Field; 11] = concat(TENANT_TOKEN, VERIFY);
const API_KEY: [Field; 1] = [required("apiKey", Kind::Text)];
const USER_API_KEY: [Field; 4] = concat(OF_USER, API_KEY);
const TENANT_API_KEY: [Field; 3] = concat(OF_TENANT, API_KEY);
const MAKE_FIELDS: [Field; 11] = concat(
    TOKEN,
    [
        required("appId", Kind::Text),
        optional("loginId", Kind::Text),
        optional("tenantId", Kind::Text),
    ],
);

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[MAKE]).seeds(&[&SEED]);

const REFRESHED: Event = Unrecorded("a token that is refreshed on the way stays the same thing");

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/mgmt/outbound/app/user/token",
        ManagementOrInbound,
        REFRESHED,
        &USER_SCOPED,
        fetch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/user/token/latest",
        ManagementOrInbound,
        REFRESHED,
        &USER_LATEST,
        fetch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/tenant/token",
        ManagementOrInbound,
        REFRESHED,
        &TENANT_SCOPED,
        fetch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/tenant/token/latest",
        ManagementOrInbound,
        REFRESHED,
        &TENANT_LATEST,
        fetch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/user/oauthtoken/upload",
        Management,
        Action("OutboundTokenCreated"),
        &UPLOAD_USER_TOKEN,
        upload,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/tenant/oauthtoken/upload",
        Management,
        Action("OutboundTokenCreated"),
        &UPLOAD_TENANT_TOKEN,
        upload,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/user/oauthtoken/batch/upload",
        Management,
        Action("OutboundTokensCreated"),
        &[required("tokens", Kind::Objects(&USER_TOKEN))],
        upload_batch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/tenant/oauthtoken/batch/upload",
        Management,
        Action("OutboundTokensCreated"),
        &[required("tokens", Kind::Objects(&TENANT_TOKEN))],
        upload_batch,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/user/apikey/upload",
        Management,
        Action("OutboundTokenCreated"),
        &USER_API_KEY,
        upload_api_key,
    ),
    Route::post(
        "/v1/mgmt/outbound/app/tenant/apikey/upload",
        Management,
        Action("OutboundTokenCreated"),
        &TENANT_API_KEY,
        upload_api_key,
    ),
    Route::get(
        "/v1/mgmt/outbound/apps-with-user-token",
        Management,
        &[required("userId", Kind::Text), optional("tenantId", Kind::Text)],
        connected,
    ),
    Route::delete(
        "/v1/mgmt/outbound/token",
        Management,
        Action("OutboundTokenDeleted"),
        &[required("id", Kind::Text)],
        delete,
    ),
    Route::delete(
        "/v1/mgmt/outbound/user/tokens",
        Management,
        Action("OutboundTokensDeleted"),
        &[optional("appId", Kind::Text), optional("userId", Kind::Text)],
        delete_of_users,
    ),
];

/// Makes a token of either kind of application, for a user or a tenant.
pub(in crate::emulator) const MAKE: Route = Route::post(
    "/_emulator/seed/outbound-token",
    Management,
    Unrecorded("a seed"),
    &MAKE_FIELDS,
    make,
);

pub(in crate::emulator) const SEED: List = List {
    name: "outboundTokens",
    path: "/_emulator/seed/outbound-token",
    state: &[
        optional("id", Kind::Text),
        optional("tokenSub", Kind::Text),
        optional("lastRefreshTime", Kind::Int),
        optional("lastRefreshError", Kind::Text),
    ],
    restore: |store, state| {
        let mut token = last_row(&mut store.applications.tokens)?;
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut token.id);
        }
        state.text("tokenSub").clone_into(&mut token.subject);
        token.refreshed = state.int("lastRefreshTime").unwrap_or_default();
        state.text("lastRefreshError").clone_into(&mut token.refresh_error);
        Ok(())
    },
    save: |store| store.applications.tokens.iter().map(OutboundToken::save).collect(),
};

impl OutboundToken {
    fn save(&self) -> Value {
        json!({
            "appId": self.app,
            "loginId": self.owner.user,
            "tenantId": self.owner.tenant,
            "accessToken": self.access_token,
            "accessTokenType": self.kind,
            "accessTokenExpiry": self.expires,
            "refreshToken": self.refresh_token,
            "idToken": self.id_token,
            "scopes": self.scopes,
            "externalIdentifier": self.external,
            "grantedBy": self.granted_by,
            "state": {
                "id": self.id,
                "tokenSub": self.subject,
                "lastRefreshTime": self.refreshed,
                "lastRefreshError": self.refresh_error,
            },
        })
    }

    /// The wire type `OutboundAppToken`, in which times are texts.
    fn show(&self, with_refresh_token: bool) -> Value {
        let mut shown = json!({
            "id": self.id,
            "appId": self.app,
            "userId": self.owner.user.as_deref().unwrap_or_default(),
            "tenantId": self.owner.tenant.as_deref().unwrap_or_default(),
            "tokenSub": self.subject,
            "accessToken": self.access_token,
            "accessTokenType": self.kind,
            "accessTokenExpiry": self.expires.to_string(),
            "hasRefreshToken": !self.refresh_token.is_empty(),
            "lastRefreshTime": self.refreshed.to_string(),
            "lastRefreshError": self.refresh_error,
            "scopes": self.scopes,
            "grantedBy": self.granted_by,
            "externalIdentifier": self.external,
        });
        if with_refresh_token && !self.refresh_token.is_empty() {
            shown["refreshToken"] = json!(self.refresh_token);
        }
        shown
    }

    /// Takes what an upload says. The ID of an account is not part of it.
    fn read(mut self, given: Fields<'_>) -> Self {
        for (name, place) in [
            ("accessToken", &mut self.access_token),
            ("accessTokenType", &mut self.kind),
            ("refreshToken", &mut self.refresh_token),
            ("idToken", &mut self.id_token),
            ("externalIdentifier", &mut self.external),
            ("grantedBy", &mut self.granted_by),
        ] {
            if let Some(text) = given.some_text(name) {
                text.clone_into(place);
            }
        }
        self.expires = given.int("accessTokenExpiry").unwrap_or_default();
        self.scopes = owned(given.texts("scopes"));
        self
    }
}

/// Whose token a call is about. A user must be a member of the tenant they connect in.
fn owner(store: &Store, given: Fields<'_>) -> Result<Owner> {
    let tenant = given.some_text("tenantId");
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Refusal::missing("tenant"));
    }
    let user = match given.some_text("userId") {
        Some(id) => Some(store.user(id).ok_or_else(Refusal::no_managed_user)?),
        None => None,
    };
    if let (Some(user), Some(tenant)) = (user, tenant)
        && user.grants.membership(tenant).is_none()
    {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    Ok(Owner { user: user.map(|user| user.id.clone()), tenant: tenant.map(str::to_owned) })
}

/// The newest token that is asked for, refreshed if it must be.
fn fetch(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, options) = (call.body(), call.body().object("options"));
    let bearer = inbound_token::bearer(call, store)?;
    let app = find(store, body.text("appId"))?.id.clone();
    let owner = owner(store, body)?;
    if let Some(bearer) = bearer {
        let may = match (&owner.user, &owner.tenant) {
            (Some(user), _) => *user == bearer.user,
            (None, Some(tenant)) => {
                let user = store.user(&bearer.user);
                user.is_some_and(|user| user.grants.membership(tenant).is_some())
            }
            (None, None) => false,
        };
        if !may {
            return Err(Refusal::forbidden("The token is of somebody else"));
        }
    }
    let (scopes, external) = (body.texts("scopes"), body.some_text("externalIdentifier"));
    let fits = |token: &&OutboundToken| {
        token.owner == owner
            && external.is_none_or(|external| token.external == external)
            && scopes.iter().all(|scope| token.scopes.iter().any(|has| has == scope))
    };
    let newest = store.applications.tokens.all(By::App, &app).filter(fits).last();
    let missing = || Refusal::missing("outbound token");
    let id = newest.ok_or_else(missing)?.id.clone();
    let mut token = store.applications.tokens.edit(By::Id, &id).ok_or_else(missing)?;
    if options.flag("forceRefresh") || !token.good(call.now) {
        token.refresh(call.now).map_err(Refusal::argument)?;
    }
    Ok(json!({ "token": token.show(options.flag("withRefreshToken")) }).into())
}

/// The token that an upload brings, if it may.
fn uploaded(store: &Store, given: Fields<'_>) -> Result<OutboundToken> {
    let app = find(store, given.text("appId"))?;
    let owner = owner(store, given)?;
    if app.takes_api_keys() {
        return Err(Refusal::argument("The application takes API keys"));
    }
    if app.tenant().is_some_and(|only| owner.tenant.as_deref() != Some(only)) {
        return Err(Refusal::argument("The application is another tenant's"));
    }
    let token = OutboundToken::new(&app.id, owner).read(given);
    if token.access_token.is_empty() && token.refresh_token.is_empty() {
        return Err(Refusal::invalid("One of accessToken and refreshToken is required"));
    }
    Ok(token)
}

fn upload(call: &Call<'_>, store: &mut Store) -> Result {
    let mut token = uploaded(store, call.body())?;
    if call.body().flag("verifyRefresh") {
        token.refresh(call.now).map_err(Refusal::argument)?;
    }
    store.applications.keep(token);
    Ok(Reply::empty())
}

/// All of these tokens or, if one is refused, none.
fn upload_batch(call: &Call<'_>, store: &mut Store) -> Result {
    let (mut tokens, mut failures) = (Vec::new(), Vec::new());
    for given in call.body().objects("tokens") {
        match uploaded(store, given) {
            Ok(token) => tokens.push(token),
            Err(refusal) => {
                let error = Error::from(refusal);
                let mut failure = json!({
                    "appId": given.text("appId"),
                    "errorCode": error.code(),
                    "reason": error.to_string(),
                });
                // Whom the upload is about.
                let about = if given.has("userId") { "userId" } else { "tenantId" };
                failure[about] = json!(given.text(about));
                failures.push(failure);
            }
        }
    }
    if failures.is_empty() {
        for token in tokens {
            store.applications.keep(token);
        }
    }
    Ok(json!({ "failures": failures }).into())
}

/// A new key takes the place of the old one.
fn upload_api_key(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let app = find(store, body.text("appId"))?;
    let owner = owner(store, body)?;
    if !app.takes_api_keys() {
        return Err(Refusal::argument("The application takes no API keys"));
    }
    let mut token = OutboundToken::new(&app.id, owner);
    body.text("apiKey").clone_into(&mut token.access_token);
    "apikey".clone_into(&mut token.kind);
    store.applications.keep(token);
    Ok(Reply::empty())
}

/// The IDs of the applications that a user has a token of.
fn connected(call: &Call<'_>, store: &mut Store) -> Result {
    let owner = owner(store, call.query())?;
    let user = owner.user.as_deref().unwrap_or_default();
    let has_token = |app: &str| {
        let mut tokens = store.applications.tokens.all(By::User, user);
        tokens.any(|token| {
            token.app == app && (owner.tenant.is_none() || token.owner.tenant == owner.tenant)
        })
    };
    let apps = store.applications.outbound.iter().filter(|app| has_token(&app.id));
    Ok(json!({ "appIds": apps.map(|app| &*app.id).collect::<Vec<_>>() }).into())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let token = store.applications.tokens.take(By::Id, call.query().text("id"));
    token.ok_or_else(|| Refusal::missing("outbound token"))?;
    Ok(Reply::empty())
}

/// Removes tokens of users; those of tenants as a whole stay.
fn delete_of_users(call: &Call<'_>, store: &mut Store) -> Result {
    let query = call.query();
    let (app, user) = (query.some_text("appId"), query.some_text("userId"));
    if app.is_none() && user.is_none() {
        return Err(Refusal::invalid("One of appId and userId is required"));
    }
    store.applications.tokens.retain(|token| {
        let of_user = token.owner.user.as_deref();
        let meant = of_user.is_some_and(|id| user.is_none_or(|user| user == id))
            && app.is_none_or(|app| token.app == app);
        !meant
    });
    Ok(Reply::empty())
}

fn make(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let app = find(store, body.text("appId"))?;
    let user = match body.some_text("loginId") {
        Some(user) => Some(store.managed_user(user)?.id.clone()),
        None => None,
    };
    let tenant = body.some_text("tenantId");
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Refusal::missing("tenant"));
    }
    if user.is_none() && tenant.is_none() {
        return Err(Refusal::invalid("One of loginId and tenantId is required"));
    }
    let owner = Owner { user, tenant: tenant.map(str::to_owned) };
    let token = OutboundToken::new(&app.id, owner).read(body);
    let answer = json!({ "tokenId": token.id });
    store.applications.keep(token);
    Ok(answer.into())
}
