//! The identity provider at which OAuth and single sign-on end up: the user says who they are, and
//! comes back with a code.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::mgmt::sso::{AuthType, SsoSettings};
use crate::emulator::Emulator;
use crate::emulator::http::dispatch::Call;
use crate::emulator::state::store::{Membership, Store, merge};
use crate::emulator::state::token;
use crate::emulator::state::token::SignIn;
use crate::emulator::state::user::{Factor, Profile, User};
use crate::emulator::words::fields::{
    Field, Fields, Kind, Object, Shape, optional, parse, query, required,
};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Answer, Error, Refusal};
use crate::emulator::words::settings::{Settings, seconds};

/// Seconds that a user may take.
const PATIENCE: i64 = 10 * 60;

/// The users who are at the identity provider, and the codes of those who came back.
#[derive(Default)]
pub(in crate::emulator) struct Idp {
    pub(in crate::emulator) visits: Vec<Visit>,
    pub(in crate::emulator) codes: Vec<Code>,
}

#[derive(Clone, PartialEq, Eq)]
pub(in crate::emulator) enum Provider {
    /// By name.
    OAuth(String),
    Sso {
        tenant: String,
        /// Of the tenant's default configuration there is none.
        sso_id: Option<String>,
    },
}

impl Provider {
    /// The SSO configuration, which may have been deleted meanwhile. For OAuth there is none.
    pub(in crate::emulator) fn settings<'a>(
        &self,
        store: &'a Store,
    ) -> Answer<Option<&'a SsoSettings>> {
        let Self::Sso { tenant, sso_id } = self else { return Ok(None) };
        let settings = store.sso_settings_of(tenant, sso_id.as_deref());
        let settings = settings.filter(|settings| settings.provider().is_some());
        settings
            .map(Some)
            .ok_or_else(|| Refusal::argument("The tenant has no such SSO configuration"))
    }
}

pub(in crate::emulator) enum Purpose {
    SignIn,
    SignUp,
    SignUpOrIn,
    Update { user: String, merge: bool },
}

/// What is remembered until the user is back.
pub(in crate::emulator) struct Kept {
    pub(in crate::emulator) purpose: Purpose,
    pub(in crate::emulator) asked: SignIn,
    /// The only user who may sign in, where this adds to their session.
    pub(in crate::emulator) only: Option<String>,
}

pub(in crate::emulator) struct Visit {
    pub(in crate::emulator) state: String,
    pub(in crate::emulator) provider: Provider,
    pub(in crate::emulator) kept: Kept,
    pub(in crate::emulator) redirect_url: String,
    pub(in crate::emulator) login_hint: String,
    pub(in crate::emulator) expires: i64,
}

struct Code {
    text: String,
    provider: Provider,
    user: String,
    asked: SignIn,
    said: Value,
    expires: i64,
}

/// Sends the user to the identity provider: the wire type `URLResponse`.
pub(in crate::emulator) fn begin(
    call: &Call<'_>,
    store: &mut Store,
    provider: Provider,
    kept: Kept,
    default_redirect: Option<String>,
) -> Answer {
    let query = call.query();
    let redirect_url = match query.some_text("redirectURL") {
        Some(url) if is_absolute(url) => url.to_owned(),
        Some(_) => return Err(Refusal::argument("The redirectURL is no absolute URL")),
        None => default_redirect.unwrap_or_else(|| format!("{}/_emulator/idp/done", call.origin)),
    };
    let state = random::text(32);
    let url = format!("{}/_emulator/idp?state={state}", call.origin);
    store.idp.visits.retain(|visit| call.now < visit.expires);
    store.idp.visits.push(Visit {
        state,
        provider,
        kept,
        redirect_url,
        login_hint: query.text("loginHint").to_owned(),
        expires: call.now.saturating_add(PATIENCE),
    });
    Ok(json!({ "url": url }).into())
}

