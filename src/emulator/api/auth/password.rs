//! Passwords.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::magic_link;
use super::pending::Pending;
use crate::emulator::http::dispatch::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::hashed::Hashed;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::token::{Digest, LOGIN_OPTIONS, SignIn, digest, saved_digest};
use crate::emulator::state::user::{Profile, SIGN_UP_USER, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Answer, Refusal, Reply};

const LOGIN: Field = optional("loginOptions", Kind::Object(LOGIN_OPTIONS));
const PROVIDER: Field = optional("providerId", Kind::Text);
const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    required("password", Kind::Text),
    optional("user", Kind::Object(SIGN_UP_USER)),
    LOGIN,
    PROVIDER,
];
const SIGN_IN: &[Field] =
    &[required("loginId", Kind::Text), required("password", Kind::Text), LOGIN, PROVIDER];
const RESET: &[Field] = &[
    required("loginId", Kind::Text),
    optional("redirectUrl", Kind::Text),
    optional("templateOptions", Kind::TextMap),
];
const REPLACE: &[Field] = &[
    required("loginId", Kind::Text),
    required("oldPassword", Kind::Text),
    required("newPassword", Kind::Text),
];
const UPDATE: &[Field] = &[required("loginId", Kind::Text), required("newPassword", Kind::Text)];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/auth/password/signup", Project, SIGN_UP, sign_up),
    Route::post("/v1/auth/password/signin", MaybeRefresh, SIGN_IN, sign_in),
    Route::post("/v1/auth/password/reset", Project, RESET, reset),
    Route::post("/v1/auth/password/replace", Project, REPLACE, replace),
    Route::post("/v1/auth/password/update", Refresh, UPDATE, update),
    Route::get("/v1/auth/password/policy", Project, &[], policy),
];

/// A password, as [`Password::save`] writes it.
pub(in crate::emulator) const SAVED: &[Field] = &[
    optional("digest", Kind::Text),
    optional("hashed", Kind::Map),
    optional("expired", Kind::Bool),
];

/// A user's password.
#[derive(Clone)]
pub(in crate::emulator) struct Password {
    kept: Kept,
    /// It must be replaced before the next sign-in.
    pub(in crate::emulator) expired: bool,
    wrong_attempts: u32,
}

/// The form in which a password is remembered.
#[derive(Clone)]
enum Kept {
    Digest(Digest),
    /// As another system stored it.
    Hashed(Hashed),
}

impl From<Kept> for Password {
    fn from(kept: Kept) -> Self {
        Self { kept, expired: false, wrong_attempts: 0 }
    }
}

impl Password {
    pub(in crate::emulator) fn new(text: &str) -> Self {
        Kept::Digest(digest(text)).into()
    }

    /// A password of another system: the wire type `BatchUserPasswordHashed`.
    pub(in crate::emulator) fn hashed(fields: Fields<'_>) -> Answer<Self> {
        Ok(Kept::Hashed(Hashed::read(fields)?).into())
    }

    /// As [`restore`](Self::restore) reads it.
    pub(in crate::emulator) fn save(&self) -> Value {
        let (name, value) = match &self.kept {
            Kept::Digest(digest) => ("digest", STANDARD.encode(digest).into()),
            Kept::Hashed(hashed) => ("hashed", hashed.save()),
        };
        json!({ name: value, "expired": self.expired })
    }

    pub(in crate::emulator) fn restore(fields: Fields<'_>) -> Answer<Self> {
        let mut password = match fields.maybe_text("digest") {
            Some(text) => Kept::Digest(saved_digest(text)?).into(),
            None => Self::hashed(fields.object("hashed"))?,
        };
        password.expired = fields.flag("expired");
        Ok(password)
    }

    fn is(&self, text: &str) -> bool {
        match &self.kept {
            Kept::Digest(kept) => *kept == digest(text),
            Kept::Hashed(hashed) => hashed.matches(text),
        }
    }

    fn check(&mut self, text: &str, attempts: Option<u32>) -> Answer<()> {
        if attempts.is_some_and(|attempts| self.wrong_attempts >= attempts) {
            return Err(Refusal::unauthorized("Too many wrong passwords; reset the password"));
        }
        if !self.is(text) {
            self.wrong_attempts = self.wrong_attempts.saturating_add(1);
            return Err(Refusal::unauthorized("The password is wrong"));
        }
        self.wrong_attempts = 0;
        Ok(())
    }
}

