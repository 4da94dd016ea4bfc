//! The ways to sign in.

use std::collections::BTreeMap;

use descope::auth::enchanted_link::{PendingLink, UpdatePhoneOptions};
use descope::auth::password::Replacement;
use descope::auth::password::ResetOptions;
use descope::auth::totp::TotpSetup;
use descope::auth::{
    AuthInfo, DeliveryMethod, LinkLoginOptions, LinkSignUpOptions, LinkSignUpOrInOptions,
    LinkUpdateOptions, LoginOptions, MessageLoginOptions, MessageSignUpOptions,
    MessageSignUpOrInOptions, SignUpOptions, Token, UpdateOptions,
};
use descope::{Claims, Client, UserDetails};
use serde_json::{Map, Value};

use super::args::{Args, Sayable, Unsayable};
use super::{Call, bared, shown};

pub(crate) fn call(client: &Client, area: &str, method: &str, args: &Args<'_>) -> Call {
    match area {
        "enchantedlink" => enchanted_link(client, method, args),
        "magiclink" => magic_link(client, method, args),
        "otp" => otp(client, method, args),
        "password" => password(client, method, args),
        "totp" => totp(client, method, args),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn otp(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let otp = client.auth().otp();
    let refresh_token = args.text("refresh_token")?;
    match method {
        "sign_up" => shown(otp.sign_up(
            delivery(args)?,
            args.text("login_id")?,
            &message_sign_up_options(args)?,
        )),
        "sign_in" => shown(otp.sign_in(
            delivery(args)?,
            args.text("login_id")?,
            &message_login_options(args)?,
        )),
        "sign_up_or_in" => {
            let options = sign_up_or_in_options(args)?;
            shown(otp.sign_up_or_in(delivery(args)?, args.text("login_id")?, &options))
        }
        "verify_code" => {
            signed_in(otp.verify(delivery(args)?, args.text("login_id")?, args.text("code")?))
        }
        "update_user_email" => {
            let (login_id, email) = (args.text("login_id")?, args.text("email")?);
            shown(otp.update_email(login_id, email, refresh_token, &update_options(args)?))
        }
        "update_user_phone" => {
            let (login_id, phone) = (args.text("login_id")?, args.text("phone")?);
            let (method, options) = (delivery(args)?, update_options(args)?);
            shown(otp.update_phone(method, login_id, phone, refresh_token, &options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn magic_link(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let links = client.auth().magic_link();
    let login_id = args.text("login_id")?;
    let refresh_token = args.text("refresh_token")?;
    match method {
        "sign_up" => shown(links.sign_up(delivery(args)?, login_id, &new_link(args)?)),
        "sign_in" => shown(links.sign_in(delivery(args)?, login_id, &link(args)?)),
        "sign_up_or_in" => {
            shown(links.sign_up_or_in(delivery(args)?, login_id, &link_or_new(args)?))
        }
        "verify" => signed_in(links.verify(args.text("token")?)),
        "update_user_email" => {
            let (email, options) = (args.text("email")?, update_link(args)?);
            shown(links.update_email(login_id, email, refresh_token, &options))
        }
        "update_user_phone" => {
            let (phone, options) = (args.text("phone")?, update_link(args)?);
            let method = delivery(args)?;
            shown(links.update_phone(method, login_id, phone, refresh_token, &options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn enchanted_link(client: &Client, method: &str, args: &Args<'_>) -> Call {
    use DeliveryMethod::{Email, Sms};
    let links = client.auth().enchanted_link();
    let (login_id, phone) = (args.text("login_id")?, args.text("phone")?);
    let refresh_token = args.text("refresh_token")?;
    match method {
        "sign_up" => pending(links.sign_up(Email, login_id, &new_link(args)?)),
        "sign_in" => pending(links.sign_in(Email, login_id, &link(args)?)),
        "sign_up_or_in" => pending(links.sign_up_or_in(Email, login_id, &link_or_new(args)?)),
        "sign_up_with_phone" => pending(links.sign_up(Sms, phone, &new_link(args)?)),
        "sign_in_with_phone" => pending(links.sign_in(Sms, phone, &link(args)?)),
        "sign_up_or_in_with_phone" => pending(links.sign_up_or_in(Sms, phone, &link_or_new(args)?)),
        "verify" => shown(links.verify(args.text("token")?)),
        "get_session" => match links.session(args.text("pending_ref")?) {
            // Python raises while the link is not clicked.
            Ok(None) => Err(Unsayable::Type("not yet".to_owned())),
            Ok(Some(info)) => Ok(Ok(show_sign_in(&info))),
            Err(error) => Ok(Err(error)),
        },
        "update_user_email" => {
            let (email, options) = (args.text("email")?, update_link(args)?);
            pending(links.update_email(login_id, email, refresh_token, &options))
        }
        "update_user_phone" => pending(links.update_phone(
            login_id,
            phone,
            refresh_token,
            &update_phone_options(args)?,
        )),
        _ => Err(Unsayable::NoAdapter),
    }
}

/// A message with a link to the page that Python calls `uri`.
fn link(args: &Args<'_>) -> Sayable<LinkLoginOptions> {
    let mut options = LinkLoginOptions::default().login(message_login_options(args)?);
    options.redirect_url = args.string("uri")?;
    Ok(options)
}

fn link_or_new(args: &Args<'_>) -> Sayable<LinkSignUpOrInOptions> {
    let mut options = LinkSignUpOrInOptions::default().login(sign_up_or_in_options(args)?);
    options.redirect_url = args.string("uri")?;
    Ok(options)
}

fn new_link(args: &Args<'_>) -> Sayable<LinkSignUpOptions> {
    let mut options = LinkSignUpOptions::default().sign_up(message_sign_up_options(args)?);
    options.redirect_url = args.string("uri")?;
    Ok(options)
}

fn update_link(args: &Args<'_>) -> Sayable<LinkUpdateOptions> {
    let mut options = LinkUpdateOptions::default().update(update_options(args)?);
    options.redirect_url = args.string("uri")?;
    Ok(options)
}

/// A link that waits for its click, with the reference that is secret.
fn pending(started: descope::Result<PendingLink>) -> Call {
    bared(started, |link| [("pendingRef", Some(&link.pending_ref))])
}

fn totp(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let totp = client.auth().totp();
    let login_id = args.text("login_id")?;
    match method {
        "sign_up" => exposed(totp.sign_up(login_id, &user(args)?)),
        "update_user" => exposed(totp.update(login_id, args.text("refresh_token")?)),
        "sign_in_code" => {
            signed_in(totp.verify(login_id, args.text("code")?, &login_options(args)?))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

/// An authenticator's setup, whose parts are all secret.
fn exposed(made: descope::Result<TotpSetup>) -> Call {
    bared(made, |setup| {
        let TotpSetup { provisioning_url, image, key, .. } = setup;
        [("provisioningURL", Some(provisioning_url)), ("image", Some(image)), ("key", Some(key))]
    })
}

fn password(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let password = client.auth().password();
    let login_id = args.text("login_id")?;
    match method {
        "sign_up" => {
            signed_in(password.sign_up(login_id, args.text("password")?, &sign_up_options(args)?))
        }
        "sign_in" => {
            signed_in(password.sign_in(login_id, args.text("password")?, &login_options(args)?))
        }
        "send_reset" => {
            let mut options = ResetOptions::default();
            options.redirect_url = args.maybe("redirect_url")?.map(str::to_owned);
            if let Some(template) = args.text_map("template_options")? {
                options = options.template_options(template);
            }
            let sent = password.send_reset(login_id, &options);
            bared(sent, |sent| [("pendingRef", sent.pending_ref.as_ref())])
        }
        "update" => {
            let refresh_token = args.text("refresh_token")?;
            shown(password.update(login_id, args.text("new_password")?, refresh_token))
        }
        "replace" => {
            let (old, new) = (args.text("old_password")?, args.text("new_password")?);
            signed_in(password.replace(login_id, Replacement { old: old, new: new }))
        }
        "get_policy" => shown(password.load_policy()),
        _ => Err(Unsayable::NoAdapter),
    }
}

pub(crate) fn delivery(args: &Args<'_>) -> Sayable<DeliveryMethod> {
    match args.maybe("method")? {
        Some("EMAIL") => Ok(DeliveryMethod::Email),
        Some("SMS") => Ok(DeliveryMethod::Sms),
        Some("VOICE") => Ok(DeliveryMethod::Voice),
        Some("WHATSAPP") => Ok(DeliveryMethod::WhatsApp),
        other => Err(Unsayable::Type(format!("method: {other:?}"))),
    }
}

/// Python's `LoginOptions` and the refresh token that goes with them, for a sign-in without a message.
pub(crate) fn login_options(args: &Args<'_>) -> Sayable<LoginOptions> {
    let mut options = LoginOptions::default();
    let raised = raised(args)?;
    if let Some(token) = raised.step_up {
        options = options.step_up(token);
    }
    if let Some(token) = raised.add_factor {
        options = options.add_factor(token);
    }
    let Some(given) = args.object("login_options")? else { return Ok(options) };
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    Ok(options)
}

/// Likewise, for a sign-in by a message.
pub(crate) fn message_login_options(args: &Args<'_>) -> Sayable<MessageLoginOptions> {
    let mut options = MessageLoginOptions::default();
    let raised = raised(args)?;
    if let Some(token) = raised.step_up {
        options = options.step_up(token);
    }
    if let Some(token) = raised.add_factor {
        options = options.add_factor(token);
    }
    let Some(given) = args.object("login_options")? else { return Ok(options) };
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    options.template_id = given.string("template_id")?;
    options.locale = given.string("locale")?;
    if let Some(template) = given.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}

/// The session that a sign-in adds to.
struct Raised<'a> {
    step_up: Option<&'a str>,
    add_factor: Option<&'a str>,
}

/// Step-up and MFA need a token here, and a token is for them alone.
fn raised<'a>(args: &Args<'a>) -> Sayable<Raised<'a>> {
    let token = args.maybe("refresh_token")?;
    let mut raised = Raised { step_up: None, add_factor: None };
    let Some(given) = args.object("login_options")? else { return Ok(raised) };
    for (name, place) in [("stepup", &mut raised.step_up), ("mfa", &mut raised.add_factor)] {
        if given.flag(name)? == Some(true) {
            let missing = || Unsayable::Type(format!("{name} without a refresh token"));
            *place = Some(token.ok_or_else(missing)?);
        }
    }
    Ok(raised)
}

/// Python's `SignUpOptions`, which its sign-up-or-in takes.
pub(crate) fn sign_up_or_in_options(args: &Args<'_>) -> Sayable<MessageSignUpOrInOptions> {
    let mut options = MessageSignUpOrInOptions::default();
    let Some(given) = args.object("signup_options")? else { return Ok(options) };
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    options.template_id = given.string("template_id")?;
    if let Some(template) = given.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}

/// Python's `user` and `signup_options`, for a sign-up by a message.
pub(crate) fn message_sign_up_options(args: &Args<'_>) -> Sayable<MessageSignUpOptions> {
    let mut options = MessageSignUpOptions::default().user(user(args)?);
    let given = sign_up_or_in_options(args)?;
    options.revoke_other_sessions = given.revoke_other_sessions;
    options.custom_claims = given.custom_claims;
    options.template_id = given.template_id;
    options.template_options = given.template_options;
    Ok(options)
}

/// Likewise, for one without.
pub(crate) fn sign_up_options(args: &Args<'_>) -> Sayable<SignUpOptions> {
    let mut options = SignUpOptions::default().user(user(args)?);
    let Some(given) = args.object("signup_options")? else { return Ok(options) };
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    Ok(options)
}

/// What a sign-in returns, with the tokens and all their claims.
#[expect(clippy::unnecessary_wraps, reason = "what adapters return")]
pub(crate) fn signed_in(result: descope::Result<AuthInfo>) -> Call {
    Ok(result.map(|info| show_sign_in(&info)))
}

pub(crate) fn show_sign_in(info: &AuthInfo) -> String {
    let refresh = info.refresh.as_ref().map(all_of);
    let ids = ids(&info.session.claims);
    let AuthInfo { session, user, first_seen, cookie, idp_response, tenant_sso_id, .. } = info;
    let shown = (all_of(session), ids, refresh, user, cookie, idp_response, tenant_sso_id);
    format!("({shown:?}, {{\"firstSeen\": {first_seen}}})")
}

/// A token's claims and itself, as Python has them.
pub(crate) fn all_of(token: &Token) -> Map<String, Value> {
    let mut all = token.claims.as_map().clone();
    all.insert("jwt".to_owned(), token.jwt.expose().into());
    all
}

/// The user and the project that a token is for.
pub(crate) fn ids(claims: &Claims) -> BTreeMap<&'static str, &str> {
    let project = claims.issuer().rsplit('/').next().unwrap_or_default();
    BTreeMap::from([("userId", claims.user_id()), ("projectId", project)])
}

pub(crate) fn user(args: &Args<'_>) -> Sayable<UserDetails> {
    let mut user = UserDetails::default();
    let Some(given) = args.object("user")? else { return Ok(user) };
    let text = |name| Ok(given.maybe(name)?.map(str::to_owned));
    user.name = text("name")?;
    user.given_name = text("given_name")?.or(text("givenName")?);
    user.middle_name = text("middle_name")?.or(text("middleName")?);
    user.family_name = text("family_name")?.or(text("familyName")?);
    user.email = text("email")?;
    user.phone = text("phone")?;
    Ok(user)
}

pub(crate) fn update_options(args: &Args<'_>) -> Sayable<UpdateOptions> {
    let mut options = UpdateOptions::default();
    options.mfa = args.flag("mfa")?;
    options.add_to_login_ids = args.flag("add_to_login_ids")?;
    options.on_merge_use_existing = args.flag("on_merge_use_existing")?;
    options.provider_id = args.maybe("provider_id")?.map(str::to_owned);
    options.template_id = args.maybe("template_id")?.map(str::to_owned);
    if let Some(template) = args.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}

/// Those of an enchanted link to a new phone, which adds no factor.
fn update_phone_options(args: &Args<'_>) -> Sayable<UpdatePhoneOptions> {
    let mut options = UpdatePhoneOptions::default();
    options.add_to_login_ids = args.flag("add_to_login_ids")?;
    options.on_merge_use_existing = args.flag("on_merge_use_existing")?;
    options.provider_id = args.string("provider_id")?;
    options.template_id = args.string("template_id")?;
    if let Some(template) = args.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}
