//! An operation: what it takes, who may call it, and what the audit trail says of it.

use super::call::Call;
use super::event::Event;
use super::record;
use super::seed::List;
use crate::emulator::state::management_key::Demand;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Shape};
use crate::emulator::words::path::{self, Params};
use crate::emulator::words::refusal::Result;

/// What the `Authorization` header must hold beside the project ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Bearer {
    /// Nothing; the header may be missing altogether.
    Public,
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
    /// The management key, or an access token of an inbound application. The handler checks the latter.
    ManagementOrInbound,
}

pub(in crate::emulator) type Handler = fn(&Call<'_>, &mut Store) -> Result;

/// One operation.
pub(in crate::emulator) struct Route {
    pub(in crate::emulator) method: &'static str,
    /// Segments in braces are parameters.
    pub(in crate::emulator) path: &'static str,
    pub(in crate::emulator) bearer: Bearer,
    pub(in crate::emulator) event: Event,
    pub(in crate::emulator) query: &'static [Field],
    pub(in crate::emulator) body: Shape,
    handler: Handler,
}

impl Route {
    pub(in crate::emulator) const fn post(
        path: &'static str,
        bearer: Bearer,
        event: Event,
        body: &'static [Field],
        handler: Handler,
    ) -> Self {
        let body = Shape::Object(body);
        Self { method: "POST", path, bearer, event, query: &[], body, handler }
    }

    pub(in crate::emulator) const fn get(
        path: &'static str,
        bearer: Bearer,
        query: &'static [Field],
        handler: Handler,
    ) -> Self {
        let (event, body) = (Event::Read, Shape::Object(&[]));
        Self { method: "GET", path, bearer, event, query, body, handler }
    }

    pub(in crate::emulator) const fn delete(
        path: &'static str,
        bearer: Bearer,
        event: Event,
        query: &'static [Field],
        handler: Handler,
    ) -> Self {
        Self { method: "DELETE", event, ..Self::get(path, bearer, query, handler) }
    }

    pub(in crate::emulator) const fn patch(
        path: &'static str,
        bearer: Bearer,
        event: Event,
        body: &'static [Field],
        handler: Handler,
    ) -> Self {
        Self { method: "PATCH", ..Self::post(path, bearer, event, body, handler) }
    }

    pub(in crate::emulator) const fn put(
        path: &'static str,
        bearer: Bearer,
        event: Event,
        body: &'static [Field],
        handler: Handler,
    ) -> Self {
        Self { method: "PUT", ..Self::post(path, bearer, event, body, handler) }
    }

    /// With a query string beside the body.
    pub(in crate::emulator) const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    /// With a bare array of strings for a body.
    pub(in crate::emulator) const fn bare_texts(self) -> Self {
        Self { body: Shape::Texts, ..self }
    }

    /// Whether it has this method. What is public is asked by `HEAD` too, as by proxies and health checks.
    pub(in crate::emulator) fn takes(&self, method: &str) -> bool {
        self.method == method
            || (self.bearer == Bearer::Public && self.method == "GET" && method == "HEAD")
    }

    pub(in crate::emulator) fn params(&self, path: &str) -> Option<Params> {
        path::params(self.path, path)
    }

    /// The way of signing in that it belongs to.
    pub(in crate::emulator) fn sign_in_method(&self) -> &'static str {
        if let Event::SignInBy(method) = self.event { method } else { "" }
    }

    /// What it asks of a management key.
    pub(in crate::emulator) fn demand(&self) -> Demand {
        let mut parts = self.path.split('/').skip_while(|part| *part != "mgmt").skip(1);
        let area = parts.next().unwrap_or_default();
        Demand {
            company: matches!(area, "managementkey" | "descoper" | "projects")
                || self.path == "/v1/mgmt/project/clone",
            users: matches!(
                area,
                "user"
                    | "users"
                    | "family"
                    | "group"
                    | "auth"
                    | "impersonate"
                    | "stop"
                    | "jwt"
                    | "tests"
            ),
            changes: self.event != Event::Read,
        }
    }

    /// Does what a call asks for, and records it.
    pub(in crate::emulator) fn handle(&self, call: &Call<'_>, store: &mut Store) -> Result {
        let before = record::before(self.event, call, store);
        let answer = (self.handler)(call, store);
        record::after(self.event, before, call, store, &answer);
        answer
    }
}

/// The operations that belong together, and what seeds hold of their things.
pub(in crate::emulator) struct Area {
    pub(in crate::emulator) routes: &'static [Route],
    /// What only seeds call: it makes what no operation does.
    pub(in crate::emulator) inside: &'static [Route],
    /// In the order in which they are made.
    pub(in crate::emulator) seeds: &'static [&'static List],
}

impl Area {
    pub(in crate::emulator) const fn new(routes: &'static [Route]) -> Self {
        Self { routes, inside: &[], seeds: &[] }
    }

    pub(in crate::emulator) const fn inside(self, inside: &'static [Route]) -> Self {
        Self { inside, ..self }
    }

    pub(in crate::emulator) const fn seeds(self, seeds: &'static [&'static List]) -> Self {
        Self { seeds, ..self }
    }
}
