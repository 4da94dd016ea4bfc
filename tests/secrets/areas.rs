//! The calls of every other area that takes a secret or returns one.

use std::fmt::Debug;

use descope::auth::oauth::OneTap;
use descope::auth::oauth::{NativeResult, OAuthUpdateOptions};
use descope::auth::password::Replacement;
use descope::auth::password::ResetOptions;
use descope::auth::webauthn::WebAuthnUpdateOptions;
use descope::auth::{
    DeliveryMethod, LinkLoginOptions, LinkUpdateOptions, LoginOptions, MessageLoginOptions,
    SignUpOptions,
};
use descope::emulator::Emulator;
use descope::mgmt::access_key::NewAccessKey;
use descope::mgmt::jwt::{Impersonation, JwtOptions, SignIn, UpdateJwt};
use descope::mgmt::project::{ImportSnapshot, SnapshotSecret, SnapshotSecrets};
use descope::mgmt::sso::OidcProvider;
use descope::mgmt::sso_application::OidcApplication;
use descope::mgmt::tenant::SsoLink;
use descope::mgmt::user::GeneratedSignIn;
use descope::mgmt::user::{
    BatchUser, EmbeddedLinkOptions, HashFunction, HashedPassword, Invitation, NewUser,
    ProviderTokenOptions, TestMethod, UserImport,
};
use descope::{Client, Error, Result, Secret, UserDetails};
use serde_json::json;

use super::{ADA, Canaries, Hidden, outcome, show};

/// Passwords that meet the emulator's policy, and other texts that only their owners should see.
pub(crate) const PASSWORD: &str = "canary-Passw0rd!";
pub(crate) const NEW_PASSWORD: &str = "canary-N3w-Passw0rd!";
pub(crate) const SALT: &str = "canary-salt-of-a-hash";
pub(crate) const USERS: &str = "canary-of-a-user-file";
pub(crate) const HASHES: &str = "canary-of-hash-files!";
pub(crate) const SEED: &str = "CANARYTOTPSEED234567CANARYTOTP";
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";
pub(crate) const ID_TOKEN: &str = "canary-id-token";
pub(crate) const NONCE: &str = "canary-nonce";
pub(crate) const LINK_TOKEN: &str = "canary-link-token";
pub(crate) const BROWSER: &str = r#"{"rawId":"canary-of-a-passkey"}"#;
pub(crate) const SNAPSHOT: &str = "canary-connector-secret";

pub(crate) const ALL: [&str; 12] = [
    PASSWORD,
    NEW_PASSWORD,
    SALT,
    USERS,
    HASHES,
    SEED,
    CLIENT_SECRET,
    ID_TOKEN,
    NONCE,
    LINK_TOKEN,
    BROWSER,
    SNAPSHOT,
];

/// Every call, whatever comes of it. `spoilt` makes each secret wrong in one way, so that it is
/// refused before a request.
pub(crate) fn calls(client: &Client, with: &Canaries, spoilt: impl Fn(&str) -> String) {
    sign_ins(client, with, &spoilt);
    links(client, with, &spoilt);
    users(client, &spoilt);
    administration(client, with, &spoilt);
}

fn sign_ins(client: &Client, with: &Canaries, spoilt: &impl Fn(&str) -> String) {
    let Canaries { refresh, code, .. } = with;
    let login = LoginOptions::default();
    let (old, new) = (spoilt(PASSWORD), spoilt(NEW_PASSWORD));
    let password = client.auth().password();
    outcome(&password.sign_up("new@example.com", &old, &SignUpOptions::default()));
    outcome(&password.sign_in(ADA, &old, &login));
    outcome(&password.send_reset(ADA, &ResetOptions::default()));
    outcome(&password.update(ADA, &new, refresh));
    outcome(&password.replace(ADA, Replacement { old: &old, new: &new }));
    let totp = client.auth().totp();
    outcome(&totp.sign_up("app@example.com", &UserDetails::default()));
    outcome(&totp.update(ADA, refresh));
    outcome(&totp.verify(ADA, code, &login));
    let passkeys = client.auth().webauthn();
    let browser = spoilt(BROWSER);
    outcome(&passkeys.update_start(
        ADA,
        "https://example.com",
        refresh,
        &WebAuthnUpdateOptions::default(),
    ));
    outcome(&passkeys.sign_up_finish("T1", &browser));
    outcome(&passkeys.sign_in_finish("T1", &browser));
    outcome(&passkeys.update_finish("T1", &browser));
    let oauth = client.auth().oauth();
    let (id_token, nonce) = (spoilt(ID_TOKEN), spoilt(NONCE));
    outcome(&oauth.update("google", refresh, &OAuthUpdateOptions::default()));
    outcome(&oauth.exchange(code));
    let result = NativeResult::default().code(code.as_str()).id_token(id_token.as_str());
    show(&result);
    outcome(&oauth.native_finish("apple", "S1", &result.user(spoilt(BROWSER))));
    outcome(&oauth.one_tap_exchange(
        "google",
        OneTap { id_token: &id_token, nonce: &nonce },
        &login,
    ));
    outcome(&oauth.one_tap_verify("google", OneTap { id_token: &id_token, nonce: &nonce }, &login));
    outcome(&client.auth().sso().exchange(code));
    #[expect(deprecated, reason = "it is still there")]
    let saml = client.auth().saml().exchange(code);
    outcome(&saml);
}

