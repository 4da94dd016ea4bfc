//! One-time codes.

use serde_json::json;

use super::delivery::Delivery;
use crate::emulator::body::{Field, Fields, Kind, optional, required};
use crate::emulator::error::{Answer, Refusal};
use crate::emulator::inbox::Message;
use crate::emulator::random;
use crate::emulator::router::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::router::{Call, Route};
use crate::emulator::settings::seconds;
use crate::emulator::store::Store;
use crate::emulator::token::{self, LOGIN_OPTIONS, SignIn};
use crate::emulator::user::{Profile, SIGN_UP_USER, User};

const CODE_LENGTH: usize = 6;

const SIGN_IN: &[Field] = &[
    required("loginId", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];

const SIGN_UP: &[Field] = &[
    required("loginId", Kind::Text),
    required("user", Kind::Object(SIGN_UP_USER)),
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
    optional("voice", Kind::Text),
    optional("whatsapp", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];

const VERIFY: &[Field] = &[required("loginId", Kind::Text), required("code", Kind::Text)];

const fn update_fields(address: &'static str) -> [Field; 8] {
    [
        required("loginId", Kind::Text),
        required(address, Kind::Text),
        optional("addToLoginIDs", Kind::Bool),
        optional("onMergeUseExisting", Kind::Bool),
        optional("mfa", Kind::Bool),
        optional("providerId", Kind::Text),
        optional("templateId", Kind::Text),
        optional("templateOptions", Kind::TextMap),
    ]
}

const UPDATE_EMAIL: &[Field] = &update_fields("email");
const UPDATE_PHONE: &[Field] = &update_fields("phone");

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/auth/otp/signup/{method}", Project, SIGN_UP, sign_up),
    Route::post("/v1/auth/otp/signin/{method}", MaybeRefresh, SIGN_IN, sign_in),
    Route::post("/v1/auth/otp/signup-in/{method}", Project, SIGN_IN, sign_up_or_in),
    Route::post("/v1/auth/otp/verify/{method}", Project, VERIFY, verify),
    Route::post("/v1/auth/otp/update/email", Refresh, UPDATE_EMAIL, update_email),
    Route::post("/v1/auth/otp/update/phone/{method}", Refresh, UPDATE_PHONE, update_phone),
];

/// The codes that wait to be verified.
#[derive(Default)]
pub(in crate::emulator) struct Codes(Vec<Code>);

struct Code {
    method: Delivery,
    login_id: String,
    address: String,
    digits: String,
    expires: i64,
    wrong_attempts: u32,
    then: Then,
}

/// What the right code does.
#[derive(Clone)]
enum Then {
    SignUp { profile: Profile, asked: SignIn, or_in: bool },
    SignIn { user: String, asked: SignIn },
    Update { user: String, asked: SignIn, add_to_login_ids: bool, use_existing: bool },
}

impl Code {
    fn answers_to(&self, name: &str, store_user: Option<&str>) -> bool {
        let user = match &self.then {
            Then::SignUp { .. } => None,
            Then::SignIn { user, .. } | Then::Update { user, .. } => Some(&**user),
        };
        self.login_id == name || self.address == name || (user.is_some() && user == store_user)
    }
}

/// Makes a code; it replaces an earlier one for the same purpose. Returns what was made.
fn send(
    call: &Call<'_>,
    store: &mut Store,
    method: Delivery,
    address: String,
    login_id: &str,
    then: Then,
) -> String {
    let code = random::digits(CODE_LENGTH);
    let kind = std::mem::discriminant(&then);
    store.otp.0.retain(|old| {
        let same = old.method == method && old.login_id == login_id;
        call.now < old.expires && !(same && std::mem::discriminant(&old.then) == kind)
    });
    store.otp.0.push(Code {
        method,
        login_id: login_id.to_owned(),
        address,
        digits: code.clone(),
        expires: call.now.saturating_add(seconds(call.settings.code_lifetime)),
        wrong_attempts: 0,
        then,
    });
    code
}

/// Makes a code and puts the message with it into the inbox.
fn mail(
    call: &Call<'_>,
    store: &mut Store,
    (method, address): (Delivery, String),
    (purpose, template): (&str, Fields<'_>),
    then: Then,
) -> Answer {
    let login_id = call.body().text("loginId");
    let message = Message::new(method.as_str(), &address, login_id, purpose, call.now);
    let masked = method.masked(&address);
    let code = send(call, store, method, address, login_id, then);
    store.mailbox.push(Message { code: Some(code), ..message.template(template) });
    Ok(masked.into())
}

fn sign_up(call: &Call<'_>, store: &mut Store) -> Answer {
    if store.user_by_login(call.body().text("loginId")).is_some() {
        return Err(Refusal::user_exists());
    }
    start_sign_up(call, store, "sign-up", false)
}

fn start_sign_up(call: &Call<'_>, store: &mut Store, purpose: &str, or_in: bool) -> Answer {
    let (method, body) = (Delivery::of(call)?, call.body());
    let (login_id, user) = (body.text("loginId"), body.object("user"));
    let mut profile = Profile {
        name: user.text("name").to_owned(),
        given_name: user.text("givenName").to_owned(),
        middle_name: user.text("middleName").to_owned(),
        family_name: user.text("familyName").to_owned(),
        email: user.text("email").to_owned(),
        phone: user.text("phone").to_owned(),
        picture: String::new(),
    };
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
    let options = body.object("loginOptions");
    let asked = SignIn::new(call, store, None, options)?;
    let then = Then::SignUp { profile, asked, or_in };
    mail(call, store, (method, address), (purpose, options), then)
}

fn sign_in(call: &Call<'_>, store: &mut Store) -> Answer {
    start_sign_in(call, store, "sign-in")
}

fn start_sign_in(call: &Call<'_>, store: &mut Store, purpose: &str) -> Answer {
    let (method, body) = (Delivery::of(call)?, call.body());
    let login_id = body.text("loginId");
    let user = store.user_by_login(login_id).ok_or_else(Refusal::no_user)?;
    let (id, address) = (user.id.clone(), method.address(&user.profile, login_id)?);
    let options = body.object("loginOptions");
    let asked = SignIn::new(call, store, Some(&id), options)?;
    let then = Then::SignIn { user: id, asked };
    mail(call, store, (method, address), (purpose, options), then)
}

fn sign_up_or_in(call: &Call<'_>, store: &mut Store) -> Answer {
    if store.user_by_login(call.body().text("loginId")).is_some() {
        start_sign_in(call, store, "sign-up-or-in")
    } else {
        start_sign_up(call, store, "sign-up-or-in", true)
    }
}

fn update_email(call: &Call<'_>, store: &mut Store) -> Answer {
    update(call, store, Delivery::Email, "email", "update-email")
}

fn update_phone(call: &Call<'_>, store: &mut Store) -> Answer {
    match Delivery::of(call)? {
        Delivery::Email => Err(Refusal::invalid("A phone number is not verified by e-mail")),
        method => update(call, store, method, "phone", "update-phone"),
    }
}

fn update(
    call: &Call<'_>,
    store: &mut Store,
    method: Delivery,
    field: &str,
    purpose: &str,
) -> Answer {
    let (body, proven) = (call.body(), token::proven(call, store)?);
    let login_id = body.text("loginId");
    let user = store.user(&proven.session.user).ok_or_else(Refusal::no_user)?;
    if !user.has_login(login_id) && user.id != login_id {
        return Err(Refusal::forbidden("The refresh token is of another user"));
    }
    let then = Then::Update {
        user: user.id.clone(),
        asked: SignIn::additional(proven, body.flag("mfa")),
        add_to_login_ids: body.flag("addToLoginIDs"),
        use_existing: body.flag("onMergeUseExisting"),
    };
    let address = body.text(field).to_owned();
    mail(call, store, (method, address), (purpose, body), then)
}

fn verify(call: &Call<'_>, store: &mut Store) -> Answer {
    let (method, body) = (Delivery::of(call)?, call.body());
    let (login_id, given) = (body.text("loginId"), body.text("code"));
    let user = store.user_by_login(login_id).map(|user| user.id.clone());

    let mut refusal = Refusal::wrong_code("There is no code for this login ID");
    let mut right = None;
    for (at, code) in store.otp.0.iter_mut().enumerate() {
        if code.method != method || !code.answers_to(login_id, user.as_deref()) {
            continue;
        }
        if call.now >= code.expires {
            refusal = Refusal::wrong_code("The code has expired");
        } else if code.wrong_attempts >= call.settings.max_attempts {
            refusal = Refusal::too_many_attempts();
        } else if code.digits == given {
            right = Some(at);
            break;
        } else {
            code.wrong_attempts += 1;
            refusal = Refusal::wrong_code("The code is wrong");
        }
    }
    let Some(at) = right else { return Err(refusal) };
    let code = store.otp.0.remove(at);
    complete(call, store, code)
}

fn complete(call: &Call<'_>, store: &mut Store, code: Code) -> Answer {
    let Code { method, login_id, address, then, .. } = code;
    let (user, asked) = match then {
        Then::SignIn { user, asked } => (user, asked),
        Then::SignUp { profile, asked, or_in } => {
            let user = match store.user_by_login(&login_id) {
                Some(user) if or_in => user.id.clone(),
                Some(_) => return Err(Refusal::user_exists()),
                None => {
                    let mut user = User { profile, ..User::new(&login_id, call.now) };
                    user.grants.roles = store.default_roles();
                    let id = user.id.clone();
                    store.users.push(user);
                    id
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
                    merge_users(store, &survivor, &absorbed);
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
    token::sign_in(call, store, &user, method.as_str(), asked)
}

/// Makes one user of two, as when one verifies an address that is the other's login ID.
fn merge_users(store: &mut Store, survivor: &str, absorbed: &str) {
    let Some(at) = store.users.iter().position(|user| user.id == absorbed) else { return };
    let absorbed_user = store.users.remove(at);
    if let Some(user) = store.users.iter_mut().find(|user| user.id == survivor) {
        user.merge(absorbed_user);
    }
    store.sessions.hand_over(absorbed, survivor);
    for key in &mut store.access_keys {
        if key.user.as_deref() == Some(absorbed) {
            key.user = Some(survivor.to_owned());
        }
    }
}

/// The code of a test user, for `tests/generate/otp`: nothing is sent.
pub(in crate::emulator) fn generate_for_test(call: &Call<'_>, store: &mut Store) -> Answer {
    let body = call.body();
    let method = Delivery::parse(body.some_text("deliveryMethod").unwrap_or("email"))?;
    let login_id = body.text("loginId");
    let user = store.managed_user(login_id)?;
    if !user.test {
        return Err(Refusal::argument("The user is no test user"));
    }
    let id = user.id.clone();
    let asked = SignIn::new(call, store, Some(&id), body.object("loginOptions"))?;
    let then = Then::SignIn { user: id, asked };
    let code = send(call, store, method, String::new(), login_id, then);
    Ok(json!({ "loginId": login_id, "code": code }).into())
}
