//! Groups of users, as identity providers tell of them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::owned;
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::group::Group;
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::words::fields::{Field, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Result};

/// What Descope calls the default SSO configuration of a tenant, where groups are concerned.
const DEFAULT_SSO: &str = "default_ssoid";

const ALL: &[Field] = &[required("tenantId", Kind::Text), optional("ssoId", Kind::Text)];
const OF_MEMBERS: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("userIds", Kind::Texts),
    optional("loginIds", Kind::Texts),
    optional("ssoId", Kind::Text),
];
const MEMBERS: &[Field] = &[
    required("tenantId", Kind::Text),
    required("groupId", Kind::Text),
    optional("ssoId", Kind::Text),
];
const NEW: &[Field] = &[
    required("tenantId", Kind::Text),
    optional("id", Kind::Text),
    optional("display", Kind::Text),
    optional("loginIds", Kind::Texts),
    optional("source", Kind::Text),
    optional("ssoId", Kind::Text),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).inside(&[MAKE]).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/group/all", Management, Read, ALL, |call, store| {
        groups(call, store, |_| true)
    }),
    Route::post("/v1/mgmt/group/member/all", Management, Read, OF_MEMBERS, of_members),
    Route::post("/v1/mgmt/group/members", Management, Read, MEMBERS, |call, store| {
        groups(call, store, |group| group.id == call.body().text("groupId"))
    }),
];

/// Descope makes groups of what identity providers say; here seeds do.
pub(in crate::emulator) const MAKE: Route =
    Route::post("/_emulator/seed/group", Management, Unrecorded("a seed"), NEW, create);

pub(in crate::emulator) const SEED: List =
    List::plain("groups", "/_emulator/seed/group", |store| {
        store.groups.iter().map(Group::save).collect()
    });

impl Group {
    fn save(&self) -> Value {
        json!({
            "tenantId": self.tenant,
            "id": self.id,
            "display": self.display,
            "loginIds": self.members,
            "source": self.source,
            "ssoId": self.sso,
        })
    }

    fn show(&self, store: &Store) -> Value {
        let members = self.members.iter().filter_map(|id| store.user(id));
        let members = members.map(|user| {
            json!({
                "loginId": user.login_ids.first(),
                "userId": user.id,
                "display": user.profile.name,
            })
        });
        json!({
            "id": self.id,
            "display": self.display,
            "members": members.collect::<Value>(),
            "source": self.source,
            "ssoId": self.sso.as_deref().unwrap_or(DEFAULT_SSO),
        })
    }
}

/// The ID of an SSO configuration, which names the default one in two ways.
fn sso_id(id: Option<&str>) -> Option<&str> {
    id.filter(|id| *id != DEFAULT_SSO)
}

/// The groups of a tenant, of one SSO configuration if the call names one.
fn groups(call: &Call<'_>, store: &mut Store, wanted: impl Fn(&Group) -> bool) -> Result {
    let tenant = call.body().text("tenantId");
    store.tenant_mut(tenant)?;
    let named = call.body().some_text("ssoId");
    let found = store.groups.all(By::Tenant, tenant).filter(|group| {
        (named.is_none() || group.sso.as_deref() == sso_id(named)) && wanted(group)
    });
    Ok(found.map(|group| group.show(store)).collect::<Value>().into())
}

fn of_members(call: &Call<'_>, store: &mut Store) -> Result {
    let (ids, logins) = (call.body().texts("userIds"), call.body().texts("loginIds"));
    if ids.is_empty() && logins.is_empty() {
        return Err(Refusal::argument("The userIds or the loginIds field must not be empty"));
    }
    let by_login = logins.into_iter().filter_map(|login_id| store.user_by_login(login_id));
    let by_id = ids.into_iter().filter_map(|id| store.user(id));
    let named: HashSet<String> = by_login.chain(by_id).map(|user| user.id.clone()).collect();
    groups(call, store, |group| group.members.iter().any(|member| named.contains(member)))
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let tenant = body.text("tenantId");
    store.tenant_mut(tenant)?;
    let id = body.some_text("id").map_or_else(|| random::id("G"), str::to_owned);
    if store.groups.get(By::Id, Group::key(tenant, &id)).is_some() {
        return Err(Refusal::taken("group"));
    }
    let mut members = Vec::new();
    for login_id in owned(body.texts("loginIds")) {
        members.push(store.managed_user(&login_id)?.id.clone());
    }
    let group = Group {
        tenant: tenant.to_owned(),
        sso: sso_id(body.some_text("ssoId")).map(str::to_owned),
        display: body.some_text("display").unwrap_or(&id).to_owned(),
        members,
        source: body.some_text("source").unwrap_or("scim").to_owned(),
        id,
    };
    let shown = group.show(store);
    store.groups.push(group);
    Ok(shown.into())
}
