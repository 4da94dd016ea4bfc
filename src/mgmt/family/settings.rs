//! What families may be.

use serde::{Deserialize, Serialize};

use super::Families;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

impl Families<'_> {
    /// Loads the project's settings of families.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let settings = client.mgmt().family().load_settings()?;
    /// println!("at most {:?} members", settings.max_family_members);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_settings(&self) -> Result<FamilySettings> {
        self.0.get("/v1/mgmt/family/settings").send()
    }

    /// Changes the project's settings of families: those that are set. The rest stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::family::FamilySettings;
    ///
    /// let patch = FamilySettings::default().enabled(true).max_family_members(8);
    /// let settings = client.mgmt().family().patch_settings(&patch)?;
    /// assert_eq!(settings.max_family_members, Some(8));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn patch_settings(&self, patch: &FamilySettings) -> Result<FamilySettings> {
        self.0.post("/v1/mgmt/family/settings").fields(patch).send()
    }
}

/// The project's settings of families. What is `None` is unknown in an answer, and stays in a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct FamilySettings {
    /// Whether there are families.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How many members a family has at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_family_members: Option<u32>,
    /// Whether a user may be in several families.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_multiple_families_users: Option<bool>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(FamilySettings {
    enabled: opt<bool>, max_family_members: opt_number<u32>,
    allow_multiple_families_users: opt<bool>,
});
