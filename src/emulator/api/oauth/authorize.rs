//! The authorization endpoint (RFC 6749 section 4.1, RFC 7636, RFC 9207).

use super::asked::{Answer, Asked, known};
use crate::emulator::api::idp::{is_absolute, with_query};
use crate::emulator::state::oauth::{Ask, Back, ClientKey, PATIENCE, Way, Wish};
use crate::emulator::state::oauth_client::{CODE, Client, Door};
use crate::emulator::state::store::Store;
use crate::emulator::words::oauth::{Denial, Params};
use crate::emulator::words::random;

/// Shows a user what a client wants. Of what is wrong with the client or its address, the user is told:
/// the browser goes nowhere then.
pub(in crate::emulator) fn authorize(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Answer, Denial> {
    let client = known(asked, store, asked.params.required("client_id")?)
        .map_err(|denial| Denial::new("invalid_client", denial.description))?;
    let redirect_uri = asked.params.required("redirect_uri")?;
    if !client.may_redirect_to(redirect_uri) {
        return Err(Denial::request("The redirect_uri is not one of the application's"));
    }
    let back = Back {
        redirect_uri: redirect_uri.to_owned(),
        state: asked.params.get("state").map(str::to_owned),
        challenge: asked.params.get("code_challenge").map(str::to_owned),
    };
    let issuer = issuer(asked, &client);
    if let Err(denial) = check(asked, &client) {
        return Ok(Answer::Redirect(refusal(&back, &issuer, &denial)));
    }
    let wish = match wish(asked, store, &client) {
        Ok(wish) => wish,
        Err(denial) => return Ok(Answer::Redirect(refusal(&back, &issuer, &denial))),
    };
    let prompt = asked.params.words("prompt");
    Ok(Answer::Ask(keep(
        asked,
        store,
        wish,
        Way::Redirect(back),
        prompt.contains(&"consent".to_owned()),
    )))
}

/// Keeps a request until its user decides. Returns its ID.
fn keep(asked: &Asked<'_>, store: &mut Store, wish: Wish, way: Way, anew: bool) -> String {
    let hint = asked.params.get("login_hint").or_else(|| asked.params.get("loginHint"));
    let id = random::token();
    let oauth = &mut store.applications.oauth;
    oauth.tidy(asked.context.now);
    oauth.asks.push(Ask {
        id: id.clone(),
        wish,
        way,
        login_hint: hint.unwrap_or_default().to_owned(),
        anew,
        user: None,
        browser: None,
        expires: asked.context.now.saturating_add(PATIENCE),
    });
    id
}

/// The issuer of a client's tokens: that of its application.
pub(super) fn issuer(asked: &Asked<'_>, client: &Client) -> String {
    match &client.key {
        ClientKey::Federated(id) => Door::Project(Some(id.clone())).issuer(&asked.context),
        _ => asked.door.issuer(&asked.context),
    }
}

fn check(asked: &Asked<'_>, client: &Client) -> Result<(), Denial> {
    let params = &asked.params;
    if params.has("request") {
        return Err(Denial::new("request_not_supported", "There is no support for request"));
    }
    if params.has("request_uri") {
        return Err(Denial::new(
            "request_uri_not_supported",
            "There is no support for request_uri",
        ));
    }
    if !client.allows(CODE) {
        return Err(Denial::new("unauthorized_client", "Codes are switched off for this client"));
    }
    if params.required("response_type")? != "code" {
        return Err(Denial::new("unsupported_response_type", "The only response_type is code"));
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Denial::request("The only response_mode is query"));
    }
    check_challenge(params, client)?;
    if params.get("prompt") == Some("none") {
        return Err(Denial::new("login_required", "Nobody stays signed in at the emulator"));
    }
    Ok(())
}

