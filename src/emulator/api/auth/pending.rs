//! Sign-ups, sign-ins and changes of address that wait for a proof: a code or a link.

use serde_json::Value;

use crate::emulator::http::dispatch::Call;
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::token::{LOGIN_OPTIONS, SignIn};
use crate::emulator::state::user::{Profile, SIGN_UP_USER, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Answer, Refusal};

/// The fields of a sign-in by message.
pub(in crate::emulator) const SIGN_IN: [Field; 3] = [
    required("loginId", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];

/// The fields of a sign-up by message. The address may be repeated under further names.
pub(in crate::emulator) const SIGN_UP: [Field; 6] = [
    required("loginId", Kind::Text),
    optional("user", Kind::Object(SIGN_UP_USER)),
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];

/// The fields of a change of this address.
pub(in crate::emulator) const fn update_fields(address: &'static str) -> [Field; 7] {
    [
        required("loginId", Kind::Text),
        required(address, Kind::Text),
        optional("addToLoginIDs", Kind::Bool),
        optional("onMergeUseExisting", Kind::Bool),
        optional("providerId", Kind::Text),
        optional("templateId", Kind::Text),
        optional("templateOptions", Kind::TextMap),
    ]
}

/// What waits for a proof.
#[derive(Clone)]
pub(in crate::emulator) struct Pending {
    pub(in crate::emulator) method: Delivery,
    pub(in crate::emulator) login_id: String,
    /// Where the message goes; empty if there is none.
    pub(in crate::emulator) address: String,
    purpose: &'static str,
    then: Then,
}

/// What the proof does.
#[derive(Clone)]
enum Then {
    SignUp { profile: Profile, verified: [bool; 2], asked: SignIn, or_in: bool },
    SignIn { user: String, asked: SignIn },
    Update { user: String, asked: SignIn, add_to_login_ids: bool, use_existing: bool },
}

impl Pending {
    fn new(
        method: Delivery,
        login_id: &str,
        address: String,
        purpose: &'static str,
        then: Then,
    ) -> Self {
        let login_id = login_id.to_owned();
        Self { method, login_id, address, purpose, then }
    }

    pub(in crate::emulator) fn sign_up(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Answer<Self> {
        if store.user_by_login(call.body().text("loginId")).is_some() {
            return Err(Refusal::user_exists());
        }
        Self::new_user(call, store, method, "sign-up", false)
    }

    pub(in crate::emulator) fn sign_in(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Answer<Self> {
        Self::known_user(call, store, method, "sign-in")
    }

    pub(in crate::emulator) fn sign_up_or_in(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Answer<Self> {
        if store.user_by_login(call.body().text("loginId")).is_some() {
            Self::known_user(call, store, method, "sign-up-or-in")
        } else {
            Self::new_user(call, store, method, "sign-up-or-in", true)
        }
    }

    /// A message by which a user who forgot their password gets in.
    pub(in crate::emulator) fn password_reset(call: &Call<'_>, store: &Store) -> Answer<Self> {
        Self::known_user(call, store, Delivery::Email, "password-reset")
    }

    fn new_user(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
        purpose: &'static str,
        or_in: bool,
    ) -> Answer<Self> {
        let body = call.body();
        let login_id = body.text("loginId");
        let mut profile = Profile::read(body.object("user"));
        // Clients repeat the address at the top, each under other names.
        let named = ["email", "phone", "voice", "whatsapp"].into_iter();
        let mut on_top = named.filter(|name| (*name == "email") == (method == Delivery::Email));
        if let Some(address) = on_top.find_map(|name| body.some_text(name)) {
            let known = method.address_of(&mut profile);
            if known.is_empty() {
                address.clone_into(known);
            }
        }
        let address = method.address(&profile, login_id)?;
        address.clone_into(method.address_of(&mut profile));
        let asked = SignIn::new(call, store, None, body.object("loginOptions"))?;
        let then = Then::SignUp { profile, verified: [false; 2], asked, or_in };
        Ok(Self::new(method, login_id, address, purpose, then))
    }

    fn known_user(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
        purpose: &'static str,
    ) -> Answer<Self> {
        let body = call.body();
        let login_id = body.text("loginId");
        let user = store.user_by_login(login_id).ok_or_else(Refusal::no_user)?;
        let address = method.address(&user.profile, login_id)?;
        let asked = SignIn::new(call, store, Some(&user.id), body.object("loginOptions"))?;
        let then = Then::SignIn { user: user.id.clone(), asked };
        Ok(Self::new(method, login_id, address, purpose, then))
    }

    /// A change of the e-mail address, or of the phone number if the method is to a phone.
    pub(in crate::emulator) fn update(
        call: &Call<'_>,
        store: &mut Store,
        method: Delivery,
    ) -> Answer<Self> {
        let (body, proven) = (call.body(), token::proven(call, store)?);
        let login_id = body.text("loginId");
        let then = Then::Update {
            user: token::proven_user(call, store, login_id)?.id.clone(),
            asked: SignIn::additional(proven, body.flag("mfa")),
            add_to_login_ids: body.flag("addToLoginIDs"),
            use_existing: body.flag("onMergeUseExisting"),
        };
        let (field, purpose) = match method {
            Delivery::Email => ("email", "update-email"),
            _ => ("phone", "update-phone"),
        };
        Ok(Self::new(method, login_id, body.text(field).to_owned(), purpose, then))
    }

    /// A change of the phone number, by the method in the path.
    pub(in crate::emulator) fn update_phone(call: &Call<'_>, store: &mut Store) -> Answer<Self> {
        match Delivery::of(call)? {
            Delivery::Email => Err(Refusal::invalid("A phone number is not verified by e-mail")),
            method => Self::update(call, store, method),
        }
    }

    /// A sign-in of a test user, for which no message is sent.
    pub(in crate::emulator) fn test_user(call: &Call<'_>, store: &mut Store) -> Answer<Self> {
        let body = call.body();
        let method = Delivery::parse(body.some_text("deliveryMethod").unwrap_or("email"))?;
        let login_id = body.text("loginId");
        let user = store.managed_user(login_id)?;
        if !user.test {
            return Err(Refusal::argument("The user is no test user"));
        }
        let user = user.id.clone();
        let asked = SignIn::new(call, store, Some(&user), body.object("loginOptions"))?;
        Ok(Self::new(method, login_id, String::new(), "test", Then::SignIn { user, asked }))
    }

    /// A sign-in by a token that the program itself hands over, in whatever way.
    pub(in crate::emulator) fn embedded_sign_in(
        call: &Call<'_>,
        store: &mut Store,
    ) -> Answer<Self> {
        let body = call.body();
        let user = store.managed_user(body.text("loginId"))?.id.clone();
        let asked = SignIn::claiming(body);
        Ok(Self::embedded(body, Then::SignIn { user, asked }))
    }

    /// Likewise, for a user who is registered by it.
    pub(in crate::emulator) fn embedded_sign_up(call: &Call<'_>, store: &Store) -> Answer<Self> {
        let body = call.body();
        if store.user_by_login(body.text("loginId")).is_some() {
            return Err(Refusal::user_exists());
        }
        let then = Then::SignUp {
            profile: Profile::read(body.object("user")),
            verified: [body.flag("emailVerified"), body.flag("phoneVerified")],
            asked: SignIn::new(call, store, None, body.object("loginOptions"))?,
            or_in: false,
        };
        Ok(Self::embedded(body, then))
    }

    fn embedded(body: Fields<'_>, then: Then) -> Self {
        Self::new(Delivery::Embedded, body.text("loginId"), String::new(), "embedded", then)
    }

    /// Whether both lead to the same, so that a new code replaces the old one.
    pub(in crate::emulator) fn same_purpose(&self, other: &Self) -> bool {
        self.method == other.method
            && self.login_id == other.login_id
            && std::mem::discriminant(&self.then) == std::mem::discriminant(&other.then)
    }

    /// Whether a code that came by this method may be about it. One that was never sent comes by any.
    pub(in crate::emulator) fn came_by(&self, method: Delivery) -> bool {
        self.method == method || self.method == Delivery::Embedded
    }

    /// Whether this is what a code given for a login ID is about. `user` is who has the login ID.
    pub(in crate::emulator) fn is_of(&self, login_id: &str, user: Option<&str>) -> bool {
        let of = match &self.then {
            Then::SignUp { .. } => None,
            Then::SignIn { user, .. } | Then::Update { user, .. } => Some(&**user),
        };
        // An address that is another user's login ID is about that user, unless it is to become one's own.
        let by_address = user.is_none() || matches!(self.then, Then::Update { .. });
        self.login_id == login_id
            || (by_address && self.address == login_id)
            || (of.is_some() && of == user)
    }

    /// The message about it, with the template that the call asks for.
    pub(in crate::emulator) fn message(&self, call: &Call<'_>) -> Message {
        let body = call.body();
        let (method, now) = (self.method.as_str(), call.now);
        let options = if body.has("loginOptions") { body.object("loginOptions") } else { body };
        Message::new(method, &self.address, &self.login_id, self.purpose, now).template(options)
    }

    /// Where the message went, as the answer shows it.
    pub(in crate::emulator) fn masked(&self) -> Value {
        self.method.masked(&self.address)
    }

    /// Signs the user in.
    pub(in crate::emulator) fn complete(self, call: &Call<'_>, store: &mut Store) -> Answer {
        self.settle(call, store)?.sign_in(call, store)
    }

    /// Does what the proof allows, up to the session.
    pub(in crate::emulator) fn settle(self, call: &Call<'_>, store: &mut Store) -> Answer<Settled> {
        let Self { method, login_id, address, then, .. } = self;
        let (user, asked) = match then {
            Then::SignIn { user, asked } => (user, asked),
            Then::SignUp { profile, verified, asked, or_in } => {
                let user = match store.user_by_login(&login_id) {
                    Some(user) if or_in => user.id.clone(),
                    Some(_) => return Err(Refusal::user_exists()),
                    None => {
                        let [verified_email, verified_phone] = verified;
                        let user = User::new(&login_id, call.now);
                        let user = User { profile, verified_email, verified_phone, ..user };
                        asked.register(store, user)?
                    }
                };
                (user, asked)
            }
            Then::Update { user, asked, add_to_login_ids, use_existing } => {
                let mut survivor = user.clone();
                if add_to_login_ids {
                    let other = store.user_by_login(&address).map(|other| other.id.clone());
                    if let Some(other) = other.filter(|other| *other != user) {
                        survivor = if use_existing { other.clone() } else { user.clone() };
                        let absorbed = if use_existing { user } else { other };
                        store.merge_users(&survivor, &absorbed)?;
                    }
                }
                let updated = store.users.iter_mut().find(|user| user.id == survivor);
                let updated = updated.ok_or_else(Refusal::no_user)?;
                address.clone_into(method.address_of(&mut updated.profile));
                if add_to_login_ids && !updated.has_login(&address) {
                    updated.login_ids.push(address.clone());
                }
                updated.modified = call.now;
                (survivor, asked)
            }
        };
        if let Some(user) = store.users.iter_mut().find(|known| known.id == user) {
            method.verified(user, &address);
        }
        Ok(Settled { user, factor: method.factor(), asked })
    }
}

/// A user who has proved who they are, before the session starts.
#[derive(Clone)]
pub(in crate::emulator) struct Settled {
    user: String,
    /// What the proof adds to the `amr` claim.
    factor: &'static str,
    asked: SignIn,
}

impl Settled {
    pub(in crate::emulator) fn sign_in(self, call: &Call<'_>, store: &mut Store) -> Answer {
        token::sign_in(call, store, &self.user, self.factor, self.asked)
    }
}
