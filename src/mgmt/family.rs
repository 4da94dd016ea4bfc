//! Families: parents, and dependents whom they act for. Feature `mgmt-family`.

mod attributes;
mod dependent;
mod settings;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::dependent::{FamilyImpersonation, NewDependent, StopFamilyImpersonation};
pub use self::settings::FamilySettings;
use super::Mgmt;
pub use super::attribute::{AttributeKind, AttributeOption, CustomAttribute};
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::page::{Page, PageIter};
use crate::time::UnixTime;

/// Families; see [`Mgmt::family`].
#[derive(Clone, Copy, Debug)]
pub struct Families<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Families: parents, and dependents whom they act for.
    pub fn family(self) -> Families<'c> {
        Families(self)
    }
}

impl<'c> Families<'c> {
    /// Creates a family.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::family::NewFamily;
    ///
    /// let new = NewFamily::default().id("lovelace").custom_attributes([("plan", "premium")]);
    /// let family = client.mgmt().family().create("The Lovelaces", &new)?;
    /// assert_eq!(family.id, "lovelace");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name,
    /// [`Error::Api`](crate::Error::Api) if a family has the ID already.
    pub fn create(&self, name: &str, new: &NewFamily) -> Result<Family> {
        self.0
            .post("/v1/mgmt/family/create")
            .check(check::id("name", name))
            .field("name", name)
            .fields(new)
            .send_field("family")
    }

    /// Finds one page of the families that meet every condition of a search.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::family::FamilySearch;
    ///
    /// let search = FamilySearch::default().text("love");
    /// for family in client.mgmt().family().search(&search)?.items {
    ///     println!("{}: {}", family.id, family.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search(&self, search: &FamilySearch) -> Result<Page<Family>> {
        self.0.post("/v1/mgmt/family/search").safe().fields(search).send_page("families")
    }

    /// Goes through all families that meet every condition of a search, page by page, beginning with
    /// the search's page.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for family in client.mgmt().family().iter(&Default::default()) {
    ///     println!("{}", family?.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Items may be those of [`search`](Self::search).
    pub fn iter(&self, search: &FamilySearch) -> PageIter<'c, Family> {
        let (families, mut search) = (*self, search.clone());
        PageIter::new(
            search.page.unwrap_or_default(),
            |family| &family.id,
            move |page| {
                search.page = Some(page);
                families.search(&search)
            },
        )
    }

    /// Changes what the patch sets, and leaves the rest as it is.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// use descope::mgmt::family::FamilyPatch;
    ///
    /// let family = client.mgmt().family().patch("lovelace", &FamilyPatch::default().disabled(true))?;
    /// assert!(family.disabled);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no family has the ID.
    pub fn patch(&self, id: &str, patch: &FamilyPatch) -> Result<Family> {
        self.0
            .post("/v1/mgmt/family/update")
            .check(check::id("id", id))
            .field("id", id)
            .fields(patch)
            .send_field("family")
    }

    /// Deletes a family. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// client.mgmt().family().delete("lovelace")?;
    /// assert!(client.mgmt().family().delete("lovelace").unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no family has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0.post("/v1/mgmt/family/delete").check(check::id("id", id)).field("id", id).send_unit()
    }
}

/// Options of [`Families::create`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewFamily {
    /// The family's ID. Defaults to one that Descope makes up.
    #[serde(rename = "familyId", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Attributes defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// A picture, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Whether it cannot be used. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

setters!(NewFamily {
    id: opt<String>, custom_attributes: opt_map<Value>, photo: opt<String>, disabled: opt<bool>,
});

/// What [`Families::patch`] changes.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FamilyPatch {
    /// The family's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Attributes defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// A picture, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Whether it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

setters!(FamilyPatch {
    name: opt<String>, custom_attributes: opt_map<Value>, photo: opt<String>, disabled: opt<bool>,
});

/// The conditions of [`Families::search`]. Without any, all families are found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FamilySearch {
    /// With one of these IDs.
    #[serde(rename = "familyIds", skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// With one of these names.
    #[serde(rename = "familyNames", skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// A text to look for in all fields.
    #[serde(rename = "freeText", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// All of these attributes, with these values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// How many a page holds at most. Descope decides if it is 0 or not set, and may send fewer.
    #[serde(rename = "size", skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The number of the page. Defaults to 0, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

setters!(FamilySearch {
    ids: opt_list<String>, names: opt_list<String>, text: opt<String>,
    custom_attributes: opt_map<Value>, limit: opt_number<u32>, page: opt_number<u32>,
});

/// A family.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Family {
    /// The family's ID.
    pub id: String,
    /// The family's name.
    pub name: String,
    /// Attributes defined by the project.
    pub custom_attributes: Map<String, Value>,
    /// Whether it cannot be used.
    pub disabled: bool,
    /// A picture, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
