//! Several projects in one emulator, and which of them a request is for.

use std::sync::Arc;

use super::engine::Engine;
use super::{control, oauth, oauth_page, page};
use crate::emulator::api::oauth::place::{self, Place};
use crate::emulator::state::oauth_client;
use crate::emulator::state::table::By;
use crate::emulator::words::lock::lock;
use crate::emulator::words::path;
use crate::emulator::words::random;
use crate::transport::Request;
use crate::transport::http::header::AUTHORIZATION;

/// Projects that requests make. More of them are refused.
const MAX_PROJECTS: usize = 1_000;

impl Engine {
    /// The project that was there first, and that the others belong to.
    fn first(&self) -> Self {
        self.0.first.upgrade().map_or_else(|| self.clone(), Self)
    }

    /// All projects; the first one first.
    pub(in crate::emulator) fn projects(&self) -> Vec<Self> {
        let first = self.first();
        let mut projects = vec![first.clone()];
        projects.extend(lock(&first.0.others).iter().cloned());
        projects
    }

    fn known(&self, id: &str) -> Option<Self> {
        let first = self.first();
        if first.settings().project_id == id {
            return Some(first);
        }
        lock(&first.0.others).iter().find(|other| other.settings().project_id == id).cloned()
    }

    /// The project with this ID, which is made if there is none.
    pub(in crate::emulator) fn project(&self, id: &str) -> Self {
        let first = self.first();
        if first.settings().project_id == id {
            return first;
        }
        // The lock is held, so that many threads make it once.
        let mut others = lock(&first.0.others);
        if let Some(known) = others.iter().find(|other| other.settings().project_id == id) {
            return known.clone();
        }
        let mut settings = first.settings().clone();
        id.clone_into(&mut settings.project_id);
        let made = Self::with_first(settings, Arc::downgrade(&first.0));
        others.push(made.clone());
        made
    }

    /// A project with a new ID.
    pub(in crate::emulator) fn new_project(&self) -> Self {
        self.project(&random::id("P"))
    }

    /// The project that a request is for: the one that it names, or else this one.
    pub(super) fn of(&self, request: &Request) -> Self {
        if let Some(place) = place::find(request.uri().path()) {
            return self.by_place(request, &place).unwrap_or_else(|| self.clone());
        }
        let alone = lock(&self.first().0.others).is_empty();
        let named = named(request);
        if let Some(id) = named.as_deref() {
            return self.known(id).or_else(|| self.on_demand(id)).unwrap_or_else(|| self.clone());
        }
        if alone { self.clone() } else { self.by_path(request).unwrap_or_else(|| self.clone()) }
    }

    fn on_demand(&self, id: &str) -> Option<Self> {
        let room = lock(&self.first().0.others).len() < MAX_PROJECTS;
        let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
        (self.settings().any_project && room && is_id).then(|| self.project(id))
    }

    /// The project whose authorization server is asked: that of the path, or else that of the client or of
    /// the token.
    fn by_place(&self, request: &Request, place: &Place) -> Option<Self> {
        if let Some(id) = place.project.as_deref() {
            return self.known(id).or_else(|| self.on_demand(id));
        }
        // The project that was asked comes first: another one may have a client of the same ID.
        let projects: Vec<_> = std::iter::once(self.clone()).chain(self.projects()).collect();
        let clients = oauth::clients(request, place);
        let found = clients.iter().find_map(|id| {
            let is = |project: &&Self| {
                project.settings().project_id == *id
                    || oauth_client::find(&project.context(), &project.store(), &place.door, id)
                        .is_some()
            };
            projects.iter().find(is).cloned()
        });
        found.or_else(|| clients.iter().find_map(|id| self.on_demand(id)))
    }

    /// The project whose ID is a segment of the path, or in which somebody visits a page.
    fn by_path(&self, request: &Request) -> Option<Self> {
        let path = request.uri().path();
        if page::PATHS.contains(&path) {
            let state = page::state(request)?;
            return self.projects().into_iter().find(|project| project.is_visited(&state));
        }
        if oauth_page::PATHS.contains(&path) {
            let projects = self.projects().into_iter();
            return projects.into_iter().find(|p| oauth_page::is_about(&p.store(), request));
        }
        path.split('/').filter(|part| !part.is_empty()).find_map(|part| self.known(part))
    }

    fn is_visited(&self, state: &str) -> bool {
        let (context, store) = (self.context(), self.store());
        store.applications.connecting(&context, state).is_some()
            || store.idp.visits.get(By::Id, state).is_some()
    }
}

