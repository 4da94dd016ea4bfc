//! TLS: who is trusted, and that nothing is said to anybody else.

use std::io::{BufReader, Write};
use std::sync::Arc;
use std::time::Duration;

use descope::auth::{DeliveryMethod, MessageLoginOptions};
use descope::transport::TransportErrorKind as Kind;
use descope::{Client, CryptoLibrary, Error, RetryPolicy};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Arrived, NoWaiting, Raw, response, to, within};
use crate::support::REFRESH;

/// A certificate authority nobody knows.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// What a server for these names needs.
    fn config(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.config_valid(names, 4096)
    }

    fn config_valid(&self, names: &[&str], until: i32) -> Arc<ServerConfig> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }
}

fn self_signed(name: &str) -> (Arc<ServerConfig>, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (config(certificate.der().clone(), &key), certificate.pem())
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

/// A server that answers what it can decrypt.
fn serve(config: Arc<ServerConfig>) -> Raw {
    Raw::new(move |_, stream, seen| {
        let tls = ServerConnection::new(config.clone()).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(tls, stream));
        while let Some(arrived) = Arrived::read(&mut reader) {
            seen.note(&arrived);
            let stream = reader.get_mut();
            if stream.write_all(&response("200 OK", "", "{}")).is_err() {
                break;
            }
        }
    })
}

fn url(server: &Raw, host: &str) -> String {
    format!("https://{host}:{}", server.address().port())
}

/// Asserts that neither a safe nor an unsafe call gets through, and that nothing is said.
#[track_caller]
fn refused(server: &Raw, client: &Client) {
    for _ in 0..2 {
        let error = client.auth().session().me(REFRESH).unwrap_err();
        assert_tls(&error, false);
        let otp = client.auth().otp();
        let error = otp
            .sign_in(DeliveryMethod::Email, "ada@example.com", &MessageLoginOptions::default())
            .unwrap_err();
        assert_tls(&error, false);
        assert!(error.to_string().contains("certificate"), "{error}");
        client.warm_up().unwrap_err();
    }
    assert!(server.connections() > 0);
    assert!(server.seen().is_empty(), "{:?}", server.seen());
}

#[track_caller]
fn assert_tls(error: &Error, maybe_processed: bool) {
    let Error::Transport(error) = error else { panic!("{error:?}") };
    assert_eq!((error.kind(), error.maybe_processed()), (Kind::Tls, maybe_processed), "{error:?}");
}

#[test]
fn strangers_are_refused() {
    let authority = Authority::new();
    let (own, _) = self_signed("localhost");
    for config in [authority.config(&["localhost", "127.0.0.1"]), own] {
        let server = serve(config);
        for host in ["localhost", "127.0.0.1"] {
            refused(&server, &to(&url(&server, host)).clock(NoWaiting::default()).build().unwrap());
        }
    }
}

#[cfg(feature = "platform-verifier")]
#[test]
fn so_are_strangers_to_the_operating_system() {
    let authority = Authority::new();
    let server = serve(authority.config(&["localhost"]));
    let client =
        to(&url(&server, "localhost")).root_certificates(authority.pem).platform_verifier();
    refused(&server, &client.clock(NoWaiting::default()).build().unwrap());
    let foreign = Client::builder().project_id("P2abc").agent(ureq::agent()).platform_verifier();
    assert!(matches!(foreign.build(), Err(Error::Config(_))));
}

#[test]
fn a_given_authority_is_trusted_and_no_other() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = serve(authority.config(&["localhost", "127.0.0.1"]));
    let pem = authority.pem.clone();
    for host in ["localhost", "127.0.0.1"] {
        for library in [CryptoLibrary::Ring, CryptoLibrary::AwsLc] {
            let client = to(&url(&server, host)).root_certificates(pem.clone()).crypto(library);
            let client = client.build().unwrap();
            client.auth().session().me(REFRESH).unwrap();
            client.auth().session().me(REFRESH).unwrap();
        }
    }
    assert_eq!((server.seen().len(), server.connections()), (8, 4));
    assert_eq!(server.seen()[0].header("authorization"), Some(&*format!("Bearer P2abc:{REFRESH}")));
    // Several in one file, with a key that is left alone between them.
    let bundle = format!("{}\n{}\n{pem}", other.pem, KeyPair::generate().unwrap().serialize_pem());
    let client = to(&url(&server, "localhost")).root_certificates(bundle).build().unwrap();
    client.auth().session().me(REFRESH).unwrap();

    let server = serve(authority.config(&["localhost"]));
    let client =
        to(&url(&server, "localhost")).root_certificates(other.pem).clock(NoWaiting::default());
    refused(&server, &client.build().unwrap());
}

