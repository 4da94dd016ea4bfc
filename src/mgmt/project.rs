//! The project itself: name, tags, copies, settings as files. Feature `mgmt-project`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::secret::Secret;

/// The project itself; see [`Mgmt::project`].
#[derive(Clone, Copy, Debug)]
pub struct Projects<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The project itself: its name and tags, copies of it, and its settings as files.
    ///
    /// What the files hold is Descope's own business. This crate hands them on as they are.
    pub fn project(self) -> Projects<'c> {
        Projects(self)
    }
}

/// # Projects
impl Projects<'_> {
    /// Renames the project.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let project = client.mgmt().project();
    /// project.update_name("new-project-name")?;
    /// project.update_tags(&["new", "rust"])?;
    /// # let listed = &project.load_all()?[0];
    /// # assert_eq!((&*listed.name, &listed.tags[..]), ("new-project-name", &["new".to_owned(), "rust".to_owned()][..]));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name.
    pub fn update_name(&self, name: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/project/update/name")
            .check(check::id("name", name))
            .field("name", name)
            .send_unit()
    }

    /// Replaces the project's tags. No tags removes them all.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let project = client.mgmt().project();
    /// project.update_tags(&["new", "rust"])?;
    /// assert_eq!(project.load_all()?[0].tags, ["new", "rust"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty tag.
    pub fn update_tags(&self, tags: &[&str]) -> Result<()> {
        self.0
            .post("/v1/mgmt/project/update/tags")
            .check(check::ids("tags", tags))
            .field("tags", tags)
            .send_unit()
    }

    /// All projects of the company.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for project in client.mgmt().project().load_all()? {
    ///     println!("{}: {}", project.id, project.name);
    /// }
    /// # assert_eq!(client.mgmt().project().load_all()?[0].id, emulator.project_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Project>> {
        self.0.post("/v1/mgmt/projects/list").safe().fields(&json!({})).send_list("projects")
    }

    /// Makes a new project with the settings of this one. Users, tenants and access keys are not
    /// copied. Takes a paid licence.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::project::{CloneProject, Environment};
    ///
    /// let options = CloneProject::default().environment(Environment::Production).tags(["copy"]);
    /// let copy = client.mgmt().project().clone_project("new-project-name", &options)?;
    /// println!("{} has the ID {}", copy.project_name, copy.project_id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the licence does not allow it.
    pub fn clone_project(&self, name: &str, options: &CloneProject) -> Result<ClonedProject> {
        self.0
            .post("/v1/mgmt/project/clone")
            .check(check::id("name", name))
            .field("name", name)
            .fields(options)
            .send()
    }

    /// Deletes the project with all it holds. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// client.mgmt().project().delete()?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn delete(&self) -> Result<()> {
        self.0.post("/v1/mgmt/project/delete").fields(&json!({})).send_unit()
    }
}

/// # Settings as files
impl Projects<'_> {
    /// The project's settings as files, to [`import`](Self::import) into this project or another.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let project = client.mgmt().project();
    /// let files = project.export()?;
    /// project.import(&files)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// This is the older form, without secrets and checks, of
    /// [`export_snapshot`](Self::export_snapshot).
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn export(&self) -> Result<Value> {
        self.0.post("/v1/mgmt/project/export").safe().fields(&json!({})).send_field("files")
    }

    /// Replaces the project's settings by those of an [`export`](Self::export).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let project = client.mgmt().project();
    /// let files = project.export()?;
    /// project.import(&files)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the files are no JSON object.
    pub fn import(&self, files: &Value) -> Result<()> {
        self.0
            .post("/v1/mgmt/project/import")
            .check(check::object("files", files))
            .field("files", files)
            .send_unit()
    }

    /// The project's settings as files, for version control and other projects.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let files = client.mgmt().project().export_snapshot(&Default::default())?;
    /// assert!(files.is_object());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn export_snapshot(&self, options: &ExportSnapshot) -> Result<Value> {
        self.0.post("/v1/mgmt/project/snapshot/export").safe().fields(options).send_field("files")
    }

    /// Says whether a snapshot can be imported into this project, and which secrets it lacks.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let project = client.mgmt().project();
    /// let files = project.export_snapshot(&Default::default())?;
    /// let validation = project.validate_snapshot(&files, &Default::default())?;
    /// assert!(validation.ok, "{:?}", validation.failures);
    /// project.import_snapshot(&files, &Default::default())?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the files are no JSON object.
    pub fn validate_snapshot(
        &self,
        files: &Value,
        secrets: &SnapshotSecrets,
    ) -> Result<SnapshotValidation> {
        self.0
            .post("/v1/mgmt/project/snapshot/validate")
            .safe()
            .check(check::object("files", files))
            .hide(secrets.values())
            .field("files", files)
            .options("inputSecrets", secrets)
            .send()
    }

    /// Replaces the project's settings by those of a snapshot.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::project::ImportSnapshot;
    ///
    /// let project = client.mgmt().project();
    /// let files = project.export_snapshot(&Default::default())?;
    /// project.import_snapshot(&files, &ImportSnapshot::default().excludes(["lists"]))?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if the files are no JSON object,
    /// [`Error::Api`](crate::Error::Api) if Descope cannot take them;
    /// [`validate_snapshot`](Self::validate_snapshot) says why.
    pub fn import_snapshot(&self, files: &Value, options: &ImportSnapshot) -> Result<()> {
        self.0
            .post("/v1/mgmt/project/snapshot/import")
            .check(check::object("files", files))
            .hide(options.secrets.values())
            .field("files", files)
            .options("inputSecrets", &options.secrets)
            .field("excludes", &options.excludes)
            .send_unit()
    }
}

