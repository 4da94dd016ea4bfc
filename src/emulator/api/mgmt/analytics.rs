//! Counts of what the audit trail has.

use std::collections::BTreeMap;

use serde_json::json;

use crate::emulator::api::call::{Call, list};
use crate::emulator::api::event::Event::Read;
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::state::audit::Record;
use crate::emulator::state::store::Store;
use crate::emulator::words::clock::{DAY, date};
use crate::emulator::words::fields::{Field, Fields, Kind, optional};
use crate::emulator::words::refusal::{Refusal, Result};

/// How far back searches see, in seconds.
const HISTORY: i64 = 365 * DAY;

const SEARCH: &[Field] = &[
    optional("actions", Kind::Texts),
    optional("devices", Kind::Texts),
    optional("excludedActions", Kind::Texts),
    optional("from", Kind::Int),
    optional("geos", Kind::Texts),
    optional("groupByAction", Kind::Bool),
    optional("groupByCreated", Kind::Text),
    optional("groupByDevice", Kind::Bool),
    optional("groupByGeo", Kind::Bool),
    optional("groupByMethod", Kind::Bool),
    optional("groupByReferrer", Kind::Bool),
    optional("groupByTenant", Kind::Bool),
    optional("methods", Kind::Texts),
    optional("tenants", Kind::Texts),
    optional("to", Kind::Int),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES);

const ROUTES: &[Route] =
    &[Route::post("/v1/mgmt/analytics/search", Management, Read, SEARCH, search)];

/// What the records of a count have in common. What is not grouped by is empty.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    created: Option<i64>,
    action: &'a str,
    method: &'a str,
    tenant: &'a str,
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let period = body.text("groupByCreated");
    if !["", "h", "d", "w", "m", "q"].contains(&period) {
        return Err(Refusal::argument("The groupByCreated field is h, d, w, m or q"));
    }
    let by = |name: &str, value| if body.flag(name) { value } else { "" };
    let mut counts = BTreeMap::<_, u64>::new();
    for record in store.audit.records.iter().filter(|record| matches(call, record)) {
        for tenant in tenants(body, record) {
            let group = Group {
                created: begin(period, record.occurred),
                action: by("groupByAction", &record.action),
                method: by("groupByMethod", &record.method),
                tenant,
            };
            *counts.entry(group).or_default() += 1;
        }
    }
    let shown = counts.into_iter().map(|(group, count)| {
        json!({
            "projectId": call.settings.project_id,
            "action": group.action,
            "created": group.created.map_or_else(String::new, |begin| (begin * 1000).to_string()),
            // Nobody's device, country or way here is known.
            "device": "",
            "method": group.method,
            "geo": "",
            "tenant": group.tenant,
            "referrer": "",
            "cnt": count.to_string(),
        })
    });
    list("analytics", shown)
}

/// The tenants under which a record counts: each of its own that is asked for, or none at all.
fn tenants<'a>(body: Fields<'_>, record: &'a Record) -> Vec<&'a str> {
    let wanted = body.texts("tenants");
    let own = record.tenants.iter().map(|tenant| &**tenant);
    let own: Vec<_> = own.filter(|own| wanted.is_empty() || wanted.contains(own)).collect();
    if body.flag("groupByTenant") && !own.is_empty() { own } else { vec![""] }
}

fn matches(call: &Call<'_>, record: &Record) -> bool {
    let body = call.body();
    let one_of = |name: &str, value: &str| {
        let wanted = body.texts(name);
        wanted.is_empty() || wanted.contains(&value)
    };
    let wanted = body.texts("tenants");
    record.occurred >= call.now.saturating_sub(HISTORY)
        && body.int("from").is_none_or(|from| record.occurred >= from.div_euclid(1000))
        // Clients send a time that is not set as one before all records.
        && body.int("to").is_none_or(|to| to <= 0 || record.occurred.saturating_mul(1000) <= to)
        && one_of("actions", &record.action)
        && !body.texts("excludedActions").contains(&&*record.action)
        && one_of("devices", "")
        && one_of("methods", &record.method)
        && one_of("geos", "")
        && (wanted.is_empty() || record.tenants.iter().any(|own| wanted.contains(&&**own)))
}

/// When the hour, day, week, month or quarter begins that a moment is in, in UTC. Weeks begin on Monday.
fn begin(period: &str, moment: i64) -> Option<i64> {
    let day = moment.div_euclid(DAY);
    let month = |day: i64| day + 1 - date(day)[2];
    let begin = match period {
        "h" => return Some(moment - moment.rem_euclid(3_600)),
        "d" => day,
        // The first day of 1970 was a Thursday.
        "w" => day - (day + 3).rem_euclid(7),
        "m" => month(day),
        "q" => (0..(date(day)[1] - 1) % 3).fold(month(day), |begin, _| month(begin - 1)),
        _ => return None,
    };
    Some(begin * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::words::clock::rfc3339;

    #[test]
    fn periods_begin_where_the_calendar_has_them() {
        let moment = 1_709_210_096; // 2024-02-29T12:34:56Z, a Thursday
        let new_year = 1_735_689_599; // 2024-12-31T23:59:59Z, a Tuesday
        for (moment, period, wanted) in [
            (moment, "h", "2024-02-29T12:00:00Z"),
            (moment, "d", "2024-02-29T00:00:00Z"),
            (moment, "w", "2024-02-26T00:00:00Z"),
            (moment, "m", "2024-02-01T00:00:00Z"),
            (moment, "q", "2024-01-01T00:00:00Z"),
            (new_year, "w", "2024-12-30T00:00:00Z"),
            (new_year, "m", "2024-12-01T00:00:00Z"),
            (new_year, "q", "2024-10-01T00:00:00Z"),
        ] {
            assert_eq!(begin(period, moment).map(rfc3339).as_deref(), Some(wanted), "{period}");
        }
        assert_eq!(begin("", moment), None);
    }
}
