//! The theme, as an opaque document.

use serde_json::json;

use crate::emulator::api::seed::List;
use crate::emulator::http::dispatch::Bearer::Management;
use crate::emulator::http::dispatch::{Call, Route};
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, required};
use crate::emulator::words::refusal::{Answer, Reply};

/// The theme, unless it is the empty one of a new project.
pub(in crate::emulator) const SEED: List =
    List::plain("themes", "/v2/mgmt/theme/import", |store| {
        let theme = &store.project.theme;
        if theme.is_empty() { Vec::new() } else { vec![json!({ "theme": theme })] }
    });

const THEME: &[Field] = &[required("theme", Kind::Map)];

pub(in crate::emulator) const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/theme/export", Management, &[], export),
    Route::post("/v1/mgmt/theme/import", Management, THEME, |call, store| {
        import(call, store)?;
        export(call, store)
    }),
    Route::post("/v2/mgmt/theme/export", Management, &[], export),
    Route::post("/v2/mgmt/theme/import", Management, THEME, import),
];

fn export(_: &Call<'_>, store: &mut Store) -> Answer {
    Ok(json!({ "theme": store.project.theme }).into())
}

fn import(call: &Call<'_>, store: &mut Store) -> Answer {
    store.project.theme = call.body().map("theme").cloned().unwrap_or_default();
    Ok(Reply::empty())
}