/// A project of the company.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default)]
#[non_exhaustive]
pub struct Project {
    /// The project's ID.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub environment: Environment,
    /// Its tags.
    pub tags: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a project is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Environment {
    /// Nothing in particular.
    #[default]
    None,
    /// Production, which the console guards against mishaps.
    Production,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(Environment { None = "", Production = "production" });

/// Options of [`Projects::clone_project`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct CloneProject {
    /// What the new project is for. Defaults to nothing in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// The tags of the new project. Defaults to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

setters!(CloneProject { environment: opt<Environment>, tags: opt_list<String> });

/// The answer of [`Projects::clone_project`].
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClonedProject {
    /// The new project's ID.
    pub project_id: String,
    /// What it is called.
    pub project_name: String,
    /// What it is for.
    pub environment: Environment,
    /// Its tags.
    pub tags: Vec<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Options of [`Projects::export_snapshot`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ExportSnapshot {
    /// The format of the files. Defaults to what Descope chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

setters!(ExportSnapshot { format: opt<String> });

/// Options of [`Projects::import_snapshot`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ImportSnapshot {
    /// The secrets that the snapshot lacks.
    pub secrets: SnapshotSecrets,
    /// Parts to leave as they are, such as `lists`.
    pub excludes: Option<Vec<String>>,
}

setters!(ImportSnapshot {
    secrets: nested<SnapshotSecrets>,
    excludes: opt_list<String>,
});

/// The secrets of a snapshot, which its files do not hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SnapshotSecrets {
    /// The secrets of connectors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connectors: Vec<SnapshotSecret>,
    /// The secrets of OAuth providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub oauth_providers: Vec<SnapshotSecret>,
    /// The secrets of outbound applications.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outbound_apps: Vec<SnapshotSecret>,
    /// The secrets of external systems that sign users in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_auth: Vec<SnapshotSecret>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(SnapshotSecrets {
    connectors: list<SnapshotSecret>, oauth_providers: list<SnapshotSecret>,
    outbound_apps: list<SnapshotSecret>, external_auth: list<SnapshotSecret>,
});

impl SnapshotSecrets {
    fn values(&self) -> impl Iterator<Item = &Secret> {
        let all =
            [&self.connectors, &self.oauth_providers, &self.outbound_apps, &self.external_auth];
        all.into_iter().flatten().filter_map(|secret| secret.value.as_ref())
    }
}

/// A secret of a snapshot.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SnapshotSecret {
    /// The ID of what needs the secret.
    pub id: String,
    /// The name of what needs the secret.
    pub name: String,
    /// The kind of secret, such as `bearertoken` or `password`.
    #[serde(rename = "type")]
    pub secret_type: String,
    /// The secret itself, to be filled in before it is sent. Answers leave it empty.
    #[serde(
        deserialize_with = "nothing",
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::secret::expose"
    )]
    pub value: Option<Secret>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Takes what an answer says, so that it does not show among what a newer Descope says.
fn nothing<'de, D: Deserializer<'de>>(answer: D) -> std::result::Result<Option<Secret>, D::Error> {
    IgnoredAny::deserialize(answer).map(|_| None)
}

impl SnapshotSecret {
    /// A secret that is yet to be filled in.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        secret_type: impl Into<String>,
    ) -> Self {
        let (id, name, secret_type) = (id.into(), name.into(), secret_type.into());
        Self { id, name, secret_type, value: None, extra: Extra::default() }
    }

    /// The same with the secret itself.
    #[must_use]
    pub fn value(mut self, value: impl Into<Secret>) -> Self {
        self.value = Some(value.into());
        self
    }
}

/// The answer of [`Projects::validate_snapshot`].
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct SnapshotValidation {
    /// Whether it can be imported.
    #[serde(deserialize_with = "crate::json::only_true")]
    pub ok: bool,
    /// What stands against it.
    pub failures: Vec<String>,
    /// The secrets that an import has to bring along.
    pub missing_secrets: SnapshotSecrets,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
