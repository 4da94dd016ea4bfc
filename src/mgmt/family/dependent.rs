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
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// use descope::mgmt::family::NewDependent;
    ///
    /// let new = NewDependent::default()
    ///     .login_id("byron")
    ///     .name("Byron King")
    ///     .family_scoped_attributes([("allowance", 5)]);
    /// let byron = client.mgmt().family().create_dependent("lovelace", &new)?;
    /// assert_eq!(byron.login_ids, ["byron"]);
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
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// # use descope::mgmt::family::NewDependent;
    /// # let byron = NewDependent::default().login_id("byron");
    /// # let byron = client.mgmt().family().create_dependent("lovelace", &byron)?;
    /// client.mgmt().family().delete_dependent(&byron.user_id)?;
    /// assert!(client.mgmt().user().load("byron").unwrap_err().is_not_found());
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

    /// Lets a member of a family act for one of its dependents: returns a refresh token of the
    /// dependent, with the claim `act` that says who acts.
    /// [`Sessions::refresh`](crate::auth::session::Sessions::refresh) makes a session of it.
    ///
    /// The one who acts is given by user ID or login ID, the dependent by login ID. Acting takes the
    /// permission `Family Impersonate Dependents` in that family, which Descope's role `Family Admin`
    /// has.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// # use descope::mgmt::family::NewDependent;
    /// # let byron = NewDependent::default().login_id("byron");
    /// # let byron = client.mgmt().family().create_dependent("lovelace", &byron)?;
    /// # use descope::mgmt::user::FamilyAssociation;
    /// # let parent = FamilyAssociation::new("lovelace").roles(["Family Admin"]);
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] })).unwrap();
    /// # client.mgmt().user().add_families("ada@example.com", &[parent])?;
    /// let families = client.mgmt().family();
    /// let token = families.impersonate_dependent("ada@example.com", "byron", &Default::default())?;
    /// let session = client.auth().session().refresh(token.expose())?;
    /// assert_eq!(session.claims().user_id(), byron.user_id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if there is no such user, the two are not in one family, the
    /// second is not a dependent, or the first lacks the permission.
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
    /// dependent for a refresh token of the one who acted.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # use descope::mgmt::family::NewFamily;
    /// # client.mgmt().family().create("The Lovelaces", &NewFamily::default().id("lovelace"))?;
    /// # use descope::mgmt::family::NewDependent;
    /// # let byron = NewDependent::default().login_id("byron");
    /// # let byron = client.mgmt().family().create_dependent("lovelace", &byron)?;
    /// # use descope::mgmt::user::FamilyAssociation;
    /// # let parent = FamilyAssociation::new("lovelace").roles(["Family Admin"]);
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] })).unwrap();
    /// # client.mgmt().user().add_families("ada@example.com", &[parent])?;
    /// # let families = client.mgmt().family();
    /// # let token = families.impersonate_dependent("ada@example.com", "byron", &Default::default())?;
    /// let own = client.mgmt().family().stop_impersonation(token.expose(), &Default::default())?;
    /// let session = client.auth().session().refresh(own.expose())?;
    /// assert_eq!(session.user.login_ids, ["ada@example.com"]);
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
    /// What they sign in with. Without one, others can still act for them.
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
    /// The ID of the dependent's family, for the claim `dcf` of the session. Defaults to no such claim.
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
    /// How long the refresh token is valid, in whole seconds on the wire. Defaults to the project's
    /// setting.
    #[serde(serialize_with = "crate::time::span", skip_serializing_if = "Option::is_none")]
    pub refresh_duration: Option<Duration>,
}

setters!(StopFamilyImpersonation {
    custom_claims: opt_map<Value>, refresh_duration: opt<Duration>,
});
