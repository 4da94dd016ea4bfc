//! The licence tier that clients ask for when they start.

use serde_json::json;

use crate::emulator::api::route::{Area, Bearer, Route};

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] = &[Route::get("/v1/mgmt/license", Bearer::Management, &[], |_, _| {
    Ok(json!({ "rateLimitTier": "tier1" }).into())
})];
