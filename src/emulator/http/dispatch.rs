//! Finds the handler of a request, after checking its bearer and its fields.

use std::sync::LazyLock;

use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::emulator::api::{auth, mgmt};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields;
use crate::emulator::words::fields::{Field, Fields, Object, Shape};
use crate::emulator::words::refusal::{Answer, Refusal, Reply};
use crate::emulator::words::settings::Settings;
use crate::transport::{Request, http};

/// The areas. A new area is a file with its routes, and a line here.
const AREAS: &[&[Route]] = &[
    auth::access_key::ROUTES,
    auth::oauth::ROUTES,
    auth::enchanted_link::ROUTES,
    auth::magic_link::ROUTES,
    auth::otp::ROUTES,
    auth::password::ROUTES,
    auth::session::ROUTES,
    auth::sso::ROUTES,
    auth::webauthn::ROUTES,
    auth::totp::ROUTES,
    mgmt::access_key::ROUTES,
    mgmt::attribute::ROUTES,
    mgmt::audit::ROUTES,
    mgmt::authz::ROUTES,
    mgmt::fga::ROUTES,
    mgmt::flow::ROUTES,
    mgmt::group::ROUTES,
    mgmt::jwt::ROUTES,
    mgmt::license::ROUTES,
    mgmt::link::ROUTES,
    mgmt::password::ROUTES,
    mgmt::permission::ROUTES,
    mgmt::project::ROUTES,
    mgmt::role::ROUTES,
    mgmt::sso::ROUTES,
    mgmt::sso_application::ROUTES,
    mgmt::tenant::ROUTES,
    mgmt::theme::ROUTES,
    mgmt::user::ROUTES,
    mgmt::user_password::ROUTES,
    mgmt::user_search::ROUTES,
    mgmt::user_social::ROUTES,
    mgmt::user_update::ROUTES,
];

/// What only seeds call: it makes what no operation does.
const INSIDE: &[Route] = &[
    auth::passkey_seed::MAKE,
    mgmt::group::MAKE,
    mgmt::jwt::CONSENT,
    mgmt::project::ABOUT,
    mgmt::sso::MAKE,
];

/// Every operation of the API, covered or not: method, path, body fields, query fields.
const OPERATIONS: &str = include_str!("../operations.txt");

/// What the `Authorization` header must hold beside the project ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Bearer {
    /// Nothing; what else is there is ignored.
    Project,
    /// A refresh token. The handler checks it.
    Refresh,
    /// A refresh token, where the request asks for step-up or MFA.
    MaybeRefresh,
    /// An access key.
    AccessKey,
    /// The management key.
    Management,
}

