//! The identity provider at which OAuth and single sign-on end up: the user says who they are, and
//! comes back with a code.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::call::Call;
use crate::emulator::state::grants::{Membership, merge};
use crate::emulator::state::idp::{Code, Intent, Provider, Purpose, Visit};
use crate::emulator::state::outbound_app::{Connecting, SERVICE_LIFETIME};
use crate::emulator::state::sso::AuthType;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::token;
use crate::emulator::state::user::{Factor, Profile, User};
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, query, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Error, Refusal, Result};

/// Seconds that a user may take.
pub(in crate::emulator) const PATIENCE: i64 = 10 * 60;

/// Sends the user to the identity provider: the wire type `URLResponse`.
pub(in crate::emulator) fn begin(
    call: &Call<'_>,
    store: &mut Store,
    provider: Provider,
    intent: Intent,
    default_redirect: Option<String>,
) -> Result {
    let query = call.query();
    let redirect_url = match query
        .some_text("redirectURL")
        .or_else(|| query.some_text("redirectUrl"))
    {
        Some(url) if is_absolute(url) => url.to_owned(),
        Some(_) => return Err(Refusal::argument("The redirectURL is not an absolute URL")),
        None => default_redirect.unwrap_or_else(|| format!("{}/_emulator/idp/done", call.origin)),
    };
    let state = random::text(32);
    let url = page_url(call, &state);
    store.idp.visits.drop_now_and_then(|visit| call.now >= visit.expires);
    store.idp.visits.push(Visit {
        state,
        provider,
        intent,
        redirect_url,
        login_hint: query.text("loginHint").to_owned(),
        expires: call.now.saturating_add(PATIENCE),
    });
    Ok(json!({ "url": url }).into())
}

/// The page of the identity provider.
pub(in crate::emulator) fn page_url(context: &Context<'_>, state: &str) -> String {
    format!("{}/_emulator/idp?state={state}", context.origin)
}

/// With a scheme, which need not be HTTP: mobile apps have their own.
pub(in crate::emulator) fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, rest)| {
        let mut scheme = scheme.bytes();
        scheme.next().is_some_and(|b| b.is_ascii_alphabetic())
            && scheme.all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
    })
}

/// Trades a code for a session.
pub(in crate::emulator) fn exchange(
    call: &Call<'_>,
    store: &mut Store,
    from: fn(&Provider) -> bool,
) -> Result {
    let given = call.body().text("code");
    let unknown = || Refusal::wrong_code("There is no such code, or it was used");
    let codes = &mut store.idp.codes;
    codes.get(By::Id, given).filter(|code| from(&code.provider)).ok_or_else(unknown)?;
    let Code { provider, user, asked, said, expires, .. } =
        codes.take(By::Id, given).ok_or_else(unknown)?;
    if call.now >= expires {
        return Err(Refusal::wrong_code("The code has expired"));
    }
    provider.settings(store)?;
    let (factor, sso_id) = match provider {
        Provider::OAuth(_) => ("oauth", None),
        Provider::Sso { sso_id, .. } => ("fed", sso_id),
    };
    let mut reply = token::sign_in(call, store, &user, factor, asked)?;
    reply.body["idpResponse"] = said;
    if let Some(sso_id) = sso_id {
        reply.body["tenantSSOID"] = json!(sso_id);
    }
    Ok(reply)
}

/// What a user may answer, beside `state`.
pub(in crate::emulator) const CHOICE: &[Field] = &[
    required("state", Kind::Text),
    optional("loginId", Kind::Text),
    optional("name", Kind::Text),
    // Separated by commas.
    optional("groups", Kind::Text),
    optional("err", Kind::Text),
];

/// What a query string or a form says of the choice.
pub(in crate::emulator) fn read_choice(text: &str) -> Result<Object> {
    query(CHOICE, text)
}

/// Ends a visit, whatever comes of it, and returns the URL that the browser goes to.
pub(in crate::emulator) fn choose(
    context: &Context<'_>,
    store: &mut Store,
    choice: &Object,
) -> Result<String> {
    let choice = Fields::new(choice);
    if store.applications.connecting(context, choice.text("state")).is_some() {
        return connect(context, store, choice);
    }
    let visit = store.idp.leave(context, choice.text("state"))?;
    let back = |name, value: &str| Ok(with_query(&visit.redirect_url, name, value));
    if let Some(error) = choice.some_text("err") {
        return back("err", error);
    }
    let user = match visit.user(context, store, choice) {
        Ok(user) => user,
        Err(refusal) => return back("err", &Error::from(refusal).to_string()),
    };
    let text = random::text(32);
    let redirect = back("code", &text);
    let said = visit.said(store, choice);
    let Visit { provider, intent: Intent { asked, .. }, .. } = visit;
    store.idp.codes.drop_now_and_then(|code| context.now >= code.expires);
    let expires = context.code_expiry();
    store.idp.codes.push(Code { text, provider, user, asked, said, expires });
    redirect
}

