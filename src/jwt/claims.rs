//! The claims of a token: which are required, and what they say of roles and tenants.

use std::fmt;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::members::Members;
use super::registered::Registered;
use crate::error::{Error, Result};
use crate::json::DecodeError;
use crate::time::UnixTime;

/// Claims that only ID tokens have (OpenID Connect Core sections 2 and 3.3.2.11, Financial-grade API).
pub(crate) const ID_TOKEN_CLAIMS: [&str; 4] = ["nonce", "at_hash", "c_hash", "s_hash"];

/// The claims of a token whose signature and times have been checked.
///
/// For a token from a request, only [`Sessions::validate`](crate::auth::session::Sessions::validate) and the
/// functions built on it create a `Claims`.
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
#[derive(Clone)]
pub struct Claims {
    pub(super) registered: Registered,
    members: Members,
    tree: OnceLock<Map<String, Value>>,
}

/// Where a role or permission applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope<'t> {
    /// In the project, whatever the tenant.
    ///
    /// In some projects, tokens have no `tenants` claim, and their top-level roles are those of the
    /// current tenant (`dct`). Descope's SDKs read them in the same way. Such a token does not distinguish
    /// the roles of the project from those of the tenant, so ask for the tenant.
    Project,
    /// In the tenant with this ID.
    Tenant(&'t str),
}

impl Claims {
    pub(super) fn new(registered: Registered) -> Self {
        Self { registered, members: Members::default(), tree: OnceLock::new() }
    }

    /// All claims; read when somebody first asks for them.
    fn tree(&self) -> &Map<String, Value> {
        // Does not fail, as `Registered` has seen to it.
        self.tree.get_or_init(|| serde_json::from_str(self.registered.json()).unwrap_or_default())
    }