type Handler = fn(&Call<'_>, &mut Store) -> Answer;

/// One operation.
pub(in crate::emulator) struct Route {
    method: &'static str,
    /// Segments in braces are parameters.
    path: &'static str,
    bearer: Bearer,
    query: &'static [Field],
    body: Shape,
    handler: Handler,
}

impl Route {
    pub(in crate::emulator) const fn post(
        path: &'static str,
        bearer: Bearer,
        body: &'static [Field],
        handler: Handler,
    ) -> Self {
        Self { method: "POST", path, bearer, query: &[], body: Shape::Object(body), handler }
    }

    pub(in crate::emulator) const fn get(
        path: &'static str,
        bearer: Bearer,
        query: &'static [Field],
        handler: Handler,
    ) -> Self {
        Self { method: "GET", path, bearer, query, body: Shape::Object(&[]), handler }
    }

    pub(in crate::emulator) const fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(in crate::emulator) const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    pub(in crate::emulator) const fn bare_texts(self) -> Self {
        Self { body: Shape::Texts, ..self }
    }

    fn params(&self, path: &str) -> Option<Params> {
        pattern_params(self.path, path)
    }
}

type Params = Vec<(&'static str, String)>;

fn pattern_params(pattern: &'static str, path: &str) -> Option<Params> {
    let (mut params, mut wanted, mut given) = (Vec::new(), pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(_) if given.is_empty() => return None,
                    Some(name) => {
                        let value = percent_decode_str(given).decode_utf8().ok()?;
                        params.push((name, value.into_owned()));
                    }
                    None if wanted == given => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}

/// A request whose bearer and fields are checked.
pub(in crate::emulator) struct Call<'a> {
    pub(in crate::emulator) settings: &'a Settings,
    /// Seconds since the epoch.
    pub(in crate::emulator) now: i64,
    /// Under which the client knows the emulator, such as `http://127.0.0.1:8080`.
    pub(in crate::emulator) origin: String,
    /// The refresh token or the access key of the bearer.
    pub(in crate::emulator) token: Option<String>,
    params: Params,
    query: Object,
    body: Object,
}

impl<'a> Call<'a> {
    /// A call that comes from inside, not from a request.
    pub(in crate::emulator) fn inside(settings: &'a Settings, now: i64) -> Self {
        let (params, query, body) = (Params::new(), Object::new(), Object::new());
        Self { settings, now, origin: String::new(), token: None, params, query, body }
    }

    /// A parameter of the path.
    pub(in crate::emulator) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(param, _)| *param == name);
        found.map_or("", |(_, value)| value)
    }

    pub(in crate::emulator) fn query(&self) -> Fields<'_> {
        Fields::new(&self.query)
    }

    pub(in crate::emulator) fn body(&self) -> Fields<'_> {
        Fields::new(&self.body)
    }

    pub(in crate::emulator) fn required_token(&self) -> Answer<&str> {
        self.token.as_deref().ok_or_else(|| Refusal::token("The request has no refresh token"))
    }
}

/// Answers a request of the emulated API.
pub(in crate::emulator) fn dispatch(
    request: &Request,
    settings: &Settings,
    now: i64,
    store: &mut Store,
) -> Answer {
    let (method, path) = (request.method().as_str(), request.uri().path());
    let mut path_known = false;
    for route in AREAS.iter().copied().flatten() {
        let Some(params) = route.params(path) else { continue };
        path_known = true;
        if route.method != method {
            continue;
        }
        let token = authorize(request, route.bearer, settings)?;
        let query = fields::query(route.query, request.uri().query().unwrap_or_default())?;
        let body = fields::parse(route.body, request.body())?;
        let origin = origin(request);
        let call = Call { settings, now, origin, token, params, query, body };
        return handle(route, &call, store);
    }
    let mut named = operations().filter(|(_, pattern, _)| pattern_params(pattern, path).is_some());
    if named.clone().any(|(known, ..)| *known == method) {
        Err(Refusal::not_emulated(method, path))
    } else if path_known || named.next().is_some() {
        Err(Refusal::wrong_method(method, path))
    } else {
        Err(Refusal::no_route(method, path))
    }
}

/// Runs an operation from inside: a management call, without a request around it.
pub(in crate::emulator) fn run(
    path: &str,
    body: Object,
    settings: &Settings,
    now: i64,
    store: &mut Store,
) -> Answer {
    let mut routes = AREAS.iter().copied().flatten().chain(INSIDE);
    let route = routes.find(|route| route.path == path && route.method == "POST");
    let Some(route) = route else { return Err(Refusal::no_route("POST", path)) };
    let body = match route.body {
        Shape::Object(fields) => fields::object(fields, body, "")?,
        Shape::Texts => body,
    };
    handle(route, &Call { body, ..Call::inside(settings, now) }, store)
}

/// Does what a call asks for, and records it.
fn handle(route: &Route, call: &Call<'_>, store: &mut Store) -> Answer {
    let before = mgmt::audit::before(route.path, call, store);
    let answer = (route.handler)(call, store);
    mgmt::audit::after(before, (route.method, route.path), call, store, &answer);
    answer
}

fn origin(request: &Request) -> String {
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str).or(host);
    format!("http://{}", authority.unwrap_or("localhost"))
}

