//! All areas.

use super::route::{Area, Route};
use super::seed::List;
use super::{auth, mgmt};
use crate::emulator::words::fields::{Field, Kind, optional};

/// The areas, in the order in which seeds are made: what others name comes first.
pub(in crate::emulator) const AREAS: &[&Area] = &[
    &mgmt::project::AREA,
    &mgmt::management_key::AREA,
    &mgmt::descoper::AREA,
    &mgmt::list::AREA,
    &mgmt::engine::AREA,
    &mgmt::permission::AREA,
    &mgmt::tenant::AREA,
    &mgmt::password::AREA,
    &mgmt::role::AREA,
    &mgmt::family::AREA,
    &mgmt::user::AREA,
    &mgmt::user_password::AREA,
    &mgmt::user_search::AREA,
    &mgmt::user_social::AREA,
    &mgmt::user_update::AREA,
    &auth::webauthn::AREA,
    &mgmt::access_key::AREA,
    &mgmt::sso::AREA,
    &mgmt::group::AREA,
    &mgmt::sso_cross_app::AREA,
    &mgmt::sso_application::AREA,
    &mgmt::scope_claim_mapping::AREA,
    &mgmt::inbound_app::AREA,
    &mgmt::consent::AREA,
    &mgmt::outbound_app::AREA,
    &mgmt::outbound_token::AREA,
    &mgmt::jwt_template::AREA,
    &mgmt::outbound_scim::AREA,
    &mgmt::jwt::AREA,
    &mgmt::fga::AREA,
    &mgmt::authz::AREA,
    &mgmt::flow::AREA,
    &mgmt::theme::AREA,
    &mgmt::audit::AREA,
    &mgmt::attribute::AREA,
    &mgmt::license::AREA,
    &mgmt::link::AREA,
    &auth::access_key::AREA,
    &auth::enchanted_link::AREA,
    &auth::magic_link::AREA,
    &auth::notp::AREA,
    &auth::oauth::AREA,
    &auth::otp::AREA,
    &auth::outbound::AREA,
    &auth::password::AREA,
    &auth::session::AREA,
    &auth::sso::AREA,
    &auth::totp::AREA,
];

/// All operations.
pub(in crate::emulator) fn routes() -> impl Iterator<Item = &'static Route> {
    AREAS.iter().flat_map(|area| area.routes)
}

/// All lists of seeds, in the order in which they are made.
pub(in crate::emulator) fn seeds() -> impl Iterator<Item = &'static List> {
    AREAS.iter().flat_map(|area| area.seeds).copied()
}

/// The fields of a seed.
pub(in crate::emulator) const SEED_FIELDS: &[Field] = &{
    let mut fields = [optional("", Kind::Any); SEEDS];
    let (mut area, mut at) = (0, 0);
    while area < AREAS.len() {
        let mut list = 0;
        while list < AREAS[area].seeds.len() {
            fields[at] = optional(AREAS[area].seeds[list].name, Kind::Any);
            list += 1;
            at += 1;
        }
        area += 1;
    }
    fields
};

const SEEDS: usize = {
    let (mut area, mut seeds) = (0, 0);
    while area < AREAS.len() {
        seeds += AREAS[area].seeds.len();
        area += 1;
    }
    seeds
};
