//! Finds the operation of a request, after checking its bearer and its fields.

use super::origin::scheme;
use crate::emulator::api::areas::routes;
use crate::emulator::api::call::Call;
use crate::emulator::api::route::{Bearer, Route};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::context::Context;
use crate::emulator::words::digest::digest;
use crate::emulator::words::fields::{self, Unknown};
use crate::emulator::words::operations;
use crate::emulator::words::refusal::{Refusal, Result};
use crate::emulator::words::settings::Settings;
use crate::transport::{Request, http};

/// Answers a request of the emulated API.
pub(in crate::emulator) fn dispatch(
    request: &Request,
    context: &Context<'_>,
    unknown: &mut Unknown,
    store: &mut Store,
) -> Result {
    let Context { settings, now, real, .. } = *context;
    let (method, path) = (request.method().as_str(), request.uri().path());
    let mut path_known = false;
    for route in routes() {
        let Some(params) = route.params(path) else { continue };
        path_known = true;
        if !route.takes(method) {
            continue;
        }
        let token = authorize(request, route, settings, now, store)?;
        let query = request.uri().query().unwrap_or_default();
        let query = fields::query_with(route.query, query, unknown)?;
        let body = fields::parse_with(route.body, request.body(), unknown)?;
        let (origin, method) = (origin(request), route.sign_in_method());
        let context = Context { settings, now, real, origin, token, method };
        return route.handle(&Call { context, params, query, body }, store);
    }
    let mut named = operations::at(path);
    if named.clone().any(|known| known.method == method) {
        Err(Refusal::not_emulated(method, path))
    } else if path_known || named.next().is_some() {
        Err(Refusal::wrong_method(method, path))
    } else {
        Err(Refusal::no_route(method, path))
    }
}

/// Whether an operation has this method and path.
pub(super) fn is_route(request: &Request) -> bool {
    let (method, path) = (request.method().as_str(), request.uri().path());
    routes().any(|route| route.takes(method) && route.params(path).is_some())
}

/// The URL under which the client knows the emulator.
pub(super) fn origin(request: &Request) -> String {
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str).or(host);
    format!("{}://{}", scheme(request), authority.unwrap_or("localhost"))
}

/// Checks `Bearer project[:token][:management key]` and returns the token.
fn authorize(
    request: &Request,
    route: &Route,
    settings: &Settings,
    now: i64,
    store: &Store,
) -> Result<Option<String>> {
    let header = request.headers().get(http::header::AUTHORIZATION);
    if route.bearer == Bearer::Public && header.is_none() {
        return Ok(None);
    }
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
    match route.bearer {
        Bearer::Management | Bearer::ManagementOrInbound
            if rest == Some(&*settings.management_key) =>
        {
            Ok(None)
        }
        Bearer::ManagementOrInbound if token.is_some_and(|token| token.contains('.')) => {
            Ok(token.map(str::to_owned))
        }
        Bearer::Management | Bearer::ManagementOrInbound => {
            check_key(rest.unwrap_or_default(), route, settings, now, store).map(|()| None)
        }
        Bearer::Public | Bearer::Project => Ok(None),
        Bearer::Refresh => Ok(token.map(str::to_owned).or_else(|| refresh_cookie(request))),
        Bearer::AccessKey => Ok(token.map(str::to_owned)),
        // A key for the authentication calls alone is no token.
        Bearer::MaybeRefresh => {
            let token = token.filter(|token| token.matches('.').count() == 2);
            Ok(token.map(str::to_owned).or_else(|| refresh_cookie(request)))
        }
    }
}

/// The refresh token that a browser sends by itself, where pages do not see it. They may give the cookie another name.
fn refresh_cookie(request: &Request) -> Option<String> {
    let headers = request.headers();
    let name = headers.get("x-descope-refresh-cookie-name").and_then(|name| name.to_str().ok());
    let name = name.filter(|name| !name.is_empty()).unwrap_or("DSR");
    let lines = headers.get_all(http::header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(found, value)| *found == name && !value.is_empty());
    found.map(|(_, value)| value.to_owned())
}

/// Refuses a management key that was not created here, has expired, or may not make such a call. The
/// emulator's own key may do everything, and is not among these.
fn check_key(
    cleartext: &str,
    route: &Route,
    settings: &Settings,
    now: i64,
    store: &Store,
) -> Result<()> {
    let known = store.company.management_keys.get(By::Secret, digest(cleartext));
    let key = known.ok_or_else(|| Refusal::unauthorized("The management key is wrong"))?;
    if !key.is_good(now) {
        return Err(Refusal::unauthorized("The management key is inactive or has expired"));
    }
    if !key.permits(&settings.project_id, &store.project.about.tags, route.demand()) {
        return Err(Refusal::forbidden("The roles of the management key do not permit this call"));
    }
    Ok(())
}

