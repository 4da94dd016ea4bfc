//! Single sign-on, by the newer paths and by those of SAML. The identity provider is the emulator's
//! own; see [`idp`](crate::emulator::idp).

use serde_json::json;

use crate::emulator::body::{Field, Kind, concat, optional, required};
use crate::emulator::error::{Answer, Refusal};
use crate::emulator::idp::{self, Kept, Provider, Purpose};
use crate::emulator::random;
use crate::emulator::router::Bearer::{Management, MaybeRefresh, Project};
use crate::emulator::router::{Call, Route};
use crate::emulator::store::Store;
use crate::emulator::token::{LOGIN_OPTIONS, SignIn};

const QUERY: [Field; 5] = [
    required("tenant", Kind::Text),
    optional("redirectURL", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("loginHint", Kind::Text),
    optional("forceAuthn", Kind::Bool),
];
const SSO_QUERY: [Field; 6] = concat(QUERY, [optional("prompt", Kind::Text)]);
const SAML_QUERY: [Field; 6] = concat(QUERY, [optional("initiatedEmail", Kind::Text)]);
const EXCHANGE: &[Field] = &[required("code", Kind::Text)];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/auth/sso/authorize", MaybeRefresh, LOGIN_OPTIONS, start).query(&SSO_QUERY),
    Route::post("/v1/auth/sso/exchange", Project, EXCHANGE, exchange),
    Route::post("/v1/auth/saml/authorize", MaybeRefresh, LOGIN_OPTIONS, start).query(&SAML_QUERY),
    Route::post("/v1/auth/saml/exchange", Project, EXCHANGE, exchange),
];

const CONNECTION: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("ssoId", Kind::Text),
    optional("displayName", Kind::Text),
    optional("type", Kind::Text),
    optional("domains", Kind::Texts),
    optional("redirectUrl", Kind::Text),
    optional("defaultRoleNames", Kind::Texts),
];

pub(in crate::emulator) const SEEDS: &[Route] =
    &[Route::post("/_emulator/sso", Management, CONNECTION, connect)];

/// A tenant's way to its identity provider.
pub(in crate::emulator) struct Connection {
    pub(in crate::emulator) tenant: String,
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) protocol: Protocol,
    /// The domains of the e-mail addresses that lead here.
    pub(in crate::emulator) domains: Vec<String>,
    pub(in crate::emulator) redirect_url: Option<String>,
    /// IDs of the roles in the tenant that users get.
    pub(in crate::emulator) default_roles: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::emulator) enum Protocol {
    Oidc,
    Saml,
}

fn connect(call: &Call<'_>, store: &mut Store) -> Answer {
    let (body, tenant) = (call.body(), call.body().text("tenantId"));
    if store.tenant(tenant).is_none() {
        return Err(Refusal::missing("tenant"));
    }
    let protocol = match body.some_text("type").unwrap_or("saml") {
        "saml" => Protocol::Saml,
        "oidc" => Protocol::Oidc,
        _ => return Err(Refusal::invalid("The type field must be saml or oidc")),
    };
    let id = body.some_text("ssoId").map_or_else(|| random::id("SSO"), str::to_owned);
    let connection = Connection {
        tenant: tenant.to_owned(),
        id: id.clone(),
        name: body.text("displayName").to_owned(),
        protocol,
        domains: body.texts("domains").into_iter().map(str::to_owned).collect(),
        redirect_url: body.some_text("redirectUrl").map(str::to_owned),
        default_roles: store.role_ids(&body.texts("defaultRoleNames"), Some(tenant))?,
    };
    store.sso.retain(|old| !(old.tenant == tenant && old.id == id));
    store.sso.push(connection);
    Ok(json!({ "ssoId": id }).into())
}

fn start(call: &Call<'_>, store: &mut Store) -> Answer {
    let (asked, only) = SignIn::unknown_user(call, store, call.body())?;
    let connection = connection(call, store)?;
    let (tenant, redirect_url) = (connection.tenant.clone(), connection.redirect_url.clone());
    let sso_id = connection.id.clone();
    let asked = asked.in_tenant(&tenant);
    let kept = Kept { purpose: Purpose::SignUpOrIn, asked, only };
    idp::begin(call, store, Provider::Sso { tenant, sso_id }, kept, redirect_url)
}

/// The connection that the call asks for: by tenant or by e-mail address, and by its own ID or the
/// first one.
fn connection<'a>(call: &Call<'_>, store: &'a Store) -> Answer<&'a Connection> {
    let (query, named) = (call.query(), call.query().text("tenant"));
    let domain = named.rsplit_once('@').map(|(_, domain)| domain);
    if domain.is_none() && store.tenant(named).is_none() {
        return Err(Refusal::argument(format!("There is no tenant {named:?}")));
    }
    let mut found = store.sso.iter().filter(|connection| match &domain {
        None => connection.tenant == named,
        Some(domain) => {
            let tenant = store.tenant(&connection.tenant);
            let mut domains =
                connection.domains.iter().chain(tenant.iter().flat_map(|of| &of.domains));
            domains.any(|of| of.eq_ignore_ascii_case(domain))
        }
    });
    let found = match query.some_text("ssoId") {
        None => found.next(),
        Some(id) => found.find(|connection| connection.id == id),
    };
    found.ok_or_else(|| Refusal::argument("The tenant has no such SSO configuration"))
}

fn exchange(call: &Call<'_>, store: &mut Store) -> Answer {
    idp::exchange(call, store, |provider| matches!(provider, Provider::Sso { .. }))
}
