//! The theme, as an opaque document.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::new_project;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Kind, Object, required};
use crate::emulator::words::refusal::{Reply, Result};

/// The theme, unless it is that of a new project.
pub(in crate::emulator) const SEED: List =
    List::plain("themes", "/v2/mgmt/theme/import", |store| {
        let theme = &store.project.theme;
        if theme.is_empty() || *theme == new_project::theme() {
            Vec::new()
        } else {
            vec![json!({ "theme": theme })]
        }
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

/// The new theme has the next version, or that of a file if that is later.
fn import(call: &Call<'_>, store: &mut Store) -> Result {
    let version = |theme: &Object| theme.get("version").and_then(Value::as_i64).unwrap_or(0);
    let mut theme = call.body().map("theme").cloned().unwrap_or_default();
    let next = version(&store.project.theme).saturating_add(1).max(version(&theme));
    theme.insert("version".to_owned(), json!(next));
    store.project.theme = theme;
    Ok(Reply::empty())
}