/// With a scheme, which need not be HTTP: mobile apps have their own.
fn is_absolute(url: &str) -> bool {
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
) -> Answer {
    let given = call.body().text("code");
    let at = store.idp.codes.iter().position(|code| code.text == given && from(&code.provider));
    let at = at.ok_or_else(|| Refusal::wrong_code("There is no such code, or it was used"))?;
    let Code { provider, user, asked, said, expires, .. } = store.idp.codes.swap_remove(at);
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

/// Ends a visit, whatever comes of it, and returns the URL that the browser goes to.
pub(in crate::emulator) fn choose(
    settings: &Settings,
    now: i64,
    store: &mut Store,
    choice: Fields<'_>,
) -> Answer<String> {
    let state = choice.text("state");
    let waits = |visit: &Visit| visit.state == state && now < visit.expires;
    let at = store.idp.visits.iter().position(waits).ok_or_else(Refusal::visit_over)?;
    let visit = store.idp.visits.swap_remove(at);
    let back = |name, value: &str| Ok(with_query(&visit.redirect_url, name, value));
    if let Some(error) = choice.some_text("err") {
        return back("err", error);
    }
    let user = match visit.user(now, store, choice) {
        Ok(user) => user,
        Err(refusal) => return back("err", &Error::from(refusal).to_string()),
    };
    let text = random::text(32);
    let redirect = back("code", &text);
    let said = visit.said(store, choice);
    let Visit { provider, kept: Kept { asked, .. }, .. } = visit;
    let expires = now.saturating_add(seconds(settings.code_lifetime));
    store.idp.codes.retain(|code| now < code.expires);
    store.idp.codes.push(Code { text, provider, user, asked, said, expires });
    redirect
}

impl Visit {
    /// The ID of the user who comes back; a new one where that is wanted.
    fn user(&self, now: i64, store: &mut Store, choice: Fields<'_>) -> Answer<String> {
        let settings = self.provider.settings(store)?;
        let saml = settings.is_some_and(|settings| settings.auth_type == AuthType::Saml);
        let roles = settings.map(|settings| settings.roles(&groups(choice))).unwrap_or_default();
        let login_id = choice.text("loginId");
        let known = store.user_by_login(login_id).map(|user| user.id.clone());
        let id = match (&self.kept.purpose, known) {
            (Purpose::Update { user, merge }, Some(other)) if *user != other => {
                if !merge {
                    return Err(Refusal::user_exists());
                }
                store.merge_users(user, &other)?;
                user.clone()
            }
            (Purpose::Update { user, .. }, _) => user.clone(),
            (Purpose::SignUp, Some(_)) => return Err(Refusal::user_exists()),
            (Purpose::SignIn, None) => return Err(Refusal::no_user()),
            (_, known) if self.kept.only.is_some() && self.kept.only != known => {
                return Err(Refusal::forbidden("The refresh token is of another user"));
            }
            (_, Some(id)) => id,
            (_, None) => {
                let email = if login_id.contains('@') { login_id } else { "" };
                let (name, email) = (choice.text("name").to_owned(), email.to_owned());
                let profile = Profile { name, email, ..Profile::default() };
                let user = User { profile, ..User::new(login_id, now) };
                match &self.provider {
                    // Which roles they get there, the configuration says.
                    Provider::Sso { tenant, .. } if self.kept.asked.is_in(tenant) => {
                        store.register(user)
                    }
                    _ => self.kept.asked.register(store, user)?,
                }
            }
        };
        let user = store.users.iter_mut().find(|user| user.id == id);
        let user = user.ok_or_else(Refusal::no_user)?;
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
        user.modified = now;
        Ok(id)
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
        let saml = matches!(settings, Ok(Some(of)) if of.auth_type == AuthType::Saml);
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

/// The URL with one more query parameter.
fn with_query(url: &str, name: &str, value: &str) -> String {
    let (url, fragment) = url.find('#').map_or((url, ""), |at| url.split_at(at));
    let separator = if url.contains('?') { '&' } else { '?' };
    let value = utf8_percent_encode(value, IN_QUERY);
    let url = format!("{url}{separator}{name}={value}{fragment}");
    utf8_percent_encode(&url, NOT_IN_URL).to_string()
}

impl Emulator {
    /// Signs a user in at the identity provider of OAuth and single sign-on, in place of a browser.
    ///
    /// `url` is what the start of the sign-in returned. Whoever is not known by the login ID is new.
    /// Returns the URL that the browser is sent to: the redirect URL of the start with the query
    /// parameter `code`, or with `err` where this user cannot sign in.
    ///
    /// ```
    /// use descope::Client;
    /// use descope::auth::oauth::{OAuthOptions, providers};
    /// use descope::emulator::Emulator;
    ///
    /// let emulator = Emulator::new();
    /// let client = Client::builder().emulator(&emulator).build()?;
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().start(providers::GITHUB, &options)?;
    /// let back = emulator.idp_sign_in(&url, "ada@example.com").unwrap();
    /// assert!(back.starts_with("https://app.example.com/callback?code="));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the URL is not of a sign-in that waits for its user.
    pub fn idp_sign_in(&self, url: &str, login_id: &str) -> Result<String, Error> {
        Ok(self.at_idp(url, "loginId", login_id)?)
    }

    /// Refuses a sign-in at the identity provider, as when the user cancels it. Returns the redirect
    /// URL of the start with the query parameter `err`.
    ///
    /// # Errors
    ///
    /// When the URL is not of a sign-in that waits for its user.
    pub fn idp_refuse(&self, url: &str, error: &str) -> Result<String, Error> {
        Ok(self.at_idp(url, "err", error)?)
    }

    fn at_idp(&self, url: &str, name: &str, value: &str) -> Answer<String> {
        let mut choice = query(CHOICE, url.split_once('?').map_or("", |(_, query)| query))?;
        choice.insert(name.to_owned(), json!(value));
        choose(self.settings(), self.now(), &mut self.store(), Fields::new(&choice))
    }
}
