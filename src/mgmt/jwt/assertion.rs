//! Assertions that a client authenticates itself with.

use std::time::Duration;

use serde::Serialize;

use super::Jwts;
use crate::check;
use crate::error::Result;
use crate::names::names;
use crate::options::setters;
use crate::secret::Secret;

/// # Client assertions
impl Jwts<'_> {
    /// Lets Descope sign an assertion that a client authenticates itself with at another authorization
    /// server, in place of a client secret: `private_key_jwt` (RFC 7523 section 2.2). It is valid for
    /// `expires_in`, in whole seconds on the wire.
    ///
    /// The issuer and the subject are the client ID there, as a rule, and the audience is that server.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::time::Duration;
    ///
    /// let audience = ["https://partner.example.com/oauth2/token"];
    /// let assertion = client.mgmt().jwt().client_assertion(
    ///     "my-client-id",
    ///     "my-client-id",
    ///     &audience,
    ///     Duration::from_secs(300),
    ///     &Default::default(),
    /// )?;
    /// let form = [("client_assertion", assertion.expose())];
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty issuer, subject or audience, and for a
    /// lifetime of zero.
    pub fn client_assertion(
        &self,
        issuer: &str,
        subject: &str,
        audience: &[&str],
        expires_in: Duration,
        options: &ClientAssertion,
    ) -> Result<Secret> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Lifetime {
            #[serde(serialize_with = "crate::time::span")]
            expires_in: Option<Duration>,
        }

        self.0
            .post("/v1/mgmt/token/clientassertion")
            .check(check::id("issuer", issuer))
            .check(check::id("subject", subject))
            .check(check::span("expires_in", expires_in))
            .field("issuer", issuer)
            .field("subject", subject)
            .ids("audience", "audience", audience)
            .fields(&Lifetime { expires_in: Some(expires_in) })
            .fields(options)
            .send_field("jwt")
    }
}

/// Options of [`Jwts::client_assertion`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClientAssertion {
    /// Whether an `aud` of one is a text instead of a list. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flatten_audience: Option<bool>,
    /// What it is signed with. Defaults to what Descope decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<AssertionAlgorithm>,
}

setters!(ClientAssertion { flatten_audience: opt<bool>, algorithm: opt<AssertionAlgorithm> });

/// What an assertion is signed with (RFC 7518 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAlgorithm {
    /// RSA with SHA-256.
    Rs256,
    /// RSA with SHA-384.
    Rs384,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AssertionAlgorithm { Rs256 = "RS256", Rs384 = "RS384", Es384 = "ES384" });
