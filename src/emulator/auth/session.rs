//! Keys, refresh, logout, and what users may ask about themselves.

use serde_json::{Value, json};

use crate::emulator::body::{Kind, optional, required};
use crate::emulator::error::{Answer, Refusal, Reply};
use crate::emulator::router::Bearer::{Project, Refresh};
use crate::emulator::router::{Call, Route, list};
use crate::emulator::store::Store;
use crate::emulator::token;

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::get("/v2/keys/{projectId}", Project, &[], keys),
    Route::post("/v1/auth/refresh", Refresh, &[optional("externalToken", Kind::Text)], refresh),
    Route::post("/v1/auth/logout", Refresh, &[], logout),
    Route::post("/v1/auth/logoutall", Refresh, &[], logout_all),
    Route::get("/v1/auth/me", Refresh, &[], me),
    Route::get("/v1/auth/me/history", Refresh, &[], history),
    Route::post(
        "/v1/auth/me/tenants",
        Refresh,
        &[optional("dct", Kind::Bool), optional("ids", Kind::Texts)],
        my_tenants,
    ),
    Route::post(
        "/v1/auth/tenant/select",
        Refresh,
        &[required("tenant", Kind::Text)],
        select_tenant,
    ),
];

fn keys(call: &Call<'_>, store: &mut Store) -> Answer {
    if call.param("projectId") != call.settings.project_id {
        return Err(Refusal::missing("project"));
    }
    store.keys.set(call.now).map(Reply::from)
}

fn refresh(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    token::renew(call, store, &proven)
}

fn logout(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    store.sessions.revoke(&proven);
    Ok(Reply::empty())
}

fn logout_all(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    store.sessions.revoke_user(&proven.session.user, None);
    Ok(Reply::empty())
}

fn me(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    let user = store.user(&proven.session.user).ok_or_else(Refusal::no_user)?;
    Ok(user.show(store).into())
}

fn history(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    let user = store.user(&proven.session.user).ok_or_else(Refusal::no_user)?;
    Ok(user.history().collect::<Value>().into())
}

fn my_tenants(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    let (body, user) = (call.body(), store.user(&proven.session.user));
    let (current, ids) = (body.flag("dct"), body.texts("ids"));
    let well_asked = if current { ids.is_empty() } else { body.has("ids") };
    if !well_asked {
        return Err(Refusal::argument("Either dct or ids must be given"));
    }
    let memberships = user.into_iter().flat_map(|user| &user.grants.tenants);
    let tenants = memberships
        .filter(|of| match &proven.tenant {
            _ if !current => ids.is_empty() || ids.contains(&&*of.tenant),
            selected => selected.as_ref() == Some(&of.tenant),
        })
        .filter_map(|of| store.tenant(&of.tenant))
        .map(|tenant| {
            let (id, name) = (&tenant.id, &tenant.name);
            json!({ "id": id, "name": name, "customAttributes": tenant.attributes })
        });
    list("tenants", tenants)
}

fn select_tenant(call: &Call<'_>, store: &mut Store) -> Answer {
    let proven = token::proven(call, store)?;
    let tenant = call.body().text("tenant");
    let user = store.user(&proven.session.user);
    if user.is_none_or(|user| user.grants.membership(tenant).is_none()) {
        return Err(Refusal::forbidden("The user is not in this tenant"));
    }
    token::replace(call, store, &proven, Some(tenant.to_owned()))
}
