//! What users and tenants have allowed inbound applications to do.

use serde_json::{Value, json};

use super::{inbound_app, owned, page_of};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::inbound_app::Consent;
use crate::emulator::state::inbound_token;
use crate::emulator::state::oauth::ClientKey;
use crate::emulator::state::oauth_client;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

const SEARCH: &[Field] = &[
    optional("appId", Kind::Text),
    optional("consentId", Kind::Text),
    optional("limit", Kind::Int),
    optional("page", Kind::Int),
    optional("tenantId", Kind::Text),
    optional("userId", Kind::Text),
];
const DELETE: &[Field] = &[
    optional("appId", Kind::Text),
    optional("consentIds", Kind::Texts),
    optional("tenantId", Kind::Text),
    optional("userIds", Kind::Texts),
];
const DELETE_TENANT: &[Field] = &[
    optional("appId", Kind::Text),
    optional("consentIds", Kind::Texts),
    required("tenantId", Kind::Text),
];
const MAKE_FIELDS: &[Field] = &[
    required("appId", Kind::Text),
    optional("loginId", Kind::Text),
    optional("tenantId", Kind::Text),
    required("scopes", Kind::Texts),
    optional("grantedBy", Kind::Text),
    optional("expireTime", Kind::Int),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[MAKE]).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/thirdparty/consents/search", Management, Read, SEARCH, search),
    Route::post(
        "/v1/mgmt/thirdparty/consents/delete",
        Management,
        Action("ThirdPartyApplicationConsentsDeleted"),
        DELETE,
        delete,
    ),
    Route::post(
        "/v1/mgmt/thirdparty/consents/delete/tenant",
        Management,
        Action("ThirdPartyApplicationConsentsDeleted"),
        DELETE_TENANT,
        delete_of_tenant,
    ),
];

/// Users consent in flows; here seeds have them consent.
pub(in crate::emulator) const MAKE: Route = Route::post(
    "/_emulator/seed/inbound-consent",
    Management,
    Unrecorded("a seed"),
    MAKE_FIELDS,
    make,
);

pub(in crate::emulator) const SEED: List = List {
    name: "inboundConsents",
    path: "/_emulator/seed/inbound-consent",
    state: &[
        optional("id", Kind::Text),
        optional("createdTime", Kind::Int),
        optional("modifiedTime", Kind::Int),
    ],
    restore: |store, state| {
        let mut consent = last_row(&mut store.applications.consents)?;
        if let Some(id) = state.some_text("id") {
            id.clone_into(&mut consent.id);
        }
        consent.created = state.int("createdTime").unwrap_or(consent.created);
        consent.modified = state.int("modifiedTime").unwrap_or(consent.modified);
        Ok(())
    },
    save: |store| store.applications.consents.iter().map(Consent::save).collect(),
};

impl Consent {
    fn save(&self) -> Value {
        json!({
            "appId": self.app,
            "loginId": self.user,
            "tenantId": self.tenant,
            "scopes": self.scopes,
            "grantedBy": self.granted_by,
            "expireTime": self.expires,
            "state": {
                "id": self.id,
                "createdTime": self.created,
                "modifiedTime": self.modified,
            },
        })
    }

