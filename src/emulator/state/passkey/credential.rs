//! What browsers return from `navigator.credentials`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Decoder;
use serde_json::Value;

use super::key::PublicKey;
use crate::emulator::words::fields::Fields;
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// Flags of the authenticator data (Web Authentication Level 2 section 6.1).
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

/// What was asked of the browser.
pub(in crate::emulator) struct Expected {
    pub(in crate::emulator) challenge: String,
    pub(in crate::emulator) rp_id: String,
    pub(in crate::emulator) user_verification: String,
    origin: String,
}

impl Expected {
    pub(in crate::emulator) fn new(body: Fields<'_>) -> Result<Self> {
        let (origin, passkey) = (body.text("origin"), body.object("passkeyOptions"));
        let user_verification = passkey
            .some_text("userVerification")
            .or_else(|| passkey.object("authenticatorSelection").some_text("userVerification"))
            .unwrap_or("preferred");
        if !matches!(user_verification, "required" | "preferred" | "discouraged") {
            return Err(Refusal::argument("The userVerification is unknown"));
        }
        Ok(Self {
            challenge: URL_SAFE_NO_PAD.encode(random::text(32)),
            rp_id: host(origin)?,
            user_verification: user_verification.to_owned(),
            origin: origin.to_owned(),
        })
    }

    /// Checks `clientDataJSON` and returns its digest.
    fn check_client(&self, ceremony: &str, json: &[u8]) -> Result<[u8; 32]> {
        let client: Value =
            serde_json::from_slice(json).map_err(|_| malformed("clientDataJSON"))?;
        let wrong = |what| Err(Refusal::passkey(format!("The {what} is wrong")));
        if client["type"] != ceremony {
            return wrong("type");
        }
        if client["challenge"] != *self.challenge {
            return wrong("challenge");
        }
        if client["origin"] != *self.origin || client["crossOrigin"] == true {
            return wrong("origin");
        }
        Ok(sha256(json))
    }

    fn check_authenticator(&self, data: &AuthenticatorData<'_>) -> Result<()> {
        let refuse = |message| Err(Refusal::passkey(message));
        if data.rp_id_hash != sha256(self.rp_id.as_bytes()) {
            return refuse("The passkey is for another relying party");
        }
        if data.flags & USER_PRESENT == 0 {
            return refuse("The user was not present");
        }
        if self.user_verification == "required" && data.flags & USER_VERIFIED == 0 {
            return refuse("The user was not verified");
        }
        Ok(())
    }
}

/// The relying party's ID: the host of the origin.
fn host(origin: &str) -> Result<String> {
    let bad = || Refusal::argument("The origin must be a scheme and a host");
    let uri: crate::transport::http::Uri = origin.parse().map_err(|_| bad())?;
    let bare = uri.path_and_query().is_none_or(|path| path == "/") && !origin.ends_with('/');
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if bare => Ok(host.to_owned()),
        _ => Err(bad()),
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}

fn malformed(what: &str) -> Refusal {
    Refusal::argument(format!("The {what} of the response cannot be read"))
}

/// The members of a credential that are binary, as text in base64url.
struct Credential(Value);

impl Credential {
    fn read(text: &str) -> Result<Self> {
        let credential: Value = serde_json::from_str(text).map_err(|_| malformed("JSON"))?;
        if credential["type"] != "public-key" {
            return Err(malformed("type"));
        }
        Ok(Self(credential))
    }

    fn id(&self) -> Result<Vec<u8>> {
        decode(&self.0["rawId"]).or_else(|| decode(&self.0["id"])).ok_or_else(|| malformed("id"))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        decode(&self.0["response"][name]).ok_or_else(|| malformed(name))
    }
}

fn decode(value: &Value) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(value.as_str()?.trim_end_matches('=')).ok()
}

/// A passkey that was made for this relying party.
pub(in crate::emulator) struct NewCredential {
    pub(in crate::emulator) id: Vec<u8>,
    pub(in crate::emulator) key: PublicKey,
    pub(in crate::emulator) sign_count: u32,
}

impl NewCredential {
    /// Reads and checks what `navigator.credentials.create` returned.
    pub(in crate::emulator) fn read(expected: &Expected, text: &str) -> Result<Self> {
        let credential = Credential::read(text)?;
        let client_hash =
            expected.check_client("webauthn.create", &credential.bytes("clientDataJSON")?)?;
        let object = credential.bytes("attestationObject")?;
        let attestation = Attestation::read(&object).map_err(|_| malformed("attestationObject"))?;
        let data = AuthenticatorData::read(attestation.data)?;
        expected.check_authenticator(&data)?;
        let (id, key) = data.credential()?;
        if id != credential.id()? {
            return Err(malformed("id"));
        }
        let signed = [attestation.data, &client_hash].concat();
        attestation.check(&key, &signed)?;
        Ok(Self { id: id.to_vec(), key, sign_count: data.sign_count })
    }
}

