//! Calls, and hostile answers to them: as large as [`SIZE`], of many small items.

use std::fmt::Write;

use descope::mgmt::authz::{AccessOptions, ResourceRelations};
use descope::transport::http;
use descope::{Client, Credential, Error};
use serde_json::json;

pub(crate) const SIZE: usize = 8 * 1024 * 1024;

/// A call that drops its answer.
pub(crate) type Call = fn(&Client) -> Result<(), Error>;

/// Each with the member of the answer that it reads.
pub(crate) const CALLS: [(&str, Call); 9] = [
    ("users", |c| c.mgmt().user().search(&Default::default()).map(drop)),
    ("roles", |c| c.mgmt().role().load_all().map(drop)),
    ("tenants", |c| c.mgmt().tenant().load_all().map(drop)),
    ("audits", |c| c.mgmt().audit().search(&Default::default()).map(drop)),
    ("keys", |c| c.mgmt().access_key().search(&Default::default()).map(drop)),
    ("relations", |c| {
        c.mgmt().authz().load_resource_relations("r", &ResourceRelations::default()).map(drop)
    }),
    ("targets", |c| {
        c.mgmt().authz().who_can_access("n", "r", "d", &AccessOptions::default()).map(drop)
    }),
    ("output", |c| c.mgmt().flow().run("f", &Default::default()).map(drop)),
    ("any", |c| {
        let credential = Credential::ManagementKey;
        c.call(http::Method::POST, "/v1/mgmt/any", credential, &json!({})).map(drop)
    }),
];

/// A list of this item, again and again.
pub(crate) fn list(item: &str) -> String {
    let mut list = String::with_capacity(SIZE + 64);
    while list.len() + item.len() < SIZE {
        list.push_str(if list.is_empty() { "[" } else { "," });
        list.push_str(item);
    }
    list + "]"
}

/// An object with as many members, each under a name of its own.
pub(crate) fn object(item: &str) -> String {
    let mut object = String::with_capacity(SIZE + 64);
    let mut count = 0;
    while object.len() + item.len() + 10 < SIZE {
        object.push_str(if object.is_empty() { "{" } else { "," });
        let _ = write!(object, "\"{count:x}\":{item}");
        count += 1;
    }
    object + "}"
}
