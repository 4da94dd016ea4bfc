//! Dependents of a family, and acting for them.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Families;
use crate::check;
use crate::error::Result;
use crate::models::User;
use crate::options::setters;
use crate::secret::Secret;

impl Families<'_> {
    /// Creates a user who is a dependent of a family.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::family::NewDependent;
    ///
    /// let new = NewDependent::default()
    ///     .login_id("byron")
    ///     .name("Byron King")
    ///     .family_scoped_attributes([("allowance", 5)]);
    /// let byron = client.mgmt().family().create_dependent("lovelace", &new)?;
    /// println!("{}", byron.user_id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an e-mail address or phone number that cannot be
    /// one, [`Error::Api`](crate::Error::Api) if there is no such family, or somebody has the login ID
    /// already.
    pub fn create_dependent(&self, family_id: &str, new: &NewDependent) -> Result<User> {
        let given = |id: &Option<String>, check: fn(&'static str, &str) -> Result<()>, name| {
            id.as_ref().map_or(Ok(()), |id| check(name, id))
        };
        let scoped = new.family_scoped_attributes.as_ref();
        self.0
            .post("/v1/mgmt/family/dependent/create")
            .check(check::id("family_id", family_id))
            .check(given(&new.login_id, check::id, "login_id"))
            .check(given(&new.email, check::email, "email"))
            .check(given(&new.phone, check::phone, "phone"))
            .field("familyId", family_id)
            .fields(new)
            .field("familyScopedAttributes", scoped.map(|scoped| json!({ family_id: scoped })))
            .send_field("user")
    }

    /// Deletes a dependent, and with them the user. This cannot be undone.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// client.mgmt().family().delete_dependent("U2abc")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no dependent has the user ID.
    pub fn delete_dependent(&self, user_id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/family/dependent/delete")
            .check(check::id("user_id", user_id))
            .field("userId", user_id)
            .send_unit()
    }

    /// Lets a parent act for a dependent of their family: returns a token of the dependent that says
    /// who acts.
    ///
    /// The parent is given by user ID or login ID, the dependent by login ID.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let families = client.mgmt().family();
    /// let token =
    ///     families.impersonate_dependent("ada@example.com", "byron", &Default::default())?;
    /// let claims = client.auth().session().validate(token.expose())?;
    /// println!("acting for {}", claims.user_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the two are not parent and dependent of one family.
    pub fn impersonate_dependent(
        &self,
        parent_id: &str,
        dependent_login_id: &str,
        options: &FamilyImpersonation,
    ) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/family/impersonate")
            .check(check::id("parent_id", parent_id))
            .check(check::id("dependent_login_id", dependent_login_id))
            .field("impersonatorUserIdOrLoginId", parent_id)
            .field("dependentLoginId", dependent_login_id)
            .fields(options)
            .send_field("jwt")
    }

    /// Ends what [`impersonate_dependent`](Self::impersonate_dependent) began: trades the token of the
    /// dependent for one of the parent.
    ///
    /// ```no_run
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let token = "eyJ";
    /// let own = client.mgmt().family().stop_impersonation(token, &Default::default())?;
    /// println!("acting for {}", client.auth().session().validate(own.expose())?.user_id());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if the token is not one of an impersonation.
    pub fn stop_impersonation(
        &self,
        jwt: &str,
        options: &StopFamilyImpersonation,
    ) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/family/impersonate/stop")
            .token("jwt", jwt)
            .check(check::span("refresh_duration", options.refresh_duration))
            .field("jwt", jwt)
            .fields(options)
            .send_field("jwt")
    }
}

/// Options of [`Families::create_dependent`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NewDependent {
    /// What they sign in with, if they sign in by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_id: Option<String>,
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// A picture, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Attributes of users, defined by the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<Map<String, Value>>,
    /// Attributes that users have in each of their families, defined by the project.
    #[serde(skip)]
    pub family_scoped_attributes: Option<Map<String, Value>>,
}

setters!(NewDependent {
    login_id: opt<String>, name: opt<String>, given_name: opt<String>, middle_name: opt<String>,
    family_name: opt<String>, email: opt<String>, phone: opt<String>, picture: opt<String>,
    custom_attributes: opt_map<Value>, family_scoped_attributes: opt_map<Value>,
});

/// Options of [`Families::impersonate_dependent`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct FamilyImpersonation {
    /// The ID of the family, if the two have several in common.
    #[serde(rename = "selectedFamily", skip_serializing_if = "Option::is_none")]
    pub family_id: Option<String>,
}

setters!(FamilyImpersonation { family_id: opt<String> });

/// Options of [`Families::stop_impersonation`].
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StopFamilyImpersonation {
    /// Claims to put into the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_claims: Option<Map<String, Value>>,
    /// How long the token is valid, in whole seconds on the wire. Defaults to the project's setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(StopFamilyImpersonation {
    custom_claims: opt_map<Value>, refresh_duration: opt<Duration>,
});
