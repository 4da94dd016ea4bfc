//! A certificate for HTTPS, made when the server starts.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Days for which certificates are valid. Some systems take none that is valid for much longer than a year.
const DAYS: u32 = 397;

type Made<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a server needs to speak TLS, and what its clients need to trust it.
pub(super) struct Tls {
    pub(super) config: Arc<ServerConfig>,
    /// The certificate of the authority, as PEM.
    pub(super) authority: String,
}

impl Tls {
    /// For this machine, the address that the server listens on, and these names.
    pub(super) fn new(address: IpAddr, names: &[&str]) -> io::Result<Self> {
        make(address, names).map_err(io::Error::other)
    }
}

/// Makes an authority and one certificate of it. The authority's key is gone then: nobody can make further
/// certificates that its clients would trust.
fn make(address: IpAddr, names: &[&str]) -> Made<Tls> {
    let mut authority = params(&[], "Descope emulator: authority")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let own = address.to_string();
    let mut all = vec!["localhost", "*.localhost", "127.0.0.1", "::1"];
    all.extend((!address.is_unspecified() && !address.is_loopback()).then_some(&*own));
    all.extend(names);
    let mut params = params(&all, "Descope emulator")?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;

    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok(Tls { config: Arc::new(config), authority: authority_pem })
}

fn params(names: &[&str], common_name: &str) -> Made<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    // A client's clock may be behind.
    params.not_before = (now - DAY).into();
    params.not_after = (now + DAY * (DAYS - 1)).into();
    Ok(params)
}
