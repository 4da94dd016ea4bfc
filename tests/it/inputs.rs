//! Input that is wrong, of every kind: a typed error that names it, before any request, and no panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use descope::auth::access_key::AccessKeyOptions;
use descope::auth::session::MyTenants;
use descope::auth::session::SessionTokens;
use descope::auth::{DeliveryMethod, MessageLoginOptions, MessageSignUpOptions, UpdateOptions};
use descope::emulator::Emulator;
use descope::transport::http::Method;
use descope::transport::{Request, Response};
use descope::{
    Client, ClientBuilder, Credential, Error, KeyPolicy, Result, Scope, Secret, UserDetails,
};
use serde_json::json;

use crate::support::{REFRESH, refuses};

const METHODS: [DeliveryMethod; 5] = [
    DeliveryMethod::Email,
    DeliveryMethod::Im,
    DeliveryMethod::Sms,
    DeliveryMethod::Voice,
    DeliveryMethod::WhatsApp,
];

#[test]
fn the_builder_names_what_is_wrong() {
    let refused = |setting: &str, builder: ClientBuilder| match builder.ignore_env().build() {
        Err(Error::Argument { name, .. }) => assert_eq!(name, setting),
        other => panic!("{setting}: {other:?}"),
    };
    let good = || Client::builder().project_id("P2abc");
    let long = "x".repeat(20_000);
    for bad in ["", " ", "P 2", "P:2", "P/2", "P\r\n2", "P\0", "Pé", "..", "P2?x", "P%32", &long] {
        refused("project_id", Client::builder().project_id(bad));
    }
    for bad in ["", " ", "a b", "a:b", "a\r\nx: y", "a\0", "é", &long] {
        refused("management_key", good().management_key(bad));
        refused("auth_management_key", good().auth_management_key(bad));
    }
    for bad in [
        "",
        " ",
        "example.com",
        "ftp://example.com",
        "https://",
        "https://a b",
        "https://u:p@a.b",
        "https://a.b?q",
        "https://a.b#f",
        "https://a.b\r\n",
        "https://é\0",
        "https:a.b",
        "://",
    ] {
        refused("base_url", good().base_url(bad));
    }
    for bad in ["", "{", "{}", "null", "[]", r#"{"kty":"oct","k":"AAAA"}"#, "\0", &long] {
        refused("public_key", good().public_key(bad));
    }
    for bad in ["", " ", "a b", "a:b", "a\r\n", "é", "\0"] {
        refused("header", good().header(bad, "value"));
    }
    for bad in ["a\r\nb: c", "a\nb", "\0", "\u{7f}"] {
        refused("header", good().header("x-a", bad));
    }
    for bad in ["gopher://x", "http://", "http://a b", "\0", "http://x:port"] {
        refused("proxy", good().proxy(bad));
    }
    for bad in ["", "a b", "a=b", "a;b", "a,b", "a\r\nb", "é", "\0"] {
        refused("refresh_cookie", good().refresh_cookie(bad));
    }
    for bad in [
        &b""[..],
        b"\xff\xfe",
        b"text",
        b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
    ] {
        refused("root_certificates", good().root_certificates(bad));
    }
    refused("leeway", good().leeway(Duration::from_secs(121)));
    refused("leeway", good().leeway(Duration::MAX).key_policy(KeyPolicy::default()));
    let policy = KeyPolicy::default;
    refused("max_age", good().key_policy(policy().max_age(Duration::ZERO)));
    refused("max_age", good().key_policy(policy().cooldown(Duration::MAX)));
    refused("max_token_size", good().max_token_size(0));
    refused("fetch_timeout", good().key_policy(policy().fetch_timeout(Duration::ZERO)));
    let foreign =
        good().transport(|_: Request| Ok(Response::default())).proxy("http://127.0.0.1:1");
    assert!(matches!(foreign.build(), Err(Error::Config(_))));
    let missing = Client::builder().ignore_env().build();
    assert!(matches!(missing, Err(Error::Config(_))));
}