    /// The claim of this name, of any type.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.members.get(self.registered.json(), name)
    }

    /// One of the claims that are looked at for every token.
    fn text_or_empty(&self, name: &'static str) -> &str {
        self.registered.text(name).ok().flatten().unwrap_or_default()
    }

    fn time(&self, name: &'static str) -> Option<UnixTime> {
        self.registered.date(name, f64::floor).ok()?.map(UnixTime::from_seconds)
    }

    /// The ID of the user or the access key: the claim `dsub` if there is one, else `sub`.
    pub fn user_id(&self) -> &str {
        let user = self.text_or_empty("dsub");
        if user.is_empty() { self.subject() } else { user }
    }

    /// The claim `sub`, unchanged: in an ID token, the user's ID at the server.
    pub fn subject(&self) -> &str {
        self.text_or_empty("sub")
    }

    /// The claim `iss`, unchanged: the project's ID, or a URL that contains it.
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
        texts(self.value("amr")).collect()
    }

    /// Whether at least two different factors were used. A factor that appears twice counts once.
    pub fn is_mfa(&self) -> bool {
        let factors = self.auth_factors();
        factors.iter().any(|factor| factor != &factors[0])
    }

    /// The ID of whoever acts in the user's place, as in an impersonation: the member `sub` of the claim
    /// `act` (RFC 8693 section 4.1). The token is still the user's.
    pub fn actor(&self) -> Option<&str> {
        self.value("act")?.get("sub")?.as_str()
    }

    /// The scopes of an OAuth access token: the claim `scope` (RFC 8693 section 4.2), or else `scp`, as
    /// one text or a list. Empty for a session token.
    ///
    /// Access tokens of inbound applications and MCP servers are signed with the project's keys, so
    /// [`validate`](crate::auth::session::Sessions::validate) accepts them. If this list is not empty, the
    /// user has let another application act, and only within these scopes.
    pub fn scopes(&self) -> Vec<&str> {
        match self.value("scope").or_else(|| self.value("scp")) {
            Some(Value::String(scopes)) => scopes.split_ascii_whitespace().collect(),
            list => texts(list).collect(),
        }
    }

    /// The application that an OAuth token was issued to: the claim `client_id` (RFC 9068 section 2.2), or
    /// else `azp` (OpenID Connect Core section 2).
    pub fn client_id(&self) -> Option<&str> {
        ["client_id", "azp"].into_iter().find_map(|name| self.value(name)?.as_str())
    }

    /// Whether the token is an OpenID Connect ID token. An ID token tells an application who has signed
    /// in, and is not meant to open a session. It has a claim `nonce`, `at_hash`, `c_hash` or `s_hash`
    /// (OpenID Connect Core sections 2 and 3.3.2.11, Financial-grade API).
    pub fn is_id_token(&self) -> bool {
        ID_TOKEN_CLAIMS.into_iter().any(|name| self.value(name).is_some())
    }

    /// The SHA-256 thumbprint of the key that the token is bound to (claim `cnf`, member `jkt`; RFC 9449
    /// section 6.1), for projects that use `DPoP`.
    ///
    /// As in the official SDKs, such a token passes
    /// [`validate`](crate::auth::session::Sessions::validate) without a proof. Accept the request only after
    /// you have checked the proof. The guard of the feature `web` does that, if you give it `Proofs`, and
    /// refuses such tokens otherwise.
    pub fn key_thumbprint(&self) -> Option<&str> {
        self.value("cnf")?.get("jkt")?.as_str()
    }

    /// The tenants that the user belongs to: those in the claim `tenants`, or else the current one.
    pub fn tenants(&self) -> Vec<&str> {
        match self.value("tenants") {
            Some(Value::Object(tenants)) => tenants.keys().map(String::as_str).collect(),
            _ => self.current_tenant().into_iter().collect(),
        }
    }

    /// The tenant that the user has selected, from the claim `dct`.
    pub fn current_tenant(&self) -> Option<&str> {
        Some(self.text_or_empty("dct")).filter(|tenant| !tenant.is_empty())
    }

    /// Whether the user belongs to the tenant. Always false for `""`.
    pub fn is_in_tenant(&self, tenant: &str) -> bool {
        !tenant.is_empty() && self.tenants().contains(&tenant)
            || self.current_tenant() == Some(tenant)
    }

    /// The user's roles in a scope. Empty for a tenant that the user does not belong to.
    pub fn roles(&self, scope: Scope<'_>) -> Vec<&str> {
        self.granted("roles", scope).unwrap_or_default()
    }

    /// The user's permissions in a scope. Empty for a tenant that the user does not belong to.
    pub fn permissions(&self, scope: Scope<'_>) -> Vec<&str> {
        self.granted("permissions", scope).unwrap_or_default()
    }

    /// Whether the user holds all of these roles.
    ///
    /// With an empty list this is true for every member of the scope, and false for anyone outside the
    /// tenant.
    pub fn has_roles(
        &self,
        scope: Scope<'_>,
        roles: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> bool {
        has_all(self.granted("roles", scope), roles)
    }

    /// Whether the user holds all of these permissions; see [`has_roles`](Self::has_roles).
    pub fn has_permissions(
        &self,
        scope: Scope<'_>,
        permissions: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> bool {
        has_all(self.granted("permissions", scope), permissions)
    }

    /// Returns the roles in this list that the user holds, in the order of the list.
    pub fn matched_roles<R: AsRef<str>>(
        &self,
        scope: Scope<'_>,
        roles: impl IntoIterator<Item = R>,
    ) -> Vec<R> {
        matched(&self.roles(scope), roles)
    }

    /// Returns the permissions in this list that the user holds, in the order of the list.
    pub fn matched_permissions<P: AsRef<str>>(
        &self,
        scope: Scope<'_>,
        permissions: impl IntoIterator<Item = P>,
    ) -> Vec<P> {
        matched(&self.permissions(scope), permissions)
    }

    /// What a claim grants in a scope; `None` for a tenant the user does not belong to.
    ///
    /// Roles of the project never count in a tenant, with one exception that Descope makes: a token
    /// without `tenants` whose current tenant (`dct`) is the one asked for carries that tenant's
    /// roles at its top.
    fn granted(&self, claim: &str, scope: Scope<'_>) -> Option<Vec<&str>> {
        let grants = match scope {
            Scope::Project => self.value(claim),
            Scope::Tenant(tenant) if !self.is_in_tenant(tenant) => return None,
            Scope::Tenant(tenant) => match self.value("tenants") {
                Some(tenants) => tenants.get(tenant).and_then(|tenant| tenant.get(claim)),
                None => self.value(claim),
            },
        };
        Some(texts(grants).collect())
    }

    /// A custom claim of any type, or `None` if it is absent or null.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match self.value(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(not_readable),
        }
    }

    /// All claims at once, as a type of your own.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if they are not a `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(self.tree()).map_err(not_readable)
    }

    /// All claims, as JSON.
    pub fn as_map(&self) -> &Map<String, Value> {
        self.tree()
    }
}

#[cfg(feature = "web")]
impl Claims {
    /// Whether the token says of itself that it belongs in this cookie.
    pub(crate) fn is_of_cookie(&self, name: &str) -> bool {
        self.registered.is_of_cookie(name)
    }

    /// Whether the token is bound to a key, in whatever way (claim `cnf`, RFC 7800).
    pub(crate) fn is_bound(&self) -> bool {
        self.registered.is_present("cnf")
    }
}

impl PartialEq for Claims {
    /// Whether they say the same, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.tree() == other.tree()
    }
}

