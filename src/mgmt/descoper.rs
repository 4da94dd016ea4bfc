//! Descopers: the people who use the Descope console. Feature `mgmt-descoper`.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;
use crate::transport::http::Method;

/// Users of the Descope console; see [`Mgmt::descoper`].
#[derive(Clone, Copy, Debug)]
pub struct Descopers<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Descopers: the people who use the Descope console. They belong to the company, not to one
    /// project.
    pub fn descoper(self) -> Descopers<'c> {
        Descopers(self)
    }
}

impl Descopers<'_> {
    /// Creates several users of the console, and returns them.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::descoper::{DescoperAccess, DescoperRole, NewDescoper, ProjectRole};
    ///
    /// let developer = ProjectRole::new([client.project_id()], DescoperRole::Developer);
    /// let ada = NewDescoper::new("ada@example.com")
    ///     .access(DescoperAccess::default().projects([developer]))
    ///     .send_invite(true);
    /// let created = client.mgmt().descoper().create_batch(&[ada])?;
    /// assert_eq!(created[0].login_ids, ["ada@example.com"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list or login ID,
    /// [`Error::Api`](crate::Error::Api) if somebody has the login ID already.
    pub fn create_batch(&self, descopers: &[NewDescoper]) -> Result<Vec<Descoper>> {
        let mut login_ids = descopers.iter().map(|descoper| &descoper.login_id);
        self.0
            .call(Method::PUT, "/v1/mgmt/descoper")
            .check(check::not_empty("descopers", descopers))
            .check(login_ids.try_for_each(|login_id| check::id("login_id", login_id)))
            .field("descopers", descopers)
            .send_list("descopers")
    }

    /// Loads a user of the console.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::descoper::NewDescoper;
    /// # let id = client.mgmt().descoper().create_batch(&[NewDescoper::new("ada@example.com")])?.remove(0).id;
    /// let descoper = client.mgmt().descoper().load(&id)?;
    /// assert_eq!(descoper.attributes.email.as_deref(), Some("ada@example.com"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if nobody has the ID.
    pub fn load(&self, id: &str) -> Result<Descoper> {
        self.0
            .get("/v1/mgmt/descoper")
            .check(check::id("id", id))
            .query("id", id)
            .send_field("descoper")
    }

    /// Loads all users of the console.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for descoper in client.mgmt().descoper().load_all()? {
    ///     println!("{}: {:?}", descoper.id, descoper.login_ids);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Descoper>> {
        self.0.post("/v1/mgmt/descoper/list").safe().fields(&json!({})).send_list("descopers")
    }

    /// Changes a user of the console: replaces their attributes, or their access, or both. What the
    /// patch does not set stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::descoper::NewDescoper;
    /// # let id = client.mgmt().descoper().create_batch(&[NewDescoper::new("ada@example.com")])?.remove(0).id;
    /// use descope::mgmt::descoper::{DescoperAccess, DescoperPatch};
    ///
    /// let patch = DescoperPatch::default().access(DescoperAccess::company_admin());
    /// let ada = client.mgmt().descoper().patch(&id, &patch)?;
    /// assert!(ada.access.is_company_admin);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if nobody has the ID.
    pub fn patch(&self, id: &str, patch: &DescoperPatch) -> Result<Descoper> {
        self.0
            .call(Method::PATCH, "/v1/mgmt/descoper")
            .check(check::id("id", id))
            .field("id", id)
            .fields(patch)
            .send_field("descoper")
    }

    /// Deletes a user of the console. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::descoper::NewDescoper;
    /// # let id = client.mgmt().descoper().create_batch(&[NewDescoper::new("ada@example.com")])?.remove(0).id;
    /// client.mgmt().descoper().delete(&id)?;
    /// assert!(client.mgmt().descoper().load(&id).unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if nobody has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0
            .call(Method::DELETE, "/v1/mgmt/descoper")
            .check(check::id("id", id))
            .query("id", id)
            .send_unit()
    }
}

/// A user of the console to create.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewDescoper {
    /// What they sign in with. Descope takes e-mail addresses only.
    pub login_id: String,
    /// What is known of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<DescoperAttributes>,
    /// Whether they get an invitation by e-mail. Defaults to `false`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_invite: Option<bool>,
    /// What they may do.
    #[serde(rename = "rbac", skip_serializing_if = "Option::is_none")]
    pub access: Option<DescoperAccess>,
}

impl NewDescoper {
    /// Somebody who signs in with this e-mail address.
    pub fn new(login_id: impl Into<String>) -> Self {
        Self { login_id: login_id.into(), attributes: None, send_invite: None, access: None }
    }
}

setters!(NewDescoper {
    attributes: opt<DescoperAttributes>, send_invite: opt<bool>, access: opt<DescoperAccess>,
});

/// What [`Descopers::patch`] changes.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct DescoperPatch {
    /// What is known of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<DescoperAttributes>,
    /// What they may do.
    #[serde(rename = "rbac", skip_serializing_if = "Option::is_none")]
    pub access: Option<DescoperAccess>,
}

setters!(DescoperPatch { attributes: opt<DescoperAttributes>, access: opt<DescoperAccess> });

/// What is known of a user of the console.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DescoperAttributes {
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(DescoperAttributes { display_name: opt<String>, email: opt<String>, phone: opt<String> });

/// What a user of the console may do.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct DescoperAccess {
    /// Whether they may do everything in all projects.
    pub is_company_admin: bool,
    /// Their roles in the projects that have certain tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagRole>,
    /// Their roles in single projects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectRole>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl DescoperAccess {
    /// They may do everything in all projects.
    pub fn company_admin() -> Self {
        Self { is_company_admin: true, ..Self::default() }
    }
}

setters!(DescoperAccess { tags: list<TagRole>, projects: list<ProjectRole> });

/// A role in the projects that have certain tags.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct TagRole {
    /// The tags.
    pub tags: Vec<String>,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<DescoperRole>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl TagRole {
    /// This role in the projects with these tags.
    pub fn new(tags: impl IntoIterator<Item = impl Into<String>>, role: DescoperRole) -> Self {
        let tags = tags.into_iter().map(Into::into).collect();
        Self { tags, role: Some(role), extra: Extra::default() }
    }
}

/// A role in single projects.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProjectRole {
    /// IDs of the projects.
    pub project_ids: Vec<String>,
    /// The role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<DescoperRole>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ProjectRole {
    /// This role in these projects.
    pub fn new(
        project_ids: impl IntoIterator<Item = impl Into<String>>,
        role: DescoperRole,
    ) -> Self {
        let project_ids = project_ids.into_iter().map(Into::into).collect();
        Self { project_ids, role: Some(role), extra: Extra::default() }
    }
}

/// A role of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescoperRole {
    /// Everything in the project.
    Admin,
    /// Building the project.
    Developer,
    /// Helping its users.
    Support,
    /// Looking on.
    Auditor,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(DescoperRole { Admin = "admin", Developer = "developer", Support = "support", Auditor = "auditor" });

/// A user of the console.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct Descoper {
    /// Their ID.
    pub id: String,
    /// What they sign in with.
    #[serde(rename(serialize = "loginIDs", deserialize = "loginIds"), alias = "loginIDs")]
    pub login_ids: Vec<String>,
    /// What is known of them.
    pub attributes: DescoperAttributes,
    /// What they may do.
    #[serde(rename = "rbac")]
    pub access: DescoperAccess,
    /// Whether they may sign in, such as `invited`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
