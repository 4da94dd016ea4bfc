//! OAuth: the provider is the emulator's own; see [`idp`].

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::idp;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::LOGIN_OPTIONS;
use crate::emulator::state::idp::{Intent, Provider, Purpose};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

/// What Descope offers without any set-up.
const PROVIDERS: [&str; 9] = [
    "apple",
    "discord",
    "facebook",
    "github",
    "gitlab",
    "google",
    "linkedin",
    "microsoft",
    "slack",
];

const QUERY: [Field; 8] =
    concat(BASE_QUERY, [optional("rawResponse", Kind::Bool), optional("test", Kind::Bool)]);
const BASE_QUERY: [Field; 6] = [
    required("provider", Kind::Text),
    optional("redirectURL", Kind::Text),
    // What the SDKs of Ruby and PHP call it.
    optional("redirectUrl", Kind::Text),
    optional("loginHint", Kind::Text),
    optional("prompt", Kind::Text),
    optional("initiatedEmail", Kind::Text),
];
const UPDATE_QUERY: [Field; 7] = concat(BASE_QUERY, [optional("allowAllMerge", Kind::Bool)]);

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post("/v1/auth/oauth/authorize", MaybeRefresh, SignInBy("oauth"), LOGIN_OPTIONS, start)
        .query(&QUERY),
    Route::post(
        "/v1/auth/oauth/authorize/signin",
        MaybeRefresh,
        SignInBy("oauth"),
        LOGIN_OPTIONS,
        sign_in,
    )
    .query(&QUERY),
    Route::post(
        "/v1/auth/oauth/authorize/signup",
        MaybeRefresh,
        SignInBy("oauth"),
        LOGIN_OPTIONS,
        sign_up,
    )
    .query(&QUERY),
    Route::post(
        "/v1/auth/oauth/authorize/update",
        Refresh,
        SignInBy("oauth"),
        LOGIN_OPTIONS,
        update,
    )
    .query(&UPDATE_QUERY),
    Route::post(
        "/v1/auth/oauth/exchange",
        Project,
        SignInBy("oauth"),
        &[required("code", Kind::Text)],
        exchange,
    ),
];

fn start(call: &Call<'_>, store: &mut Store) -> Result {
    begin(call, store, Purpose::SignUpOrIn)
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Result {
    begin(call, store, Purpose::SignIn)
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Result {
    begin(call, store, Purpose::SignUp)
}

fn begin(call: &Call<'_>, store: &mut Store, purpose: Purpose) -> Result {
    let (asked, only) = SignIn::unknown_user(call, store, call.body())?;
    idp::begin(call, store, provider(call)?, Intent { purpose, asked, only }, None)
}

fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let proven = token::proven(call, store)?;
    let (user, merge) = (proven.session.user.clone(), call.query().flag("allowAllMerge"));
    let asked = SignIn::additional(proven, call.body().flag("mfa"));
    let intent = Intent { purpose: Purpose::Update { user, merge }, asked, only: None };
    idp::begin(call, store, provider(call)?, intent, None)
}

fn provider(call: &Call<'_>) -> Result<Provider> {
    let name = call.query().text("provider");
    if !PROVIDERS.contains(&name) && !call.settings.oauth_providers.iter().any(|own| own == name) {
        return Err(Refusal::argument(format!("There is no OAuth provider {name:?}")));
    }
    Ok(Provider::OAuth(name.to_owned()))
}

fn exchange(call: &Call<'_>, store: &mut Store) -> Result {
    idp::exchange(call, store, |provider| matches!(provider, Provider::OAuth(_)))
}
