//! Every way to sign in, on the whole of its way: sign up, sign in, wrong, late and spent answers, a
//! raised session, and what the tokens say after each. The tests of an area have what is its own.
#![expect(deprecated, reason = "SAML must go on working")]

use std::time::Duration;

use descope::auth::DeliveryMethod::{self, Email, Im, Sms, Voice, WhatsApp};
use descope::auth::oauth::{OAuthOptions, OAuthSignUpOptions, providers};
use descope::auth::password::Replacement;
use descope::auth::saml::SamlOptions;
use descope::auth::sso::SsoOptions;
use descope::auth::webauthn::{WebAuthnLoginOptions, WebAuthnSignUpOptions};
use descope::auth::{LoginOptions, MessageLoginOptions, MessageSignUpOptions, SignUpOptions};
use descope::emulator::Emulator;
use descope::mgmt::user::{EmbeddedLinkOptions, GeneratedSignIn, SignUpEmbeddedLinkOptions};
use descope::{AuthInfo, Client, Result, Scope, UserDetails, codes};
use serde_json::{Map, Value, json};

use crate::authenticator::Authenticator;
use crate::emulated::{
    ADA, AN_HOUR, PHONE, claim, last_message, last_token, link, new_link, start,
};
use crate::support::code_of;
use crate::totp::App;

const ORIGIN: &str = "https://app.example.com";
const CALLBACK: &str = "https://app.example.com/callback";
const PASSWORD: &str = "Analytical 1843";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Otp(DeliveryMethod),
    MagicLink(DeliveryMethod),
    EnchantedLink(DeliveryMethod),
    EmbeddedLink,
    OAuth,
    Sso,
    Saml,
    Totp,
    Password,
    WebAuthn,
}

/// What the user has to answer.
struct Asked {
    answer: String,
    wrong: String,
    /// What the answer is sent along with: a pending reference, or the ID of a transaction.
    with: String,
    sign_up: bool,
    login: Login,
}

/// A user, with all they need, and their emulator.
struct Ada {
    emulator: Emulator,
    client: Client,
    app: Option<App>,
    browser: Authenticator,
}

/// Where a message by this method goes.
fn address(method: DeliveryMethod) -> &'static str {
    if method.is_phone() { PHONE } else { ADA }
}

impl Ada {
    fn new() -> Self {
        let (emulator, client) = start();
        emulator
            .seed(&json!({
                "tenants": [{ "id": "acme", "name": "Acme" }],
                "permissions": [{ "name": "run" }],
                "roles": [
                    { "name": "Admin", "permissionNames": ["run"] },
                    { "name": "Reader", "tenantId": "acme" },
                ],
                "sso": [{ "tenantId": "acme", "type": "saml" }],
                "users": [{ "loginId": "eve" }],
            }))
            .unwrap();
        Self { emulator, client, app: None, browser: Authenticator::at(ORIGIN) }
    }

    /// Goes through a sign-in page, and returns the code that the browser comes back with.
    fn through(&self, url: &str) -> Result<String, String> {
        let back = self.emulator.idp_sign_in(url, ADA).map_err(|error| error.to_string())?;
        if back.contains("err=") { Err(back) } else { Ok(code_of(&back)) }
    }

    /// Asks to sign up or in.
    fn ask(&mut self, way: Way, sign_up: bool, login: &Login) -> Result<Asked, String> {
        self.begin(way, sign_up, login).map(|(answer, with)| {
            let wrong = match way {
                Way::WebAuthn => answer.replace("\"signature\":\"", "\"signature\":\"AAAA"),
                _ => format!("x{answer}"),
            };
            Asked { answer, wrong, with, sign_up, login: login.clone() }
        })
    }

