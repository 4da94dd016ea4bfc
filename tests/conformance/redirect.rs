//! The ways to sign in that lead over another site: OAuth, SAML and SSO.

use descope::Client;
use descope::auth::oauth::OAuthOptions;
use descope::auth::saml::SamlOptions;
use descope::auth::sso::SsoOptions;

use super::args::{Args, Unsayable};
use super::auth::{login_options, signed_in};
use super::{Call, shown};

pub(crate) fn call(client: &Client, area: &str, method: &str, args: &Args<'_>) -> Call {
    match (area, method) {
        ("oauth", "start") => {
            let mut options = OAuthOptions::default().login(login_options(args)?);
            options.redirect_url = args.string("return_url")?;
            shown(client.auth().oauth().start(args.text("provider")?, &options))
        }
        ("oauth", "exchange_token") => {
            signed_in(client.auth().oauth().exchange(args.text("code")?))
        }
        ("saml", _) => saml(client, method, args),
        ("sso", "start") => {
            let mut options = SsoOptions::default().login(login_options(args)?);
            options.redirect_url = args.string("return_url")?;
            options.prompt = args.string("prompt")?;
            options.sso_id = args.string("sso_id")?;
            options.login_hint = args.string("login_hint")?;
            options.force_authn = args.flag("force_authn")?;
            shown(client.auth().sso().start(args.text("tenant")?, &options))
        }
        ("sso", "exchange_token") => signed_in(client.auth().sso().exchange(args.text("code")?)),
        _ => Err(Unsayable::NoAdapter),
    }
}

#[expect(deprecated, reason = "the recordings have it")]
fn saml(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let saml = client.auth().saml();
    match method {
        "start" => {
            let mut options = SamlOptions::default().login(login_options(args)?);
            options.redirect_url = args.string("return_url")?;
            shown(saml.start(args.text("tenant")?, &options))
        }
        "exchange_token" => signed_in(saml.exchange(args.text("code")?)),
        _ => Err(Unsayable::NoAdapter),
    }
}
