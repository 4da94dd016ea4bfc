//! The rules that a token's claims must keep to.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::compact::all_differ;
use super::date::date;
use crate::error::TokenError;
use crate::json::Text;

/// The name of the refresh token's cookie in a project that has not chosen another.
pub(crate) const REFRESH_COOKIE: &str = "DSR";

/// What claims are held against.
pub(super) struct Rules<'r> {
    pub(super) project_id: &'r str,
    pub(super) audience: &'r [String],
    pub(super) leeway: Duration,
    pub(super) now: i64,
    /// The `drn` of refresh tokens, where those are refused.
    pub(super) refresh_cookie: Option<&'r str>,
}

/// The claims that are looked at for every token. The others are a tree of many small allocations,
/// which costs as much as all the rest together, without the signature.
const ALWAYS: [&str; 11] =
    ["iss", "aud", "sub", "dsub", "drn", "jti", "nbf", "iat", "exp", "dct", "cnf"];

/// The claims named in [`ALWAYS`], of a payload that is sound as a whole.
#[derive(Clone)]
pub(super) struct Registered(Vec<(&'static str, Value)>);

impl Registered {
    /// Reads an object in which no member appears twice. What passes here can be read as a tree
    /// too: the same parser has seen every value in it.
    pub(super) fn read(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }

    /// Whether a claim is among these.
    pub(super) fn covers(name: &str) -> bool {
        ALWAYS.contains(&name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Expiry comes last, so that a token which is only expired is known to be good otherwise.
    pub(super) fn check(&self, rules: &Rules<'_>) -> Result<(), TokenError> {
        if !is_issuer(self.text("iss")?.ok_or(TokenError::Claim("iss"))?, rules.project_id) {
            return Err(TokenError::Issuer);
        }
        self.check_audience(rules)?;
        let user = self.text("dsub")?.or(self.text("sub")?);
        if user.is_none_or(str::is_empty) {
            return Err(TokenError::Claim("sub"));
        }
        self.text("drn")?;
        // A refresh token lives for weeks, so it must not open what a session token opens for minutes.
        // Tokens from before the project has chosen another name are refresh tokens all the same.
        let refresh = rules.refresh_cookie.map(|name| [name, REFRESH_COOKIE]);
        if refresh.is_some_and(|names| names.iter().any(|name| self.is_of_cookie(name))) {
            return Err(TokenError::NotASession);
        }
        self.text("jti")?;
        self.check_times(rules.leeway, rules.now)
    }

    /// Whether the token is valid at this time. It must have an end.
    pub(super) fn check_times(&self, leeway: Duration, now: i64) -> Result<(), TokenError> {
        let leeway = seconds(leeway);
        let missed = |by: i64| Duration::from_secs(by.unsigned_abs());
        for name in ["nbf", "iat"] {
            let start = self.date(name, f64::ceil)?;
            if let Some(start) = start.filter(|start| *start > now.saturating_add(leeway)) {
                let by = missed(start.saturating_sub(now));
                return Err(TokenError::NotYetValid { by });
            }
        }
        let end = self.date("exp", f64::floor)?.ok_or(TokenError::Claim("exp"))?;
        if end <= now.saturating_sub(leeway) {
            return Err(TokenError::Expired { by: missed(now.saturating_sub(end)) });
        }
        Ok(())
    }

    /// Whom the token is for; nobody, if it does not say.
    pub(super) fn audience(&self) -> Result<Vec<&str>, TokenError> {
        let malformed = || TokenError::Claim("aud");
        match self.get("aud") {
            None => Ok(Vec::new()),
            Some(Value::String(one)) => Ok(vec![one.as_str()]),
            Some(Value::Array(several)) => {
                several.iter().map(|one| one.as_str().ok_or_else(malformed)).collect()
            }
            Some(_) => Err(malformed()),
        }
    }

    fn check_audience(&self, rules: &Rules<'_>) -> Result<(), TokenError> {
        let named = self.audience()?;
        // A token for another audience is in the hands of that service, which must not pass for the user here.
        let accepted = if rules.audience.is_empty() {
            self.get("aud").is_none() || named.contains(&rules.project_id)
        } else {
            rules.audience.iter().any(|audience| named.contains(&audience.as_str()))
        };
        if accepted { Ok(()) } else { Err(TokenError::Audience) }
    }

    /// A string, absent, or a reason to refuse the token.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, TokenError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Claim(name)),
        }
    }

    /// Likewise a date. One with a fraction is rounded against the token.
    pub(super) fn date(
        &self,
        name: &'static str,
        round: fn(f64) -> f64,
    ) -> Result<Option<i64>, TokenError> {
        date(self.get(name), round).ok_or(TokenError::Claim(name))
    }

    /// Whether the token says of itself that it belongs into this cookie (claim `drn`), whatever
    /// prefixes restrict the name.
    pub(super) fn is_of_cookie(&self, name: &str) -> bool {
        let drn = self.get("drn").and_then(Value::as_str);
        drn.is_some_and(|drn| bare(drn) == bare(name))
    }
}

impl<'de> Deserialize<'de> for Registered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Registered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Registered, A::Error> {
                let (mut names, mut claims) = (Vec::with_capacity(16), Vec::with_capacity(8));
                while let Some(Text(name)) = map.next_key()? {
                    match ALWAYS.iter().find(|known| **known == name) {
                        Some(known) => claims.push((*known, map.next_value()?)),
                        None => map.next_value().map(|AnyValue| ())?,
                    }
                    names.push(name);
                }
                if all_differ(names) {
                    Ok(Registered(claims))
                } else {
                    Err(A::Error::custom("a member twice"))
                }
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Any value that [`Value`] would take, read to its end and dropped. (`IgnoredAny` takes more, such as
/// half a surrogate pair.)
struct AnyValue;

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ignored;

        impl<'de> Visitor<'de> for Ignored {
            type Value = AnyValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_bool<E>(self, _: bool) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_u64<E>(self, _: u64) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_i64<E>(self, _: i64) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_f64<E>(self, _: f64) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_str<E>(self, _: &str) -> Result<AnyValue, E> {
                Ok(AnyValue)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<AnyValue, A::Error> {
                while let Some(AnyValue) = list.next_element()? {}
                Ok(AnyValue)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue, A::Error> {
                while let Some((AnyValue, AnyValue)) = map.next_entry()? {}
                Ok(AnyValue)
            }
        }

        deserializer.deserialize_any(Ignored)
    }
}

/// A cookie's name without the prefixes by which browsers restrict it (RFC 6265bis section 4.1.3).
fn bare(name: &str) -> &str {
    let prefixes = ["__Host-", "__Secure-"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// The seconds of a policy, for comparing with claims.
fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// Whether `iss` is the project: its ID alone, or a URL whose path ends in the ID or in the ID and one
/// more segment (an application or tenant), as in Descope's Node SDK. Segments are compared whole and
/// as they stand; a query, a fragment or anything percent-encoded has no business in an issuer.
fn is_issuer(iss: &str, project_id: &str) -> bool {
    if iss == project_id {
        return true;
    }
    let Some(rest) = iss.strip_prefix("https://").or_else(|| iss.strip_prefix("http://")) else {
        return false;
    };
    if iss.contains(['?', '#', '%', '\\', ' ']) {
        return false;
    }
    let Some((host, path)) = rest.split_once('/') else { return false };
    let mut segments = path.rsplit('/');
    match (segments.next(), segments.next()) {
        _ if host.is_empty() => false,
        (Some(last), _) if last == project_id => true,
        (Some(last), Some(before)) => !last.is_empty() && before == project_id,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn good() -> Value {
        json!({ "iss": "P1", "sub": "U1", "exp": NOW + 60 })
    }

    fn check(claims: &Value, audience: &[&str]) -> Result<(), TokenError> {
        let audience: Vec<String> = audience.iter().map(|a| (*a).to_owned()).collect();
        Registered::read(&claims.to_string()).unwrap().check(&Rules {
            project_id: "P1",
            audience: &audience,
            leeway: Duration::from_secs(5),
            now: NOW,
            refresh_cookie: Some("DSR"),
        })
    }

    fn with(name: &str, value: Value) -> Result<(), TokenError> {
        let mut json = good();
        json[name] = value;
        check(&json, &[])
    }

    #[test]
    fn wrong_types_are_refused() {
        let wrong_for_text =
            [json!(null), json!(1), json!(true), json!(["P1"]), json!({}), json!(1.5)];
        for name in ["iss", "sub", "dsub", "drn"] {
            for value in &wrong_for_text {
                assert_eq!(with(name, value.clone()), Err(TokenError::Claim(name)), "{value}");
            }
        }
        let wrong_for_date = [
            json!(null),
            json!("1"),
            json!(true),
            json!([1]),
            json!({}),
            json!(1e19),
            json!(-1e19),
        ];
        for name in ["exp", "nbf", "iat"] {
            for value in &wrong_for_date {
                assert_eq!(with(name, value.clone()), Err(TokenError::Claim(name)), "{value}");
            }
        }
        for value in [json!(null), json!(1), json!({}), json!([1]), json!(["P1", null])] {
            assert_eq!(with("aud", value), Err(TokenError::Claim("aud")));
        }
    }

    #[test]
    fn what_is_required() {
        for name in ["iss", "sub", "exp"] {
            let mut json = good();
            json.as_object_mut().unwrap().remove(name);
            assert_eq!(check(&json, &[]), Err(TokenError::Claim(name)));
        }
        assert_eq!(with("sub", json!("")), Err(TokenError::Claim("sub")));
        assert_eq!(check(&good(), &[]), Ok(()));
    }

    #[test]
    fn times_have_a_leeway_on_both_sides() {
        let by = |seconds| Duration::from_secs(seconds);
        for (exp, outcome) in [
            (json!(NOW + 1), Ok(())),
            (json!(NOW - 4), Ok(())),
            (json!(NOW - 5), Err(TokenError::Expired { by: by(5) })),
            (json!(NOW - 6), Err(TokenError::Expired { by: by(6) })),
            (json!(f64::from(1_700_000_000 - 4) + 0.5), Ok(())),
            (json!(f64::from(1_700_000_000 - 5) + 0.5), Err(TokenError::Expired { by: by(5) })),
            (json!(-1), Err(TokenError::Expired { by: by(1_700_000_001) })),
            (json!(0), Err(TokenError::Expired { by: by(1_700_000_000) })),
        ] {
            assert_eq!(with("exp", exp.clone()), outcome, "{exp}");
        }
        for name in ["nbf", "iat"] {
            for (start, outcome) in [
                (json!(NOW + 4), Ok(())),
                (json!(NOW + 5), Ok(())),
                (
                    json!(f64::from(1_700_000_000 + 5) + 0.5),
                    Err(TokenError::NotYetValid { by: by(6) }),
                ),
                (json!(NOW + 6), Err(TokenError::NotYetValid { by: by(6) })),
            ] {
                assert_eq!(with(name, start.clone()), outcome, "{name} {start}");
            }
        }
    }

    #[test]
    fn impossible_clocks_do_not_panic() {
        for now in [i64::MIN, -1, 0, i64::MAX] {
            let rules = Rules {
                project_id: "P1",
                audience: &[],
                leeway: Duration::MAX,
                now,
                refresh_cookie: None,
            };
            let _ = Registered::read(&good().to_string()).unwrap().check(&rules);
        }
    }

    #[test]
    fn audiences() {
        for (aud, wanted, accepted) in [
            (None, &[][..], true),
            (Some(json!("P1")), &[], true),
            (Some(json!(["x", "P1"])), &[], true),
            (Some(json!("x")), &[], false),
            (Some(json!([])), &[], false),
            (Some(json!("")), &[], false),
            (None, &["x"], false),
            (Some(json!("x")), &["x"], true),
            (Some(json!(["y", "x"])), &["x"], true),
            (Some(json!("P1")), &["x"], false),
            (Some(json!("xx")), &["x"], false),
            (Some(json!("y")), &["x", "y"], true),
        ] {
            let mut json = good();
            if let Some(aud) = &aud {
                json["aud"] = aud.clone();
            }
            assert_eq!(check(&json, wanted).is_ok(), accepted, "{aud:?} {wanted:?}");
        }
    }

    #[test]
    fn issuers() {
        for good in [
            "P1",
            "https://api.descope.com/P1",
            "https://api.descope.com/v1/P1",
            "https://api.descope.com/v1/apps/P1",
            "https://api.descope.com/v1/apps/P1/T1",
            "https://api.descope.com/v1/apps/agentic/P1/M1",
            "http://127.0.0.1:8080/P1",
        ] {
            assert!(is_issuer(good, "P1"), "{good}");
        }
        for bad in [
            "",
            "P2",
            "p1",
            "P1x",
            "xP1",
            "P1/",
            "/P1",
            "x/P1",
            "ftp://api.descope.com/P1",
            "https://P1",
            "https://P1/",
            "https://P1/x",
            "https:///P1",
            "https://api.descope.com/P1x",
            "https://api.descope.com/P1/",
            "https://api.descope.com/P1/a/b",
            "https://api.descope.com/x?P1",
            "https://api.descope.com/x?/P1",
            "https://api.descope.com/P1#x",
            "https://api.descope.com/x#/P1",
            "https://api.descope.com/%50%31",
            "https://api.descope.com/P1 ",
            "P1,https://api.descope.com/P1x",
        ] {
            assert!(!is_issuer(bad, "P1"), "{bad}");
        }
    }

    #[test]
    fn a_refresh_token_is_no_session() {
        assert_eq!(with("drn", json!("DSR")), Err(TokenError::NotASession));
        assert_eq!(with("drn", json!("DS")), Ok(()));
    }

    #[test]
    fn reads_what_the_tree_reads() {
        let nested = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let values = [
            "1",
            "-0",
            "1e5",
            "1e308",
            "1e309",
            "-1e999",
            "18446744073709551616",
            "01",
            "1.",
            "+1",
            "true",
            "True",
            "null",
            "Null",
            "{}",
            "{\"a\":1,\"a\":2}",
            "{\"a\"}",
            "{a:1}",
            "[1,]",
            "[,1]",
            r#""\ud83d\ude00""#,
            r#""\ud83d""#,
            r#""\udc00""#,
            r#""\u12""#,
            r#""\x""#,
            r#"["\ud800"]"#,
            r#"{"\ud800":1}"#,
            "\"\u{1}\"",
            "\"\u{7f}\"",
            "'a'",
            "NaN",
            "",
        ];
        let deep = [100, 126, 127, 128, 129, 5000].map(nested);
        let mut read = 0;
        for value in values.into_iter().chain(deep.iter().map(String::as_str)) {
            for name in ["iss", "cnf", "plan", r"\u0070lan"] {
                let payload = format!(r#" {{"sub":"U1","{name}":{value}}} "#);
                let tree = serde_json::from_str::<Map<String, Value>>(&payload);
                let registered = Registered::read(&payload);
                assert_eq!(registered.is_some(), tree.is_ok(), "{payload}");
                if let (Some(registered), Ok(tree)) = (registered, tree) {
                    read += 1;
                    assert!(ALWAYS.iter().all(|name| registered.get(name) == tree.get(*name)));
                }
            }
        }
        assert!(read > 50, "{read}");
        for payload in ["", "[]", "1", "\"a\"", "null", "{}x", "{", r#"{"a":1,"\u0061":1}"#] {
            assert!(Registered::read(payload).is_none(), "{payload}");
        }
    }
}