    fn begin(
        &mut self,
        way: Way,
        sign_up: bool,
        login: &Login,
    ) -> Result<(String, String), String> {
        let (auth, emulator) = (self.client.auth(), &self.emulator);
        let ada = UserDetails::default().name("Ada").email(ADA).phone(PHONE);
        let mut new = MessageSignUpOptions::default().user(ada.clone());
        new.custom_claims = login.claims();
        let said = |error: descope::Error| error.to_string();
        let answer = match way {
            Way::Otp(method) => {
                let otp = auth.otp();
                if sign_up {
                    otp.sign_up(method, ADA, &new)
                } else {
                    otp.sign_in(method, ADA, &login.by_message())
                }
                .map_err(said)?;
                last_message(emulator, address(method)).code.unwrap()
            }
            Way::MagicLink(method) => {
                let links = auth.magic_link();
                if sign_up {
                    links.sign_up(method, ADA, &new_link(new))
                } else {
                    links.sign_in(method, ADA, &link(login.by_message()))
                }
                .map_err(said)?;
                last_token(emulator, address(method))
            }
            Way::EnchantedLink(method) => {
                let links = auth.enchanted_link();
                let sent = if sign_up {
                    links.sign_up(method, ADA, &new_link(new))
                } else {
                    links.sign_in(method, ADA, &link(login.by_message()))
                };
                let pending = sent.map_err(said)?.pending_ref.expose().to_owned();
                return Ok((last_token(emulator, address(method)), pending));
            }
            Way::EmbeddedLink => {
                let users = self.client.mgmt().user();
                let token = if sign_up {
                    let mut generated = GeneratedSignIn::default();
                    generated.custom_claims = login.claims();
                    let options =
                        SignUpEmbeddedLinkOptions::default().user(ada).login_options(generated);
                    users.generate_sign_up_embedded_link(ADA, &options)
                } else {
                    let mut options = EmbeddedLinkOptions::default();
                    options.custom_claims = login.claims();
                    users.generate_embedded_link(ADA, &options)
                };
                token.map_err(said)?.expose().to_owned()
            }
            Way::OAuth => {
                let options =
                    OAuthOptions::default().redirect_url(CALLBACK).login(login.without_message());
                let mut new_options = OAuthSignUpOptions::default().redirect_url(CALLBACK);
                new_options.login.custom_claims = login.claims();
                let url = if sign_up {
                    auth.oauth().sign_up(providers::GOOGLE, &new_options)
                } else {
                    auth.oauth().sign_in(providers::GOOGLE, &options)
                };
                self.through(&url.map_err(said)?)?
            }
            Way::Sso => {
                let options =
                    SsoOptions::default().redirect_url(CALLBACK).login(login.without_message());
                self.through(&auth.sso().start("acme", &options).map_err(said)?)?
            }
            Way::Saml => {
                let options =
                    SamlOptions::default().redirect_url(CALLBACK).login(login.without_message());
                self.through(&auth.saml().start("acme", &options).map_err(said)?)?
            }
            Way::Totp => {
                if sign_up {
                    let setup = auth.totp().sign_up(ADA, &ada).map_err(said)?;
                    self.app = Some(App::new(emulator, &setup));
                }
                // Each code is good once.
                emulator.advance(Duration::from_secs(30));
                self.app.as_ref().unwrap().code()
            }
            Way::Password => PASSWORD.to_owned(),
            Way::WebAuthn => {
                let webauthn = auth.webauthn();
                let (begun, answer) = if sign_up {
                    let mut new = SignUpOptions::default().user(ada);
                    new.custom_claims = login.claims();
                    let options = WebAuthnSignUpOptions::default().sign_up(new);
                    let begun = webauthn.sign_up_start(ADA, ORIGIN, &options).map_err(said)?;
                    let answer = self.browser.create(&begun.options);
                    (begun, answer)
                } else {
                    let options = WebAuthnLoginOptions::default().login(login.without_message());
                    let begun = webauthn.sign_in_start(ADA, ORIGIN, &options).map_err(said)?;
                    let answer = self.browser.get(&begun.options);
                    (begun, answer)
                };
                return Ok((answer, begun.transaction_id));
            }
        };
        Ok((answer, String::new()))
    }

    fn answer(&self, way: Way, asked: &Asked, answer: &str) -> Result<AuthInfo> {
        let auth = self.client.auth();
        match way {
            Way::Otp(method) => auth.otp().verify(method, ADA, answer),
            Way::MagicLink(_) => auth.magic_link().verify(answer),
            Way::EnchantedLink(_) => {
                auth.enchanted_link().verify(answer)?;
                Ok(auth.enchanted_link().session(&asked.with)?.expect("it was clicked"))
            }
            Way::EmbeddedLink => auth.embedded_link().verify(answer),
            Way::OAuth => auth.oauth().exchange(answer),
            Way::Sso => auth.sso().exchange(answer),
            Way::Saml => auth.saml().exchange(answer),
            Way::Totp => auth.totp().verify(ADA, answer, &asked.login.without_message()),
            Way::Password if asked.sign_up => {
                let ada = UserDetails::default().name("Ada").email(ADA).phone(PHONE);
                let mut new = SignUpOptions::default().user(ada);
                new.custom_claims = asked.login.claims();
                auth.password().sign_up(ADA, answer, &new)
            }
            Way::Password => auth.password().sign_in(ADA, answer, &asked.login.without_message()),
            Way::WebAuthn if asked.sign_up => auth.webauthn().sign_up_finish(&asked.with, answer),
            Way::WebAuthn => auth.webauthn().sign_in_finish(&asked.with, answer),
        }
    }