#[test]
fn a_self_signed_certificate_can_be_trusted() {
    let (config, pem) = self_signed("localhost");
    let server = serve(config);
    let client = to(&url(&server, "localhost")).root_certificates(pem).build().unwrap();
    client.auth().session().me(REFRESH).unwrap();
}

#[test]
fn certificates_count_for_their_names_and_time_alone() {
    let authority = Authority::new();
    for config in [
        authority.config(&["api.descope.com"]),
        authority.config(&["localhost.example.com", "10.0.0.1"]),
        authority.config_valid(&["localhost"], 2020),
    ] {
        let server = serve(config);
        let client = to(&url(&server, "localhost"))
            .root_certificates(authority.pem.clone())
            .retry(RetryPolicy::none());
        refused(&server, &client.build().unwrap());
    }
}

#[test]
fn a_tls_connection_that_breaks_after_the_request_is_no_refusal() {
    let authority = Authority::new();
    let config = authority.config(&["localhost"]);
    let server = Raw::new(move |_, stream, seen| {
        let plain = stream.try_clone().unwrap();
        let tls = ServerConnection::new(config.clone()).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(tls, stream));
        if let Some(arrived) = Arrived::read(&mut reader) {
            seen.note(&arrived);
            // No record of this connection.
            let _ = (&plain).write_all(&[0x17, 3, 3, 0, 32]);
            let _ = (&plain).write_all(&[7; 32]);
            let _ = Arrived::read(&mut reader);
        }
    });
    let client = to(&url(&server, "localhost"))
        .root_certificates(authority.pem.clone())
        .clock(NoWaiting::default())
        .build()
        .unwrap();
    let otp = client.auth().otp();
    let error = otp
        .sign_in(DeliveryMethod::Email, "ada@example.com", &MessageLoginOptions::default())
        .unwrap_err();
    assert_tls(&error, true);
    assert_eq!(server.seen().len(), 1, "the code was perhaps sent, and is not sent again");
    assert_tls(&client.auth().session().me(REFRESH).unwrap_err(), true);
    assert_eq!(server.seen().len(), 1 + 4);
}

#[test]
fn encryption_is_left_out_only_where_the_url_says_so() {
    let plain = Raw::answering(|_| response("200 OK", "", "{}"));
    to(&plain.url()).build().unwrap().auth().session().me(REFRESH).unwrap();
    to(&plain.url().replace("http", "HTTP")).build().unwrap().auth().session().me(REFRESH).unwrap();
    assert_eq!(plain.seen().len(), 2);

    let silent = Raw::new(|_, stream, seen| {
        let mut first = [0; 1];
        if std::io::Read::read_exact(&mut &stream, &mut first).is_ok() && first != [0x16] {
            seen.note(&Arrived {
                line: "plain".to_owned(),
                headers: Vec::new(),
                body: String::new(),
            });
        }
        let _ = (&stream).write_all(&response("400 Bad Request", "", "TLS to a plain port"));
    });
    let client = to(&url(&silent, "localhost")).clock(NoWaiting::default()).build().unwrap();
    let error =
        within(Duration::from_secs(10), || client.auth().session().me(REFRESH).unwrap_err());
    assert!(error.is_unavailable() && error.status().is_none(), "{error:?}");
    assert!(silent.connections() > 0 && silent.seen().is_empty());
}

#[test]
fn no_setting_of_the_client_leaves_https_by_itself() {
    // Where nothing is said, the host is Descope's, and encrypted.
    let client = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
    assert!(client.base_url().starts_with("https://"));
    for url in ["api.descope.com", "//api.descope.com", "ftp://api.descope.com", "ws://x", ""] {
        let refused = Client::builder().ignore_env().project_id("P2abc").base_url(url).build();
        assert!(matches!(refused, Err(Error::Argument { name: "base_url", .. })), "{url}");
    }
}
