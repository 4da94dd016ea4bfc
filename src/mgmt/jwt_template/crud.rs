//! What is done to the templates of a project.

use serde::Serialize;
use serde_json::json;

use super::{
    JwtTemplate, JwtTemplateDefinition, JwtTemplateValidation, JwtTemplates, ValidateOptions,
};
use crate::check;
use crate::error::Result;

/// # Templates
impl JwtTemplates<'_> {
    /// Creates a template. Descope validates it first; [`validate`](Self::validate) does this alone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::jwt_template::{JwtTemplateDefinition, JwtTemplateKind};
    ///
    /// let claims = [("plan", "{{user.customAttributes.plan}}")];
    /// let definition = JwtTemplateDefinition::new("Plan", JwtTemplateKind::User, claims);
    /// let template = client.mgmt().jwt_template().create(&definition)?;
    /// println!("{}", template.id);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name,
    /// [`Error::Api`](crate::Error::Api) if the template is not valid.
    pub fn create(&self, definition: &JwtTemplateDefinition) -> Result<JwtTemplate> {
        self.0
            .post("/v1/mgmt/jwt/templates/create")
            .check(check::id("name", &definition.name))
            .field("template", definition)
            .send_field("template")
    }

    /// Loads a template.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "jwtTemplates": [{ "state": { "id": "JT1" }, "template": {
    /// #         "name": "A", "type": "user", "template": {} } }],
    /// # })).unwrap();
    /// let template = client.mgmt().jwt_template().load("JT1")?;
    /// println!("{:?}", template.definition.claims);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template has the ID.
    pub fn load(&self, id: &str) -> Result<JwtTemplate> {
        self.0
            .post("/v1/mgmt/jwt/templates/load")
            .safe()
            .check(check::id("id", id))
            .field("id", id)
            .send_field("template")
    }

    /// Loads all templates of the project.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for template in client.mgmt().jwt_template().load_all()? {
    ///     println!("{}: {}", template.id, template.definition.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<JwtTemplate>> {
        let call = self.0.post("/v1/mgmt/jwt/templates/list").safe();
        call.fields(&json!({})).send_list("templates")
    }

    /// Replaces a template: what the definition leaves unset is cleared. If the new one is not valid,
    /// the old one stays.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "jwtTemplates": [{ "state": { "id": "JT1" }, "template": {
    /// #         "name": "A", "type": "user", "template": {} } }],
    /// # })).unwrap();
    /// let templates = client.mgmt().jwt_template();
    /// let definition = templates.load("JT1")?.definition.add_jti(true);
    /// templates.update("JT1", &definition)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template has the ID, or the new one is not valid.
    pub fn update(&self, id: &str, definition: &JwtTemplateDefinition) -> Result<JwtTemplate> {
        #[derive(Serialize)]
        struct Named<'a> {
            // It comes first, as it may be another template's: of two members with one name, the last counts.
            #[serde(flatten)]
            definition: &'a JwtTemplateDefinition,
            id: &'a str,
        }

        self.0
            .post("/v1/mgmt/jwt/templates/update")
            .check(check::id("id", id))
            .check(check::id("name", &definition.name))
            .field("template", Named { definition, id })
            .send_field("template")
    }

    /// Deletes a template. Where it was in use, the project's default takes its place. This cannot be
    /// undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "jwtTemplates": [{ "state": { "id": "JT1" }, "template": {
    /// #         "name": "A", "type": "user", "template": {} } }],
    /// # })).unwrap();
    /// client.mgmt().jwt_template().delete("JT1")?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0
            .post("/v1/mgmt/jwt/templates/delete")
            .check(check::id("id", id))
            .field("id", id)
            .send_unit()
    }

    /// Validates a template without saving it.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::jwt_template::{JwtTemplateDefinition, JwtTemplateKind};
    ///
    /// let claims = [("sub", "me")];
    /// let definition = JwtTemplateDefinition::new("Plan", JwtTemplateKind::User, claims);
    /// let validation = client.mgmt().jwt_template().validate(&definition, &Default::default())?;
    /// for issue in &validation.issues {
    ///     println!("{:?}: {:?}", issue.code, issue.message);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors). What is wrong with the template is
    /// not an error, but in the answer.
    pub fn validate(
        &self,
        definition: &JwtTemplateDefinition,
        options: &ValidateOptions,
    ) -> Result<JwtTemplateValidation> {
        self.0
            .post("/v1/mgmt/jwt/templates/validate")
            .safe()
            .field("template", definition)
            .fields(options)
            .send()
    }

    /// Validates a template that was saved before.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "jwtTemplates": [{ "state": { "id": "JT1" }, "template": {
    /// #         "name": "A", "type": "user", "template": {} } }],
    /// # })).unwrap();
    /// assert!(client.mgmt().jwt_template().validate_saved("JT1")?.valid);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template has the ID.
    pub fn validate_saved(&self, id: &str) -> Result<JwtTemplateValidation> {
        self.0
            .post("/v1/mgmt/jwt/templates/validate")
            .safe()
            .check(check::id("id", id))
            .field("id", id)
            .send()
    }
}
