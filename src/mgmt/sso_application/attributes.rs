//! The attributes that the project defines for its SSO applications.

use super::{CustomAttribute, SsoApplications};
use crate::check;
use crate::error::Result;

/// # Custom attributes of the project
impl SsoApplications<'_> {
    /// Lists the attributes that the project defines for its SSO applications.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for attribute in client.mgmt().sso_application().load_custom_attributes()? {
    ///     println!("{}: {:?}", attribute.name, attribute.kind);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_custom_attributes(&self) -> Result<Vec<CustomAttribute>> {
        self.0.get("/v1/mgmt/sso/idp/app/customattributes").send_list("data")
    }

    /// Defines attributes for the project's SSO applications, and returns all there are.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::sso_application::{AttributeKind, CustomAttribute};
    ///
    /// let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect)
    ///     .display_name("Plan")
    ///     .options(["free", "paid"]);
    /// client.mgmt().sso_application().create_custom_attributes(&[plan])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or list,
    /// [`Error::Api`](crate::Error::Api) if an attribute has the name already.
    pub fn create_custom_attributes(
        &self,
        attributes: &[CustomAttribute],
    ) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/sso/idp/app/customattribute/create")
            .check(check::not_empty("attributes", attributes))
            .attributes(attributes)
            .send_list("data")
    }

    /// Deletes attributes with all their values, and returns those that are left. This cannot be
    /// undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "applicationAttributes": [{ "attributes": [{ "name": "plan", "type": 1 }] }],
    /// # })).unwrap();
    /// let left = client.mgmt().sso_application().delete_custom_attributes(&["plan"])?;
    /// println!("{} attributes are left", left.len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or list.
    pub fn delete_custom_attributes(&self, names: &[&str]) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/sso/idp/app/customattribute/delete")
            .ids("names", "names", names)
            .send_list("data")
    }
}
