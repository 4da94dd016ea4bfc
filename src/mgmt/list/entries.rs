//! Single entries of a list.

use super::Lists;
use crate::call::Call;
use crate::check;
use crate::error::{Error, Result};

/// How many texts one call may check.
const MAX_CHECKED: usize = 100;

impl Lists<'_> {
    /// Adds IP addresses, or ranges in CIDR notation, to a list of them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// client.mgmt().list().add_ips(&id, &["192.0.2.2", "10.0.0.0/8"])?;
    /// assert!(client.mgmt().list().check_ip(&id, "10.1.2.3")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty list of addresses, [`Error::Api`] if there is no such list of
    /// addresses.
    pub fn add_ips(&self, id: &str, ips: &[&str]) -> Result<()> {
        self.entry("/v1/mgmt/list/ip/add", id).ids("ips", "ips", ips).send_unit()
    }

    /// Removes IP addresses or ranges from a list of them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// client.mgmt().list().remove_ips(&id, &["192.0.2.1"])?;
    /// assert!(!client.mgmt().list().check_ip(&id, "192.0.2.1")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`add_ips`](Self::add_ips).
    pub fn remove_ips(&self, id: &str, ips: &[&str]) -> Result<()> {
        self.entry("/v1/mgmt/list/ip/remove", id).ids("ips", "ips", ips).send_unit()
    }

    /// Whether an IP address is in a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::ips(["192.0.2.1"]);
    /// # let id = client.mgmt().list().create("office", &data, &Default::default())?.id;
    /// if client.mgmt().list().check_ip(&id, "192.0.2.1")? {
    ///     println!("from the office");
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if there is no such list of addresses.
    pub fn check_ip(&self, id: &str, ip: &str) -> Result<bool> {
        self.entry("/v1/mgmt/list/ip/check", id)
            .check(check::id("ip", ip))
            .field("ip", ip)
            .send_exists()
    }

    /// Adds texts to a list of them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// client.mgmt().list().add_texts(&id, &["example.net", "example.org"])?;
    /// assert!(client.mgmt().list().check_text(&id, "example.org")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for an empty list of texts, [`Error::Api`] if there is no such list of
    /// texts.
    pub fn add_texts(&self, id: &str, texts: &[&str]) -> Result<()> {
        self.entry("/v1/mgmt/list/text/add", id).texts(texts).send_unit()
    }

    /// Removes texts from a list of them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// client.mgmt().list().remove_texts(&id, &["example.com"])?;
    /// assert!(!client.mgmt().list().check_text(&id, "example.com")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`add_texts`](Self::add_texts).
    pub fn remove_texts(&self, id: &str, texts: &[&str]) -> Result<()> {
        self.entry("/v1/mgmt/list/text/remove", id).texts(texts).send_unit()
    }

    /// Whether a text is in a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// assert!(client.mgmt().list().check_text(&id, "example.com")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if there is no such list of texts.
    pub fn check_text(&self, id: &str, text: &str) -> Result<bool> {
        self.entry("/v1/mgmt/list/text/check", id)
            .check(check::filled("text", text))
            .field("text", text)
            .send_exists()
    }

    /// Whether any or all of several texts, at most 100, are in a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// use descope::mgmt::list::Matching;
    ///
    /// let (lists, both) = (client.mgmt().list(), ["example.com", "example.org"]);
    /// assert!(lists.check_texts(&id, &both, Matching::Any)?);
    /// assert!(!lists.check_texts(&id, &both, Matching::All)?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for no text or more than 100, [`Error::Api`] if there is no such list of
    /// texts.
    pub fn check_texts(&self, id: &str, texts: &[&str], matching: Matching) -> Result<bool> {
        let few = match texts.len() {
            0..=MAX_CHECKED => Ok(()),
            _ => Err(Error::argument("texts", "must not be more than 100")),
        };
        self.entry("/v1/mgmt/list/text/check", id)
            .check(few)
            .texts(texts)
            .field("matchAll", matching == Matching::All)
            .send_exists()
    }

    /// Removes everything from a list.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::list::ListData;
    /// # let data = ListData::texts(["example.com"]);
    /// # let id = client.mgmt().list().create("domains", &data, &Default::default())?.id;
    /// client.mgmt().list().clear(&id)?;
    /// assert!(!client.mgmt().list().check_text(&id, "example.com")?);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`] if no list has the ID.
    pub fn clear(&self, id: &str) -> Result<()> {
        self.entry("/v1/mgmt/list/clear", id).send_unit()
    }

    fn entry(&self, path: &'static str, id: &str) -> Call<'_> {
        self.0.post(path).check(check::id("id", id)).field("id", id)
    }
}

impl Call<'_> {
    fn texts(self, texts: &[&str]) -> Self {
        let mut each = texts.iter();
        self.check(check::not_empty("texts", texts))
            .check(each.try_for_each(|text| check::filled("texts", text)))
            .field("texts", texts)
    }

    /// Sends a question. An answer that does not say is a no, as in the official SDKs.
    fn send_exists(self) -> Result<bool> {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Found {
            exists: bool,
        }

        self.safe().send::<Found>().map(|found| found.exists)
    }
}

/// How many of several texts must be in a list, for [`Lists::check_texts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matching {
    /// At least one.
    Any,
    /// Every one.
    All,
}