#[test]
fn nothing_is_deleted_by_an_empty_list() {
    refuses("user_ids", |c| c.mgmt().user().delete_batch(&[]));
    refuses("device_ids", |c| c.mgmt().user().remove_trusted_devices("ada", &[]));
    refuses("names", |c| c.mgmt().user().delete_custom_attributes(&[]));
    refuses("names", |c| c.mgmt().user().delete_family_scoped_custom_attributes(&[]));
    refuses("ids", |c| c.mgmt().access_key().delete_batch(&[]));
    refuses("resources", |c| c.mgmt().authz().delete_relations_for_resources(&[]));
    refuses("resources", |c| c.mgmt().authz().delete_resource_relations_for_resources(&[]));
}

#[test]
fn extreme_times_do_not_panic() {
    let emulator = Emulator::new();
    let client = Client::builder()
        .emulator(&emulator)
        .deadline(Duration::MAX)
        .try_timeout(Duration::MAX)
        .key_policy(
            KeyPolicy::default()
                .max_age(Duration::MAX)
                .max_stale(Duration::MAX)
                .fetch_timeout(Duration::MAX),
        )
        .build()
        .unwrap();
    client.warm_up().unwrap();
    let server = emulator.serve().unwrap();
    let by_socket = Client::builder()
        .ignore_env()
        .project_id(emulator.project_id())
        .base_url(server.base_url())
        .deadline(Duration::MAX)
        .try_timeout(Duration::MAX)
        .build()
        .unwrap();
    by_socket.warm_up().unwrap();
    assert!(by_socket.auth().session().me(REFRESH).unwrap_err().is_unauthorized());
    for time in [Duration::ZERO, Duration::from_nanos(1)] {
        assert!(
            by_socket.with_deadline(time).auth().session().me(REFRESH).unwrap_err().is_timeout()
        );
        assert!(
            by_socket.with_try_timeout(time).auth().session().me(REFRESH).unwrap_err().is_timeout()
        );
    }
}

#[test]
fn addresses_are_checked_before_a_message_is_asked_for() {
    for bad in [
        "",
        " ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "a@b@example.com",
        "ada @example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com, eve@example.com",
        "<ada@example.com>",
        "Ada <ada@example.com>",
        "ada\u{202e}@example.com",
        "\0@example.com",
        &format!("{}@example.com", "a".repeat(250)),
    ] {
        let options = MessageSignUpOptions::default().user(UserDetails::default().email(bad));
        if bad.is_empty() {
            refuses("email", |c| c.auth().otp().sign_up(DeliveryMethod::Email, "ada", &options));
        } else {
            refuses("email", |c| {
                c.auth().otp().sign_up(DeliveryMethod::Email, "ada@example.com", &options)
            });
        }
        refuses("email", |c| {
            c.auth().otp().update_email("ada", bad, REFRESH, &UpdateOptions::default())
        });
    }
    for bad in [
        " ",
        "123",
        "123456789012345678901",
        "+",
        "ada",
        "ada@example.com",
        "+1202555010a",
        "+12025550101\r\n",
        "+12025550101,+12025550102",
        "++12025550101",
        "+0123456789",
        "-12345678",
        "123456x",
        "123456xx7",
        "tel:+12025550101",
        &"1".repeat(50_000),
    ] {
        let options = MessageSignUpOptions::default().user(UserDetails::default().phone(bad));
        for method in &METHODS[1..] {
            refuses("phone", |c| c.auth().otp().sign_up(*method, "ada", &options));
            refuses("phone", |c| {
                c.auth().otp().update_phone(*method, "ada", bad, REFRESH, &UpdateOptions::default())
            });
        }
    }
}

#[test]
fn addresses_that_descope_may_take_are_sent() {
    let otp_to = |method: DeliveryMethod, address: &str| {
        let (client, sent) = counted();
        let _ = client.auth().otp().sign_up(method, address, &MessageSignUpOptions::default());
        assert_eq!(sent.load(Ordering::Relaxed), 1, "{address}");
    };
    for good in [
        "ada@x.சிங்கப்பூர்",
        "நண்பர்@x.சிங்கப்பூர்",
        "ada@x.test",
        "ada@x.local",
        "ada@localhost",
        "\"a b\"@example.com",
    ] {
        otp_to(DeliveryMethod::Email, good);
    }
    for good in ["12345", "+683 4000", "202 - 555 - 0101", "+49 (0) 30 123456", "١٢٣٤٥٦٧"] {
        METHODS[1..].iter().for_each(|method| otp_to(*method, good));
    }
}

