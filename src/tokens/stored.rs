//! What is kept of tokens, and in which form.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::UnixTime;
use crate::error::{StoreError, StoreErrorKind};
use crate::extra::Extra;
use crate::options::setters;
use crate::secret::Secret;

/// Tokens that are kept.
///
/// `Debug` shows no token, and only the names of the members of [`extra`](Self::extra).
///
/// ```
/// use descope::UnixTime;
/// use descope::tokens::StoredTokens;
///
/// let tokens = StoredTokens::new("access")
///     .refresh_token("refresh")
///     .expires_at(UnixTime::from_seconds(1_700_000_000))
///     .extra([("account", "ada@example.com")]);
/// assert!(!format!("{tokens:?}").contains("access\""));
/// let kept = StoredTokens::from_json(tokens.to_json().expose())?;
/// assert_eq!(kept.refresh_token.unwrap().expose(), "refresh");
/// assert_eq!(kept.extra["account"], "ada@example.com");
/// # Ok::<(), descope::StoreError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct StoredTokens {
    /// The token for the header `Authorization` of your requests: an OAuth access token, or Descope's session
    /// token.
    pub access_token: Secret,
    /// The token that gets new ones. Absent for access keys and client credentials, which get a new access
    /// token by themselves.
    pub refresh_token: Option<Secret>,
    /// The ID token of OpenID Connect.
    pub id_token: Option<Secret>,
    /// How to send the access token, such as `Bearer` or `DPoP`. `None` means `Bearer`.
    pub token_type: Option<String>,
    /// The scopes of the access token.
    pub scopes: Vec<String>,
    /// When the tokens were got, by the clock of this machine. A [`TokenSource`](super::TokenSource) fills it
    /// in.
    pub obtained_at: Option<UnixTime>,
    /// When the access token expires, by the clock of this machine. If it is `None`, a
    /// [`TokenSource`](super::TokenSource) uses the token until [it is refused](super::TokenSource::renew).
    pub expires_at: Option<UnixTime>,
    /// For whom the tokens are: a digest of the project, the base URL and the access key or client, without
    /// any secret. A [`TokenSource`](super::TokenSource) fills it in, and never uses tokens of another origin.
    pub origin: Option<String>,
    /// What else is stored: your own members, and those that a newer version of this crate adds. They survive
    /// renewals.
    pub extra: Extra,
}

setters!(StoredTokens {
    refresh_token: opt<Secret>, id_token: opt<Secret>, token_type: opt<String>, scopes: list<String>,
    obtained_at: opt<UnixTime>, expires_at: opt<UnixTime>, origin: opt<String>,
});

impl StoredTokens {
    /// An access token, and nothing else yet.
    pub fn new(access_token: impl Into<Secret>) -> Self {
        Self {
            access_token: access_token.into(),
            refresh_token: None,
            id_token: None,
            token_type: None,
            scopes: Vec::new(),
            obtained_at: None,
            expires_at: None,
            origin: None,
            extra: Extra::default(),
        }
    }

