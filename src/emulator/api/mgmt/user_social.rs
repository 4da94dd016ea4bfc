//! The tokens of users at social providers.

use serde_json::json;

use crate::emulator::api::call::Call;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::user::ProviderToken;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// Seconds for which the token of a provider is good.
const LIFETIME: i64 = 60 * 60;

const PROVIDER_TOKEN: &[Field] = &[
    required("loginId", Kind::Text),
    required("provider", Kind::Text),
    optional("withRefreshToken", Kind::Bool),
    optional("forceRefresh", Kind::Bool),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] =
    &[Route::get("/v1/mgmt/user/provider/token", Management, PROVIDER_TOKEN, provider_token)];

/// The token of a provider that the user is connected to. One that has expired is replaced.
fn provider_token(call: &Call<'_>, store: &mut Store) -> Result {
    let (query, provider) = (call.query(), call.query().text("provider"));
    let mut user = store.managed_user_mut(query.text("loginId"))?;
    if user.oauth.get(provider) != Some(&true) {
        return Err(Refusal::missing("token of this provider"));
    }
    let new = || ProviderToken {
        subject: random::digits(21),
        access: random::token(),
        refresh: random::token(),
        expires: call.now.saturating_add(LIFETIME),
    };
    let token = user.provider_tokens.entry(provider.to_owned()).or_insert_with(new);
    if query.flag("forceRefresh") || token.expires <= call.now {
        token.access = random::token();
        token.expires = call.now.saturating_add(LIFETIME);
    }
    let refresh = query.flag("withRefreshToken").then_some(&*token.refresh);
    Ok(json!({
        "provider": provider,
        "providerUserID": token.subject,
        "accessToken": token.access,
        "expiration": token.expires,
        "scopes": [],
        "refreshToken": refresh.unwrap_or_default(),
    })
    .into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::refused;

    #[test]
    fn provider_tokens_are_kept_until_they_expire() {
        let emulator = Emulator::new();
        let state = json!({ "oauth": { "google": true, "github": false } });
        emulator.seed(&json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
        let get = |query: &str| {
            let path = format!("/v1/mgmt/user/provider/token?loginId=ada&provider={query}");
            emulator.send("GET", &path, emulator.management_key(), &json!(null))
        };
        let token = |query: &str| -> Value { get(query).1 };
        refused(get("github"), 404, "EMU404");
        refused(get("gitlab"), 404, "EMU404");
        let first = token("google");
        assert_eq!((&first["provider"], &first["refreshToken"]), (&json!("google"), &json!("")));
        assert_eq!(token("google&forceRefresh=false"), first);
        let with_refresh = token("google&withRefreshToken=true");
        assert_eq!(with_refresh["accessToken"], first["accessToken"]);
        assert_ne!(with_refresh["refreshToken"], "");
        let second = token("google&forceRefresh=true");
        assert_ne!(second["accessToken"], first["accessToken"]);
        assert_eq!(second["providerUserID"], first["providerUserID"]);
        emulator.advance(Duration::from_secs(3600));
        assert_ne!(token("google")["accessToken"], second["accessToken"]);
    }
}