#[cfg(test)]
mod any_request;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::Emulator;
    use std::collections::BTreeSet;

    use crate::emulator::api::event::Event;
    use crate::emulator::api::oauth::place;
    use crate::emulator::testing;
    use crate::emulator::testing::refused;
    use crate::emulator::words::fields::{Field, Shape};
    use crate::emulator::words::operations::Operation;

    fn names(fields: &[Field]) -> String {
        let mut names: Vec<_> = fields.iter().map(|field| field.name).collect();
        names.sort_unstable();
        if names.is_empty() { "-".to_owned() } else { names.join(",") }
    }

    #[test]
    fn every_route_is_in_the_list_with_its_fields() {
        let mut wrong = Vec::new();
        for Route { method, path, body, query, .. } in routes() {
            let is = |known: &&Operation| known.method == *method && known.path == *path;
            let Some(operation) = operations::all().find(is) else {
                wrong.push(format!("src/operations.txt has no `{method} {path}`"));
                continue;
            };
            if !operation.emulated {
                wrong.push(format!(
                    "src/operations.txt: add the mark `emulator` to `{method} {path}`"
                ));
            }
            let body = match *body {
                Shape::Object(fields) => names(fields),
                Shape::Texts => "<body>".to_owned(),
            };
            for (has, listed) in [body, names(query)].into_iter().zip(&operation.fields) {
                let split = |names: &str| names.split(',').map(str::to_owned).collect();
                let (has, listed): (BTreeSet<String>, BTreeSet<String>) =
                    (split(&has), split(listed));
                wrong.extend(has.difference(&listed).map(|name| {
                    format!(
                        "the route `{method} {path}` takes `{name}`, which src/operations.txt lacks"
                    )
                }));
                wrong.extend(listed.difference(&has).map(|name| {
                    format!(
                        "the route `{method} {path}` lacks `{name}`, which src/operations.txt has"
                    )
                }));
            }
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    #[test]
    fn what_the_list_marks_as_emulated_has_a_route() {
        for Operation { method, path, .. } in operations::all().filter(|known| known.emulated) {
            let has_route = routes().any(|route| (route.method, route.path) == (*method, *path));
            let has_place = place::find(path).is_some_and(|place| place.methods.contains(method));
            assert!(
                has_route || has_place,
                "src/operations.txt: remove the mark `emulator` from `{method} {path}`, or add a route"
            );
        }
    }

    #[test]
    fn no_operation_has_two_routes_and_management_needs_its_key() {
        let mut seen = std::collections::HashSet::new();
        for route in routes() {
            assert!(seen.insert((route.method, route.path)), "{}", route.path);
            let management = route.path.contains("/mgmt/");
            let key = matches!(route.bearer, Bearer::Management | Bearer::ManagementOrInbound);
            assert_eq!(key, management, "{}", route.path);
        }
    }

    #[test]
    fn what_changes_nothing_declares_no_event_and_reasons_are_given() {
        let mut read = 0;
        for Route { method, path, event, .. } in routes() {
            match event {
                Event::Read => read += 1,
                Event::Unrecorded(why) => assert!(why.len() > 10, "{method} {path}"),
                Event::SignInBy(_) => assert!(path.contains("/auth/"), "{method} {path}"),
                Event::Action(action) | Event::OfUser(action) => {
                    assert!(*method != "GET" && path.contains("/mgmt/"), "{method} {path}");
                    let ends = ["Created", "Modified", "Deleted", "Impersonated"];
                    assert!(ends.iter().any(|end| action.ends_with(end)), "{action}");
                }
            }
        }
        assert!(read > 50, "{read}");
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
        // Whoever verifies tokens needs the keys, and may have nothing else.
        assert_eq!(status(&keys, None), 200);
        assert_eq!(status(&keys, Some(format!("Bearer {project}"))), 200);
        assert_eq!(status(&keys, Some(format!("bearer {project}:{key}"))), 200);
        assert_eq!(status("/v1/mgmt/license", Some(format!("Bearer {project}:{key}"))), 200);
        for (path, bearer) in [
            (&*keys, Some(String::new())),
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
