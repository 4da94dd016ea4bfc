//! Users, as the API shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::auth::{password::Password, totp::Authenticator};
use super::body::{Field, Fields, Kind, Object, optional};
use super::error::{Answer, Refusal};
use super::random;
use super::store::{Grants, Store, merge};

/// How many sign-ins of a user are remembered.
const LONGEST_HISTORY: usize = 1000;

#[derive(Clone)]
pub(super) struct User {
    /// The `sub` of their tokens; never changes.
    pub(super) id: String,
    pub(super) login_ids: Vec<String>,
    pub(super) profile: Profile,
    pub(super) verified_email: bool,
    pub(super) verified_phone: bool,
    pub(super) status: Status,
    pub(super) test: bool,
    pub(super) grants: Grants,
    pub(super) attributes: Object,
    pub(super) sso_apps: Vec<String>,
    pub(super) password: Option<Password>,
    pub(super) authenticator: Option<Authenticator>,
    pub(super) factors: BTreeSet<Factor>,
    /// Social providers, and whether each is connected.
    pub(super) oauth: BTreeMap<String, bool>,
    /// What these providers gave.
    pub(super) provider_tokens: BTreeMap<String, ProviderToken>,
    pub(super) created: i64,
    pub(super) modified: i64,
    pub(super) logins: Vec<Login>,
}

/// What a user is called and where they are reached. Empty when not known.
#[derive(Clone, Default)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) given_name: String,
    pub(super) middle_name: String,
    pub(super) family_name: String,
    pub(super) email: String,
    pub(super) phone: String,
    pub(super) picture: String,
}

impl Profile {
    /// Reads the fields of [`SIGN_UP_USER`].
    pub(super) fn read(user: Fields<'_>) -> Self {
        let text = |name| user.text(name).to_owned();
        Self {
            name: text("name"),
            given_name: text("givenName"),
            middle_name: text("middleName"),
            family_name: text("familyName"),
            email: text("email"),
            phone: text("phone"),
            picture: String::new(),
        }
    }

    fn merge(&mut self, other: Self) {
        for (ours, theirs) in [
            (&mut self.name, other.name),
            (&mut self.given_name, other.given_name),
            (&mut self.middle_name, other.middle_name),
            (&mut self.family_name, other.family_name),
            (&mut self.email, other.email),
            (&mut self.phone, other.phone),
            (&mut self.picture, other.picture),
        ] {
            if ours.is_empty() {
                *ours = theirs;
            }
        }
    }
}

/// The `user` of a sign-up.
pub(super) const SIGN_UP_USER: &[Field] = &[
    optional("name", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("phone", Kind::Text),
    optional("email", Kind::Text),
    optional("loginId", Kind::Text),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Disabled,
    Enabled,
    Expired,
    Invited,
}

impl Status {
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Disabled, Self::Enabled, Self::Expired, Self::Invited]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Expired => "expired",
            Self::Invited => "invited",
        }
    }
}

/// Further ways to sign in that a user has set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(dead_code, reason = "the areas that set them up insert them")]
pub(super) enum Factor {
    Saml,
    Scim,
    WebAuthn,
}

/// A user's token of a social provider.
#[derive(Clone)]
pub(super) struct ProviderToken {
    /// The user's ID there.
    pub(super) subject: String,
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) expires: i64,
}

/// One line of a user's history.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) time: i64,
    pub(super) tenant: String,
}

impl User {
    pub(super) fn new(login_id: &str, now: i64) -> Self {
        Self {
            id: random::id("U"),
            login_ids: vec![login_id.to_owned()],
            profile: Profile::default(),
            verified_email: false,
            verified_phone: false,
            status: Status::Enabled,
            test: false,
            grants: Grants::default(),
            attributes: Object::new(),
            sso_apps: Vec::new(),
            password: None,
            authenticator: None,
            factors: BTreeSet::new(),
            oauth: BTreeMap::new(),
            provider_tokens: BTreeMap::new(),
            created: now,
            modified: now,
            logins: Vec::new(),
        }
    }

    pub(super) fn has_login(&self, login_id: &str) -> bool {
        self.login_ids.iter().any(|known| known == login_id)
    }

    /// Takes over what another user has; where both have a value, ours stays.
    pub(super) fn merge(&mut self, other: Self) {
        if self.profile.email.is_empty() {
            self.verified_email = other.verified_email;
        }
        if self.profile.phone.is_empty() {
            self.verified_phone = other.verified_phone;
        }
        merge(&mut self.login_ids, other.login_ids);
        merge(&mut self.sso_apps, other.sso_apps);
        self.profile.merge(other.profile);
        self.grants.merge(other.grants);
        self.factors.extend(other.factors);
        self.password = self.password.take().or(other.password);
        self.authenticator = self.authenticator.take().or(other.authenticator);
        for (key, value) in other.attributes {
            self.attributes.entry(key).or_insert(value);
        }
        for (provider, connected) in other.oauth {
            self.oauth.entry(provider).or_insert(connected);
        }
        for (provider, token) in other.provider_tokens {
            self.provider_tokens.entry(provider).or_insert(token);
        }
        self.logins.extend(other.logins);
        self.logins.sort_by_key(|login| login.time);
        self.add_logins([]);
    }

    /// Refuses users who were kept out.
    pub(super) fn may_sign_in(&self) -> Answer<()> {
        match self.status {
            Status::Enabled | Status::Invited => Ok(()),
            Status::Disabled | Status::Expired => {
                Err(Refusal::forbidden(format!("The user is {}", self.status.as_str())))
            }
        }
    }

    /// Adds to the history, and drops the oldest lines that it has no room for.
    pub(super) fn add_logins(&mut self, more: impl IntoIterator<Item = Login>) {
        self.logins.extend(more);
        let excess = self.logins.len().saturating_sub(LONGEST_HISTORY);
        self.logins.drain(..excess);
    }

    /// The wire type `UserResponse`.
    pub(super) fn show(&self, store: &Store) -> Value {
        let has = |factor| self.factors.contains(&factor);
        json!({
            "userId": self.id,
            "loginIds": self.login_ids,
            "name": self.profile.name,
            "givenName": self.profile.given_name,
            "middleName": self.profile.middle_name,
            "familyName": self.profile.family_name,
            "email": self.profile.email,
            "phone": self.profile.phone,
            "picture": self.profile.picture,
            "verifiedEmail": self.verified_email,
            "verifiedPhone": self.verified_phone,
            "roleNames": self.grants.role_names(store),
            "userTenants": self.grants.tenants(store),
            "status": self.status.as_str(),
            "test": self.test,
            "customAttributes": self.attributes,
            "createdTime": self.created,
            "modifiedTime": self.modified,
            "ssoAppIds": self.sso_apps,
            "password": self.password.is_some(),
            "SAML": has(Factor::Saml),
            "SCIM": has(Factor::Scim),
            "TOTP": self.authenticator.is_some(),
            "webauthn": has(Factor::WebAuthn),
            "OAuth": self.oauth,
        })
    }

    /// The lines of the wire type `UserHistoryResponse`, newest first.
    pub(super) fn history(&self) -> impl Iterator<Item = Value> {
        self.logins.iter().rev().map(|login| {
            json!({
                "userId": self.id,
                "loginTime": login.time,
                "city": "",
                "country": "",
                "ip": "127.0.0.1",
                "selectedTenant": login.tenant,
            })
        })
    }
}