fn links(client: &Client, with: &Canaries, spoilt: &impl Fn(&str) -> String) {
    let Canaries { refresh, .. } = with;
    let token = spoilt(LINK_TOKEN);
    let page = "https://example.com/verify";
    let update = LinkUpdateOptions::default().redirect_url(page);
    let step_up = MessageLoginOptions::default().step_up(refresh.as_str());
    let step_up = LinkLoginOptions::default().redirect_url(page).login(step_up);
    let magic = client.auth().magic_link();
    outcome(&magic.sign_in(DeliveryMethod::Email, ADA, &step_up));
    outcome(&magic.update_email(ADA, "countess@example.com", refresh, &update));
    outcome(&magic.verify(&token));
    let enchanted = client.auth().enchanted_link();
    outcome(&enchanted.sign_in(DeliveryMethod::Email, ADA, &step_up));
    outcome(&enchanted.update_email(ADA, "countess@example.com", refresh, &update));
    outcome(&enchanted.verify(&token));
    outcome(&enchanted.session(&token));
    outcome(&client.auth().embedded_link().verify(&token));
}

fn users(client: &Client, spoilt: &impl Fn(&str) -> String) {
    let users = client.mgmt().user();
    let (password, salt) = (spoilt(PASSWORD), spoilt(SALT));
    outcome(&users.set_temporary_password(ADA, &password));
    outcome(&users.set_active_password(ADA, &password));
    let bytes = || salt.clone().into_bytes();
    let hashes = [
        HashedPassword::Bcrypt { hash: salt.clone() },
        HashedPassword::Django { hash: salt.clone() },
        HashedPassword::Md5 { hash: salt.clone() },
        HashedPassword::Sha {
            hash: salt.clone(),
            salt: salt.clone(),
            function: HashFunction::Sha256,
        },
        HashedPassword::Phpass {
            hash: salt.clone(),
            salt: salt.clone(),
            iterations: 1,
            function: HashFunction::Md5,
        },
        HashedPassword::Pbkdf2 {
            hash: bytes(),
            salt: bytes(),
            iterations: 1,
            function: HashFunction::Sha1,
        },
        HashedPassword::Argon2 {
            hash: bytes(),
            salt: bytes(),
            iterations: 1,
            memory: 8,
            threads: 1,
        },
        HashedPassword::Firebase {
            hash: bytes(),
            salt: bytes(),
            salt_separator: bytes(),
            signer_key: bytes(),
            memory: 14,
            rounds: 8,
        },
    ];
    for (n, hash) in hashes.into_iter().enumerate() {
        let user = |name| BatchUser::new(format!("{name}{n}@example.com")).seed(spoilt(SEED));
        let batch = [user("hashed").hashed_password(hash)];
        show(&batch);
        sent(&users.create_batch(&batch));
        sent(&users.invite_batch(&batch, &Invitation::default()));
        let batch = [user("clear").password(password.as_str())];
        show(&batch);
        sent(&users.create_batch(&batch));
    }
    // As long as a file is, so that what is shown of an answer ends within it.
    let file = |text: String| text.repeat(400).into_bytes();
    let import = UserImport::default().users(file(spoilt(USERS))).hashes(file(spoilt(HASHES)));
    show(&import);
    sent(&users.import("auth0", &import));
    let tokens = ProviderTokenOptions::default().with_refresh_token(true);
    outcome(&users.provider_token(ADA, "google", &tokens));
    outcome(&users.generate_embedded_link(ADA, &EmbeddedLinkOptions::default()));
    let login = GeneratedSignIn::default();
    let link = "https://example.com/verify";
    outcome(&users.generate_otp_for_test_user(TestMethod::Embedded, "test", &login));
    outcome(&users.generate_enchanted_link_for_test_user("test", Some(link), &login));
}

/// Shows a result that was not refused for an argument before it was sent.
fn sent<T: Debug>(result: &Result<T>) {
    assert!(!matches!(result, Err(Error::Argument { .. })), "{result:?}");
    outcome(result);
}

