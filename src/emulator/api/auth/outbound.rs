//! Connecting a user's accounts at other services: the service is the emulator's own; see
//! [`idp`](crate::emulator::api::idp).

use serde_json::json;

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::Unrecorded;
use crate::emulator::api::idp;
use crate::emulator::api::mgmt::outbound_app::find;
use crate::emulator::api::route::Bearer::Refresh;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::outbound_app::{Connecting, OutboundToken, Owner};
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

const OPTIONS: &[Field] = &[
    optional("redirectUrl", Kind::Text),
    optional("scopes", Kind::Texts),
    optional("prompt", Kind::Texts),
    optional("loginHint", Kind::Text),
    optional("resources", Kind::Texts),
    optional("externalIdentifier", Kind::Text),
];
const CONNECT: &[Field] = &[
    required("appId", Kind::Text),
    optional("tenantId", Kind::Text),
    optional("tenantLevel", Kind::Bool),
    optional("options", Kind::Object(OPTIONS)),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[Route::post(
    "/v1/outbound/oauth/connect",
    Refresh,
    Unrecorded("nothing is connected before the user is back"),
    CONNECT,
    connect,
)];

/// Sends the user to the service: the wire type `URLResponse`.
fn connect(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, options) = (call.body(), call.body().object("options"));
    let user = token::proven(call, store)?.session.user;
    let app = find(store, body.text("appId"))?;
    if app.takes_api_keys() {
        return Err(Refusal::argument("The application takes API keys"));
    }
    let (tenant, tenant_level) = (body.some_text("tenantId"), body.flag("tenantLevel"));
    let member = |id: &str| store.user(&user).is_some_and(|of| of.grants.membership(id).is_some());
    if tenant.is_some_and(|tenant| !member(tenant)) {
        return Err(Refusal::argument("The user is not in this tenant"));
    }
    if tenant_level && tenant.is_none() {
        return Err(Refusal::invalid("The tenantId field is required"));
    }
    if app.tenant().is_some_and(|only| tenant != Some(only)) {
        return Err(Refusal::argument("The application is another tenant's"));
    }
    let settings = app.settings();
    let redirect_url =
        options.some_text("redirectUrl").or_else(|| settings.some_text("defaultRedirectUrl"));
    let redirect_url = match redirect_url {
        Some(url) if idp::is_absolute(url) => url.to_owned(),
        Some(_) => return Err(Refusal::argument("The redirectUrl is no absolute URL")),
        None => format!("{}/_emulator/idp/done?app={}", call.origin, idp::in_query(&app.id)),
    };
    let scopes = if options.has("scopes") { options } else { settings };
    let scopes = scopes.texts(if options.has("scopes") { "scopes" } else { "defaultScopes" });
    let owner =
        Owner { user: (!tenant_level).then(|| user.clone()), tenant: tenant.map(str::to_owned) };
    let mut token = OutboundToken::new(&app.id, owner);
    token.scopes = scopes.into_iter().map(str::to_owned).collect();
    options.text("externalIdentifier").clone_into(&mut token.external);
    token.granted_by = user;
    // Where it does not say, the service gives one.
    if settings.text("accessType") != "online" {
        token.refresh_token = random::text(40);
    }
    let (state, login_hint) = (random::text(32), options.text("loginHint").to_owned());
    let url = idp::page_url(call, &state);
    let connecting = &mut store.applications.connecting;
    connecting.drop_now_and_then(|connecting| call.now >= connecting.expires);
    let expires = call.now.saturating_add(idp::PATIENCE);
    connecting.push(Connecting { state, token, redirect_url, login_hint, expires });
    Ok(json!({ "url": url }).into())
}
