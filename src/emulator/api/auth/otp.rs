//! One-time codes.

use serde_json::json;

use super::pending::{SIGN_IN, delivery, sign_up_fields, update_fields};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes;
use crate::emulator::state::codes::Code;
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::mailbox::Message;
use crate::emulator::state::pending::Pending;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Kind, concat, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

const CODE_LENGTH: usize = 6;

/// `username` and `icon` are taken, but Descope does not say what becomes of them: no answer has them.
const SIGN_UP_USER: [Field; 13] =
    concat(shapes::SIGN_UP_USER, [optional("username", Kind::Text), optional("icon", Kind::Text)]);
const SIGN_UP_FIELDS: [Field; 8] = concat(
    sign_up_fields(&SIGN_UP_USER),
    [optional("voice", Kind::Text), optional("whatsapp", Kind::Text)],
);
const VERIFY: &[Field] = &[required("loginId", Kind::Text), required("code", Kind::Text)];
const UPDATE_EMAIL: [Field; 10] = concat(update_fields("email"), [optional("mfa", Kind::Bool)]);
const UPDATE_PHONE: [Field; 10] = concat(update_fields("phone"), [optional("mfa", Kind::Bool)]);

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/otp/signup/{method}",
        Project,
        SignInBy("otp"),
        &SIGN_UP_FIELDS,
        |call, store| {
            let pending = Pending::sign_up(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/otp/signin/{method}",
        MaybeRefresh,
        SignInBy("otp"),
        &SIGN_IN,
        |call, store| {
            let pending = Pending::sign_in(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/otp/signup-in/{method}",
        Project,
        SignInBy("otp"),
        &SIGN_IN,
        |call, store| {
            let pending = Pending::sign_up_or_in(call, store, delivery(call)?)?;
            mail(call, store, pending)
        },
    ),
    Route::post("/v1/auth/otp/verify/{method}", Project, SignInBy("otp"), VERIFY, verify),
    Route::post(
        "/v1/auth/otp/update/email",
        Refresh,
        SignInBy("otp"),
        &UPDATE_EMAIL,
        |call, store| {
            let pending = Pending::update(call, store, Delivery::Email)?;
            mail(call, store, pending)
        },
    ),
    Route::post(
        "/v1/auth/otp/update/phone/{method}",
        Refresh,
        SignInBy("otp"),
        &UPDATE_PHONE,
        |call, store| {
            let pending = Pending::update_phone(call, store)?;
            mail(call, store, pending)
        },
    ),
];

/// Makes a code; it replaces an earlier one for the same purpose. Returns what was made.
fn send(call: &Call<'_>, store: &mut Store, pending: Pending) -> String {
    let digits = random::digits(CODE_LENGTH);
    store.codes.drop_now_and_then(|old| call.now >= old.expires);
    store
        .codes
        .remove_all(By::LoginId, &pending.login_id, |old| old.pending.same_purpose(&pending));
    store.codes.push(Code {
        pending,
        digits: digits.clone(),
        expires: call.code_expiry(),
        wrong_attempts: 0,
    });
    digits
}

/// Makes a code and puts the message with it into the inbox.
fn mail(call: &Call<'_>, store: &mut Store, pending: Pending) -> Result {
    let (message, masked) = (pending.message(call), pending.masked());
    let code = send(call, store, pending);
    store.mailbox.push(Message { code: Some(code), ..message });
    Ok(masked.into())
}

fn verify(call: &Call<'_>, store: &mut Store) -> Result {
    let (method, body) = (Delivery::parse(call.param("method"))?, call.body());
    let (login_id, given) = (body.text("loginId"), body.text("code"));
    let user = store.user_by_login(login_id).map(|user| user.id.clone());

    // What is meant by this login ID: its own codes, those of its user, and those to this address.
    let mut refusal = Refusal::wrong_code("There is no code for this login ID");
    let keys = [(By::LoginId, Some(login_id)), (By::User, user.as_deref())];
    let keys = keys.into_iter().chain([(By::Address, Some(login_id))]);
    let keys = keys.filter_map(|(by, key)| Some((by, key?)));
    let right = store.codes.edit_any(keys, |code| {
        if !code.pending.came_by(method) || !code.pending.is_of(login_id, user.as_deref()) {
            return false;
        }
        if call.now >= code.expires {
            refusal = Refusal::wrong_code("The code has expired");
        } else if code.wrong_attempts >= call.settings.max_attempts {
            refusal = Refusal::too_many_attempts();
        } else if code.digits == given {
            return true;
        } else {
            code.wrong_attempts += 1;
            refusal = Refusal::wrong_code("The code is wrong");
        }
        false
    });
    match right {
        Some(code) => code.pending.complete(call, store),
        None => Err(refusal),
    }
}

/// The code of a test user, for `tests/generate/otp`: nothing is sent.
pub(in crate::emulator) fn generate_for_test(call: &Call<'_>, store: &mut Store) -> Result {
    let pending = Pending::test_user(call, store)?;
    let code = send(call, store, pending);
    Ok(json!({ "loginId": call.body().text("loginId"), "code": code }).into())
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
    fn a_code_is_of_nobody_else() {
        let emulator = Emulator::new();
        emulator
            .seed(&json!({ "users": [
                { "loginId": "al", "email": ADA }, { "loginId": ADA, "email": ADA },
            ] }))
            .unwrap();
        let send = || emulator.post("/v1/auth/otp/signin/email", &json!({ "loginId": "al" })).0;
        assert_eq!(send(), 200);
        refused(verify(&emulator, ADA, &emulator.code(ADA)), 401, "E061102");
        assert_eq!(verify(&emulator, "al", &emulator.code(ADA)).0, 200);
        // Where the address is nobody's login ID, it tells as much.
        emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": ADA }));
        assert_eq!(send(), 200);
        assert_eq!(verify(&emulator, ADA, &emulator.code(ADA)).1["user"]["loginIds"][0], "al");
    }

    #[test]
    fn who_was_deleted_meanwhile_takes_nobody_along() {
        for use_existing in [false, true] {
            let emulator = with_ada();
            emulator.seed(&json!({ "users": [{ "loginId": "al" }] })).unwrap();
            let refresh = text(&emulator.sign_in("al").unwrap(), "refreshJwt").to_owned();
            let body = json!({
                "loginId": "al", "email": ADA,
                "addToLoginIDs": true, "onMergeUseExisting": use_existing,
            });
            assert_eq!(emulator.send("POST", "/v1/auth/otp/update/email", &refresh, &body).0, 200);
            emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": "al" }));
            refused(verify(&emulator, ADA, &emulator.code(ADA)), 400, "E062108");
            assert_eq!(emulator.user(ADA)["loginIds"], json!([ADA]));
        }
    }

    #[test]
    fn a_tenant_to_sign_up_for_must_be_there_and_is_joined() {
        let emulator = Emulator::new();
        let seed = json!({
            "tenants": [{ "id": "t1", "name": "One" }],
            "roles": [{ "name": "Reader", "tenantId": "t1" }],
        });
        emulator.seed(&seed).unwrap();
        let body = json!({ "id": "t1", "defaultRoles": ["Reader"] });
        emulator.manage("/v1/mgmt/tenant/updateDefaultRoles", &body);
        let start = |tenant: &str| {
            let options = json!({ "tenantId": tenant });
            let body = json!({ "loginId": ADA, "loginOptions": options });
            emulator.post("/v1/auth/otp/signup/email", &body)
        };
        refused(start("t2"), 400, "E011004");
        assert!(emulator.inbox().last_to(ADA).is_none());
        assert_eq!(start("t1").0, 200);
        let session = verify(&emulator, ADA, &emulator.code(ADA)).1;
        let found = claims(&session["sessionJwt"]);
        assert_eq!(found["dct"], "t1");
        assert_eq!(found["tenants"], json!({ "t1": { "roles": ["Reader"] } }));

        emulator.manage("/v1/mgmt/user/delete", &json!({ "loginId": ADA }));
        assert_eq!(start("t1").0, 200);
        emulator.manage("/v1/mgmt/tenant/delete", &json!({ "id": "t1" }));
        refused(verify(&emulator, ADA, &emulator.code(ADA)), 400, "E011004");
        assert_eq!(emulator.user(ADA), json!(null), "nobody was registered");
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
