use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::secret::Secret;

/// A password as another system has stored it, so that users keep theirs when they move.
///
/// Bytes are bytes: decode what is kept as base64 or hexadecimal, except where the field says so.
///
/// ```
/// use descope::mgmt::user::{BatchUser, HashedPassword};
///
/// let hash = "$2y$10$/brZw23J/ya5sOJl8vm7H.BqhDnLqH4ohtSKcZYvSVP/hE6veK.UK".to_owned();
/// let ada = BatchUser::new("ada").hashed_password(HashedPassword::Bcrypt { hash });
/// ```
#[derive(Clone, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum HashedPassword {
    /// Argon2.
    Argon2 {
        /// The hash.
        #[serde(serialize_with = "base64")]
        hash: Vec<u8>,
        /// The salt.
        #[serde(serialize_with = "base64")]
        salt: Vec<u8>,
        /// Passes over the memory, as a rule 1 to 10.
        iterations: u32,
        /// Memory in KiB, as a rule 1,000 to 1,000,000.
        memory: u32,
        /// Lanes, as a rule 1 to 10.
        threads: u32,
    },
    /// Bach's, whose hash depends on a key.
    Bach {
        /// The hash as text.
        hash: String,
        /// The key as text.
        key: String,
    },
    /// Bcrypt.
    Bcrypt {
        /// The hash as text, such as `$2a$10$…`.
        hash: String,
    },
    /// The hash of Buddy Auth.
    #[serde(rename = "buddyauth")]
    BuddyAuth {
        /// The hash as text.
        hash: String,
    },
    /// Django's.
    Django {
        /// The hash as text, such as `pbkdf2_sha256$…`.
        hash: String,
    },
    /// Firebase's variant of scrypt.
    Firebase {
        /// The hash.
        #[serde(serialize_with = "base64")]
        hash: Vec<u8>,
        /// The salt.
        #[serde(serialize_with = "base64")]
        salt: Vec<u8>,
        /// What follows the salt, as a rule one byte.
        #[serde(serialize_with = "base64")]
        salt_separator: Vec<u8>,
        /// The project's signer key.
        #[serde(serialize_with = "base64")]
        signer_key: Vec<u8>,
        /// The memory cost, as a rule 12 to 17.
        memory: u32,
        /// Rounds, as a rule 6 to 10.
        rounds: u32,
    },
    /// MD5, without salt.
    Md5 {
        /// The hash in hexadecimal.
        hash: String,
    },
    /// PBKDF2 (RFC 8018).
    Pbkdf2 {
        /// The hash.
        #[serde(serialize_with = "base64")]
        hash: Vec<u8>,
        /// The salt.
        #[serde(serialize_with = "base64")]
        salt: Vec<u8>,
        /// Iterations, as a rule thousands.
        iterations: u32,
        /// The hash function: SHA-1, SHA-256 or SHA-512.
        #[serde(rename = "type")]
        function: HashFunction,
    },
    /// Phpass, the portable hash of programs in PHP.
    Phpass {
        /// The hash in base64 with `.` and `/`.
        hash: String,
        /// The salt in base64 with `.` and `/`.
        salt: String,
        /// Iterations, as a rule tens of thousands.
        iterations: u32,
        /// The hash function: MD5 or SHA-512.
        #[serde(rename = "type")]
        function: HashFunction,
    },
    /// SHA, of the password and the salt that follows it.
    Sha {
        /// The hash in hexadecimal.
        hash: String,
        /// The salt in hexadecimal; empty if there is none.
        #[serde(skip_serializing_if = "String::is_empty")]
        salt: String,
        /// The hash function: SHA-1, SHA-256 or SHA-512.
        #[serde(rename = "type")]
        function: HashFunction,
    },
}

impl HashedPassword {
    /// The texts that must not show in any error, as they go over the wire.
    fn secrets(&self) -> Vec<Secret> {
        let Ok(Value::Object(kind)) = serde_json::to_value(self) else { return Vec::new() };
        kind.values()
            .filter_map(Value::as_object)
            .flatten()
            .filter(|(name, _)| *name != "type")
            .filter_map(|(_, value)| value.as_str().map(Secret::from))
            .collect()
    }
}

/// Says which kind it is, and nothing else.
impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2 { .. } => "Argon2([redacted])",
            Self::Bach { .. } => "Bach([redacted])",
            Self::BuddyAuth { .. } => "BuddyAuth([redacted])",
            Self::Bcrypt { .. } => "Bcrypt([redacted])",
            Self::Django { .. } => "Django([redacted])",
            Self::Firebase { .. } => "Firebase([redacted])",
            Self::Md5 { .. } => "Md5([redacted])",
            Self::Pbkdf2 { .. } => "Pbkdf2([redacted])",
            Self::Phpass { .. } => "Phpass([redacted])",
            Self::Sha { .. } => "Sha([redacted])",
        })
    }
}

/// The password that a new user begins with.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub enum InitialPassword {
    /// In cleartext.
    #[serde(rename = "password")]
    Cleartext(#[serde(serialize_with = "cleartext")] Secret),
    /// As another system has stored it.
    #[serde(rename = "hashedPassword")]
    Hashed(HashedPassword),
}

fn cleartext<S: Serializer>(password: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(password.expose())
}

impl InitialPassword {
    /// The texts that must not show in any error, as they go over the wire.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Cleartext(password) => vec![password.clone()],
            Self::Hashed(password) => password.secrets(),
        }
    }
}

/// Writes the setters of the [`InitialPassword`] of a new user.
macro_rules! password_setters {
    ($user:ident) => {
        impl $user {
            /// Sets [`password`](field@Self::password), in cleartext.
            #[must_use]
            pub fn password(mut self, password: impl Into<$crate::Secret>) -> Self {
                self.password =
                    Some($crate::mgmt::user::InitialPassword::Cleartext(password.into()));
                self
            }

            /// Sets [`password`](field@Self::password), as another system has stored it.
            #[must_use]
            pub fn hashed_password(mut self, password: $crate::mgmt::user::HashedPassword) -> Self {
                self.password = Some($crate::mgmt::user::InitialPassword::Hashed(password));
                self
            }
        }
    };
}

pub(super) use password_setters;

/// What a [`HashedPassword`] is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashFunction {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl HashFunction {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl Serialize for HashFunction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How bytes go over the wire.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(bytes))
}
