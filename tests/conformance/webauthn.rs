//! Passkeys.

use descope::Client;
use descope::auth::SignUpOptions;
use descope::auth::webauthn::{
    WebAuthnLoginOptions, WebAuthnSignUpOptions, WebAuthnSignUpOrInOptions, WebAuthnUpdateOptions,
};

use super::args::{Args, Unsayable};
use super::auth::{login_options, show_sign_in, signed_in, user};
use super::{Call, shown};

pub(crate) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let webauthn = client.auth().webauthn();
    let (login_id, origin) = (args.text("login_id")?, args.text("origin")?);
    let (transaction, response) = (args.text("transaction_id")?, args.text("response")?);
    match method {
        "sign_up_start" => {
            // Python puts the login ID in its place.
            if let Some(user) = args.object("user")? {
                user.read("loginId");
            }
            let options = WebAuthnSignUpOptions::default()
                .sign_up(SignUpOptions::default().user(user(args)?));
            shown(webauthn.sign_up_start(login_id, origin, &options))
        }
        "sign_up_finish" => signed_in(webauthn.sign_up_finish(transaction, response)),
        "sign_in_start" => {
            let options = WebAuthnLoginOptions::default().login(login_options(args)?);
            shown(webauthn.sign_in_start(login_id, origin, &options))
        }
        "sign_in_finish" => signed_in(webauthn.sign_in_finish(transaction, response)),
        "sign_up_or_in_start" => {
            let options = WebAuthnSignUpOrInOptions::default();
            shown(webauthn.sign_up_or_in_start(login_id, origin, &options))
        }
        "update_start" => {
            let mut options = WebAuthnUpdateOptions::default();
            options.mfa = args.flag("mfa")?;
            let refresh_token = args.text("refresh_token")?;
            shown(webauthn.update_start(login_id, origin, refresh_token, &options))
        }
        "update_finish" => {
            let finished = webauthn.update_finish(transaction, response);
            Ok(finished.map(|info| info.map_or("None".to_owned(), |info| show_sign_in(&info))))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}