    /// Signs up or in, as one should.
    #[track_caller]
    fn enter(&mut self, way: Way, sign_up: bool, login: &Login) -> AuthInfo {
        let asked = self.ask(way, sign_up, login).unwrap();
        self.answer(way, &asked, &asked.answer).unwrap()
    }

    /// Gives Ada a role in the project, and one in a tenant.
    fn promote(&self) {
        let users = self.client.mgmt().user();
        users.add_roles(ADA, &["Admin"]).unwrap();
        users.add_tenant(ADA, "acme").unwrap();
        users.add_tenant_roles(ADA, "acme", &["Reader"]).unwrap();
    }
}

impl Way {
    /// As the claim `amr` names it.
    fn factor(self) -> &'static str {
        match self {
            Self::Otp(method) | Self::MagicLink(method) | Self::EnchantedLink(method) => {
                method.as_str()
            }
            Self::EmbeddedLink => "embedded",
            Self::OAuth => "oauth",
            Self::Sso | Self::Saml => "fed",
            Self::Totp => "totp",
            Self::Password => "pwd",
            Self::WebAuthn => "webauthn",
        }
    }

    /// The code of a refusal, where Descope's is known.
    fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Otp(_) | Self::Totp => Some(codes::WRONG_OTP_CODE),
            Self::MagicLink(_) | Self::EnchantedLink(_) | Self::EmbeddedLink => {
                Some(codes::LINK_EXPIRED)
            }
            _ => None,
        }
    }

    #[track_caller]
    fn refuses(self, result: Result<AuthInfo>) {
        let error = result.expect_err("refused");
        assert_eq!(error.status(), Some(401), "{error}");
        if let Some(code) = self.refusal() {
            assert_eq!(error.code(), Some(code));
        }
    }
}

/// What a sign-in is to be like, by whatever way.
#[derive(Clone, Default)]
struct Login {
    themed: bool,
    tenant: Option<&'static str>,
    step_up: Option<String>,
    add_factor: Option<String>,
}

impl Login {
    fn claims(&self) -> Option<Map<String, Value>> {
        self.themed.then(|| Map::from_iter([("theme".to_owned(), json!("dark"))]))
    }

    fn without_message(&self) -> LoginOptions {
        let mut options = LoginOptions::default();
        options.custom_claims = self.claims();
        options.tenant_id = self.tenant.map(str::to_owned);
        if let Some(token) = &self.step_up {
            options = options.step_up(token);
        }
        if let Some(token) = &self.add_factor {
            options = options.add_factor(token);
        }
        options
    }

    fn by_message(&self) -> MessageLoginOptions {
        let mut options = MessageLoginOptions::default();
        options.custom_claims = self.claims();
        options.tenant_id = self.tenant.map(str::to_owned);
        if let Some(token) = &self.step_up {
            options = options.step_up(token);
        }
        if let Some(token) = &self.add_factor {
            options = options.add_factor(token);
        }
        options
    }

    fn step_up(self, token: &str) -> Self {
        Self { step_up: Some(token.to_owned()), ..self }
    }

    fn add_factor(self, token: &str) -> Self {
        Self { add_factor: Some(token.to_owned()), ..self }
    }
}

fn plain() -> Login {
    Login::default()
}

/// What the tokens of a user without roles say.
#[track_caller]
fn says(info: &AuthInfo, factors: &[&str], su: &Value, theme: &Value) {
    let claims = info.claims();
    assert_eq!(claims.auth_factors(), factors);
    assert_eq!((&claim(info, "su"), &claim(info, "theme")), (su, theme));
    assert_eq!(claims.user_id(), info.user.user_id);
    let refresh = info.refresh.as_ref().unwrap();
    assert_eq!(refresh.claims.auth_factors(), factors);
    assert_eq!(refresh.claims.user_id(), claims.user_id());
}

