//! Flows, as opaque documents. They are kept, not run.

use serde_json::{Value, json};

use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, Read};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::List;
use crate::emulator::state::new_project;
use crate::emulator::state::project::Flow;
use crate::emulator::state::store::Store;
use crate::emulator::words::fields::{Field, Fields, Kind, Object, optional, required};
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// Flows, with their screens, but for those of a new project.
pub(in crate::emulator) const SEED: List = List::plain("flows", "/v1/mgmt/flow/import", |store| {
    let new = new_project::flows();
    let flows = store.project.flows.iter().filter(|(id, of)| new.get(*id) != Some(of));
    let save = |(id, of): (&String, &Flow)| json!({ "flowId": id, "flow": of.flow, "screens": of.screens });
    flows.map(save).collect()
});

const LIST: &[Field] = &[optional("ids", Kind::Texts)];
const ID: &[Field] = &[required("flowId", Kind::Text)];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/flow/list", Management, Read, LIST, flows),
    Route::post("/v1/mgmt/flow/delete", Management, Action("FlowDeleted"), super::IDS, delete),
    Route::post("/v1/mgmt/flow/export", Management, Read, ID, export),
    Route::post(
        "/v1/mgmt/flow/import",
        Management,
        Action("FlowModified"),
        &[
            required("flowId", Kind::Text),
            required("flow", Kind::Map),
            optional("screens", Kind::Any),
        ],
        import,
    ),
    Route::post("/v2/mgmt/flow/export", Management, Read, ID, export_v2),
    Route::post(
        "/v2/mgmt/flow/import",
        Management,
        Action("FlowModified"),
        &[required("flow", Kind::Map)],
        import_v2,
    ),
];

/// All flows, or those with the `ids` that are asked for.
fn flows(call: &Call<'_>, store: &mut Store) -> Result {
    let ids = call.body().texts("ids");
    let asked =
        store.project.flows.iter().filter(|(id, _)| ids.is_empty() || ids.contains(&&***id));
    let flows = asked.map(|(id, of)| {
        let flow = Fields::new(&of.flow);
        json!({
            "id": id,
            "name": flow.text("name"),
            "description": flow.text("description"),
            "disabled": flow.flag("disabled"),
        })
    });
    let flows: Vec<_> = flows.collect();
    Ok(json!({ "total": flows.len(), "flows": flows }).into())
}

fn delete(call: &Call<'_>, store: &mut Store) -> Result {
    for id in call.body().texts("ids") {
        store.project.flows.remove(id);
    }
    Ok(Reply::empty())
}

fn find<'s>(call: &Call<'_>, store: &'s Store) -> Result<(&'s Object, Value)> {
    let known = store
        .project
        .flows
        .get(call.body().text("flowId"))
        .ok_or_else(|| Refusal::missing("flow"))?;
    let screens = known.screens.clone();
    let screens = screens.or_else(|| known.flow.get("screens").cloned());
    Ok((&known.flow, screens.unwrap_or_else(|| json!([]))))
}

fn export(call: &Call<'_>, store: &mut Store) -> Result {
    let (flow, screens) = find(call, store)?;
    Ok(json!({ "flow": flow, "screens": screens }).into())
}

fn export_v2(call: &Call<'_>, store: &mut Store) -> Result {
    let (flow, screens) = find(call, store)?;
    let mut flow = flow.clone();
    flow.insert("flowId".to_owned(), json!(call.body().text("flowId")));
    if screens.as_array().is_some_and(|screens| !screens.is_empty()) {
        flow.insert("screens".to_owned(), screens);
    }
    Ok(json!({ "flow": flow }).into())
}

fn import(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let flow = body.map("flow").cloned().unwrap_or_default();
    let screens = body.get("screens").cloned();
    let new = Flow { flow, screens: Some(screens.unwrap_or_else(|| json!([]))) };
    store.project.flows.insert(body.text("flowId").to_owned(), new);
    export(call, store)
}

fn import_v2(call: &Call<'_>, store: &mut Store) -> Result {
    let flow = call.body().map("flow").cloned().unwrap_or_default();
    let id = Fields::new(&flow)
        .some_text("flowId")
        .map(str::to_owned)
        .ok_or_else(|| Refusal::invalid("The flow.flowId field is required"))?;
    store.project.flows.insert(id, Flow { flow, screens: None });
    Ok(Reply::empty())
}
