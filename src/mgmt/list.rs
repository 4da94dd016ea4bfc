//! Lists of addresses, texts or JSON that flows allow or deny. Feature `mgmt-list`.

mod entries;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::entries::Matching;
use super::Mgmt;
use crate::check;
use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;

/// Lists; see [`Mgmt::list`].
#[derive(Clone, Copy, Debug)]
pub struct Lists<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Lists of addresses, texts or JSON that flows allow or deny.
    pub fn list(self) -> Lists<'c> {
        Lists(self)
    }
}

impl Lists<'_> {
    /// Creates a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::list::{ListData, ListOptions};
    ///
    /// let data = ListData::ips(["192.0.2.1", "10.0.0.0/8"]);
    /// let options = ListOptions::default().description("The office");
    /// let list = client.mgmt().list().create("office", &data, &options)?;
    /// assert_eq!(list.data(), Some(data));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty name or JSON that is null,
    /// [`Error::Api`] if a list has the name already.
    pub fn create(&self, name: &str, data: &ListData, options: &ListOptions) -> Result<List> {
        self.0
            .post("/v1/mgmt/list")
            .check(check::id("name", name))
            .check(data.check())
            .field("name", name)
            .fields(data)
            .fields(options)
            .send_field("list")
    }

    /// Loads a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// let list = client.mgmt().list().load(&id)?;
    /// assert_eq!(list.name, "office");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no list has the ID.
    pub fn load(&self, id: &str) -> Result<List> {
        self.0.get("/v1/mgmt/list").segment("id", id).send_field("list")
    }

    /// Loads the list of a name.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// let list = client.mgmt().list().load_by_name("office")?;
    /// assert_eq!(list.id, id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no list has the name.
    pub fn load_by_name(&self, name: &str) -> Result<List> {
        self.0.get("/v1/mgmt/list/name").segment("name", name).send_field("list")
    }

    /// Loads all lists.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for list in client.mgmt().list().load_all()? {
    ///     println!("{}: {:?}", list.name, list.kind);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<List>> {
        self.0.get("/v1/mgmt/list/all").send_list("lists")
    }

    /// Replaces a list: its name, its data and its description.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// use descope::mgmt::list::ListOptions;
    ///
    /// let data = ListData::texts(["example.com", "example.org"]);
    /// let list = client.mgmt().list().update(&id, "domains", &data, &ListOptions::default())?;
    /// assert_eq!(list.data(), Some(data));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty ID or name or JSON that is null,
    /// [`Error::Api`] if no list has the ID.
    pub fn update(
        &self,
        id: &str,
        name: &str,
        data: &ListData,
        options: &ListOptions,
    ) -> Result<List> {
        self.0
            .post("/v1/mgmt/list/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .check(data.check())
            .field("id", id)
            .field("name", name)
            .fields(data)
            .fields(options)
            .send_field("list")
    }

    /// Deletes a list. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// client.mgmt().list().delete(&id)?;
    /// assert!(client.mgmt().list().load(&id).unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no list has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0.post("/v1/mgmt/list/delete").check(check::id("id", id)).field("id", id).send_unit()
    }

    /// Imports several lists at once.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::list::{ListData, ListImport};
    ///
    /// let domains = ListImport::new("domains", ListData::texts(["example.com"]));
    /// let office = ListImport::new("office", ListData::ips(["192.0.2.1"]));
    /// client.mgmt().list().import(&[domains, office])?;
    /// assert_eq!(client.mgmt().list().load_all()?.len(), 2);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for no list at all, an empty name, or JSON that is
    /// null.
    pub fn import(&self, lists: &[ListImport]) -> Result<()> {
        self.0
            .post("/v1/mgmt/list/import")
            .check(check::not_empty("lists", lists))
            .check(lists.iter().try_for_each(ListImport::check))
            .field("lists", lists)
            .send_unit()
    }
}

/// Options of [`Lists::create`] and [`Lists::update`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ListOptions {
    /// What the list is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

setters!(ListOptions { description: opt<String> });

/// What is in a list.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ListData {
    /// Texts.
    Texts(Vec<String>),
    /// IP addresses, and ranges in CIDR notation.
    Ips(Vec<String>),
    /// JSON of any form but null.
    Json(Value),
}

impl ListData {
    /// These texts.
    pub fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Texts(texts.into_iter().map(Into::into).collect())
    }

    /// These IP addresses, and ranges in CIDR notation.
    pub fn ips(ips: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Ips(ips.into_iter().map(Into::into).collect())
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Json(Value::Null) => Err(Error::argument("data", "must not be null")),
            _ => Ok(()),
        }
    }
}

/// A list to import.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[non_exhaustive]
pub struct ListImport {
    /// The list's ID. Defaults to one that Descope makes up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The list's name.
    pub name: String,
    /// What the list is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is in it.
    #[serde(flatten)]
    pub data: ListData,
}

impl ListImport {
    /// A list of this name with this data.
    pub fn new(name: impl Into<String>, data: ListData) -> Self {
        Self { id: None, name: name.into(), description: None, data }
    }

    fn check(&self) -> Result<()> {
        check::id("name", &self.name)?;
        self.data.check()
    }
}

setters!(ListImport { id: opt<String>, description: opt<String> });

/// A list.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct List {
    /// The list's ID.
    pub id: String,
    /// The list's name.
    pub name: String,
    /// What the list is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is in it.
    #[serde(rename = "type")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ListKind>,
    /// What is in it, as it comes; see [`data`](Self::data()).
    #[serde(rename = "data")]
    pub raw_data: Value,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl List {
    /// What is in the list; `None` for a kind that this version of the crate does not know, and for
    /// data that is not of the list's kind.
    pub fn data(&self) -> Option<ListData> {
        let texts = || match &self.raw_data {
            Value::Null => Some(Vec::new()),
            Value::Array(items) => items.iter().map(|item| item.as_str().map(Into::into)).collect(),
            _ => None,
        };
        match self.kind.as_ref()? {
            ListKind::Texts => texts().map(ListData::Texts),
            ListKind::Ips => texts().map(ListData::Ips),
            ListKind::Json => Some(ListData::Json(self.raw_data.clone())),
            ListKind::Other(_) => None,
        }
    }
}

/// The kind of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListKind {
    /// A list of texts.
    Texts,
    /// A list of IP addresses and ranges.
    Ips,
    /// JSON.
    Json,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(ListKind { Texts = "texts", Ips = "ips", Json = "json" });
