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
pub(in crate::emulator) fn merge_users(store: &mut Store, survivor: &str, absorbed: &str) {
    let Some(at) = store.users.iter().position(|user| user.id == absorbed) else { return };
    let absorbed_user = store.users.remove(at);
    if let Some(user) = store.users.iter_mut().find(|user| user.id == survivor) {
        user.merge(absorbed_user);
    }
    store.sessions.hand_over(absorbed, survivor);
    store.webauthn.hand_over(absorbed, survivor);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused, text};

    const ADA: &str = "ada@example.com";

    fn verify(emulator: &Emulator, login_id: &str, code: &str) -> (u16, serde_json::Value) {
        let body = json!({ "loginId": login_id, "code": code });
        emulator.post("/v1/auth/otp/verify/email", &body)
    }

    fn wrong(code: &str) -> String {
        let last = if code.ends_with('0') { '1' } else { '0' };
        format!("{}{last}", &code[..5])
    }

    fn with_ada() -> Emulator {
        let emulator = Emulator::new();
        emulator.seed(&json!({ "users": [{ "loginId": ADA, "email": ADA }] })).unwrap();
        emulator
    }

    fn sign_in(emulator: &Emulator) -> String {
        let body = json!({ "loginId": ADA, "loginOptions": {} });
        let (status, answer) = emulator.post("/v1/auth/otp/signin/email", &body);
        assert_eq!((status, answer), (200, json!({ "maskedEmail": "a***@example.com" })));
        emulator.code(ADA)
    }

    #[test]
    fn a_code_signs_up_once() {
        let emulator = Emulator::new();
        let body = json!({
            "loginId": ADA,
            "email": ADA,
            "user": { "name": "Ada", "email": "" },
            "loginOptions": { "templateId": "t1", "templateOptions": { "app": "Engine" } },
        });
        emulator.post("/v1/auth/otp/signup/email", &body);
        let message = emulator.inbox().last_to(ADA).unwrap();
        assert_eq!((&*message.method, &*message.purpose), ("email", "sign-up"));
        assert_eq!(message.template_id.as_deref(), Some("t1"));
        assert_eq!(message.template_options, [("app".to_owned(), "Engine".to_owned())]);
        let code = message.code.unwrap();
        assert!(!format!("{:?}", emulator.inbox().messages()).contains(&code));

        refused(
            emulator.post("/v1/auth/otp/signin/email", &json!({ "loginId": ADA })),
            400,
            "E062108",
        );
        let (status, session) = verify(&emulator, ADA, &code);
        assert_eq!(status, 200);
        assert_eq!(session["firstSeen"], true);
        assert_eq!(session["user"]["name"], "Ada");
        assert_eq!(session["user"]["email"], ADA);
        assert_eq!(session["user"]["verifiedEmail"], true);
        assert_eq!(claims(&session["sessionJwt"])["amr"], json!(["email"]));
        refused(verify(&emulator, ADA, &code), 401, "E061102");
        refused(emulator.post("/v1/auth/otp/signup/email", &body), 400, "E062107");

        let again = verify(&emulator, ADA, &sign_in(&emulator)).1;
        assert_eq!(again["firstSeen"], false);
        assert_eq!(
            claims(&again["sessionJwt"])["sub"],
            claims(&session["sessionJwt"])["sub"],
            "the same user, the same subject"
        );
    }

    #[test]
    fn wrong_codes_are_counted() {
        let emulator = Emulator::builder().max_attempts(2).build();
        emulator.seed(&json!({ "users": [{ "loginId": ADA, "email": ADA }] })).unwrap();
        let code = sign_in(&emulator);
        refused(verify(&emulator, ADA, &wrong(&code)), 401, "E061102");
        refused(verify(&emulator, ADA, &wrong(&code)), 401, "E061102");
        refused(verify(&emulator, ADA, &code), 401, "E061103");
        assert_eq!(verify(&emulator, ADA, &sign_in(&emulator)).0, 200, "a new code starts anew");
    }

    #[test]
    fn a_code_is_good_for_its_lifetime_and_until_the_next_one() {
        let emulator = with_ada();
        let first = sign_in(&emulator);
        let second = sign_in(&emulator);
        if first != second {
            refused(verify(&emulator, ADA, &first), 401, "E061102");
        }
        emulator.advance(Duration::from_secs(181));
        refused(verify(&emulator, ADA, &second), 401, "E061102");
        let third = sign_in(&emulator);
        emulator.advance(Duration::from_secs(170));
        let other_method = json!({ "loginId": ADA, "code": third });
        refused(emulator.post("/v1/auth/otp/verify/sms", &other_method), 401, "E061102");
        assert_eq!(verify(&emulator, ADA, &third).0, 200);
    }

    #[test]
    fn phones_get_codes_by_every_method() {
        let emulator = Emulator::new();
        for (method, number) in [
            ("sms", "+12025550101"),
            ("voice", "+12025550102"),
            ("whatsapp", "+12025550103"),
            ("im", "+12025550104"),
        ] {
            let body = json!({ "loginId": number, "loginOptions": null, "providerId": "p" });
            let path = format!("/v1/auth/otp/signup-in/{method}");
            let masked = format!("+1********{}", &number[10..]);
            assert_eq!(emulator.post(&path, &body), (200, json!({ "maskedPhone": masked })));
            let body = json!({ "loginId": number, "code": emulator.code(number) });
            let session = emulator.post(&format!("/v1/auth/otp/verify/{method}"), &body).1;
            assert_eq!(session["user"]["verifiedPhone"], true);
            assert_eq!(claims(&session["refreshJwt"])["amr"], json!([method]));
        }
        let body = json!({ "loginId": "+12025550101" });
        refused(emulator.post("/v1/auth/otp/signin/pigeon", &body), 400, "E011003");
        refused(emulator.post("/v1/auth/otp/signin/email", &body), 400, "E011004");
    }

    #[test]
    fn login_options_shape_the_session() {
        let emulator = Emulator::new();
        emulator
            .seed(&json!({
                "tenants": [{ "id": "t1", "name": "One" }, { "id": "t2", "name": "Two" }],
                "users": [{ "loginId": ADA, "email": ADA, "userTenants": [{ "tenantId": "t1" }] }],
            }))
            .unwrap();
        let first = emulator.sign_in(ADA).unwrap();
        let options = json!({
            "stepup": true,
            "mfa": true,
            "revokeOtherSessions": true,
            "customClaims": { "k": null, "sub": "forged" },
            "tenantId": "t1",
        });
        let body = json!({ "loginId": ADA, "loginOptions": options });
        refused(emulator.post("/v1/auth/otp/signin/email", &body), 401, "E061005");
        let refresh = text(&first, "refreshJwt");
        assert_eq!(emulator.send("POST", "/v1/auth/otp/signin/email", refresh, &body).0, 200);
        let session = verify(&emulator, ADA, &emulator.code(ADA)).1;
        let found = claims(&session["sessionJwt"]);
        assert_eq!(found["su"], true);
        assert_eq!(found["amr"], json!(["email", "mfa"]));
        assert_eq!(found["dct"], "t1");
        assert_eq!(found.get("k"), Some(&json!(null)));
        assert_eq!(found["sub"], session["user"]["userId"]);
        refused(emulator.refresh(refresh), 401, "E064001");

        let body = json!({ "loginId": ADA, "loginOptions": { "tenantId": "t2" } });
        emulator.post("/v1/auth/otp/signin/email", &body);
        refused(verify(&emulator, ADA, &emulator.code(ADA)), 400, "E011004");
    }

    #[test]
    fn step_up_needs_the_same_user() {
        let emulator = with_ada();
        emulator.seed(&json!({ "users": [{ "loginId": "eve@example.com" }] })).unwrap();
        let eve = emulator.sign_in("eve@example.com").unwrap();
        let body = json!({ "loginId": ADA, "loginOptions": { "stepup": true } });
        let token = text(&eve, "refreshJwt");
        refused(emulator.send("POST", "/v1/auth/otp/signin/email", token, &body), 403, "EMU403");
    }

    #[test]
    fn an_address_is_changed_when_it_is_verified() {
        let emulator = with_ada();
        let first = emulator.sign_in(ADA).unwrap();
        let token = text(&first, "refreshJwt");
        let new = "lovelace@example.com";
        let body = json!({ "loginId": ADA, "email": new, "addToLoginIDs": true,
            "onMergeUseExisting": false, "templateId": "t", "mfa": true });
        refused(emulator.post("/v1/auth/otp/update/email", &body), 401, "E061005");
        assert_eq!(emulator.send("POST", "/v1/auth/otp/update/email", token, &body).0, 200);
        assert_eq!(emulator.send("GET", "/v1/auth/me", token, &json!(null)).1["email"], ADA);
        let message = emulator.inbox().last_to(new).unwrap();
        assert_eq!(
            (&*message.purpose, message.template_id.as_deref()),
            ("update-email", Some("t"))
        );
        let session = verify(&emulator, ADA, &emulator.code(new)).1;
        assert_eq!(session["user"]["email"], new);
        assert_eq!(session["user"]["loginIds"], json!([ADA, new]));
        assert_eq!(session["user"]["verifiedEmail"], true);

        let number = "+12025550101";
        let body = json!({ "loginId": ADA, "phone": number });
        assert_eq!(emulator.send("POST", "/v1/auth/otp/update/phone/sms", token, &body).0, 200);
        let body = json!({ "loginId": ADA, "code": emulator.code(number) });
        let user = &emulator.post("/v1/auth/otp/verify/sms", &body).1["user"];
        assert_eq!((&user["phone"], &user["verifiedPhone"]), (&json!(number), &json!(true)));
        assert_eq!(user["loginIds"], json!([ADA, new]), "not added unless asked");
    }

    #[test]
    fn users_merge_when_one_verifies_the_others_login_id() {
        for use_existing in [false, true] {
            let emulator = Emulator::new();
            let made = emulator
                .seed(&json!({
                    "roles": [{ "name": "A" }, { "name": "B" }],
                    "users": [
                        { "loginId": ADA, "email": ADA, "displayName": "Ada", "roleNames": ["A"] },
                        { "loginId": "al@example.com", "displayName": "Al", "roleNames": ["B"] },
                    ],
                }))
                .unwrap();
            let first = emulator.sign_in(ADA).unwrap();
            let body = json!({ "loginId": ADA, "email": "al@example.com", "addToLoginIDs": true,
                "onMergeUseExisting": use_existing });
            emulator.send("POST", "/v1/auth/otp/update/email", text(&first, "refreshJwt"), &body);
            let user = verify(&emulator, ADA, &emulator.code("al@example.com")).1["user"].clone();
            let survivor = &made["users"][usize::from(use_existing)]["user"];
            assert_eq!(user["userId"], survivor["userId"]);
            assert_eq!(user["name"], survivor["name"]);
            assert_eq!(user["roleNames"], json!(["A", "B"]));
            assert_eq!(user["loginIds"].as_array().unwrap().len(), 2);
            assert_eq!(emulator.refresh(text(&first, "refreshJwt")).0, 200);
        }
    }

    #[test]
    fn test_users_get_codes_without_mail() {
        let emulator = with_ada();
        emulator.seed(&json!({ "testUsers": [{ "loginId": "test" }] })).unwrap();
        let body = json!({ "loginId": "test", "deliveryMethod": "sms", "loginOptions": null });
        let made = emulator.manage("/v1/mgmt/tests/generate/otp", &body);
        assert!(emulator.inbox().messages().is_empty());
        let body = json!({ "loginId": "test", "code": made["code"] });
        let (status, session) = emulator.post("/v1/auth/otp/verify/sms", &body);
        assert_eq!((status, &session["user"]["verifiedPhone"]), (200, &json!(false)));
        let key = emulator.management_key();
        let body = json!({ "loginId": ADA });
        refused(emulator.send("POST", "/v1/mgmt/tests/generate/otp", key, &body), 400, "E011004");
    }
}
