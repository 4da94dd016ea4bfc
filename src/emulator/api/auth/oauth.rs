//! OAuth: the provider is the emulator's own; see [`idp`](crate::emulator::api::idp).

use crate::emulator::api::idp;
use crate::emulator::api::idp::{Kept, Provider, Purpose};
use crate::emulator::http::dispatch::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::token::{LOGIN_OPTIONS, SignIn};
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::refusal::{Answer, Refusal};

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

const QUERY: [Field; 3] = [
    required("provider", Kind::Text),
    optional("redirectURL", Kind::Text),
    optional("loginHint", Kind::Text),
];
const UPDATE_QUERY: [Field; 4] = concat(QUERY, [optional("allowAllMerge", Kind::Bool)]);

/// All but `locale`.
const OPTIONS: &[Field] = LOGIN_OPTIONS.split_at(LOGIN_OPTIONS.len() - 1).0;

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/auth/oauth/authorize", MaybeRefresh, LOGIN_OPTIONS, start).query(&QUERY),
    Route::post("/v1/auth/oauth/authorize/signin", MaybeRefresh, OPTIONS, sign_in).query(&QUERY),
    Route::post("/v1/auth/oauth/authorize/signup", MaybeRefresh, OPTIONS, sign_up).query(&QUERY),
    Route::post("/v1/auth/oauth/authorize/update", Refresh, OPTIONS, update).query(&UPDATE_QUERY),
    Route::post("/v1/auth/oauth/exchange", Project, &[required("code", Kind::Text)], exchange),
];

fn start(call: &Call<'_>, store: &mut Store) -> Answer {
    begin(call, store, Purpose::SignUpOrIn)
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Answer {
    begin(call, store, Purpose::SignIn)
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Answer {
    begin(call, store, Purpose::SignUp)
}

fn begin(call: &Call<'_>, store: &mut Store, purpose: Purpose) -> Answer {
    let (asked, only) = SignIn::unknown_user(call, store, call.body())?;
    idp::begin(call, store, provider(call)?, Kept { purpose, asked, only }, None)
}

fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    let (user, merge) = (proven.session.user.clone(), call.query().flag("allowAllMerge"));
    let asked = SignIn::additional(proven, call.body().flag("mfa"));
    let kept = Kept { purpose: Purpose::Update { user, merge }, asked, only: None };
    idp::begin(call, store, provider(call)?, kept, None)
}

fn provider(call: &Call<'_>) -> Answer<Provider> {
    let name = call.query().text("provider");
    if !PROVIDERS.contains(&name) && !call.settings.oauth_providers.iter().any(|own| own == name) {
        return Err(Refusal::argument(format!("There is no OAuth provider {name:?}")));
    }
    Ok(Provider::OAuth(name.to_owned()))
}

fn exchange(call: &Call<'_>, store: &mut Store) -> Answer {
    idp::exchange(call, store, |provider| matches!(provider, Provider::OAuth(_)))
}
