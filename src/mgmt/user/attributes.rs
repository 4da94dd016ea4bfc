//! The attributes that the project defines for its users.

use super::{CustomAttribute, Users};
use crate::error::Result;

/// # Custom attributes of the project
impl Users<'_> {
    /// Lists the attributes that the project defines for its users.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// for attribute in client.mgmt().user().load_custom_attributes()? {
    ///     println!("{}: {:?}", attribute.name, attribute.kind);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_custom_attributes(&self) -> Result<Vec<CustomAttribute>> {
        self.0.get("/v1/mgmt/user/customattributes").send_list("data")
    }

    /// Defines attributes for the project's users, and returns all there are.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// use descope::mgmt::user::{AttributeKind, CustomAttribute};
    ///
    /// let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect)
    ///     .display_name("Plan")
    ///     .options(["free", "paid"]);
    /// client.mgmt().user().create_custom_attributes(&[plan])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name,
    /// [`Error::Api`](crate::Error::Api) if there is an attribute of that name.
    pub fn create_custom_attributes(
        &self,
        attributes: &[CustomAttribute],
    ) -> Result<Vec<CustomAttribute>> {
        self.0.post("/v1/mgmt/user/customattribute/create").attributes(attributes).send_list("data")
    }

    /// Deletes attributes with all their values, and returns those that are left. This cannot be
    /// undone.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// let left = client.mgmt().user().delete_custom_attributes(&["plan"])?;
    /// println!("{} attributes are left", left.len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name.
    pub fn delete_custom_attributes(&self, names: &[&str]) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/user/customattribute/delete")
            .ids("names", "names", names)
            .send_list("data")
    }

    /// Lists the attributes that users have in each of their families.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// for attribute in client.mgmt().user().load_family_scoped_custom_attributes()? {
    ///     println!("{}: {:?}", attribute.name, attribute.kind);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_family_scoped_custom_attributes(&self) -> Result<Vec<CustomAttribute>> {
        self.0.get("/v1/mgmt/user/families/customattributes").send_list("data")
    }

    /// Defines attributes that users have in each of their families, and returns all there are.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// use descope::mgmt::user::{AttributeKind, CustomAttribute};
    ///
    /// let allowance = CustomAttribute::new("allowance", AttributeKind::Number);
    /// client.mgmt().user().create_family_scoped_custom_attributes(&[allowance])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`create_custom_attributes`](Self::create_custom_attributes).
    pub fn create_family_scoped_custom_attributes(
        &self,
        attributes: &[CustomAttribute],
    ) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/user/families/customattribute/create")
            .attributes(attributes)
            .send_list("data")
    }

    /// Deletes attributes that users have in each of their families, with all their values, and
    /// returns those that are left. This cannot be undone.
    ///
    /// ```no_run
    /// # let client = descope::Client::new("P2abc")?;
    /// client.mgmt().user().delete_family_scoped_custom_attributes(&["allowance"])?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name.
    pub fn delete_family_scoped_custom_attributes(
        &self,
        names: &[&str],
    ) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/user/families/customattribute/delete")
            .ids("names", "names", names)
            .send_list("data")
    }
}
