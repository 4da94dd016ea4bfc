//! What applications are told when they are turned away.

use super::{Access, Denied, Guard, Reason};
use crate::jwt::proof_algorithms;
use crate::transport::http::HeaderValue;

impl Guard {
    /// The values of `WWW-Authenticate` for an answer of 401 or 403, one per header. Each has what an
    /// application needs to get a better token: the scopes of the access, the age and kind of sign-in that it
    /// asks for, and the URL of the [resource's](super::Resource) document (RFC 6750 section 3, RFC 9449 section
    /// 7.1, RFC 9470 section 3, RFC 9728 section 5.1). Empty if no other token would help.
    ///
    /// [`Denied::challenge`] is the same for a service that is no [`Resource`](super::Resource).
    pub fn challenges(&self, denied: &Denied, access: &Access) -> Vec<HeaderValue> {
        let Some(challenge) = denied.challenge() else { return Vec::new() };
        let mut parameters: Vec<String> = Vec::new();
        let scopes = words(&access.scopes);
        if denied.reason().is_weak_sign_in() {
            parameters.extend(better_sign_in(access));
        }
        let asks = matches!(denied.reason(), Reason::NoToken | Reason::MissingScope);
        if asks && !scopes.is_empty() {
            parameters.push(format!("scope=\"{scopes}\""));
        }
        if let Some(resource) = &self.settings.resource {
            parameters.push(format!("resource_metadata=\"{}\"", resource.metadata_url()));
        }
        let mut challenges = vec![with(challenge, &parameters)];
        if self.settings.proofs.is_some() && challenge.starts_with("Bearer") {
            let dpop = challenge.replacen("Bearer", "DPoP", 1);
            parameters.insert(0, concat!("algs=\"", proof_algorithms!(), "\"").to_owned());
            challenges.push(with(&dpop, &parameters));
        }
        challenges.into_iter().filter_map(|text| HeaderValue::try_from(text).ok()).collect()
    }
}

/// What the application has to ask of the next sign-in (RFC 9470 section 3).
fn better_sign_in(access: &Access) -> impl Iterator<Item = String> {
    let values = words(&access.acr_values);
    let values = (!values.is_empty()).then(|| format!("acr_values=\"{values}\""));
    let max_age = access.max_age.map(|age| format!("max_age=\"{}\"", age.as_secs()));
    values.into_iter().chain(max_age)
}

/// A challenge with more parameters. The first one follows the scheme after a space, the others a comma.
fn with(challenge: &str, parameters: &[String]) -> String {
    let mut text = challenge.to_owned();
    for parameter in parameters {
        text.push_str(if text.contains('=') { ", " } else { " " });
        text.push_str(parameter);
    }
    text
}

/// The words that can be written in a header, with spaces between them.
fn words(texts: &[String]) -> String {
    let words: Vec<&str> = texts.iter().map(String::as_str).filter(|word| is_scope(word)).collect();
    words.join(" ")
}

/// RFC 6749 section 3.3: visible ASCII without quotes and backslashes.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'))
}
