// A browser and its authenticator, in software: makes passkeys for ES256 and signs with them (Web
// Authentication Level 2 sections 6.3.2 and 6.3.3). Everything it says can be made wrong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

pub(crate) struct Authenticator {
    /// The page that asks.
    pub origin: String,
    /// The ceremony to name; the right one if there is none.
    pub ceremony: Option<&'static str>,
    /// The challenge to answer; the one asked if there is none.
    pub challenge: Option<String>,
    /// The relying party to sign for; the one asked if there is none.
    pub rp_id: Option<String>,
    pub cross_origin: bool,
    pub user_present: bool,
    pub user_verified: bool,
    /// The next count of signatures.
    pub count: u32,
    /// The attestation's format: `none`, or `packed` for one signed with the passkey itself.
    pub attestation: &'static str,
    /// The COSE algorithm to claim.
    pub algorithm: i64,
    /// Signs something else.
    pub forge: bool,
    /// The ID of new passkeys; one of its own each if there is none.
    pub id: Option<Vec<u8>>,
    /// Says that the passkey is this user's; the right one if there is none.
    pub user_handle: Option<Vec<u8>>,
    passkeys: Vec<Passkey>,
}

struct Passkey {
    id: Vec<u8>,
    rp_id: String,
    user_handle: Vec<u8>,
    key: EcdsaKeyPair,
}

impl Authenticator {
    pub(crate) fn at(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ceremony: None,
            challenge: None,
            rp_id: None,
            cross_origin: false,
            user_present: true,
            user_verified: true,
            count: 1,
            attestation: "none",
            algorithm: -7,
            forge: false,
            id: None,
            user_handle: None,
            passkeys: Vec::new(),
        }
    }

    /// `navigator.credentials.create`.
    pub(crate) fn create(&mut self, options: &str) -> String {
        let options = public_key(options);
        let rp_id = options["rp"]["id"].as_str().unwrap().to_owned();
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let mut id = vec![0; 32];
        random.fill(&mut id).unwrap();
        let id = self.id.clone().unwrap_or(id);

        let mut cose = Encoder::new(Vec::new());
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let written = cose.map(5).and_then(|e| e.u8(1)?.u8(2)?.u8(3)?.i64(self.algorithm));
        written.and_then(|e| e.i8(-1)?.u8(1)?.i8(-2)?.bytes(x)?.i8(-3)?.bytes(y)).unwrap();
        let mut data = self.data(&rp_id, 1 << 6);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).unwrap().to_be_bytes());
        data.extend(&id);
        data.extend(cose.into_writer());

        let client = self.client("webauthn.create", &options);
        let mut object = Encoder::new(Vec::new());
        object.map(3).and_then(|e| e.str("fmt")?.str(self.attestation)?.str("attStmt")).unwrap();
        if self.attestation == "packed" {
            let signature = self.sign(&key, &data, &client);
            let written = object.map(2).and_then(|e| e.str("alg")?.i64(self.algorithm));
            written.and_then(|e| e.str("sig")?.bytes(&signature)).unwrap();
        } else {
            object.map(0).unwrap();
        }
        object.str("authData").and_then(|e| e.bytes(&data)).unwrap();

        let user_handle = decode(&options["user"]["id"]);
        let answer = json!({
            "id": encode(&id),
            "rawId": encode(&id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&client),
                "attestationObject": encode(&object.into_writer()),
                "transports": ["internal"],
            },
        });
        self.passkeys.push(Passkey { id, rp_id, user_handle, key });
        self.count += 1;
        answer.to_string()
    }

    /// `navigator.credentials.get`, with the newest passkey that will do.
    pub(crate) fn get(&mut self, options: &str) -> String {
        let options = public_key(options);
        let rp_id = options["rpId"].as_str().unwrap().to_owned();
        let allowed = options["allowCredentials"].as_array();
        let passkey = self.passkeys.iter().rev().find(|passkey| {
            let named = |one: &Value| decode(&one["id"]) == passkey.id;
            passkey.rp_id == rp_id && allowed.is_none_or(|list| list.iter().any(named))
        });
        let passkey = passkey.expect("a passkey");
        let data = self.data(&rp_id, 0);
        let client = self.client("webauthn.get", &options);
        let signature = self.sign(&passkey.key, &data, &client);
        let user_handle = self.user_handle.as_ref().unwrap_or(&passkey.user_handle);
        let answer = json!({
            "id": encode(&passkey.id),
            "rawId": encode(&passkey.id),
            "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&client),
                "authenticatorData": encode(&data),
                "signature": encode(&signature),
                "userHandle": encode(user_handle),
            },
        });
        self.count += 1;
        answer.to_string()
    }

    fn data(&self, rp_id: &str, flags: u8) -> Vec<u8> {
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        let flags = flags | u8::from(self.user_present) | (u8::from(self.user_verified) << 2);
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn client(&self, ceremony: &str, options: &Value) -> Vec<u8> {
        let challenge = self.challenge.as_deref();
        json!({
            "type": self.ceremony.unwrap_or(ceremony),
            "challenge": challenge.unwrap_or(options["challenge"].as_str().unwrap()),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
        .into_bytes()
    }

    fn sign(&self, key: &EcdsaKeyPair, data: &[u8], client: &[u8]) -> Vec<u8> {
        let mut signed = [data, digest(&SHA256, client).as_ref()].concat();
        if self.forge {
            signed.push(0);
        }
        key.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec()
    }
}

pub(crate) fn public_key(options: &str) -> Value {
    serde_json::from_str::<Value>(options).unwrap()["publicKey"].take()
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
