//! Signing in by WhatsApp without a code: the user sends a message, and there is a session to ask for.

use serde_json::json;

use super::totp::qr_image;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::SignInBy;
use crate::emulator::api::route::Bearer::{MaybeRefresh, Project, Refresh};
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::shapes::{LOGIN_OPTIONS, SIGN_UP_USER};
use crate::emulator::state::delivery::Delivery;
use crate::emulator::state::notp::{Awaited, AwaitedState, Wanted, Whom};
use crate::emulator::state::pending::{Pending, Then, Verified};
use crate::emulator::state::sign_in::SignIn;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::user::Profile;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// The number that messages go to. It is one of those that are kept for fiction.
const NUMBER: &str = "12025550100";

const SIGN_IN: &[Field] = &[
    optional("loginId", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];
const SIGN_UP: &[Field] = &[
    optional("loginId", Kind::Text),
    optional("user", Kind::Object(&SIGN_UP_USER)),
    optional("phone", Kind::Text),
    optional("loginOptions", Kind::Object(LOGIN_OPTIONS)),
    optional("providerId", Kind::Text),
];
const TEMPLATES: &[Field] = &[
    optional("verifyTemplateId", Kind::Text),
    optional("successTemplateId", Kind::Text),
    optional("errorTemplateId", Kind::Text),
];
const UPDATE: &[Field] = &[
    required("loginId", Kind::Text),
    required("phone", Kind::Text),
    optional("addToLoginIDs", Kind::Bool),
    optional("onMergeUseExisting", Kind::Bool),
    optional("providerId", Kind::Text),
    optional("templates", Kind::Object(TEMPLATES)),
    optional("templateOptions", Kind::TextMap),
    optional("locale", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[
    Route::post(
        "/v1/auth/notp/whatsapp/signup-in",
        Project,
        SignInBy("notp"),
        SIGN_IN,
        |call, store| begin(call, store, Whom::Anyone),
    ),
    Route::post(
        "/v1/auth/notp/whatsapp/signin",
        MaybeRefresh,
        SignInBy("notp"),
        SIGN_IN,
        |call, store| begin(call, store, Whom::Known),
    ),
    Route::post(
        "/v1/auth/notp/whatsapp/signup",
        Project,
        SignInBy("notp"),
        SIGN_UP,
        |call, store| begin(call, store, Whom::New),
    ),
    Route::post(
        "/v1/auth/notp/whatsapp/update",
        Refresh,
        SignInBy("notp"),
        UPDATE,
        |call, store| {
            let pending = Pending::update(call, store, Delivery::WhatsApp)?;
            answer(call, store, Wanted::Known(pending))
        },
    ),
    Route::post(
        "/v1/auth/notp/pending-session",
        Project,
        SignInBy("notp"),
        &[required("pendingRef", Kind::Text)],
        session,
    ),
];

fn begin(call: &Call<'_>, store: &mut Store, whom: Whom) -> Result {
    let (body, options) = (call.body(), call.body().object("loginOptions"));
    let mut profile = Profile::read(body.object("user"));
    if let Some(phone) = body.some_text("phone") {
        phone.clone_into(&mut profile.phone);
    }
    let Some(login_id) = body.some_text("loginId") else {
        let (asked, user) = SignIn::unknown_user(call, store, options)?;
        return answer(call, store, Wanted::Sender { whom, profile, asked, user });
    };
    let method = Delivery::WhatsApp;
    let (address, then) = match (store.user_by_login(login_id), whom) {
        (Some(_), Whom::New) => return Err(Refusal::user_exists()),
        (None, Whom::Known) => return Err(Refusal::no_user()),
        (Some(user), _) => {
            let address = method.address(&user.profile, login_id)?;
            let asked = SignIn::new(call, store, Some(&user.id), options)?;
            (address, Then::SignIn { user: user.id.clone(), asked })
        }
        (None, _) => {
            // A number that is not known yet is that of whoever sends the message.
            let address = method.address(&profile, login_id).unwrap_or_default();
            address.clone_into(&mut profile.phone);
            let asked = SignIn::new(call, store, None, options)?;
            let or_in = whom == Whom::Anyone;
            let verified = Verified::default();
            (address, Then::SignUp { profile, verified, asked, or_in })
        }
    };
    let pending = Pending::new(method, login_id, address, whom.as_str(), then);
    answer(call, store, Wanted::Known(pending))
}

/// The wire type `NOTPResponse`: a link that opens WhatsApp with the message in it.
fn answer(call: &Call<'_>, store: &mut Store, wanted: Wanted) -> Result {
    let (pending_ref, token) = (random::token(), random::token());
    let awaited = &mut store.awaited;
    awaited.drop_now_and_then(|awaited| call.now >= awaited.expires);
    awaited.push(Awaited {
        pending_ref: digest(&pending_ref),
        token: digest(&token),
        expires: call.code_expiry(),
        state: AwaitedState::Waiting(Box::new(wanted)),
    });
    let url = format!("https://wa.me/{NUMBER}?text={token}");
    let image = qr_image(&url).ok_or_else(|| Refusal::internal("No QR code holds the URL"))?;
    Ok(json!({ "redirectUrl": url, "image": image, "pendingRef": pending_ref }).into())
}

fn session(call: &Call<'_>, store: &mut Store) -> Result {
    let pending_ref = digest(call.body().text("pendingRef"));
    let waits = |awaited: &Awaited| {
        call.now < awaited.expires && matches!(awaited.state, AwaitedState::Waiting(_))
    };
    if store.awaited.get(By::Id, pending_ref).is_some_and(waits) {
        return Err(Refusal::message_pending());
    }
    match store.awaited.take(By::Id, pending_ref) {
        Some(Awaited { state: AwaitedState::Sent(settled), expires, .. }) if call.now < expires => {
            settled.sign_in(call, store)
        }
        _ => Err(Refusal::message_over()),
    }
}
