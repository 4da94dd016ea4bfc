//! The claims that scopes give, in the project as a whole.

use serde_json::{Value, json};

use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// The wire type `ScopeClaimMappingEntry`.
const ENTRY: &[Field] = &[
    required("scope", Kind::Text),
    optional("claims", Kind::TextMap),
    optional("description", Kind::Text),
];
const SET: &[Field] = &[required("mappings", Kind::Objects(ENTRY))];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/scopeClaimMapping/get", Management, Read, &[], |_, store| {
        list("mappings", store.claims.scopes.iter().cloned().map(Value::Object))
    }),
    Route::post(
        "/v1/mgmt/scopeClaimMapping/set",
        Management,
        Action("ScopeClaimMappingModified"),
        SET,
        set,
    ),
    Route::post(
        "/v1/mgmt/scopeClaimMapping/delete",
        Management,
        Action("ScopeClaimMappingDeleted"),
        &[],
        |_, store| {
            store.claims.scopes.clear();
            Ok(Reply::empty())
        },
    ),
];

pub(in crate::emulator) const SEED: List =
    List::plain("scopeClaimMappings", "/v1/mgmt/scopeClaimMapping/set", |store| {
        let scopes = &store.claims.scopes;
        if scopes.is_empty() { Vec::new() } else { vec![json!({ "mappings": scopes })] }
    });

/// Replaces all there are.
fn set(call: &Call<'_>, store: &mut Store) -> Result {
    let mut scopes: Vec<Object> = Vec::new();
    for entry in call.body().objects("mappings") {
        if scopes.iter().any(|known| known["scope"] == entry.text("scope")) {
            return Err(Refusal::argument(format!("{} appears twice", entry.text("scope"))));
        }
        scopes.extend(entry.whole().cloned());
    }
    store.claims.scopes = scopes;
    Ok(Reply::empty())
}
