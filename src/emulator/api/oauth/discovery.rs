//! What clients find out about the authorization server (RFC 8414, OpenID Connect Discovery).

use serde_json::{Value, json};

use super::asked::{Answer, Asked};
use crate::emulator::state::jose;
use crate::emulator::state::oauth_client;
use crate::emulator::state::oauth_client::{
    BACKCHANNEL, BEARER, CODE, CREDENTIALS, DEVICE, Door, EXCHANGE, REFRESH, scopes_of,
};
use crate::emulator::state::sso_application::Protocol;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::oauth::Denial;

/// The claims that tokens and `userinfo` may have.
const CLAIMS: [&str; 18] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "amr",
    "azp",
    "name",
    "given_name",
    "family_name",
    "picture",
    "email",
    "email_verified",
    "phone_number",
];

/// The key set, for whoever asks.
pub(in crate::emulator) fn keys(asked: &Asked<'_>, store: &mut Store) -> Result<Answer, Denial> {
    Ok(Answer::Json(store.keys.set(asked.context.now)?))
}

pub(in crate::emulator) fn document(
    asked: &Asked<'_>,
    store: &mut Store,
) -> Result<Answer, Denial> {
    let door = match (&asked.door, asked.params.get("ssoAppId")) {
        (Door::Project(None), Some(app)) => Door::Project(Some(app.to_owned())),
        (door, _) => door.clone(),
    };
    let scopes = scopes(asked, store, &door)?;
    let mut document = json!({
        "issuer": door.issuer(&asked.context),
        "jwks_uri": format!("{}/{}/.well-known/jwks.json", asked.context.origin, project(asked)),
        "scopes_supported": scopes,
        "claims_supported": CLAIMS,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": jose::ALGORITHMS,
        "dpop_signing_alg_values_supported": jose::ALGORITHMS,
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": false,
        "client_id_metadata_document_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    if let (Value::Object(document), Value::Object(more)) =
        (&mut document, endpoints(asked, store, &door))
    {
        document.extend(more);
    }
    Ok(Answer::Json(document))
}

fn project<'a>(asked: &'a Asked<'_>) -> &'a str {
    &asked.context.settings.project_id
}

/// The scopes of an issuer, if there is one.
fn scopes(asked: &Asked<'_>, store: &Store, door: &Door) -> Result<Value, Denial> {
    let missing = || Denial::missing("There is no such application");
    let names = |scopes: Vec<oauth_client::Scope>| -> Value {
        scopes.into_iter().map(|scope| scope.name).collect()
    };
    match door {
        Door::Project(app) => {
            let known = |app: &String| {
                let mut apps = store.sso_apps.iter();
                apps.any(|known| known.id == *app && known.protocol == Protocol::Oidc)
            };
            if !app.as_ref().is_none_or(known) {
                return Err(missing());
            }
            let project =
                oauth_client::find(&asked.context, store, &Door::Project(None), project(asked));
            Ok(project.map(|client| names(client.scopes)).unwrap_or_default())
        }
        // All applications have the same issuer.
        Door::Inbound => {
            let apps = store.applications.inbound.iter();
            let mut all: Vec<String> = Vec::new();
            for scope in scopes_of(crate::emulator::words::fields::Fields::default())
                .into_iter()
                .chain(apps.flat_map(|app| scopes_of(app.settings())))
            {
                if !all.contains(&scope.name) {
                    all.push(scope.name);
                }
            }
            Ok(json!(all))
        }
        Door::Mcp(id) => {
            let server = store.applications.mcp_servers.get(By::Id, id).ok_or_else(missing)?;
            Ok(names(scopes_of(server.settings())))
        }
    }
}

/// The endpoints of an issuer, and the grants that they take.
fn endpoints(asked: &Asked<'_>, store: &Store, door: &Door) -> Value {
    let (origin, project) = (&asked.context.origin, project(asked));
    let with_project = asked.params.get("urlsWithProjectID") == Some("true");
    let base = match door {
        Door::Project(None) => format!("{origin}/oauth2/v1"),
        Door::Project(Some(app)) => format!("{origin}/{app}/oauth2/v1"),
        Door::Inbound if with_project => format!("{origin}/oauth2/v1/apps/{project}"),
        Door::Inbound => format!("{origin}/oauth2/v1/apps"),
        Door::Mcp(server) => format!("{origin}/oauth2/v1/apps/agentic/{project}/{server}"),
    };
    let mut grants = vec![CODE, REFRESH, CREDENTIALS, BEARER, EXCHANGE];
    let mut found = json!({
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
    });
    // An MCP server has these two alone.
    if !matches!(door, Door::Mcp(_)) {
        grants.push(DEVICE);
        for (name, path) in [
            ("device_authorization_endpoint", "device"),
            ("revocation_endpoint", "revoke"),
            ("userinfo_endpoint", "userinfo"),
        ] {
            found[name] = json!(format!("{base}/{path}"));
        }
    }
    match door {
        Door::Project(_) => found["end_session_endpoint"] = json!(format!("{base}/logout")),
        Door::Inbound => {
            grants.push(BACKCHANNEL);
            found["backchannel_authentication_endpoint"] = json!(format!("{base}/bc-authorize"));
            found["backchannel_token_delivery_modes_supported"] = json!(["poll"]);
            found["registration_endpoint"] =
                json!(format!("{origin}/v1/mgmt/inboundapp/app/{project}/register"));
        }
        Door::Mcp(server) => {
            let known = store.applications.mcp_servers.get(By::Id, server);
            if known.is_some_and(|known| known.settings().flag("dynamicRegistration")) {
                let url = format!("{origin}/v1/mgmt/mcp/client/{project}/{server}/register");
                found["registration_endpoint"] = json!(url);
            }
        }
    }
    found["grant_types_supported"] = json!(grants);
    found
}