/// Checks `Bearer project[:token][:management key]` and returns the token.
fn authorize(request: &Request, bearer: Bearer, settings: &Settings) -> Answer<Option<String>> {
    let header = request.headers().get(http::header::AUTHORIZATION);
    let credentials = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, credentials)| credentials.trim())
        .ok_or_else(|| Refusal::unauthorized("The request has no bearer"))?;
    let (project, rest) = match credentials.split_once(':') {
        Some((project, rest)) => (project, Some(rest)),
        None => (credentials, None),
    };
    if project != settings.project_id {
        return Err(Refusal::unauthorized("The bearer's project ID is wrong"));
    }
    // Tokens and access keys have no colon; a key for the authentication calls may follow.
    let token = rest.and_then(|rest| rest.split(':').next()).filter(|token| !token.is_empty());
    match bearer {
        Bearer::Management if rest == Some(&*settings.management_key) => Ok(None),
        Bearer::Management => Err(Refusal::unauthorized("The management key is wrong")),
        Bearer::Project => Ok(None),
        Bearer::Refresh | Bearer::AccessKey => Ok(token.map(str::to_owned)),
        // A key for the authentication calls alone is no token.
        Bearer::MaybeRefresh => {
            Ok(token.filter(|token| token.matches('.').count() == 2).map(str::to_owned))
        }
    }
}

type Operation = (&'static str, &'static str, [&'static str; 2]);

fn operations() -> impl Iterator<Item = &'static Operation> + Clone {
    static PARSED: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        let column = |line: &'static str, at| line.split(' ').nth(at).unwrap_or_default();
        OPERATIONS
            .lines()
            .map(|line| (column(line, 0), column(line, 1), [column(line, 2), column(line, 3)]))
            .collect()
    });
    PARSED.iter()
}

/// An answer that is a list under a name.
pub(in crate::emulator) fn list(
    name: &str,
    items: impl Iterator<Item = serde_json::Value>,
) -> Answer {
    Ok(Reply::from(json!({ name: items.collect::<Vec<_>>() })))
}

