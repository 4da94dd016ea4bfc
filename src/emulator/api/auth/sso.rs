//! Single sign-on, by the newer paths and by those of SAML. The identity provider is the emulator's
//! own; see [`idp`].

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::idp;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::LOGIN_OPTIONS;
use crate::emulator::state::idp::{Intent, Provider, Purpose};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::sso::SsoSettings;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

const QUERY: [Field; 6] = [
    required("tenant", Kind::Text),
    optional("redirectURL", Kind::Text),
    // What the SDKs of Ruby and PHP call it.
    optional("redirectUrl", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("loginHint", Kind::Text),
    optional("forceAuthn", Kind::Bool),
];
const SSO_QUERY: [Field; 7] = concat(QUERY, [optional("prompt", Kind::Text)]);
const SAML_QUERY: [Field; 7] = concat(QUERY, [optional("initiatedEmail", Kind::Text)]);
const EXCHANGE: &[Field] = &[required("code", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/auth/sso/authorize", MaybeRefresh, SignInBy("sso"), LOGIN_OPTIONS, start)
        .query(&SSO_QUERY),
    Route::post("/v1/auth/sso/exchange", Project, SignInBy("sso"), EXCHANGE, exchange),
    Route::post("/v1/auth/saml/authorize", MaybeRefresh, SignInBy("saml"), LOGIN_OPTIONS, start)
        .query(&SAML_QUERY),
    Route::post("/v1/auth/saml/exchange", Project, SignInBy("saml"), EXCHANGE, exchange),
];

fn start(call: &Call<'_>, store: &mut Store) -> Result {
    let (asked, only) = SignIn::unknown_user(call, store, call.body())?;
    let settings = settings(call, store)?;
    let (tenant, sso_id) = (settings.tenant.clone(), settings.id.clone());
    let redirect_url = settings.redirect_url().map(str::to_owned);
    let asked = asked.in_tenant(&tenant);
    let intent = Intent { purpose: Purpose::SignUpOrIn, asked, only };
    idp::begin(call, store, Provider::Sso { tenant, sso_id }, intent, redirect_url)
}

/// The configuration that the call asks for: by tenant or by e-mail address, and by its own ID or
/// the one that comes first.
fn settings<'a>(call: &Call<'_>, store: &'a Store) -> Result<&'a SsoSettings> {
    let (named, id) = (call.query().text("tenant"), call.query().some_text("ssoId"));
    let found = match (named.rsplit_once('@'), id) {
        (Some((_, domain)), _) => store.sso_settings_for(domain, id),
        (None, Some(_)) => store.sso_settings_of(named, id),
        (None, None) if store.tenant(named).is_none() => {
            return Err(Refusal::argument(format!("There is no tenant {named:?}")));
        }
        (None, None) => store.sso_settings(named),
    };
    found
        .filter(|settings| settings.provider().is_some())
        .ok_or_else(|| Refusal::argument("The tenant has no such SSO configuration"))
}

fn exchange(call: &Call<'_>, store: &mut Store) -> Result {
    idp::exchange(call, store, |provider| matches!(provider, Provider::Sso { .. }))
}
