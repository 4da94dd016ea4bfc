//! The claims of a token: which are required, and what they say of roles and tenants.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::seconds;
use crate::UnixTime;
use crate::error::{Error, Result, TokenError};
use crate::json::DecodeError;

/// The claims of a token whose signature and times have been checked.
///
/// Of a token that came by, only [`Session::validate`](crate::auth::session::Session::validate) makes
/// one of these.
///
/// ```
/// # use descope::emulator::Emulator;
/// # let emulator = Emulator::new();
/// # let client = descope::Client::builder().emulator(&emulator).build()?;
/// # let token = emulator.issue_token(serde_json::json!({
/// #     "sub": "U2ada", "drn": "DS", "roles": ["editor"], "plan": {"seats": 5},
/// # })).expect("a token");
/// use descope::Scope;
///
/// #[derive(serde::Deserialize)]
/// struct Plan {
///     seats: u32,
/// }
///
/// let claims = client.auth().session().validate(&token)?;
/// assert_eq!(claims.user_id(), "U2ada");
/// assert!(claims.has_roles(Scope::Project, ["editor"]));
/// let plan: Option<Plan> = claims.get("plan")?;
/// assert_eq!(plan.unwrap().seats, 5);
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

/// Where a role or permission holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope<'t> {
    /// In the project, whatever the tenant.
    Project,
    /// In the tenant with this ID.
    Tenant(&'t str),
}

/// What claims are held against.
pub(super) struct Rules<'r> {
    pub(super) project_id: &'r str,
    pub(super) audience: &'r [String],
    pub(super) leeway: Duration,
    pub(super) now: i64,
    /// The `drn` of refresh tokens, where those are refused.
    pub(super) refresh_cookie: Option<&'r str>,
}

/// The last second of the year 9999: what lies beyond is no date (RFC 7519 section 2, NumericDate).
const LAST_SECOND: f64 = 253_402_300_799.0;

impl Claims {
    pub(super) fn read(payload: &[u8]) -> Result<Self, TokenError> {
        super::object(payload).map(Self).ok_or(TokenError::Claim("payload"))
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
        // Tokens from before the project has chosen another name are refresh tokens all the same.
        let refresh = rules.refresh_cookie.map(|name| [name, REFRESH_COOKIE]);
        if refresh.is_some_and(|names| names.iter().any(|name| self.is_of_cookie(name))) {
            return Err(TokenError::NotASession);
        }
        self.text("jti")?;
        let leeway = seconds(rules.leeway);
        let missed = |by: i64| Duration::from_secs(by.unsigned_abs());
        for name in ["nbf", "iat"] {
            let start = self.date(name, f64::ceil)?;
            if let Some(start) = start.filter(|start| *start > rules.now.saturating_add(leeway)) {
                let by = missed(start.saturating_sub(rules.now));
                return Err(TokenError::NotYetValid { by });
            }
        }
        let end = self.date("exp", f64::floor)?.ok_or(TokenError::Claim("exp"))?;
        if end <= rules.now.saturating_sub(leeway) {
            return Err(TokenError::Expired { by: missed(rules.now.saturating_sub(end)) });
        }
        Ok(())
    }

