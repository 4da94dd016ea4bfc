//! The attributes that the project defines for its families.

use super::{CustomAttribute, Families};
use crate::check;
use crate::error::Result;

impl Families<'_> {
    /// Lists the attributes that the project defines for its families.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for attribute in client.mgmt().family().load_custom_attributes()? {
    ///     println!("{}: {:?}", attribute.name, attribute.kind);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_custom_attributes(&self) -> Result<Vec<CustomAttribute>> {
        self.0.get("/v1/mgmt/family/customattributes").send_list("data")
    }

    /// Defines attributes for the project's families, and returns all there are.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::family::{AttributeKind, CustomAttribute};
    ///
    /// let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect)
    ///     .display_name("Plan")
    ///     .options(["free", "paid"]);
    /// let all = client.mgmt().family().create_custom_attributes(&[plan])?;
    /// assert_eq!(all.len(), 1);
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
            .post("/v1/mgmt/family/customattribute/create")
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
    /// let left = client.mgmt().family().delete_custom_attributes(&["plan"])?;
    /// assert!(left.is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name or list.
    pub fn delete_custom_attributes(&self, names: &[&str]) -> Result<Vec<CustomAttribute>> {
        self.0
            .post("/v1/mgmt/family/customattribute/delete")
            .ids("names", "names", names)
            .send_list("data")
    }
}