#[cfg(test)]
mod any_request;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::Emulator;
    use crate::emulator::testing;
    use crate::emulator::testing::refused;

    fn names(fields: &[Field]) -> String {
        let mut names: Vec<_> = fields.iter().map(|field| field.name).collect();
        names.sort_unstable();
        if names.is_empty() { "-".to_owned() } else { names.join(",") }
    }

    #[test]
    fn every_route_takes_the_fields_of_its_operation() {
        for route in AREAS.iter().copied().flatten() {
            let Route { method, path, .. } = route;
            let found = operations().find(|(m, p, _)| m == method && p == path);
            let (.., [body, query]) = found.unwrap_or_else(|| panic!("{method} {path}"));
            let fields = match route.body {
                Shape::Object(fields) => names(fields),
                Shape::Texts => "<body>".to_owned(),
            };
            assert_eq!((&*fields, &*names(route.query)), (*body, *query), "{method} {path}");
        }
    }

    #[test]
    fn no_operation_has_two_routes_and_management_needs_its_key() {
        let mut seen = std::collections::HashSet::new();
        for route in AREAS.iter().copied().flatten() {
            assert!(seen.insert((route.method, route.path)), "{}", route.path);
            let management = route.path.contains("/mgmt/");
            assert_eq!(route.bearer == Bearer::Management, management, "{}", route.path);
        }
        assert_eq!(operations().count(), 368);
    }

    #[test]
    fn what_changes_something_is_recorded() {
        let questions = [
            "audit/event",
            "audit/search",
            "accesskey/search",
            "authz/getmodified",
            "authz/re/has",
            "authz/re/resource",
            "authz/re/targetall",
            "authz/re/targets",
            "authz/re/targetwithrelation",
            "authz/re/who",
            "authz/schema/load",
            "fga/check",
            "fga/mappable/resources",
            "fga/resources/load",
            "fga/schema/dryrun",
            "flow/export",
            "flow/list",
            "group/all",
            "group/member/all",
            "group/members",
            "project/export",
            "project/snapshot/export",
            "project/snapshot/validate",
            "projects/list",
            "role/search",
            "tenant/search",
            "theme/export",
            "user/history",
            "user/search",
            "user/search/test",
            "users/load",
            // These make tokens, whose use is recorded.
            "jwt/update",
            "stop/impersonation",
            "tests/generate/enchantedlink",
            "tests/generate/magiclink",
            "tests/generate/otp",
            "user/signin/embeddedlink",
            "user/signup/embeddedlink",
        ];
        for Route { method, path, .. } in AREAS.iter().copied().flatten() {
            let Some((_, named)) = path.split_once("/mgmt/") else { continue };
            if *method == "GET" || named.starts_with("auth/") {
                continue;
            }
            let recorded = mgmt::audit::action(method, path).is_some();
            assert_ne!(recorded, questions.contains(&named), "{method} {path}");
        }
    }

    #[test]
    fn matches_paths() {
        assert_eq!(pattern_params("/a/{x}", "/a/b%20c"), Some(vec![("x", "b c".to_owned())]));
        for path in ["/a", "/a/", "/a/b/c", "/b/c", "a/b", "/a/%ff"] {
            assert_eq!(pattern_params("/a/{x}", path), None, "{path}");
        }
    }

    #[test]
    fn bearers_are_checked() {
        let emulator = Emulator::new();
        let (project, key) = (emulator.project_id(), emulator.management_key());
        let keys = format!("/v2/keys/{project}");
        let status = |path: &str, bearer: Option<String>| {
            let mut request = http::Request::get(path);
            if let Some(bearer) = bearer {
                request = request.header("authorization", bearer);
            }
            emulator.handle(request.body(Vec::new()).unwrap()).status().as_u16()
        };
        assert_eq!(status(&keys, Some(format!("Bearer {project}"))), 200);
        assert_eq!(status(&keys, Some(format!("bearer {project}:{key}"))), 200);
        assert_eq!(status("/v1/mgmt/license", Some(format!("Bearer {project}:{key}"))), 200);
        for (path, bearer) in [
            (&*keys, None),
            (&keys, Some(String::new())),
            (&keys, Some("Bearer".to_owned())),
            (&keys, Some(format!("Basic {project}"))),
            (&keys, Some("Bearer P2other".to_owned())),
            ("/v1/mgmt/license", Some(format!("Bearer {project}"))),
            ("/v1/mgmt/license", Some(format!("Bearer {project}:"))),
            ("/v1/mgmt/license", Some(format!("Bearer {project}:{key}x"))),
            ("/v1/mgmt/license", Some(format!("Bearer {project}:token:{key}"))),
        ] {
            assert_eq!(status(path, bearer.clone()), 401, "{path} {bearer:?}");
        }
    }

    #[test]
    fn unknown_uncovered_and_misspelt_requests_are_told_apart() {
        let emulator = Emulator::new();
        let key = emulator.management_key();
        let send = |method, path| emulator.send(method, path, key, &json!({}));
        refused(send("POST", "/v1/mgmt/user/crate"), 404, "EMU404");
        refused(send("GET", "/"), 404, "EMU404");
        refused(send("GET", "/v1/mgmt/user/create"), 405, "EMU405");
        refused(send("DELETE", "/v1/mgmt/flow/run"), 405, "EMU405");
        refused(send("POST", "/v1/mgmt/flow/run"), 501, "EMU501");
        refused(send("POST", "/_emulator/nothing"), 404, "EMU404");
        refused(send("POST", "/_emulator/inbox"), 405, "EMU405");
        let wrong = json!({ "loginId": "a", "emial": "b" });
        let (status, body) = emulator.send("POST", "/v1/mgmt/user/create", key, &wrong);
        assert_eq!((status, &body["errorMessage"]), (400, &json!("The emial field is unknown")));
        let path = "/v1/mgmt/tenant?id=a&x=1";
        refused(emulator.send("GET", path, key, &json!(null)), 400, "E011003");
        let request = http::Request::post("/v1/auth/otp/signin/email")
            .header("authorization", format!("Bearer {}", emulator.project_id()))
            .body(b"{\"loginId\":".to_vec());
        refused(testing::read(&emulator.handle(request.unwrap())), 400, "E011001");
    }
}
