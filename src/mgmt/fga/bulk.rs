//! Any number of relations.

use super::{Fga, Relation};
use crate::bulk::{self, BulkOptions, BulkReport, Progress, Settled};
use crate::error::Result;

/// # Any number of relations
impl Fga<'_> {
    /// Creates any number of relations, in batches and at Descope's pace; see [`bulk`].
    ///
    /// A relation that is there already stays as it is, and counts as
    /// [`created`](crate::bulk::Checkpoint::created): Descope does not tell. To create it twice does no harm. If
    /// the schema does not have a relation of a batch, Descope refuses the whole batch. The client then halves
    /// it until it has found that relation, and creates all others.
    ///
    /// Each batch is one call, which counts towards [`RateLimits::other`](crate::RateLimits::other).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// use descope::bulk::BulkOptions;
    /// use descope::mgmt::fga::Relation;
    ///
    /// let viewers = (0..1000).map(|n| Relation::new("doc", "plan", "viewer", "user", format!("u{n}")));
    /// let report =
    ///     client.mgmt().fga().create_relations_in_bulk(viewers, &BulkOptions::default(), |_| true)?;
    /// assert_eq!(report.checkpoint.created, 1000);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`in_bulk`](crate::Client::in_bulk). Relations that cannot be created are in
    /// [`failures`](crate::bulk::Progress::failures), as `doc:plan#viewer@user:u1`.
    pub fn create_relations_in_bulk(
        &self,
        relations: impl IntoIterator<Item = Relation>,
        options: &BulkOptions,
        progress: impl FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        bulk::run(
            self.0.0,
            relations.into_iter(),
            options,
            &name,
            None, // In any order, the relations are the same in the end.
            &|client, relations| {
                client.mgmt().fga().create_relations(relations)?;
                Ok(Settled::default().created(relations.len()))
            },
            progress,
        )
    }

    /// Deletes any number of relations, in batches and at Descope's pace; see [`bulk`].
    ///
    /// A relation that is not there counts as [`deleted`](crate::bulk::Checkpoint::deleted). To delete it twice
    /// does no harm.
    ///
    /// Each batch is one call, which counts towards [`RateLimits::other`](crate::RateLimits::other).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().fga().save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
    /// use descope::bulk::BulkOptions;
    /// use descope::mgmt::fga::Relation;
    ///
    /// let viewers = (0..1000).map(|n| Relation::new("doc", "plan", "viewer", "user", format!("u{n}")));
    /// let report =
    ///     client.mgmt().fga().delete_relations_in_bulk(viewers, &BulkOptions::default(), |_| true)?;
    /// assert_eq!(report.checkpoint.deleted, 1000);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_relations_in_bulk`](Self::create_relations_in_bulk).
    pub fn delete_relations_in_bulk(
        &self,
        relations: impl IntoIterator<Item = Relation>,
        options: &BulkOptions,
        progress: impl FnMut(&Progress<'_>) -> bool,
    ) -> Result<BulkReport> {
        bulk::run(
            self.0.0,
            relations.into_iter(),
            options,
            &name,
            None, // In any order, the relations are the same in the end.
            &|client, relations| {
                client.mgmt().fga().delete_relations(relations)?;
                Ok(Settled::default().deleted(relations.len()))
            },
            progress,
        )
    }
}

/// A relation as it is usually written.
fn name(relation: &Relation) -> String {
    let Relation { resource_type, resource, relation, target_type, target } = relation;
    let (target_type, members) = target_type.split_once('#').unwrap_or((target_type, ""));
    let hash = if members.is_empty() { "" } else { "#" };
    format!("{resource_type}:{resource}#{relation}@{target_type}:{target}{hash}{members}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_named_as_usual() {
        let of = |target_type, target| {
            name(&Relation::new("doc", "plan", "viewer", target_type, target))
        };
        assert_eq!(of("user", "u1"), "doc:plan#viewer@user:u1");
        assert_eq!(of("org#member", "acme"), "doc:plan#viewer@org:acme#member");
    }
}