/// What `navigator.credentials.get` returned.
pub(in crate::emulator) struct Assertion {
    pub(in crate::emulator) id: Vec<u8>,
    pub(in crate::emulator) user_handle: Option<Vec<u8>>,
    client: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Assertion {
    pub(in crate::emulator) fn read(text: &str) -> Result<Self> {
        let credential = Credential::read(text)?;
        let handle = &credential.0["response"]["userHandle"];
        Ok(Self {
            id: credential.id()?,
            user_handle: decode(handle).filter(|handle| !handle.is_empty()),
            client: credential.bytes("clientDataJSON")?,
            data: credential.bytes("authenticatorData")?,
            signature: credential.bytes("signature")?,
        })
    }

    /// Checks it, and returns the authenticator's count of signatures.
    pub(in crate::emulator) fn verify(&self, expected: &Expected, key: &PublicKey) -> Result<u32> {
        let client_hash = expected.check_client("webauthn.get", &self.client)?;
        let data = AuthenticatorData::read(&self.data)?;
        expected.check_authenticator(&data)?;
        key.verify(&[&*self.data, &client_hash].concat(), &self.signature)?;
        Ok(data.sign_count)
    }
}

/// An attestation object (Web Authentication Level 2 section 6.5).
struct Attestation<'a> {
    format: &'a str,
    data: &'a [u8],
    /// The statement's algorithm, signature and whether there are certificates.
    algorithm: Option<i64>,
    signature: Option<&'a [u8]>,
    certified: bool,
    members: u64,
}

impl<'a> Attestation<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, minicbor::decode::Error> {
        let mut decoder = Decoder::new(bytes);
        let (mut format, mut data) = (None, None);
        let (mut algorithm, mut signature, mut certified, mut members) = (None, None, false, 0);
        for _ in 0..decoder.map()?.unwrap_or_default() {
            match decoder.str()? {
                "fmt" => format = Some(decoder.str()?),
                "authData" => data = Some(decoder.bytes()?),
                "attStmt" => {
                    members = decoder.map()?.unwrap_or_default();
                    for _ in 0..members {
                        match decoder.str()? {
                            "alg" => algorithm = Some(decoder.i64()?),
                            "sig" => signature = Some(decoder.bytes()?),
                            name => {
                                certified |= name == "x5c";
                                decoder.skip()?;
                            }
                        }
                    }
                }
                _ => decoder.skip()?,
            }
        }
        match (format, data) {
            (Some(format), Some(data)) if decoder.position() == bytes.len() => {
                Ok(Self { format, data, algorithm, signature, certified, members })
            }
            _ => Err(minicbor::decode::Error::message("incomplete")),
        }
    }

    /// `none`, and `packed` (section 8.2): signed with the passkey itself, or by a certificate, which
    /// is taken on trust.
    fn check(&self, key: &PublicKey, signed: &[u8]) -> Result<()> {
        match self.format {
            "none" if self.members == 0 => Ok(()),
            "packed" if self.certified => Ok(()),
            "packed" if self.algorithm == Some(key.algorithm()) => {
                key.verify(signed, self.signature.unwrap_or_default())
            }
            _ => Err(Refusal::passkey("The kind of the attestation was not requested")),
        }
    }
}

/// Authenticator data (Web Authentication Level 2 section 6.1).
struct AuthenticatorData<'a> {
    rp_id_hash: [u8; 32],
    flags: u8,
    sign_count: u32,
    rest: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self> {
        let read = || {
            let (rp_id_hash, rest) = bytes.split_first_chunk::<32>()?;
            let (&flags, rest) = rest.split_first()?;
            let (sign_count, rest) = rest.split_first_chunk::<4>()?;
            let sign_count = u32::from_be_bytes(*sign_count);
            Some(Self { rp_id_hash: *rp_id_hash, flags, sign_count, rest })
        };
        read().ok_or_else(|| malformed("authenticatorData"))
    }

    /// The new credential's ID and public key (section 6.5.1).
    fn credential(&self) -> Result<(&'a [u8], PublicKey)> {
        let bad = || malformed("authenticatorData");
        if self.flags & HAS_CREDENTIAL == 0 {
            return Err(bad());
        }
        // After the authenticator's make come the ID, with its length before it, and the key.
        let (length, rest) =
            self.rest.get(16..).and_then(<[u8]>::split_first_chunk).ok_or_else(bad)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (id, rest) =
            rest.split_at_checked(length).filter(|_| length <= 1023).ok_or_else(bad)?;
        let mut decoder = Decoder::new(rest);
        let key = PublicKey::read(&mut decoder)?;
        if self.flags & HAS_EXTENSIONS != 0 {
            decoder.skip().map_err(|_| bad())?;
        }
        if decoder.position() == rest.len() { Ok((id, key)) } else { Err(bad()) }
    }
}