impl fmt::Debug for Claims {
    /// Shows who and until when, and only the names of the rest, which may be confidential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("user_id", &self.user_id())
            .field("expires_at", &self.expires_at())
            .field("names", &self.tree().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// An error of `serde_json` may quote the value, so nothing of it is kept.
fn not_readable(_: serde_json::Error) -> Error {
    DecodeError::new("a claim does not have the requested type").into()
}

fn texts(list: Option<&Value>) -> impl Iterator<Item = &str> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn has_all(held: Option<Vec<&str>>, asked: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
    held.is_some_and(|held| asked.into_iter().all(|one| held.contains(&one.as_ref())))
}

fn matched<T: AsRef<str>>(held: &[&str], asked: impl IntoIterator<Item = T>) -> Vec<T> {
    asked.into_iter().filter(|one| held.contains(&one.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::rules::{Audience, Rules};
    use super::*;
    use crate::error::TokenError;

    const NOW: i64 = 1_700_000_000;

    /// Claims with these among them.
    fn claims(json: &Value) -> Claims {
        let mut all = json!({ "iss": "P1", "sub": "U1", "exp": NOW + 60 });
        all.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        read(&all).unwrap()
    }

    fn read(json: &Value) -> Result<Claims, TokenError> {
        let rules = Rules {
            project_id: "P1",
            audience: Audience { any_of: &[], resource: None },
            leeway: Duration::from_secs(5),
            now: NOW,
            refresh_cookie: Some("DSR"),
        };
        let claims = Claims::new(Registered::read(json.to_string()).unwrap());
        claims.registered.check(&rules).map(|()| claims)
    }

    #[test]
    fn the_user_is_dsub_before_sub() {
        assert_eq!(claims(&json!({"sub": "a", "dsub": "b"})).user_id(), "b");
        let by_sub = claims(&json!({"sub": "a"}));
        assert!(
            by_sub.user_id() == "a" && by_sub.members.is_unread() && by_sub.tree.get().is_none()
        );
        let empty = json!({ "iss": "P1", "sub": "a", "dsub": "", "exp": NOW + 60 });
        assert_eq!(read(&empty), Err(TokenError::Claim("sub")));
    }

    #[test]
    fn claims_are_equal_if_they_say_the_same() {
        assert_eq!(claims(&json!({ "plan": 1 })), claims(&json!({ "plan": 1 })));
        assert_ne!(claims(&json!({ "plan": 1 })), claims(&json!({ "plan": 2 })));
    }

    #[test]
    fn a_factor_that_is_named_twice_is_one_factor() {
        for (amr, mfa) in [
            (json!(null), false),
            (json!([]), false),
            (json!(["email"]), false),
            (json!(["email", "email"]), false),
            (json!(["email", "email", "sms"]), true),
            (json!(["pwd", "mfa"]), true),
            (json!(["email", 1]), false),
            (json!("email sms"), false),
        ] {
            assert_eq!(claims(&json!({ "amr": amr })).is_mfa(), mfa, "{amr}");
        }
    }

    #[test]
    fn tokens_of_other_kinds_can_be_told() {
        let session = claims(&json!({ "drn": "DS" }));
        assert_eq!((session.actor(), session.client_id()), (None, None));
        assert!(session.scopes().is_empty() && !session.is_id_token());

        let act = |act: Value| claims(&json!({ "act": act })).actor().map(str::to_owned);
        assert_eq!(act(json!({ "sub": "U2admin" })).as_deref(), Some("U2admin"));
        assert_eq!(act(json!({ "sub": 1 })), None);
        assert_eq!(act(json!("U2admin")), None);

        for (json, scopes) in [
            (json!({ "scope": "read  write" }), &["read", "write"][..]),
            (json!({ "scope": ["read", 1, "write"] }), &["read", "write"]),
            (json!({ "scp": ["read"] }), &["read"]),
            (json!({ "scope": "a", "scp": "b" }), &["a"]),
            (json!({ "scope": "" }), &[]),
            (json!({ "scope": 1 }), &[]),
        ] {
            assert_eq!(claims(&json).scopes(), scopes, "{json}");
        }
        let app = json!({ "client_id": "app", "azp": "other" });
        assert_eq!(claims(&app).client_id(), Some("app"));
        assert_eq!(claims(&json!({ "azp": "other" })).client_id(), Some("other"));
        for name in ["nonce", "at_hash", "c_hash", "s_hash"] {
            assert!(claims(&json!({ name: "x" })).is_id_token(), "{name}");
        }
    }

    #[test]
    fn nothing_confidential_is_shown() {
        let shown = format!("{:?}", claims(&json!({"sub": "U1", "ssn": "canary"})));
        assert!(shown.contains("U1") && shown.contains("ssn") && !shown.contains("canary"));
        let error = claims(&json!({"n": "canary"})).get::<u8>("n").unwrap_err();
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
                    let claims = claims(&json);
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
