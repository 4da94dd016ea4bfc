//! The crates `oauth2` and `openidconnect`, unmodified, against the emulator as an authorization server. They
//! speak to it without a socket: the requests and answers of all three are those of the crate `http`.

use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use descope::emulator::Emulator;
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, DeviceCodeErrorResponseType, HttpRequest, HttpResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, RevocationUrl, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken, TokenResponse, TokenUrl,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{AccessTokenHash, IssuerUrl, Nonce};

const BASE: &str = "http://localhost";
const ADA: &str = "ada@example.com";
const CALLBACK: &str = "http://127.0.0.1:61234/cb";

fn emulator() -> Emulator {
    let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../seed.json");
    let emulator = Emulator::builder().project_id("P2project").build();
    let seed = serde_json::from_str(&fs::read_to_string(seed).unwrap()).unwrap();
    emulator.seed(&seed).unwrap();
    emulator
}

fn http(emulator: &Emulator) -> impl Fn(HttpRequest) -> Result<HttpResponse, Infallible> + '_ {
    |request| Ok(emulator.handle(request))
}

/// A parameter of the URL that a browser is sent to; none of these needs to be decoded.
fn parameter(url: &str, name: &str) -> String {
    let pairs = url.split_once('?').unwrap().1.split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(known, _)| *known == name)
        .unwrap()
        .1
        .to_owned()
}

macro_rules! inbound {
    ($id:expr) => {
        BasicClient::new(ClientId::new($id.to_owned()))
            .set_auth_uri(AuthUrl::new(format!("{BASE}/oauth2/v1/apps/authorize")).unwrap())
            .set_token_uri(TokenUrl::new(format!("{BASE}/oauth2/v1/apps/token")).unwrap())
            .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap())
    };
}

fn code_refresh_and_revocation() {
    let emulator = emulator();
    let http = http(&emulator);
    let revoke = RevocationUrl::new(format!("{BASE}/oauth2/v1/apps/revoke")).unwrap();
    // The crate insists on https for this one.
    let revoke = (revoke.as_str().starts_with("https"), revoke);
    let client = inbound!("public").set_auth_type(AuthType::RequestBody);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let request = client.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
    let scopes = ["docs", "offline_access"].map(|scope| Scope::new(scope.to_owned()));
    let (url, state) = request.add_scopes(scopes).url();
    let back = emulator.oidc().authorize(url.as_str(), ADA).unwrap();
    assert_eq!(parameter(&back, "state"), *state.secret());
    let code = parameter(&back, "code");
    let exchange = |verifier: PkceCodeVerifier| {
        client
            .exchange_code(AuthorizationCode::new(code.clone()))
            .set_pkce_verifier(verifier)
            .request(&http)
    };
    let wrong = exchange(PkceCodeVerifier::new("v".repeat(43))).unwrap_err();
    assert!(is_invalid_grant(&wrong), "{wrong:?}");
    let tokens = exchange(PkceCodeVerifier::new(verifier.secret().clone())).unwrap();
    assert_eq!(tokens.expires_in(), Some(Duration::from_secs(600)));
    let old = tokens.refresh_token().unwrap();
    let new = client.exchange_refresh_token(old).request(&http).unwrap();
    assert!(is_invalid_grant(&client.exchange_refresh_token(old).request(&http).unwrap_err()));
    let family = client.exchange_refresh_token(new.refresh_token().unwrap()).request(&http);
    assert!(is_invalid_grant(&family.unwrap_err()));
    let client = client.set_revocation_url(revoke.1);
    let token = StandardRevocableToken::AccessToken(new.access_token().clone());
    match client.revoke_token(token) {
        Ok(request) => request.request(&http).unwrap(),
        Err(refused) => assert!(!revoke.0, "{refused}"),
    }
}

type Refusal = RequestTokenError<Infallible, oauth2::basic::BasicErrorResponse>;

fn is_invalid_grant(error: &Refusal) -> bool {
    matches!(error, RequestTokenError::ServerResponse(answer)
        if *answer.error() == BasicErrorResponseType::InvalidGrant)
}