    /// Adds to [`extra`](field@Self::extra). A name that is a field's own is ignored.
    #[must_use]
    pub fn extra(
        mut self,
        entries: impl IntoIterator<Item = (impl Into<String>, impl Into<Value>)>,
    ) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.extra.0.extend(entries.filter(|(name, _)| !NAMES.contains(&&**name)));
        self
    }

    /// Their lasting form: a JSON object, with names as in RFC 6749 and times in seconds since the Unix epoch.
    pub fn to_json(&self) -> Secret {
        // Nothing in it can fail to be written.
        serde_json::to_string(&Wire::from(self)).unwrap_or_default().into()
    }

    /// Reads what [`to_json`](Self::to_json) has written, here or in another version of this crate.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Damaged`] if it is not such an object.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        let mut members: Map<String, Value> = serde_json::from_str(text).map_err(unreadable)?;
        let mut tokens = Self::new(text_of(&mut members, "access_token")?.unwrap_or_default());
        if tokens.access_token.expose().is_empty() {
            return Err(damaged("it has no access token"));
        }
        tokens.refresh_token = text_of(&mut members, "refresh_token")?.map(Secret::from);
        tokens.id_token = text_of(&mut members, "id_token")?.map(Secret::from);
        tokens.token_type = text_of(&mut members, "token_type")?;
        let scope = text_of(&mut members, "scope")?.unwrap_or_default();
        tokens.scopes = scope.split_ascii_whitespace().map(str::to_owned).collect();
        tokens.obtained_at = time_of(&mut members, "obtained_at")?;
        tokens.expires_at = time_of(&mut members, "expires_at")?;
        tokens.origin = text_of(&mut members, "origin")?;
        tokens.extra = Extra(members);
        Ok(tokens)
    }

    /// Takes over from the tokens that these replace what these do not have. A server that does not rotate
    /// refresh tokens sends none (RFC 6749 section 6), and one that grants the same scopes need not send them.
    pub(super) fn succeed(&mut self, old: &Self) {
        let Self { refresh_token, id_token, token_type, scopes, extra, .. } = old;
        self.refresh_token = self.refresh_token.take().or_else(|| refresh_token.clone());
        self.id_token = self.id_token.take().or_else(|| id_token.clone());
        self.token_type = self.token_type.take().or_else(|| token_type.clone());
        if self.scopes.is_empty() {
            self.scopes.clone_from(scopes);
        }
        for (name, value) in extra.iter() {
            self.extra.0.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Whether the access token has not expired.
    pub(super) fn lives(&self, now: UnixTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the access token is so fresh that it need not be renewed yet. The leeway is at most half of the
    /// token's lifetime.
    pub(super) fn is_fresh(&self, now: UnixTime, leeway: Duration) -> bool {
        let Some(end) = self.expires_at.map(UnixTime::as_seconds) else { return true };
        let mut leeway = i64::try_from(leeway.as_secs()).unwrap_or(i64::MAX);
        if let Some(start) = self.obtained_at {
            leeway = leeway.min(end.saturating_sub(start.as_seconds()).max(0) / 2);
        }
        now.as_seconds() < end.saturating_sub(leeway)
    }
}

impl fmt::Debug for StoredTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredTokens")
            .field("access_token", &self.access_token)
            .field("refresh_token", &self.refresh_token)
            .field("id_token", &self.id_token)
            .field("token_type", &self.token_type)
            .field("scopes", &self.scopes)
            .field("obtained_at", &self.obtained_at)
            .field("expires_at", &self.expires_at)
            .field("origin", &self.origin)
            .field("extra", &self.extra)
            .finish()
    }
}

/// The names of the fields in JSON.
const NAMES: [&str; 8] = [
    "access_token",
    "refresh_token",
    "id_token",
    "token_type",
    "scope",
    "obtained_at",
    "expires_at",
    "origin",
];

#[derive(Serialize)]
struct Wire<'t> {
    access_token: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'t str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'t str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    obtained_at: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'t str>,
    #[serde(flatten)]
    extra: &'t Extra,
}

impl<'t> From<&'t StoredTokens> for Wire<'t> {
    fn from(tokens: &'t StoredTokens) -> Self {
        Self {
            access_token: tokens.access_token.expose(),
            refresh_token: tokens.refresh_token.as_ref().map(Secret::expose),
            id_token: tokens.id_token.as_ref().map(Secret::expose),
            token_type: tokens.token_type.as_deref(),
            scope: tokens.scopes.join(" "),
            obtained_at: tokens.obtained_at,
            expires_at: tokens.expires_at,
            origin: tokens.origin.as_deref(),
            extra: &tokens.extra,
        }
    }
}

fn damaged(what: &str) -> StoreError {
    let text = format!("the stored tokens cannot be read: {what}; delete them, and sign in again");
    StoreError::new(StoreErrorKind::Damaged, text)
}

/// Says where a text is no JSON, and nothing of the text.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
pub(super) fn unreadable(error: serde_json::Error) -> StoreError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it is cut off",
        _ => "it is not the JSON that is expected",
    };
    damaged(&format!("{what} (line {}, column {})", error.line(), error.column()))
}

/// Takes a text out. `null` is as good as nothing.
fn text_of(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, StoreError> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(damaged(&format!("`{name}` is not a text"))),
    }
}