/// Public clients need a challenge. `plain` protects nobody whose request was read (RFC 9700 section 2.1.1).
fn check_challenge(params: &Params, client: &Client) -> Result<(), Denial> {
    let (challenge, method) = (params.get("code_challenge"), params.get("code_challenge_method"));
    match (challenge, method) {
        (None, Some(_)) => Err(Denial::request("code_challenge is missing")),
        (None, None) if client.force_pkce || !client.confidential => {
            Err(Denial::request("This client needs PKCE: code_challenge is missing"))
        }
        (None, None) => Ok(()),
        (Some(challenge), Some("S256")) => {
            let is_digest = challenge.len() == 43
                && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            is_digest.then_some(()).ok_or_else(|| Denial::request("code_challenge is malformed"))
        }
        (Some(_), _) => Err(Denial::request("The only code_challenge_method is S256")),
    }
}

/// What a request asks for, as far as the application may have it.
pub(super) fn wish(asked: &Asked<'_>, store: &Store, client: &Client) -> Result<Wish, Denial> {
    let params = &asked.params;
    let tenant = params.get("tenant").or_else(|| params.get("tenantId"));
    if tenant.is_some_and(|tenant| store.tenant(tenant).is_none()) {
        return Err(Denial::request("There is no such tenant"));
    }
    let mut scopes = scopes(params, client)?;
    // RFC 6749 section 3.3: a default. What an MCP server has approved is Descope's.
    if scopes.is_empty() && matches!(client.key, ClientKey::Mcp(_)) {
        scopes = client.own_scopes();
    }
    Ok(Wish {
        client: client.key.clone(),
        issuer: issuer(asked, client),
        scopes,
        resources: resources(params, client, &[])?,
        tenant: tenant.map(str::to_owned),
        jkt: params.get("dpop_jkt").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
    })
}

/// The scopes that are asked for, each one of the application's.
pub(super) fn scopes(params: &Params, client: &Client) -> Result<Vec<String>, Denial> {
    let scopes = params.words("scope");
    match scopes.iter().find(|scope| client.scope(scope).is_none()) {
        Some(unknown) => {
            let known: Vec<_> = client.scopes.iter().map(|scope| &*scope.name).collect();
            Err(Denial::scope(format!(
                "The application has no scope {unknown:?}; it has {}",
                known.join(", ")
            )))
        }
        None => Ok(scopes),
    }
}

/// The resources that are asked for (RFC 8707): among those granted before, if there are any.
pub(super) fn resources(
    params: &Params,
    client: &Client,
    granted: &[String],
) -> Result<Vec<String>, Denial> {
    let target = |description: String| Denial::new("invalid_target", description);
    let asked: Vec<&str> = params.all("resource").collect();
    if let Some(wrong) = asked.iter().find(|url| !is_absolute(url) || url.contains('#')) {
        return Err(target(format!("The resource {wrong:?} is not an absolute URL")));
    }
    let mut resources: Vec<String> = Vec::new();
    for resource in asked.into_iter().chain(params.all("audience")) {
        let listed =
            |list: &[String]| list.is_empty() || list.iter().any(|known| known == resource);
        if !listed(&client.audiences) {
            return Err(target(format!("The application may not ask for {resource:?}")));
        }
        if !listed(granted) {
            return Err(target(format!("{resource:?} was not granted")));
        }
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(if resources.is_empty() { granted.to_vec() } else { resources })
}

/// Where the browser goes with this answer.
pub(super) fn back_with(back: &Back, issuer: &str, answer: &[(&str, &str)]) -> String {
    let state = back.state.as_deref().map(|state| ("state", state));
    let pairs = answer.iter().copied().chain(state).chain([("iss", issuer)]);
    pairs.fold(back.redirect_uri.clone(), |url, (name, value)| with_query(&url, name, value))
}

pub(super) fn refusal(back: &Back, issuer: &str, denial: &Denial) -> String {
    let answer = [("error", denial.error), ("error_description", &*denial.description)];
    back_with(back, issuer, &answer)
}