    /// The wire type `ThirdPartyApplicationConsent`.
    fn show(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "appId": self.app,
            "userId": self.user.as_deref().unwrap_or_default(),
            "tenantId": self.tenant.as_deref().unwrap_or_default(),
            "scopes": self.scopes,
            "grantedBy": self.granted_by,
            "createdTime": self.created,
            "modifiedTime": self.modified,
        });
        if self.expires != 0 {
            shown["expireTime"] = json!(self.expires);
        }
        shown
    }

    /// Whether it meets the conditions on a tenant and an application.
    fn meets(&self, asked: Fields<'_>) -> bool {
        asked.some_text("appId").is_none_or(|app| self.app == app)
            && asked.some_text("tenantId").is_none_or(|id| self.tenant.as_deref() == Some(id))
    }

    fn is_any_of(&self, ids: &[&str]) -> bool {
        ids.is_empty() || ids.contains(&&*self.id)
    }
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (skipped, limit) = page_of(body)?;
    let (id, user) = (body.some_text("consentId"), body.some_text("userId"));
    let found = store.applications.consents.iter().filter(|consent| {
        consent.meets(body)
            && id.is_none_or(|id| consent.id == id)
            && user.is_none_or(|user| consent.user.as_deref() == Some(user))
    });
    let page: Value = found.clone().skip(skipped).take(limit).map(Consent::show).collect();
    Ok(json!({ "consents": page, "total": found.count() }).into())
}

/// Removes consents of users, of which a condition must say more than the tenant.
fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let (ids, users) = (body.texts("consentIds"), body.texts("userIds"));
    if ids.is_empty() && users.is_empty() && body.some_text("appId").is_none() {
        return Err(Refusal::invalid("One of consentIds, appId and userIds is required"));
    }
    store.applications.consents.retain(|consent| {
        let of_these = |user: &String| users.is_empty() || users.contains(&&**user);
        let wanted = consent.user.as_ref().is_some_and(of_these);
        !(wanted && consent.is_any_of(&ids) && consent.meets(body))
    });
    Ok(Reply::empty())
}

/// Removes consents that were given for a tenant as a whole.
fn delete_of_tenant(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    store.tenant(body.text("tenantId")).ok_or_else(|| Refusal::missing("tenant"))?;
    let ids = body.texts("consentIds");
    store.applications.consents.retain(|consent| {
        !(consent.user.is_none() && consent.is_any_of(&ids) && consent.meets(body))
    });
    Ok(Reply::empty())
}

/// Answers with the consent's ID and, if it is that of a user who may sign in, with an access token.
fn make(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let id = body.text("appId");
    // Or a client of an MCP server, whose consents are among these.
    let of_server = oauth_client::by_key(call, store, &ClientKey::Mcp(id.to_owned()));
    let app = match of_server {
        Some(_) => None,
        None => Some(inbound_app::find(store, id)?),
    };
    let has_scope = |scope: &str| match (&of_server, app) {
        (Some(client), _) => client.scope(scope).is_some(),
        (None, app) => app.is_some_and(|app| app.has_scope(scope)),
    };
    let scopes = body.texts("scopes");
    if let Some(unknown) = scopes.iter().find(|scope| !has_scope(scope)) {
        return Err(Refusal::argument(format!("The application has no scope {unknown:?}")));
    }
    let user = match body.some_text("loginId") {
        Some(user) => Some(store.managed_user(user)?),
        None => None,
    };
    let tenant = body.some_text("tenantId");
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Refusal::missing("tenant"));
    }
    if user.is_none() && tenant.is_none() {
        return Err(Refusal::invalid("One of loginId and tenantId is required"));
    }
    let now = call.now.saturating_mul(1000);
    let consent = Consent {
        id: random::id("TPC"),
        app: id.to_owned(),
        granted_by: match body.some_text("grantedBy") {
            Some(granted_by) => granted_by.to_owned(),
            None => user.map(|user| user.id.clone()).unwrap_or_default(),
        },
        user: user.map(|user| user.id.clone()),
        tenant: tenant.map(str::to_owned),
        scopes: owned(scopes),
        created: now,
        modified: now,
        expires: body.int("expireTime").unwrap_or_default(),
    };
    let has_token = app.is_some()
        && user.is_some_and(|user| user.may_sign_in().is_ok())
        && !consent.expired(call.now);
    let id = store.applications.consent(consent);
    let mut answer = json!({ "consentId": id });
    if has_token {
        answer["accessToken"] = json!(inbound_token::issue(call, store, &id)?);
    }
    Ok(answer.into())
}
