//! The rules that a token's claims must keep to.

use std::time::Duration;

#[cfg(feature = "web")]
use super::claims::Claims;
use super::registered::Registered;
use crate::error::TokenError;
use crate::time::seconds;

/// The name of the refresh token's cookie in a project that has not chosen another.
pub(crate) const REFRESH_COOKIE: &str = "DSR";

/// Whom tokens have to be for.
#[derive(Clone, Copy)]
pub(crate) struct Audience<'a> {
    /// One of these. If there are none: the project, or nobody in particular.
    pub(crate) any_of: &'a [String],
    /// Or this one.
    pub(crate) resource: Option<&'a str>,
}

/// What claims are held against.
pub(super) struct Rules<'r> {
    pub(super) project_id: &'r str,
    pub(super) audience: Audience<'r>,
    pub(super) leeway: Duration,
    pub(super) now: i64,
    /// The `drn` of refresh tokens, where those are refused.
    pub(super) refresh_cookie: Option<&'r str>,
}

impl Registered {
    /// Expiry comes last, so that a token which is only expired is known to be good otherwise.
    pub(super) fn check(&self, rules: &Rules<'_>) -> Result<(), TokenError> {
        if !is_issuer(self.text("iss")?.ok_or(TokenError::Claim("iss"))?, rules.project_id) {
            return Err(TokenError::Issuer);
        }
        if !self.is_for(rules.audience, rules.project_id)? {
            return Err(TokenError::Audience);
        }
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

    /// A token for another audience is in the hands of that service, which must not pass for the user here.
    pub(super) fn is_for(
        &self,
        wanted: Audience<'_>,
        project_id: &str,
    ) -> Result<bool, TokenError> {
        let named = self.audience()?;
        let accepted = if wanted.any_of.is_empty() {
            !self.is_present("aud") || named.contains(&project_id)
        } else {
            wanted.any_of.iter().any(|audience| named.contains(&audience.as_str()))
        };
        Ok(accepted || wanted.resource.is_some_and(|resource| named.contains(&resource)))
    }

    /// Whether the token says of itself that it belongs in this cookie (claim `drn`), whatever
    /// prefixes restrict the name.
    pub(super) fn is_of_cookie(&self, name: &str) -> bool {
        matches!(self.text("drn"), Ok(Some(drn)) if bare(drn) == bare(name))
    }
}

#[cfg(feature = "web")]
impl Claims {
    pub(crate) fn is_for(&self, wanted: Audience<'_>, project_id: &str) -> bool {
        self.registered.is_for(wanted, project_id) == Ok(true)
    }
}

/// A cookie's name without the prefixes by which browsers restrict it (RFC 6265bis section 4.1.3).
fn bare(name: &str) -> &str {
    let prefixes = ["__Host-", "__Secure-"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
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
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn good() -> Value {
        json!({ "iss": "P1", "sub": "U1", "exp": NOW + 60 })
    }

    fn check(claims: &Value, audience: &[&str]) -> Result<(), TokenError> {
        let audience: Vec<String> = audience.iter().map(|a| (*a).to_owned()).collect();
        Registered::read(claims.to_string()).unwrap().check(&Rules {
            project_id: "P1",
            audience: Audience { any_of: &audience, resource: None },
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
                audience: Audience { any_of: &[], resource: None },
                leeway: Duration::MAX,
                now,
                refresh_cookie: None,
            };
            let _ = Registered::read(good().to_string()).unwrap().check(&rules);
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
}
