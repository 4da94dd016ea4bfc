//! The ways to sign in.

use descope::auth::{DeliveryMethod, LoginOptions, SignUpOptions, UpdateOptions};
use descope::{Client, UserDetails};

use super::args::{Args, Sayable, Unsayable};
use super::{Call, shown};

pub(crate) fn call(client: &Client, area: &str, method: &str, args: &Args<'_>) -> Call {
    match area {
        "otp" => otp(client, method, args),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn otp(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let otp = client.auth().otp();
    let refresh_token = args.text("refresh_token")?;
    match method {
        "sign_up" => {
            shown(otp.sign_up(delivery(args)?, args.text("login_id")?, &sign_up_options(args)?))
        }
        "sign_in" => {
            shown(otp.sign_in(delivery(args)?, args.text("login_id")?, &login_options(args)?))
        }
        "sign_up_or_in" => {
            let options = sign_up_or_in_options(args)?;
            shown(otp.sign_up_or_in(delivery(args)?, args.text("login_id")?, &options))
        }
        "verify_code" => {
            shown(otp.verify(delivery(args)?, args.text("login_id")?, args.text("code")?))
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

pub(crate) fn delivery(args: &Args<'_>) -> Sayable<DeliveryMethod> {
    match args.maybe("method")? {
        Some("EMAIL") => Ok(DeliveryMethod::Email),
        Some("SMS") => Ok(DeliveryMethod::Sms),
        Some("VOICE") => Ok(DeliveryMethod::Voice),
        Some("WHATSAPP") => Ok(DeliveryMethod::WhatsApp),
        other => Err(Unsayable::Type(format!("method: {other:?}"))),
    }
}

/// Python's `LoginOptions` and the refresh token that goes with them.
pub(crate) fn login_options(args: &Args<'_>) -> Sayable<LoginOptions> {
    let mut options = LoginOptions::default();
    options.refresh_token = args.maybe("refresh_token")?.map(Into::into);
    let Some(given) = args.object("login_options")? else { return Ok(options) };
    options.stepup = given.flag("stepup")?;
    options.mfa = given.flag("mfa")?;
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    options.template_id = given.maybe("template_id")?.map(str::to_owned);
    if let Some(template) = given.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}

/// Python's `SignUpOptions`, which its sign-up-or-in takes.
pub(crate) fn sign_up_or_in_options(args: &Args<'_>) -> Sayable<LoginOptions> {
    let mut options = LoginOptions::default();
    let Some(given) = args.object("signup_options")? else { return Ok(options) };
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    options.template_id = given.maybe("template_id")?.map(str::to_owned);
    if let Some(template) = given.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}

/// Python's `user` and `signup_options`.
pub(crate) fn sign_up_options(args: &Args<'_>) -> Sayable<SignUpOptions> {
    let mut options = SignUpOptions::default().user(user(args)?);
    let given = sign_up_or_in_options(args)?;
    options.revoke_other_sessions = given.revoke_other_sessions;
    options.custom_claims = given.custom_claims;
    options.template_id = given.template_id;
    options.template_options = given.template_options;
    Ok(options)
}

fn user(args: &Args<'_>) -> Sayable<UserDetails> {
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
    options.add_to_login_ids = args.flag("add_to_login_ids")?;
    options.on_merge_use_existing = args.flag("on_merge_use_existing")?;
    options.provider_id = args.maybe("provider_id")?.map(str::to_owned);
    options.template_id = args.maybe("template_id")?.map(str::to_owned);
    if let Some(template) = args.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}