    fn check_audience(&self, rules: &Rules<'_>) -> Result<(), TokenError> {
        let malformed = || TokenError::Claim("aud");
        let named = match self.0.get("aud") {
            None => Vec::new(),
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(several)) => several
                .iter()
                .map(|one| one.as_str().ok_or_else(malformed))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(malformed()),
        };
        let accepted = if rules.audience.is_empty() {
            !self.0.contains_key("aud") || named.contains(&rules.project_id)
        } else {
            rules.audience.iter().any(|audience| named.contains(&audience.as_str()))
        };
        if accepted { Ok(()) } else { Err(TokenError::Audience) }
    }

    /// A string, absent, or a reason to refuse the token.
    fn text(&self, name: &'static str) -> Result<Option<&str>, TokenError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Claim(name)),
        }
    }

    /// Likewise a date. One with a fraction is rounded against the token.
    fn date(&self, name: &'static str, round: fn(f64) -> f64) -> Result<Option<i64>, TokenError> {
        let malformed = TokenError::Claim(name);
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_f64().map(round) {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and in range")]
                Some(date) if date.abs() <= LAST_SECOND => Ok(Some(date as i64)),
                _ => Err(malformed),
            },
            Some(_) => Err(malformed),
        }
    }

    /// Whether the token says of itself that it belongs into this cookie (claim `drn`), whatever
    /// prefixes restrict the name.
    pub(crate) fn is_of_cookie(&self, name: &str) -> bool {
        let drn = self.0.get("drn").and_then(Value::as_str);
        drn.is_some_and(|drn| bare(drn) == bare(name))
    }

    fn text_or_empty(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn time(&self, name: &'static str) -> Option<UnixTime> {
        self.date(name, f64::floor).ok().flatten().map(UnixTime::from_seconds)
    }

    /// The user's ID, or the access key's: the claim `dsub` where there is one, else `sub`.
    pub fn user_id(&self) -> &str {
        match self.text_or_empty("dsub") {
            "" => self.text_or_empty("sub"),
            id => id,
        }
    }

    /// The claim `iss` as it stands: the project's ID, or a URL that ends in it.
    pub fn issuer(&self) -> &str {
        self.text_or_empty("iss")
    }

    /// The claim `exp`.
    pub fn expires_at(&self) -> UnixTime {
        self.time("exp").unwrap_or_default()
    }

    /// The claim `iat`.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.time("iat")
    }

    /// How the user proved who they are, from the claim `amr`: `email`, `sms`, `fed`, `oauth`,
    /// `webauthn`, `totp`, `pwd`, `mfa` and others.
    pub fn auth_factors(&self) -> Vec<&str> {
        texts(self.0.get("amr")).collect()
    }

    /// Whether more than one factor was used.
    pub fn is_mfa(&self) -> bool {
        self.auth_factors().len() > 1
    }

    /// The SHA-256 thumbprint of the key that the token is bound to (claim `cnf`, member `jkt`; RFC 9449
    /// section 6.1), for projects that use `DPoP`.
    ///
    /// This crate does not check proofs of that key: as in the official SDKs, a bare token passes
    /// [`validate`](crate::auth::session::Session::validate). Where this is set, accept the request only
    /// with a proof that you have checked, or use the guard of the feature `web`, which refuses such
    /// tokens.
    pub fn key_thumbprint(&self) -> Option<&str> {
        self.0.get("cnf")?.get("jkt")?.as_str()
    }

    /// The tenants the user belongs to: those of the claim `tenants`, or else the current one.
    pub fn tenants(&self) -> Vec<&str> {
        match self.0.get("tenants") {
            Some(Value::Object(tenants)) => tenants.keys().map(String::as_str).collect(),
            _ => self.current_tenant().into_iter().collect(),
        }
    }

    /// The tenant that was selected, from the claim `dct`.
    pub fn current_tenant(&self) -> Option<&str> {
        Some(self.text_or_empty("dct")).filter(|tenant| !tenant.is_empty())
    }

    /// Whether the user belongs to the tenant. Nobody belongs to the one named `""`.
    pub fn is_in_tenant(&self, tenant: &str) -> bool {
        !tenant.is_empty() && self.tenants().contains(&tenant)
            || self.current_tenant() == Some(tenant)
    }

    /// The roles held in a scope. None in a tenant the user does not belong to.
    pub fn roles(&self, scope: Scope<'_>) -> Vec<&str> {
        self.granted("roles", scope).unwrap_or_default()
    }

    /// The permissions held in a scope. None in a tenant the user does not belong to.
    pub fn permissions(&self, scope: Scope<'_>) -> Vec<&str> {
        self.granted("permissions", scope).unwrap_or_default()
    }

    /// Whether the user holds every one of these roles.
    ///
    /// Of no roles at all everyone in the scope holds every one; somebody who is not in the tenant
    /// holds nothing there, not even that.
    pub fn has_roles<'a>(
        &self,
        scope: Scope<'_>,
        roles: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        has_all(self.granted("roles", scope), roles)
    }

    /// Whether the user holds every one of these permissions; see [`has_roles`](Self::has_roles).
    pub fn has_permissions<'a>(
        &self,
        scope: Scope<'_>,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        has_all(self.granted("permissions", scope), permissions)
    }

    /// Those of these roles that the user holds, in the order asked.
    pub fn matched_roles<'a>(
        &self,
        scope: Scope<'_>,
        roles: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        let held = self.roles(scope);
        roles.into_iter().filter(|role| held.contains(role)).collect()
    }

    /// Those of these permissions that the user holds, in the order asked.
    pub fn matched_permissions<'a>(
        &self,
        scope: Scope<'_>,
        permissions: impl IntoIterator<Item = &'a str>,
    ) -> Vec<&'a str> {
        let held = self.permissions(scope);
        permissions.into_iter().filter(|permission| held.contains(permission)).collect()
    }

    /// What a claim grants in a scope; `None` for a tenant the user does not belong to.
    ///
    /// Roles of the project never count in a tenant, with one exception that Descope makes: a token
    /// without `tenants` whose current tenant (`dct`) is the one asked for carries that tenant's
    /// roles at its top.
    fn granted(&self, claim: &str, scope: Scope<'_>) -> Option<Vec<&str>> {
        let grants = match scope {
            Scope::Project => self.0.get(claim),
            Scope::Tenant(tenant) if !self.is_in_tenant(tenant) => return None,
            Scope::Tenant(tenant) => match self.0.get("tenants") {
                Some(tenants) => tenants.get(tenant).and_then(|tenant| tenant.get(claim)),
                None => self.0.get(claim),
            },
        };
        Some(texts(grants).collect())
    }

    /// A claim of the program's own, of any type; `None` if it is absent or null.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(not_readable),
        }
    }

    /// All claims at once, as a type of the program's own.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if they are not a `T`.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.0).map_err(not_readable)
    }

    /// All claims, as JSON.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Claims {
    /// Shows who and until when, and only the names of the rest, which may be confidential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("user_id", &self.user_id())
            .field("expires_at", &self.expires_at())
            .field("names", &self.0.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The name of the refresh token's cookie in a project that has not chosen another.
pub(crate) const REFRESH_COOKIE: &str = "DSR";

/// A cookie's name without the prefixes by which browsers restrict it (RFC 6265bis section 4.1.3).
fn bare(name: &str) -> &str {
    let prefixes = ["__Host-", "__Secure-"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// An error of `serde_json` may quote the value, so nothing of it is kept.
fn not_readable(_: serde_json::Error) -> Error {
    DecodeError::new("a claim is not of the type asked for").into()
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn has_all<'a>(held: Option<Vec<&str>>, asked: impl IntoIterator<Item = &'a str>) -> bool {
    held.is_some_and(|held| asked.into_iter().all(|one| held.contains(&one)))
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
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn claims(json: Value) -> Claims {
        match json {
            Value::Object(members) => Claims(members),
            _ => panic!("not an object"),
        }
    }

    fn good() -> Value {
        json!({ "iss": "P1", "sub": "U1", "exp": NOW + 60 })
    }

    fn check(claims: &Claims, audience: &[&str]) -> Result<(), TokenError> {
        let audience: Vec<String> = audience.iter().map(|a| (*a).to_owned()).collect();
        claims.check(&Rules {
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
        check(&claims(json), &[])
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
            assert_eq!(check(&claims(json), &[]), Err(TokenError::Claim(name)));
        }
        assert_eq!(with("sub", json!("")), Err(TokenError::Claim("sub")));
        assert_eq!(check(&claims(good()), &[]), Ok(()));
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
            let _ = claims(good()).check(&rules);
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
            assert_eq!(check(&claims(json), wanted).is_ok(), accepted, "{aud:?} {wanted:?}");
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
    fn the_user_is_dsub_before_sub() {
        assert_eq!(claims(json!({"sub": "a", "dsub": "b"})).user_id(), "b");
        assert_eq!(claims(json!({"sub": "a", "dsub": ""})).user_id(), "a");
        assert_eq!(claims(json!({"sub": "a"})).user_id(), "a");
    }

    #[test]
    fn nothing_confidential_is_shown() {
        let shown = format!("{:?}", claims(json!({"sub": "U1", "ssn": "canary"})));
        assert!(shown.contains("U1") && shown.contains("ssn") && !shown.contains("canary"));
        let error = claims(json!({"n": "canary"})).get::<u8>("n").unwrap_err();
        assert!(!error.to_string().contains("canary") && !format!("{error:?}").contains("canary"));
    }

    /// The rules of roles once more, as short as can be, to compare with.
    fn model(claims: &Value, tenant: Option<&str>, asked: &[&str]) -> bool {
        let list = |v: &Value| -> Vec<String> {
            let list = v.as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|r| r.as_str().map(str::to_owned)).collect()
        };
        let held = match tenant {
            None => list(&claims["roles"]),
            Some("") => return false,
            Some(t) => {
                let current = claims["dct"] == json!(t);
                match claims.get("tenants") {
                    Some(Value::Object(all)) if all.contains_key(t) => list(&all[t]["roles"]),
                    Some(_) if current => Vec::new(),
                    None if current => list(&claims["roles"]),
                    _ => return false,
                }
            }
        };
        asked.iter().all(|role| held.iter().any(|h| h == role))
    }

    #[test]
    fn roles_agree_with_the_model() {
        let lists = [
            json!(null),
            json!([]),
            json!(["a"]),
            json!(["a", "b"]),
            json!("a"),
            json!({"a": 1}),
            json!([1, "b", null]),
        ];
        let mut tenants = vec![None, Some(json!(null)), Some(json!([])), Some(json!({"": {}}))];
        for list in &lists {
            tenants.push(Some(json!({"t": {"roles": list}, "u": null})));
            tenants.push(Some(json!({"u": {"roles": list}})));
        }
        let mut compared = 0;
        for roles in &lists {
            for tenants in &tenants {
                for dct in [json!(null), json!("t"), json!("x"), json!(""), json!(1)] {
                    let mut json = json!({"roles": roles, "dct": dct});
                    if let Some(tenants) = tenants {
                        json["tenants"] = tenants.clone();
                    }
                    let claims = claims(json.clone());
                    for scope in [None, Some("t"), Some("u"), Some("x"), Some("")] {
                        for asked in [&[][..], &["a"], &["b"], &["a", "b"], &["c"], &["a", "a"]] {
                            let given = scope.map_or(Scope::Project, Scope::Tenant);
                            let says = claims.has_roles(given, asked.iter().copied());
                            assert_eq!(
                                says,
                                model(&json, scope, asked),
                                "{json} {scope:?} {asked:?}"
                            );
                            let matched = claims.matched_roles(given, asked.iter().copied());
                            let all = matched.len() == asked.len();
                            assert!(says == all || asked.is_empty(), "{json} {scope:?} {asked:?}");
                            compared += 1;
                        }
                    }
                }
            }
        }
        assert!(compared > 10_000);
    }
}
