//! All areas.

use super::route::{Area, Route};
use super::seed::List;
use super::{auth, mgmt};
use crate::emulator::words::fields::{Field, Kind, optional};

/// The areas, in the order in which seeds are made: users sign in to what is managed.
pub(in crate::emulator) const AREAS: &[&Area] = &{
    let mut areas = [&mgmt::project::AREA; mgmt::AREAS.len() + auth::AREAS.len()];
    let mut at = 0;
    while at < areas.len() {
        let managed = mgmt::AREAS.len();
        areas[at] = if at < managed { mgmt::AREAS[at] } else { auth::AREAS[at - managed] };
        at += 1;
    }
    areas
};

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