/// Keeps the token that a service gives for an account there, unless its user refuses.
fn connect(context: &Context<'_>, store: &mut Store, choice: Fields<'_>) -> Result<String> {
    let Connecting { mut token, redirect_url, .. } =
        store.applications.leave(context, choice.text("state"))?;
    if let Some(error) = choice.some_text("err") {
        return Ok(with_query(&redirect_url, "err", error));
    }
    choice.text("loginId").clone_into(&mut token.subject);
    token.access_token = random::text(40);
    token.expires = context.now.saturating_add(SERVICE_LIFETIME);
    store.applications.keep(token);
    Ok(utf8_percent_encode(&redirect_url, NOT_IN_URL).to_string())
}

impl Visit {
    /// The ID of the user who comes back; a new one where that is wanted.
    fn user(&self, context: &Context<'_>, store: &mut Store, choice: Fields<'_>) -> Result<String> {
        let settings = self.provider.settings(store)?;
        let saml = settings.is_some_and(|settings| settings.auth_type == AuthType::Saml);
        let roles = settings.map(|settings| settings.roles(&groups(choice))).unwrap_or_default();
        let login_id = choice.text("loginId");
        let id = self.identify(context, store, choice)?;
        let mut user = store.user_mut(&id)?;
        match &self.provider {
            Provider::OAuth(name) => drop(user.oauth.insert(name.clone(), true)),
            Provider::Sso { tenant, .. } => {
                match user.grants.membership_mut(tenant) {
                    Some(membership) => merge(&mut membership.roles, roles),
                    None => {
                        user.grants.tenants.push(Membership { tenant: tenant.clone(), roles });
                    }
                }
                if saml {
                    user.factors.insert(Factor::Saml);
                }
            }
        }
        if !user.has_login(login_id) {
            user.login_ids.push(login_id.to_owned());
        }
        user.verified_email |= user.profile.email == login_id;
        user.modified = context.now;
        Ok(id)
    }

    /// The ID of the user whom a choice means, as far as the visit's purpose allows it.
    fn identify(
        &self,
        context: &Context<'_>,
        store: &mut Store,
        choice: Fields<'_>,
    ) -> Result<String> {
        let login_id = choice.text("loginId");
        let known = store.user_by_login(login_id).map(|user| user.id.clone());
        match (&self.intent.purpose, known) {
            (Purpose::Update { user, merge }, Some(other)) if *user != other => {
                if !merge {
                    return Err(Refusal::user_exists());
                }
                store.merge_users(user, &other)?;
                Ok(user.clone())
            }
            (Purpose::Update { user, .. }, _) => Ok(user.clone()),
            (Purpose::SignUp, Some(_)) => Err(Refusal::user_exists()),
            (Purpose::SignIn, None) => Err(Refusal::no_user()),
            (_, known) if self.intent.only.is_some() && self.intent.only != known => {
                Err(Refusal::forbidden("The refresh token belongs to another user"))
            }
            (_, Some(id)) => Ok(id),
            (_, None) => {
                let email = if login_id.contains('@') { login_id } else { "" };
                let (name, email) = (choice.text("name").to_owned(), email.to_owned());
                let profile = Profile { name, email, ..Profile::default() };
                let user = User { profile, ..User::new(login_id, context.now) };
                match &self.provider {
                    // Which roles they get there, the configuration says.
                    Provider::Sso { tenant, .. } if self.intent.asked.is_in(tenant) => {
                        Ok(store.register(context, user))
                    }
                    _ => self.intent.asked.register(context, store, user),
                }
            }
        }
    }

    /// The wire type `IDPResponse`.
    fn said(&self, store: &Store, choice: Fields<'_>) -> Value {
        let (login_id, name) = (choice.text("loginId"), choice.text("name"));
        let mut claims = Object::from_iter([("sub".to_owned(), json!(login_id))]);
        if login_id.contains('@') {
            claims.insert("email".to_owned(), json!(login_id));
        }
        if !name.is_empty() {
            claims.insert("name".to_owned(), json!(name));
        }
        let settings = self.provider.settings(store);
        let saml = matches!(settings, Ok(Some(known)) if known.auth_type == AuthType::Saml);
        let name = if saml { "idpSAMLAttributes" } else { "idpOIDCClaims" };
        json!({ name: claims, "idpGroups": groups(choice) })
    }
}

fn groups(choice: Fields<'_>) -> Vec<&str> {
    let groups = choice.text("groups").split(',').map(str::trim);
    groups.filter(|group| !group.is_empty()).collect()
}

/// What must not stand in the value of a query parameter.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What a URL in a header cannot hold.
const NOT_IN_URL: &AsciiSet = &CONTROLS.add(b' ');

/// As the value of a query parameter.
pub(in crate::emulator) fn in_query(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, IN_QUERY)
}

/// The URL with one more query parameter.
pub(in crate::emulator) fn with_query(url: &str, name: &str, value: &str) -> String {
    let (url, fragment) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let separator = if url.contains('?') { '&' } else { '?' };
    let value = in_query(value);
    let url = format!("{url}{separator}{name}={value}{fragment}");
    utf8_percent_encode(&url, NOT_IN_URL).to_string()
}