fn administration(client: &Client, with: &Canaries, spoilt: &impl Fn(&str) -> String) {
    let Canaries { refresh, .. } = with;
    let mgmt = client.mgmt();
    let claims = [("theme", "dark")];
    outcome(&mgmt.jwt().update(refresh, &UpdateJwt::default().custom_claims(claims)));
    outcome(&mgmt.jwt().stop_impersonation(refresh, &JwtOptions::default()));
    outcome(&mgmt.jwt().impersonate("admin", ADA, &Impersonation::default()));
    let sign_in = SignIn::default().stepup(true).jwt(refresh.as_str());
    show(&sign_in);
    outcome(&mgmt.jwt().sign_in(ADA, &sign_in));
    outcome(&mgmt.access_key().create("key", None, &NewAccessKey::default()));
    let client_secret = spoilt(CLIENT_SECRET);
    let provider = OidcProvider::new("idp", "client").client_secret(client_secret.as_str());
    show(&provider);
    outcome(&mgmt.sso().configure_oidc("t1", &provider));
    outcome(&mgmt.sso().load("t1", None));
    let application = OidcApplication::default().client_secret(client_secret);
    show(&application);
    outcome(&mgmt.sso_application().create_oidc("app", Some("app"), &application));
    outcome(&mgmt.sso_application().secret("app", None));
    outcome(&mgmt.sso_application().add_secret("app", "second", None));
    outcome(&mgmt.tenant().generate_sso_configuration_link("t1", &SsoLink::default()));
    let connector = SnapshotSecret::new("C1", "http", "token").value(spoilt(SNAPSHOT));
    let secrets = SnapshotSecrets::default().connectors([connector]);
    show(&secrets);
    let files = json!({ "project.json": { "name": "x" } });
    outcome(&mgmt.project().validate_snapshot(&files, &secrets));
    let import = ImportSnapshot::default().secrets(secrets);
    show(&import);
    outcome(&mgmt.project().import_snapshot(&files, &import));
}

/// What an emulator makes is as secret as what it is given: keys, codes, links, tokens of every area.
pub(crate) fn made(emulator: &Emulator, client: &Client, hidden: &mut Hidden) {
    let mut hide = |secret: &Secret| hidden.add(secret.expose());
    let login = GeneratedSignIn::default();
    let setup = client.auth().totp().sign_up("totp@example.com", &UserDetails::default()).unwrap();
    show(&setup);
    [&setup.key, &setup.provisioning_url, &setup.image].into_iter().for_each(&mut hide);

    let users = client.mgmt().user();
    users.create_test_user("tester", &NewUser::default().email("tester@example.com")).unwrap();
    let page = "https://example.com/verify";
    let otp = users.generate_otp_for_test_user(DeliveryMethod::Email, "tester", &login).unwrap();
    let magic = users
        .generate_magic_link_for_test_user(DeliveryMethod::Email, "tester", Some(page), &login)
        .unwrap();
    let enchanted =
        users.generate_enchanted_link_for_test_user("tester", Some(page), &login).unwrap();
    show(&(&otp, &magic, &enchanted));
    [&magic.link, &enchanted.link, &enchanted.pending_ref].into_iter().for_each(&mut hide);
    let link = users.generate_embedded_link("tester", &EmbeddedLinkOptions::default()).unwrap();
    show(&link);
    hide(&link);

    let mgmt = client.mgmt();
    let key = mgmt.access_key().create("hidden", None, &NewAccessKey::default()).unwrap();
    show(&key);
    hide(&key.cleartext);
    let application = OidcApplication::default().login_page_url("https://example.com");
    let id = mgmt.sso_application().create_oidc("made", None, &application).unwrap();
    let secret = mgmt.sso_application().rotate_secret(&id).unwrap();
    let more = mgmt.sso_application().add_secret(&id, "more", None).unwrap();
    show(&(&secret, &more));
    [&secret, &more.cleartext].into_iter().for_each(&mut hide);
    let link = mgmt.tenant().generate_sso_configuration_link("t1", &SsoLink::default()).unwrap();
    show(&link);
    hide(&link);

    let waiting = client
        .auth()
        .enchanted_link()
        .sign_in(DeliveryMethod::Email, ADA, &LinkLoginOptions::default().redirect_url(page))
        .unwrap();
    let message = emulator.inbox().last_to(ADA).unwrap();
    show(&(&waiting, &message));
    hide(&waiting.pending_ref);
    hide(&message.link.unwrap().into());
    let signed_in = mgmt.jwt().sign_in(ADA, &SignIn::default()).unwrap();
    show(&signed_in);
    hidden.add_token(signed_in.session_token());
    hidden.add_token(signed_in.refresh_token().unwrap());
}
