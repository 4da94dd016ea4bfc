//! Tokens: updates, impersonation, and sign-ins without a factor.

use descope::mgmt::jwt::{CurrentSession, Impersonation, JwtOptions, SignIn, SignUp, UpdateJwt};
use descope::{Client, Secret};

use crate::args::{Args, Sayable, Unsayable};
use crate::auth::{signed_in, user};
use crate::{Call, bared};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let jwts = client.mgmt().jwt();
    let (jwt, login_id) = (args.text("jwt")?, args.text("login_id")?);
    let impersonator = args.text("impersonator_id")?;
    match method {
        "update_jwt" => {
            let mut options = UpdateJwt::default();
            options.custom_claims = args.map("custom_claims")?;
            options.refresh_duration = args.seconds("refresh_duration")?;
            bare(jwts.update(jwt, &options))
        }
        "impersonate" => bare(jwts.impersonate(impersonator, login_id, &impersonation(args)?)),
        "impersonate_stepup" => {
            bare(jwts.impersonate_stepup(impersonator, login_id, &impersonation(args)?))
        }
        "stop_impersonation" => bare(jwts.stop_impersonation(jwt, &options(args)?)),
        "sign_in" => signed_in(jwts.sign_in(login_id, &sign_in(args)?)),
        "sign_up" => signed_in(jwts.sign_up(login_id, &sign_up(args)?)),
        "sign_up_or_in" => signed_in(jwts.sign_up_or_in(login_id, &sign_up(args)?)),
        "anonymous" => signed_in(jwts.anonymous(&options(args)?.into())),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn bare(jwt: descope::Result<Secret>) -> Call {
    bared(jwt, |jwt| [("jwt", Some(jwt))])
}

fn impersonation(args: &Args<'_>) -> Sayable<Impersonation> {
    let mut options = Impersonation::default();
    options.validate_consent = args.flag("validate_consent")?;
    options.custom_claims = args.map("custom_claims")?;
    options.selected_tenant = args.string("tenant_id")?;
    options.refresh_duration = args.seconds("refresh_duration")?;
    Ok(options)
}

fn options(args: &Args<'_>) -> Sayable<JwtOptions> {
    let mut options = JwtOptions::default();
    options.custom_claims = args.map("custom_claims")?;
    options.selected_tenant = args.string("tenant_id")?;
    options.refresh_duration = args.seconds("refresh_duration")?;
    Ok(options)
}

fn sign_in(args: &Args<'_>) -> Sayable<SignIn> {
    let mut options = SignIn::default();
    let Some(given) = args.object("login_options")? else { return Ok(options) };
    let (stepup, mfa) = (given.flag("stepup")?, given.flag("mfa")?);
    let revoke = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    let mut session = match (given.maybe("jwt")?, stepup, mfa) {
        (None, None | Some(false), None | Some(false)) if revoke != Some(true) => None,
        (Some(token), None | Some(false), None | Some(false)) => Some(CurrentSession::new(token)),
        (Some(token), Some(true), None | Some(false)) => Some(CurrentSession::step_up(token)),
        (Some(token), None | Some(false), Some(true)) => Some(CurrentSession::add_factor(token)),
        _ => return Err(Unsayable::Type("a change of no session, or two of one".to_owned())),
    };
    if let Some(session) = &mut session {
        session.revoke_other_sessions = revoke;
    }
    options.session = session;
    options.refresh_duration = given.seconds("refresh_duration")?;
    Ok(options)
}

fn sign_up(args: &Args<'_>) -> Sayable<SignUp> {
    let mut options = SignUp::default().user(user(args)?);
    if let Some(given) = args.object("user")? {
        options.verified_email = given.flag("email_verified")?;
        options.verified_phone = given.flag("phone_verified")?;
        options.sso_app_id = given.string("sso_app_id")?;
    }
    if let Some(given) = args.object("signup_options")? {
        options.custom_claims = given.map("custom_claims")?;
        options.refresh_duration = given.seconds("refresh_duration")?;
    }
    Ok(options)
}
