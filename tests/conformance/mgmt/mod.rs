//! Management.

mod access;
mod application;
mod company;
mod cross_app;
mod family;
mod fga;
mod inbound;
mod jwt;
mod list;
mod outbound;
mod project;
mod sso;
mod tenant;
mod user;
mod user_options;

use descope::{Client, TenantRoles};

use super::Call;
use super::args::{Args, Sayable, Unsayable};

pub(crate) fn call(client: &Client, area: &str, method: &str, args: &Args<'_>) -> Call {
    match area {
        "access_key" => access::access_key(client, method, args),
        "analytics" => project::analytics(client, method, args),
        "audit" => project::audit(client, method, args),
        "descoper" => company::descoper(client, method, args),
        "engine" => company::engine(client, method, args),
        "family" => family::call(client, method, args),
        "list" => list::list(client, method, args),
        "management_key" => company::management_key(client, method, args),
        "outbound_scim" => list::outbound_scim(client, method, args),
        "password" => list::password(client, method, args),
        "authz" => fga::authz(client, method, args),
        "fga" => fga::fga(client, method, args),
        "flow" => project::flow(client, method, args),
        "group" => access::group(client, method, args),
        "jwt" => jwt::call(client, method, args),
        "outbound_application" => outbound::call(client, method, args),
        "outbound_application_by_token" => outbound::by_token(client, method, args),
        "permission" => access::permission(client, method, args),
        "project" => project::call(client, method, args),
        "role" => access::role(client, method, args),
        "scope_claim_mapping" => inbound::scope_claim_mapping(client, method, args),
        "sso" if method.contains("xaa") => cross_app::call(client, method, args),
        "sso" => sso::call(client, method, args),
        "sso_application" => application::call(client, method, args),
        "tenant" => tenant::call(client, method, args),
        "third_party_application" => inbound::call(client, method, args),
        "user" => user::call(client, method, args),
        _ => Err(Unsayable::NoAdapter),
    }
}

/// Python's list of `AssociatedTenant`.
fn tenant_roles(args: &Args<'_>, name: &str) -> Sayable<Option<Vec<TenantRoles>>> {
    let Some(items) = args.objects(name)? else { return Ok(None) };
    let read = |item: &Args<'_>| {
        let roles = item.list("role_names")?;
        Ok(TenantRoles::new(item.text("tenant_id")?).roles(roles))
    };
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}