/// The project that a request names by its bearer, or by the query of a control path.
fn named(request: &Request) -> Option<String> {
    let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    if let Some((_, credentials)) = bearer {
        return credentials.trim().split(':').next().map(str::to_owned);
    }
    if control::is_for(request) {
        let pairs = request.uri().query().unwrap_or_default().split('&');
        return pairs.filter_map(|pair| pair.strip_prefix("project=")).map(str::to_owned).next();
    }
    let params = path::params("/v1/keys/{id}", request.uri().path());
    params.and_then(|params| params.into_iter().next()).map(|(_, id)| id)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use serde_json::{Value, json};

    use crate::clock::Clock;
    use crate::emulator::Emulator;
    use crate::emulator::testing::{refused, text};

    #[test]
    fn ten_projects_under_64_threads_share_nothing() {
        let emulator = Emulator::new();
        let projects: Vec<Emulator> =
            (0..10).map(|n| emulator.project(&format!("P2number{n}"))).collect();
        thread::scope(|scope| {
            for thread in 0..64_usize {
                let (emulator, projects) = (&emulator, &projects);
                scope.spawn(move || {
                    let mine = &projects[thread % 10];
                    for round in 0..5 {
                        let login = format!("u{thread}-{round}@example.com");
                        // Through the first project: the bearer decides.
                        let sent = emulator.through(mine, "/v1/auth/otp/signup/email", &login, "");
                        assert_eq!(sent.0, 200, "{sent:?}");
                        let code = mine.code(&login);
                        let verify = "/v1/auth/otp/verify/email";
                        let (status, session) = emulator.through(mine, verify, &login, &code);
                        assert_eq!(status, 200, "{session}");
                        let refresh = text(&session, "refreshJwt");
                        let other = &projects[(thread + 1) % 10];
                        assert_eq!(mine.refresh(refresh).0, 200);
                        refused(other.refresh(refresh), 401, "E061005");
                        assert!(other.inbox().last_to(&login).is_none());
                    }
                });
            }
        });
        for (n, project) in projects.iter().enumerate() {
            let mine = (0..64).filter(|thread| thread % 10 == n).count() * 5;
            assert_eq!(project.store().users.iter().count(), mine);
            assert_eq!(project.inbox().messages().len(), mine);
        }
        assert_eq!(emulator.store().users.iter().count(), 0);
    }

    impl Emulator {
        fn through(&self, project: &Emulator, path: &str, login: &str, code: &str) -> (u16, Value) {
            use crate::transport::http::Request;

            let mut body = json!({ "loginId": login });
            if code.is_empty() {
                body["user"] = json!({});
            } else {
                body["code"] = json!(code);
            }
            let request = Request::post(path)
                .header("authorization", format!("Bearer {}", project.project_id()))
                .body(body.to_string().into_bytes());
            crate::emulator::testing::read(&self.handle(request.unwrap()))
        }
    }

    #[test]
    fn projects_have_their_own_keys_clock_and_faults() {
        let emulator = Emulator::builder().any_project(true).build();
        let other = emulator.project("P2other");
        let keys = |project: &Emulator| {
            emulator.send("GET", &format!("/v2/keys/{}", project.project_id()), "", &json!(null)).1
        };
        assert_eq!(keys(&emulator)["keys"].as_array().unwrap().len(), 1);
        other.advance(std::time::Duration::from_secs(1_000));
        let apart = other.clock().unix().as_seconds() - emulator.clock().unix().as_seconds();
        assert!((999..1_100).contains(&apart), "{apart}");
        other.fault(crate::emulator::Fault::status(500));
        assert_eq!(
            emulator.manage("/v1/mgmt/permission/create", &json!({ "name": "a" })),
            json!({})
        );
        let key = emulator.management_key();
        assert_eq!(other.send("GET", "/v1/mgmt/permission/all", key, &json!(null)).0, 500);
        assert_eq!(emulator.project("P2other").project_id(), "P2other");
        other.reset();
        let (status, all) = other.send("GET", "/v1/mgmt/permission/all", key, &json!(null));
        let permissions = all["permissions"].as_array().unwrap();
        assert!(status == 200 && permissions.iter().all(|of| of["name"] != "a"), "{all}");
        drop(emulator);
        assert_eq!(
            other.send("GET", "/v1/mgmt/permission/all", other.management_key(), &json!(null)).0,
            200
        );
    }

    #[test]
    fn a_project_is_made_on_demand_only_if_that_is_allowed() {
        use crate::transport::http::Request;
        let keys = |emulator: &Emulator, id: &str| {
            let request = Request::get(format!("/v2/keys/{id}")).body(Vec::new()).unwrap();
            emulator.handle(request).status().as_u16()
        };
        let emulator = Emulator::builder().any_project(true).build();
        assert_eq!((keys(&emulator, "P2fresh"), keys(&emulator, "not-an-id")), (200, 404));
        assert_eq!(keys(&Emulator::new(), "P2fresh"), 404);
    }
}
