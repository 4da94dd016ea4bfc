//! What requests ask for that waits for a proof: sign-ups, sign-ins and changes of address.

use crate::emulator::api::call::Call;
use crate::emulator::api::shapes::{LOGIN_OPTIONS, SIGN_UP_USER};
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::pending::{Pending, TEST, Then, Verified};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::token;
use crate::emulator::state::user::{Profile, Status};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

/// The fields of a sign-in by message.
pub(in crate::emulator) const SIGN_IN: [Field; 4] = [
    required("loginId", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
    optional("useRecovery", Kind::Bool),
];

/// The fields of a sign-up by a link.
pub(in crate::emulator) const SIGN_UP: [Field; 6] = sign_up_fields(&SIGN_UP_USER);

/// The fields of a sign-up by message, with these of the user. The address may be repeated under further names.
pub(in crate::emulator) const fn sign_up_fields(user: &'static [Field]) -> [Field; 6] {
    [
        required("loginId", Kind::Text),
        optional("user", Kind::Object(user)),
        optional("email", Kind::Text),
        optional("phone", Kind::Text),
        optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
        optional("providerId", Kind::Text),
    ]
}

/// The fields of a change of this address.
pub(in crate::emulator) const fn update_fields(address: &'static str) -> [Field; 9] {
    [
        required("loginId", Kind::Text),
        required(address, Kind::Text),
        optional("addToLoginIDs", Kind::Bool),
        optional("onMergeUseExisting", Kind::Bool),
        optional("providerId", Kind::Text),
        optional("templateId", Kind::Text),
        optional("templateOptions", Kind::TextMap),
        optional("failOnConflict", Kind::Bool),
        optional("locale", Kind::Text),
    ]
}

/// The method in the path of the call, by which something is sent.
pub(in crate::emulator) fn delivery(call: &Call<'_>) -> Result<Delivery> {
    match Delivery::parse(call.param("method"))? {
        Delivery::Embedded => Err(Refusal::invalid("Nothing is sent by the method \"Embedded\"")),
        method => Ok(method),
    }
}

impl Pending {
    pub(in crate::emulator) fn sign_up(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Result<Self> {
        let login_id = call.body().text("loginId");
        // Who was invited comes to their account by signing up, at the address that the account has.
        if store.user_by_login(login_id).is_some_and(|user| user.status == Status::Invited) {
            return Self::known_user(call, store, method, "sign-up");
        }
        store.check_free(login_id)?;
        Self::new_user(call, store, method, "sign-up", false)
    }

    pub(in crate::emulator) fn sign_in(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Result<Self> {
        Self::known_user(call, store, method, "sign-in")
    }

    pub(in crate::emulator) fn sign_up_or_in(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Result<Self> {
        if store.user_by_login(call.body().text("loginId")).is_some() {
            Self::known_user(call, store, method, "sign-up-or-in")
        } else {
            Self::new_user(call, store, method, "sign-up-or-in", true)
        }
    }

    /// A message by which a user who forgot their password gets in.
    pub(in crate::emulator) fn password_reset(call: &Call<'_>, store: &Store) -> Result<Self> {
        Self::known_user(call, store, Delivery::Email, "password-reset")
    }

    fn new_user(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
        purpose: &'static str,
        or_in: bool,
    ) -> Result<Self> {
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
        let then = Then::SignUp { profile, verified: Verified::default(), asked, or_in };
        Ok(Self::new(method, login_id, address, purpose, then))
    }

    fn known_user(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
        purpose: &'static str,
    ) -> Result<Self> {
        let body = call.body();
        let login_id = body.text("loginId");
        let user = store.known_user(login_id)?;
        let address = if body.flag("useRecovery") {
            method.recovery_address(&user.profile)?
        } else {
            method.address(&user.profile, login_id)?
        };
        let asked = SignIn::new(call, store, Some(&user.id), body.object("loginOptions"))?;
        let then = Then::SignIn { user: user.id.clone(), asked };
        Ok(Self::new(method, login_id, address, purpose, then))
    }

    /// A change of the e-mail address, or of the phone number if the method is to a phone.
    pub(in crate::emulator) fn update(
        call: &Call<'_>,
        store: &Store,
        method: Delivery,
    ) -> Result<Self> {
        let (body, proven) = (call.body(), token::proven(call, store)?);
        let login_id = body.text("loginId");
        let (field, purpose) = match method {
            Delivery::Email => ("email", "update-email"),
            _ => ("phone", "update-phone"),
        };
        if body.flag("failOnConflict") && store.has_address(body.text(field), &proven.session.user)
        {
            return Err(Refusal::user_exists());
        }
        let then = Then::Update {
            user: token::proven_user(call, store, login_id)?.id.clone(),
            asked: SignIn::additional(proven, body.flag("mfa")),
            add_to_login_ids: body.flag("addToLoginIDs"),
            use_existing: body.flag("onMergeUseExisting"),
        };
        Ok(Self::new(method, login_id, body.text(field).to_owned(), purpose, then))
    }

    /// A change of the phone number, by the method in the path.
    pub(in crate::emulator) fn update_phone(call: &Call<'_>, store: &Store) -> Result<Self> {
        match delivery(call)? {
            Delivery::Email => Err(Refusal::invalid("A phone number is not verified by e-mail")),
            method => Self::update(call, store, method),
        }
    }

    /// A sign-in of a test user, for which no message is sent.
    pub(in crate::emulator) fn test_user(call: &Call<'_>, store: &Store) -> Result<Self> {
        let body = call.body();
        let method = Delivery::parse(body.some_text("deliveryMethod").unwrap_or("email"))?;
        let login_id = body.text("loginId");
        let user = store.managed_user(login_id)?;
        if !user.test {
            return Err(Refusal::argument("The user is not a test user"));
        }
        let user = user.id.clone();
        let asked = SignIn::new(call, store, Some(&user), body.object("loginOptions"))?;
        Ok(Self::new(method, login_id, String::new(), TEST, Then::SignIn { user, asked }))
    }

    /// A sign-in by a token that the program itself hands over, in whatever way.
    pub(in crate::emulator) fn embedded_sign_in(call: &Call<'_>, store: &Store) -> Result<Self> {
        let body = call.body();
        let user = store.managed_user(body.text("loginId"))?.id.clone();
        let asked = SignIn::claiming(body);
        Ok(Self::embedded(body, Then::SignIn { user, asked }))
    }

    /// Likewise, for a user who is registered by it.
    pub(in crate::emulator) fn embedded_sign_up(call: &Call<'_>, store: &Store) -> Result<Self> {
        let body = call.body();
        store.check_free(body.text("loginId"))?;
        let then = Then::SignUp {
            profile: Profile::read(body.object("user")),
            verified: Verified {
                email: body.flag("emailVerified"),
                phone: body.flag("phoneVerified"),
            },
            asked: SignIn::new(call, store, None, body.object("loginOptions"))?,
            or_in: false,
        };
        Ok(Self::embedded(body, then))
    }

    fn embedded(body: Fields<'_>, then: Then) -> Self {
        Self::new(Delivery::Embedded, body.text("loginId"), String::new(), "embedded", then)
    }

    /// The message about it, with the template that the call asks for.
    pub(in crate::emulator) fn message(&self, call: &Call<'_>) -> Message {
        let body = call.body();
        let (method, now) = (self.method.as_str(), call.now);
        let options = if body.has("loginOptions") { body.object("loginOptions") } else { body };
        Message::new(method, &self.address, &self.login_id, self.purpose, now).template(options)
    }
}