#[test]
fn checks_take_linear_time() {
    let (client, sent) = counted();
    let otp = client.auth().otp();
    let start = Instant::now();
    for unit in
        ["1 ", "(1)", "((", "1-1.", "x", "+", "a.", "a@", "a@a.", "é", "-", "0".repeat(9).as_str()]
    {
        let text = unit.repeat(1_000_000 / unit.len());
        for method in METHODS {
            otp.sign_up(method, &text, &MessageSignUpOptions::default()).unwrap_err();
            otp.update_phone(method, "ada", &text, REFRESH, &UpdateOptions::default()).unwrap_err();
            otp.verify(method, "ada", &text).unwrap_err();
        }
        otp.update_email("ada", &text, REFRESH, &UpdateOptions::default()).unwrap_err();
        client.auth().session().validate(&text).unwrap_err();
        client.auth().session().refresh(&text).unwrap_err();
        client.call(Method::GET, &text, Credential::Project, &()).unwrap_err();
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(sent.load(Ordering::Relaxed), 0);
}

/// A client whose requests are counted, and checked for being HTTP.
fn counted() -> (Client, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let count = sent.clone();
    let client = Client::builder()
        .ignore_env()
        .project_id("P2abc")
        .management_key("K2management")
        .transport(move |request: Request| {
            count.fetch_add(1, Ordering::Relaxed);
            let target = request.uri().path_and_query().unwrap().as_str();
            assert!(target.bytes().all(|b| b.is_ascii_graphic()), "{target}");
            assert_eq!(request.uri().host(), Some("api.descope.com"));
            assert!(!request.uri().path().split('/').any(|segment| segment == ".."), "{target}");
            let bearer = request.headers()["authorization"].to_str().unwrap();
            assert!(
                bearer.starts_with("Bearer P2abc") && bearer.matches(':').count() <= 1,
                "{bearer}"
            );
            if !request.body().is_empty() {
                serde_json::from_slice::<serde_json::Value>(request.body()).unwrap();
            }
            Ok(Response::new(br#"{"keys":[]}"#.to_vec()))
        })
        .build()
        .unwrap();
    (client, sent)
}

/// Numbers that look random and are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// A text of pieces that have upset parsers before.
    fn text(&mut self) -> String {
        const PIECES: [&str; 40] = [
            "",
            "a",
            "A",
            "0",
            "1",
            "+",
            "-",
            ".",
            "..",
            "/",
            "\\",
            "@",
            ":",
            ";",
            ",",
            "?",
            "#",
            "%",
            "%2e",
            "%00",
            " ",
            "\t",
            "\r",
            "\n",
            "\0",
            "\u{7f}",
            "\"",
            "'",
            "<",
            ">",
            "{",
            "}",
            "é",
            "\u{202e}",
            "\u{feff}",
            "日本",
            "🎉",
            "eyJhbGciOiJSUzI1NiJ9",
            "example.com",
            "ada@example.com",
        ];
        if self.below(200) == 0 {
            return PIECES[self.below(PIECES.len())].repeat(20_000);
        }
        (0..self.below(9)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

#[test]
fn no_text_makes_a_call_panic() {
    let (client, _) = counted();
    let mut random = Random(42);
    for _ in 0..1_500 {
        let texts: [String; 4] = std::array::from_fn(|_| random.text());
        let [a, b, c, d] = &texts;
        let method = METHODS[random.below(METHODS.len())];
        every_call(&client, method, a, b, c, d);
        every_setting(a, b, c);
    }
}

/// Calls every function that takes a text, with these.
fn every_call(client: &Client, method: DeliveryMethod, a: &str, b: &str, c: &str, d: &str) {
    fn drop_error<T>(outcome: Result<T>) {
        if let Err(error) = outcome {
            let _ = (error.to_string(), format!("{error:?}"), error.code().map(str::len));
        }
    }
    let otp = client.auth().otp();
    let login = MessageLoginOptions::default()
        .add_factor(b)
        .custom_claims([(c, d)])
        .template_id(c)
        .template_options([(d, c)])
        .revoke_other_sessions_types([c])
        .tenant_id(d)
        .locale(c)
        .provider_id(d);
    let user = UserDetails::default().name(a).email(b).phone(c).given_name(d);
    let sign_up = MessageSignUpOptions::default().user(user).custom_claims([(a, b)]).tenant_id(c);
    let update = UpdateOptions::default().template_options([(a, b)]).template_id(c).provider_id(d);
    drop_error(otp.sign_up(method, a, &sign_up));
    drop_error(otp.sign_up(method, a, &MessageSignUpOptions::default()));
    drop_error(otp.sign_in(method, a, &login));
    drop_error(otp.sign_up_or_in(method, a, &Default::default()));
    drop_error(otp.verify(method, a, b));
    drop_error(otp.update_email(a, b, c, &update));
    drop_error(otp.update_phone(method, a, b, c, &update));
    let session = client.auth().session();
    drop_error(session.validate(a));
    drop_error(session.refresh(a));
    drop_error(session.validate_and_refresh(SessionTokens { session: a, refresh: b }));
    drop_error(session.logout(a));
    drop_error(session.logout_all(a));
    drop_error(session.me(a));
    drop_error(session.load_history(a));
    drop_error(session.load_my_tenants(MyTenants::Current, a));
    drop_error(session.load_my_tenants(MyTenants::Ids(&[a, b]), REFRESH));
    drop_error(session.select_tenant(a, REFRESH));
    let options = AccessKeyOptions::default().custom_claims([(b, c)]).selected_tenant(d);
    drop_error(client.auth().access_key().exchange(a, &options));
    for credential in [Credential::Project, Credential::Token(b), Credential::ManagementKey] {
        drop_error(client.call(Method::GET, a, credential, &()));
        drop_error(client.call(Method::POST, &format!("/{a}"), credential, &json!({ c: d })));
    }
    drop_error(client.with_request_id(a).auth().session().me(REFRESH));
    drop_error(client.with_audiences([a]).auth().session().validate(b));
}

/// Builds clients with these texts for settings.
fn every_setting(a: &str, b: &str, c: &str) {
    let good = || Client::builder().ignore_env().project_id("P2abc");
    let _ = Client::builder().ignore_env().project_id(a).build();
    let _ = good().management_key(a).auth_management_key(b).build();
    let _ = good().header(a, b).build();
    let _ = good().refresh_cookie(a).audience(b).build();
    let _ = good().public_key(a).build();
    // One that gets through has a host, and keeps no credentials.
    for url in [a.to_owned(), format!("https://{a}"), format!("http://{b}/{c}")] {
        if let Ok(client) = good().base_url(url).transport(|_| Ok(Response::default())).build() {
            let (_, rest) = client.base_url().split_once("://").unwrap();
            let host = rest.split('/').next().unwrap();
            assert!(!host.is_empty() && !host.contains('@') && !rest.contains(['?', '#']));
            let _ = client.auth().session().me(REFRESH);
        }
    }
    let _ = good().proxy(Secret::from(a)).transport(|_| Ok(Response::default())).build();
}

#[test]
fn claims_answer_any_question() {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    let mut random = Random(7);
    for _ in 0..200 {
        let texts: [String; 3] = std::array::from_fn(|_| random.text());
        let [a, b, c] = &texts;
        if a.len() + b.len() + c.len() > 1_000 {
            continue;
        }
        let token = emulator
            .issue_token(json!({
                "sub": "U1", "drn": "DS", "roles": [a, b], "tenants": { a: { "roles": [c] }, b: null },
            }))
            .unwrap();
        let claims = client.auth().session().validate(&token).unwrap();
        assert!(claims.has_roles(Scope::Project, [a.as_str(), b]));
        let tenant = Scope::Tenant(a);
        assert_eq!(claims.has_roles(tenant, [""; 0]), !a.is_empty());
        if a != b && !a.is_empty() {
            assert_eq!(claims.matched_roles(tenant, [c.as_str()]), [c]);
        }
        let _ = (claims.get::<u8>(a), claims.permissions(Scope::Tenant(c)), format!("{claims:?}"));
    }
}
