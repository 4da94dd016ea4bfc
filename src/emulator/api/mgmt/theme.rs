//! The theme, as an opaque document.

use serde_json::json;

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, required};
use crate::emulator::words::refusal::{Reply, Result};

/// The theme, unless it is the empty one of a new project.
pub(in crate::emulator) const SEED: List =
    List::plain("themes", "/v2/mgmt/theme/import", |store| {
        let theme = &store.project.theme;
        if theme.is_empty() { Vec::new() } else { vec![json!({ "theme": theme })] }
    });

const THEME: &[Field] = &[required("theme", Kind::Map)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/theme/export", Management, Read, &[], export),
    Route::post(
        "/v1/mgmt/theme/import",
        Management,
        Action("ThemeModified"),
        THEME,
        |call, store| {
            import(call, store)?;
            export(call, store)
        },
    ),
    Route::post("/v2/mgmt/theme/export", Management, Read, &[], export),
    Route::post("/v2/mgmt/theme/import", Management, Action("ThemeModified"), THEME, import),
];

fn export(_: &Call<'_>, store: &mut Store) -> Result {
    Ok(json!({ "theme": store.project.theme }).into())
}

fn import(call: &Call<'_>, store: &mut Store) -> Result {
    store.project.theme = call.body().map("theme").cloned().unwrap_or_default();
    Ok(Reply::empty())
}
