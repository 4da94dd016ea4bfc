//! Where the endpoints are.

use super::asked::Handler;
use super::{authorize, backchannel, device, discovery, leave, register, token, userinfo};
use crate::emulator::state::oauth_client::Door;

/// An endpoint of one of the issuers.
pub(in crate::emulator) struct Place {
    pub(in crate::emulator) door: Door,
    pub(in crate::emulator) project: Option<String>,
    pub(in crate::emulator) methods: &'static [&'static str],
    pub(in crate::emulator) handler: Handler,
    /// Whether only JSON is taken.
    pub(in crate::emulator) json: bool,
}

const GET: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const BOTH: &[&str] = &["GET", "POST"];

impl Place {
    fn new(door: Door, methods: &'static [&'static str], handler: Handler) -> Self {
        Self { door, project: None, methods, handler, json: false }
    }

    fn of_project(self, project: &str) -> Self {
        Self { project: Some(project.to_owned()), ..self }
    }

    fn json(self) -> Self {
        Self { json: true, ..self }
    }
}

/// The endpoint with this path.
pub(in crate::emulator) fn find(path: &str) -> Option<Place> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let project = |app: &str| Door::Project(Some(app.to_owned()));
    let inbound = |name| endpoint(Door::Inbound, name).filter(|_| name != "logout");
    match &*segments {
        ["oauth2", "v1", "apps", "agentic", id, server, name @ ("authorize" | "token")] => {
            Some(endpoint(Door::Mcp((*server).to_owned()), name)?.of_project(id))
        }
        ["oauth2", "v1", "apps", name] => inbound(name),
        ["oauth2", "v1", "apps", id, name] => Some(inbound(name)?.of_project(id)),
        ["oauth2", "v1", "bc-authorize"] | [_, "oauth2", "v1", "bc-authorize"] => None,
        ["oauth2", "v1", name] => endpoint(Door::Project(None), name),
        ["oauth2", "v1", id, "device"] => {
            Some(endpoint(Door::Project(None), "device")?.of_project(id))
        }
        [app, "oauth2", "v1", name] => endpoint(project(app), name),
        ["v1", "mgmt", "inboundapp", "app", id, "register"] => {
            Some(Place::new(Door::Inbound, POST, register::register).of_project(id).json())
        }
        ["v1", "mgmt", "mcp", "client", id, server, "register"] => {
            let door = Door::Mcp((*server).to_owned());
            Some(Place::new(door, POST, register::register).of_project(id).json())
        }
        ["v2", "keys", id] => {
            Some(Place::new(Door::Project(None), GET, discovery::keys).of_project(id))
        }
        [before @ .., ".well-known", "jwks.json"] => {
            let (door, id) = issuer(before)?;
            Some(Place::new(door, GET, discovery::keys).of_project(&id))
        }
        [before @ .., ".well-known", "openid-configuration" | "oauth-authorization-server"]
            if !before.is_empty() =>
        {
            let (door, id) = issuer(before)?;
            Some(Place::new(door, GET, discovery::document).of_project(&id))
        }
        // RFC 8414 section 3.1 puts it before the path of the issuer.
        [".well-known", "openid-configuration" | "oauth-authorization-server", after @ ..] => {
            let (door, id) = issuer(after)?;
            Some(Place::new(door, GET, discovery::document).of_project(&id))
        }
        _ => None,
    }
}

/// The issuer with this path, and its project.
fn issuer(path: &[&str]) -> Option<(Door, String)> {
    match path {
        ["v1", "apps", "agentic", id, server] => {
            Some((Door::Mcp((*server).to_owned()), (*id).to_owned()))
        }
        ["v1", "apps", id] => Some((Door::Inbound, (*id).to_owned())),
        [id, app] if *id != "v1" => {
            Some((Door::Project(Some((*app).to_owned())), (*id).to_owned()))
        }
        [id] => Some((Door::Project(None), (*id).to_owned())),
        _ => None,
    }
}

fn endpoint(door: Door, name: &str) -> Option<Place> {
    let (methods, handler): (_, Handler) = match name {
        "authorize" => (BOTH, authorize::authorize),
        "token" => (POST, token::token),
        "device" => (POST, device::start),
        "bc-authorize" => (POST, backchannel::start),
        "userinfo" => (BOTH, userinfo::userinfo),
        "revoke" => (POST, leave::revoke),
        "logout" => (BOTH, leave::logout),
        _ => return None,
    };
    Some(Place::new(door, methods, handler))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_issuers() {
        let door = |path: &str| find(path).map(|place| (place.door, place.project));
        let project = Some("P2x".to_owned());
        let app = Door::Project(Some("SA1".to_owned()));
        let server = Door::Mcp("M1".to_owned());
        for (path, expected) in [
            ("/oauth2/v1/token", Some((Door::Project(None), None))),
            ("/SA1/oauth2/v1/token", Some((app.clone(), None))),
            ("/oauth2/v1/P2x/device", Some((Door::Project(None), project.clone()))),
            ("/oauth2/v1/apps/token", Some((Door::Inbound, None))),
            ("/oauth2/v1/apps/P2x/bc-authorize", Some((Door::Inbound, project.clone()))),
            ("/oauth2/v1/apps/agentic/P2x/M1/token", Some((server.clone(), project.clone()))),
            ("/P2x/.well-known/jwks.json", Some((Door::Project(None), project.clone()))),
            ("/P2x/SA1/.well-known/openid-configuration", Some((app, project.clone()))),
            (
                "/v1/apps/P2x/.well-known/openid-configuration",
                Some((Door::Inbound, project.clone())),
            ),
            (
                "/.well-known/oauth-authorization-server/P2x",
                Some((Door::Project(None), project.clone())),
            ),
            (
                "/.well-known/oauth-authorization-server/v1/apps/P2x",
                Some((Door::Inbound, project.clone())),
            ),
            (
                "/v1/apps/agentic/P2x/M1/.well-known/oauth-authorization-server",
                Some((server, project)),
            ),
            ("/oauth2/v1/bc-authorize", None),
            ("/oauth2/v1/apps/logout", None),
            ("/oauth2/v1/apps/finish-authorize", None),
            ("/oauth2/v1/authorize/entramfa", None),
            ("/.well-known/project-configuration/P2x", None),
            ("/v1/auth/otp/signin/email", None),
            ("/", None),
        ] {
            assert_eq!(door(path), expected, "{path}");
        }
    }
}
