//! What an area says of its things in seeds.

use serde_json::{Value, json};

use crate::emulator::state::grants::{Grants, Membership};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::{Edit, Row, Table};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::refusal::{Refusal, Result};

/// A list of a seed. An area whose things can be saved has one.
pub(in crate::emulator) struct List {
    pub(in crate::emulator) name: &'static str,
    /// The operation that makes an item, and whose fields an item has.
    pub(in crate::emulator) path: &'static str,
    /// The fields of an item's `state`: what the operation cannot set.
    pub(in crate::emulator) state: &'static [Field],
    /// Sets the state of the thing that was made last.
    pub(in crate::emulator) restore: fn(&mut Store, Fields<'_>) -> Result<()>,
    /// The items that make what there is.
    pub(in crate::emulator) save: fn(&Store) -> Vec<Value>,
}

impl List {
    /// A list whose items are all there is to say of its things.
    pub(in crate::emulator) const fn plain(
        name: &'static str,
        path: &'static str,
        save: fn(&Store) -> Vec<Value>,
    ) -> Self {
        Self { name, path, state: &[], restore: |_, _| Ok(()), save }
    }
}

fn nothing_made() -> Refusal {
    Refusal::internal("The operation made nothing")
}

/// The thing that an operation made last.
pub(in crate::emulator) fn last<T>(things: &mut [T]) -> Result<&mut T> {
    things.last_mut().ok_or_else(nothing_made)
}

/// Likewise, of a table.
pub(in crate::emulator) fn last_row<T: Row>(things: &mut Table<T>) -> Result<Edit<'_, T>> {
    things.edit_last().ok_or_else(nothing_made)
}

/// The state that [`Grants`] are saved to.
pub(in crate::emulator) const ROLE_IDS: Field = optional("roleIds", Kind::Texts);
pub(in crate::emulator) const TENANTS: Field = optional(
    "tenants",
    Kind::Objects(&[required("tenantId", Kind::Text), optional("roleIds", Kind::Texts)]),
);

impl Grants {
    pub(in crate::emulator) fn save(&self) -> [Value; 2] {
        let tenants = self.tenants.iter();
        let tenants = tenants.map(
            |membership| json!({ "tenantId": membership.tenant, "roleIds": membership.roles }),
        );
        [json!(self.roles), tenants.collect()]
    }

    /// Takes the grants of a state, where it has them.
    pub(in crate::emulator) fn restore(&mut self, state: Fields<'_>) {
        let ids =
            |fields: Fields<'_>| fields.texts("roleIds").into_iter().map(str::to_owned).collect();
        if state.has("roleIds") {
            self.roles = ids(state);
        }
        if state.has("tenants") {
            let tenants = state.objects("tenants");
            let membership = |fields: Fields<'_>| Membership {
                tenant: fields.text("tenantId").into(),
                roles: ids(fields),
            };
            self.tenants = tenants.map(membership).collect();
        }
    }
}