/// What a new password must have, and how wrong ones are treated.
#[derive(PartialEq, Eq)]
pub(in crate::emulator) struct Policy {
    pub(in crate::emulator) enabled: bool,
    pub(in crate::emulator) min_length: u32,
    pub(in crate::emulator) lowercase: bool,
    pub(in crate::emulator) uppercase: bool,
    pub(in crate::emulator) number: bool,
    pub(in crate::emulator) non_alphanumeric: bool,
    pub(in crate::emulator) lock: bool,
    /// If it is not the emulator's own number.
    pub(in crate::emulator) lock_attempts: Option<u32>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            enabled: true,
            min_length: 8,
            lowercase: true,
            uppercase: true,
            number: true,
            non_alphanumeric: false,
            lock: true,
            lock_attempts: None,
        }
    }
}

impl Policy {
    fn check_enabled(&self) -> Answer<()> {
        let refusal = || Refusal::argument("The project has passwords switched off");
        self.enabled.then_some(()).ok_or_else(refusal)
    }

    /// How many wrong passwords an account takes, if there is a limit.
    pub(in crate::emulator) fn attempts(&self, call: &Call<'_>) -> Option<u32> {
        self.lock.then(|| self.lock_attempts.unwrap_or(call.settings.max_attempts))
    }

    pub(in crate::emulator) fn check(&self, password: &str) -> Answer<()> {
        self.check_enabled()?;
        let length = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
        let lacks = |class: fn(char) -> bool| !password.contains(class);
        for (broken, rule) in [
            (length < self.min_length, "more characters"),
            (self.lowercase && lacks(char::is_lowercase), "a lowercase letter"),
            (self.uppercase && lacks(char::is_uppercase), "an uppercase letter"),
            (self.number && lacks(char::is_numeric), "a number"),
            (self.non_alphanumeric && lacks(|c| !c.is_alphanumeric()), "a special character"),
        ] {
            if broken {
                return Err(Refusal::argument(format!("The password needs {rule}")));
            }
        }
        Ok(())
    }
}

fn policy(_: &Call<'_>, store: &mut Store) -> Answer {
    let policy = &store.password_policy;
    Ok(json!({
        "minLength": policy.min_length,
        "lowercase": policy.lowercase,
        "uppercase": policy.uppercase,
        "number": policy.number,
        "nonAlphanumeric": policy.non_alphanumeric,
    })
    .into())
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let (login_id, password) = (body.text("loginId"), body.text("password"));
    if store.user_by_login(login_id).is_some() {
        return Err(Refusal::user_exists());
    }
    store.password_policy.check(password)?;
    let asked = SignIn::new(call, store, None, body.object("loginOptions"))?;
    let (profile, password) = (Profile::read(body.object("user")), Some(Password::new(password)));
    let user = User { profile, password, ..User::new(login_id, call.now) };
    let user = asked.register(store, user)?;
    token::sign_in(call, store, &user, "pwd", asked)
}

/// Checks the password that this field holds. Returns the user's ID, and whether it has expired.
fn prove(call: &Call<'_>, store: &mut Store, field: &str) -> Answer<(String, bool)> {
    let (login_id, given) = (call.body().text("loginId"), call.body().text(field));
    store.password_policy.check_enabled()?;
    let attempts = store.password_policy.attempts(call);
    let user = store.users.iter_mut().find(|user| user.has_login(login_id));
    let user = user.ok_or_else(Refusal::no_user)?;
    let password = user.password.as_mut();
    let password = password.ok_or_else(|| Refusal::unauthorized("The user has no password"))?;
    password.check(given, attempts)?;
    Ok((user.id.clone(), password.expired))
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Answer {
    let (user, expired) = prove(call, store, "password")?;
    if expired {
        return Err(Refusal::password_expired());
    }
    let asked = SignIn::new(call, store, Some(&user), call.body().object("loginOptions"))?;
    token::sign_in(call, store, &user, "pwd", asked)
}

fn replace(call: &Call<'_>, store: &mut Store) -> Answer {
    let (user, _) = prove(call, store, "oldPassword")?;
    let new = call.body().text("newPassword");
    if new == call.body().text("oldPassword") {
        return Err(Refusal::argument("The new password must not be the old one"));
    }
    store.password_policy.check(new)?;
    if let Some(user) = store.users.iter_mut().find(|known| known.id == user) {
        user.password = Some(Password::new(new));
        user.modified = call.now;
    }
    token::sign_in(call, store, &user, "pwd", SignIn::default())
}

fn update(call: &Call<'_>, store: &mut Store) -> Answer {
    let new = call.body().text("newPassword");
    store.password_policy.check(new)?;
    let user = token::proven_user(call, store, call.body().text("loginId"))?;
    user.password = Some(Password::new(new));
    user.modified = call.now;
    Ok(Reply::empty())
}

fn reset(call: &Call<'_>, store: &mut Store) -> Answer {
    store.password_policy.check_enabled()?;
    let pending = Pending::password_reset(call, store)?;
    let mut reply = magic_link::mail(call, store, pending, "redirectUrl")?;
    reply.body["resetMethod"] = json!("magiclink");
    Ok(reply)
}