fn the_whole_way(way: Way) {
    let mut ada = Ada::new();
    let themed = Login { themed: true, ..plain() };
    let (no, yes, dark, factor) = (&Value::Null, &json!(true), &json!("dark"), way.factor());

    let first = ada.enter(way, true, &themed);
    says(&first, &[factor], no, dark);
    assert!(first.first_seen);
    assert_eq!(first.user.login_ids, [ADA]);
    assert_eq!(first.claims().roles(Scope::Project), [""; 0]);

    ada.promote();
    let mut options = themed;
    // A token that management makes says nothing of the tenant.
    let in_tenant = way != Way::EmbeddedLink;
    options.tenant = in_tenant.then_some("acme");
    let again = ada.enter(way, false, &options);
    says(&again, &[factor], no, dark);
    assert!(!again.first_seen);
    assert_eq!(again.user.user_id, first.user.user_id);
    let client = ada.client.clone();
    let session = client.auth().session();
    let refreshed = session.refresh(again.refresh_token().unwrap()).unwrap();
    says(&refreshed, &[factor], no, dark);
    for info in [&again, &refreshed] {
        let claims = info.claims();
        assert_eq!(claims.current_tenant(), in_tenant.then_some("acme"));
        assert_eq!(claims.tenants(), ["acme"]);
        assert_eq!(claims.roles(Scope::Project), ["Admin"]);
        assert_eq!(claims.permissions(Scope::Project), ["run"]);
        assert_eq!(claims.roles(Scope::Tenant("acme")), ["Reader"]);
        assert!(!claims.has_roles(Scope::Tenant("acme"), ["Admin"]));
    }

    let asked = ada.ask(way, false, &plain()).unwrap();
    assert_ne!(asked.wrong, asked.answer);
    way.refuses(ada.answer(way, &asked, &asked.wrong));
    says(&ada.enter(way, false, &plain()), &[factor], no, no);

    let asked = ada.ask(way, false, &plain()).unwrap();
    if way == Way::Password {
        ada.client.mgmt().user().expire_password(ADA).unwrap();
        let error = ada.answer(way, &asked, PASSWORD).unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(401), Some(codes::PASSWORD_EXPIRED)));
        ada.client.mgmt().user().set_active_password(ADA, PASSWORD).unwrap();
    } else {
        ada.emulator.advance(AN_HOUR);
        way.refuses(ada.answer(way, &asked, &asked.answer));
    }

    let asked = ada.ask(way, false, &plain()).unwrap();
    ada.answer(way, &asked, &asked.answer).unwrap();
    if way == Way::Password {
        // One that was replaced is spent.
        ada.client
            .auth()
            .password()
            .replace(ADA, Replacement { old: PASSWORD, new: "Analytical 1844" })
            .unwrap();
    }
    way.refuses(ada.answer(way, &asked, &asked.answer));
    if way == Way::Password {
        ada.client.mgmt().user().set_active_password(ADA, PASSWORD).unwrap();
    }

    // A session is raised by what its user answers; by an embedded link none is.
    if way == Way::EmbeddedLink {
        return;
    }
    let token = again.refresh_token().unwrap();
    let stepup = ada.enter(way, false, &plain().step_up(token));
    says(&stepup, &[factor], yes, no);
    let mfa = ada.enter(way, false, &plain().add_factor(token));
    says(&mfa, &[factor, "mfa"], no, no);
    let both = plain().step_up(token).add_factor(token);
    says(&ada.enter(way, false, &both), &[factor, "mfa"], yes, no);
    let calm = session.refresh(stepup.refresh_token().unwrap()).unwrap();
    says(&calm, &[factor], no, no);

    let eves = ada.emulator.sign_in("eve").unwrap();
    let eves = plain().step_up(eves["refreshJwt"].as_str().unwrap());
    if let Ok(asked) = ada.ask(way, false, &eves) {
        let error = ada.answer(way, &asked, &asked.answer).expect_err("the session is Eve's");
        assert_eq!(error.status(), Some(403), "{error}");
    }
}

macro_rules! ways {
    ($($name:ident: $way:expr,)*) => {
        $(
            #[test]
            fn $name() {
                the_whole_way($way);
            }
        )*
    };
}

ways! {
    otp_by_email: Way::Otp(Email),
    otp_by_instant_message: Way::Otp(Im),
    otp_by_text_message: Way::Otp(Sms),
    otp_by_phone_call: Way::Otp(Voice),
    otp_by_whatsapp: Way::Otp(WhatsApp),
    magic_link_by_email: Way::MagicLink(Email),
    magic_link_by_text_message: Way::MagicLink(Sms),
    magic_link_by_whatsapp: Way::MagicLink(WhatsApp),
    enchanted_link_by_email: Way::EnchantedLink(Email),
    enchanted_link_by_text_message: Way::EnchantedLink(Sms),
    embedded_link: Way::EmbeddedLink,
    oauth: Way::OAuth,
    sso: Way::Sso,
    saml: Way::Saml,
    totp: Way::Totp,
    password: Way::Password,
    webauthn: Way::WebAuthn,
}