/// Takes a time out.
fn time_of(members: &mut Map<String, Value>, name: &str) -> Result<Option<UnixTime>, StoreError> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match serde_json::from_value(value) {
            Ok(time) => Ok(Some(time)),
            Err(_) => Err(damaged(&format!("`{name}` is not a time"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn full() -> StoredTokens {
        StoredTokens::new("A1")
            .refresh_token("R1")
            .id_token("I1")
            .token_type("DPoP")
            .scopes(["openid", "profile"])
            .obtained_at(at(1000))
            .expires_at(at(1600))
            .origin("o")
            .extra([("mine", Value::from(5)), ("access_token", Value::from("ignored"))])
    }

    #[test]
    fn the_lasting_form_stays_as_it_is() {
        let json = r#"{"access_token":"A1","refresh_token":"R1","id_token":"I1","token_type":"DPoP","scope":"openid profile","obtained_at":1000,"expires_at":1600,"origin":"o","mine":5}"#;
        assert_eq!(full().to_json().expose(), json);
        let read = StoredTokens::from_json(json).unwrap();
        assert_eq!(read.to_json().expose(), json);
        assert_eq!(
            (read.obtained_at, read.expires_at, read.scopes.len()),
            (Some(at(1000)), Some(at(1600)), 2)
        );
        let least = StoredTokens::new("A").to_json();
        assert_eq!(least.expose(), r#"{"access_token":"A"}"#);
    }

    #[test]
    fn what_is_unknown_is_kept_and_null_is_nothing() {
        let json =
            r#"{"access_token":"A","refresh_token":null,"expires_at":null,"newer":{"a":[1]}}"#;
        let read = StoredTokens::from_json(json).unwrap();
        assert!(read.refresh_token.is_none() && read.expires_at.is_none());
        assert_eq!(read.to_json().expose(), r#"{"access_token":"A","newer":{"a":[1]}}"#);
    }

    #[test]
    fn damage_is_an_error_without_the_text() {
        let whole = full().to_json();
        let cuts = (0..whole.expose().len()).map(|end| whole.expose()[..end].to_owned());
        let odd = [
            "null",
            "[]",
            "5",
            "\"s3cret\"",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":5}"#,
            r#"{"access_token":null}"#,
            r#"{"access_token":"s3cret","refresh_token":{}}"#,
            r#"{"access_token":"s3cret","scope":["a"]}"#,
            r#"{"access_token":"s3cret","expires_at":"soon"}"#,
            r#"{"access_token":"s3cret"} {}"#,
        ];
        for text in cuts.chain(odd.map(str::to_owned)) {
            let error = StoredTokens::from_json(&text).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Damaged, "{text}");
            let said = format!("{error} {error:?}");
            assert!(!said.contains("s3cret") && !said.contains("A1"), "{said}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", full().extra([("secret", "s3cret")]));
        for hidden in ["A1", "R1", "I1", "s3cret"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("openid") && shown.contains("secret"), "{shown}");
    }

    #[test]
    fn renewed_tokens_take_over_what_they_lack() {
        let mut renewed = StoredTokens::new("A2").extra([("mine", 6)]);
        renewed.succeed(&full().extra([("other", 7)]));
        assert_eq!(
            renewed.to_json().expose(),
            r#"{"access_token":"A2","refresh_token":"R1","id_token":"I1","token_type":"DPoP","scope":"openid profile","mine":6,"other":7}"#
        );
        let mut renewed = StoredTokens::new("A2").refresh_token("R2").scopes(["openid"]);
        renewed.succeed(&full());
        assert_eq!(renewed.refresh_token.unwrap().expose(), "R2");
        assert_eq!(renewed.scopes, ["openid"]);
    }

    #[test]
    fn the_leeway_is_at_most_half_of_the_lifetime() {
        let leeway = Duration::from_secs(60);
        for (start, end, now, fresh) in [
            (Some(1000), Some(1600), 1539, true),
            (Some(1000), Some(1600), 1540, false),
            (Some(1000), Some(1060), 1029, true),
            (Some(1000), Some(1060), 1030, false),
            (Some(1000), Some(1001), 1000, true),
            (Some(1000), Some(1001), 1001, false),
            (Some(1000), Some(900), 899, true),
            (Some(1000), Some(900), 900, false),
            (None, Some(1600), 1539, true),
            (None, Some(1600), 1540, false),
            (None, None, i64::MAX, true),
            (Some(i64::MIN), Some(i64::MAX), 0, true),
            (Some(i64::MAX), Some(i64::MIN), 0, false),
        ] {
            let mut tokens = StoredTokens::new("A");
            (tokens.obtained_at, tokens.expires_at) = (start.map(at), end.map(at));
            assert_eq!(tokens.is_fresh(at(now), leeway), fresh, "{start:?} {end:?} {now}");
            assert!(!fresh || tokens.lives(at(now)));
        }
        let endless = StoredTokens::new("A").expires_at(at(5));
        assert!(!endless.is_fresh(at(0), Duration::MAX));
        assert!(endless.lives(at(4)) && !endless.lives(at(5)));
    }
}