fn client_credentials() {
    let emulator = emulator();
    let http = http(&emulator);
    for way in [AuthType::BasicAuth, AuthType::RequestBody] {
        let client = |secret: &str| {
            inbound!("confidential")
                .set_client_secret(ClientSecret::new(secret.to_owned()))
                .set_auth_type(way.clone())
        };
        let tokens =
            client("a secret: +/%&ü").exchange_client_credentials().request(&http).unwrap();
        assert!(tokens.refresh_token().is_none() && tokens.scopes().is_some());
        let wrong = client("wrong").exchange_client_credentials().request(&http).unwrap_err();
        assert!(
            matches!(&wrong, RequestTokenError::ServerResponse(answer)
            if *answer.error() == BasicErrorResponseType::InvalidClient),
            "{wrong:?}"
        );
    }
}

fn device_code() {
    let emulator = emulator();
    let http = http(&emulator);
    let url = DeviceAuthorizationUrl::new(format!("{BASE}/oauth2/v1/apps/device")).unwrap();
    let client =
        inbound!("public").set_auth_type(AuthType::RequestBody).set_device_authorization_url(url);
    let start = || -> StandardDeviceAuthorizationResponse {
        client
            .exchange_device_code()
            .add_scope(Scope::new("openid".to_owned()))
            .request(&http)
            .unwrap()
    };
    // The user decides while the device waits; the emulator's time passes as it sleeps.
    let started = start();
    let sleep = |time: Duration| {
        emulator.advance(time + Duration::from_secs(1));
        let _ = emulator.oidc().approve_device(started.user_code().secret(), ADA);
    };
    client.exchange_device_access_token(&started).request(&http, sleep, None).unwrap();
    let denied = start();
    emulator.oidc().deny_device(denied.user_code().secret()).unwrap();
    let sleep = |time: Duration| emulator.advance(time);
    let error =
        client.exchange_device_access_token(&denied).request(&http, sleep, None).unwrap_err();
    assert!(
        matches!(&error, RequestTokenError::ServerResponse(answer)
        if *answer.error() == DeviceCodeErrorResponseType::AccessDenied),
        "{error:?}"
    );
}

fn id_token_and_user_info() {
    let emulator = emulator();
    let http = http(&emulator);
    let issuer = IssuerUrl::new(format!("{BASE}/P2project/SAweb")).unwrap();
    let metadata = CoreProviderMetadata::discover(&issuer, &http).unwrap();
    let secret = ClientSecret::new("web secret".to_owned());
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new("web".to_owned()), Some(secret))
            .set_redirect_uri(RedirectUrl::new("https://app.example/cb".to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let (url, _, nonce) = client
        .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let back = emulator.oidc().authorize(url.as_str(), ADA).unwrap();
    let code = AuthorizationCode::new(parameter(&back, "code"));
    let tokens =
        client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request(&http).unwrap();
    let verifier = client.id_token_verifier();
    let id_token = tokens.extra_fields().id_token().unwrap();
    let claims = id_token.claims(&verifier, &nonce).unwrap();
    assert_eq!(claims.email().map(|email| email.as_str()), Some(ADA));
    assert!(id_token.claims(&verifier, &Nonce::new_random()).is_err());
    let algorithm = id_token.signing_alg().unwrap();
    let key = id_token.signing_key(&verifier).unwrap();
    let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).unwrap();
    assert_eq!(Some(&hash), claims.access_token_hash());
    let request =
        client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
    let info: CoreUserInfoClaims = request.request(&http).unwrap();
    assert_eq!(info.email_verified(), Some(true));
}

fn main() {
    for (name, check) in [
        ("oauth2: code, refresh with rotation, revocation", code_refresh_and_revocation as fn()),
        ("oauth2: client credentials", client_credentials),
        ("oauth2: device code", device_code),
        ("openidconnect: discovery, ID token, userinfo", id_token_and_user_info),
    ] {
        check();
        println!("ok      {name}");
    }
}
