//! The templates that Descope has ready.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{JwtTemplate, JwtTemplateDefinition, JwtTemplates};
use crate::check;
use crate::error::Result;
use crate::options::setters;

/// # Descope's library
impl JwtTemplates<'_> {
    /// Loads all templates of Descope's library.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for template in client.mgmt().jwt_template().load_library()? {
    ///     println!("{}: {:?}", template.id, template.definition.description);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_library(&self) -> Result<Vec<LibraryTemplate>> {
        let call = self.0.post("/v1/mgmt/jwt/templates/library/list").safe();
        call.fields(&json!({})).send_list("entries")
    }

    /// Loads a template of Descope's library.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let template = client.mgmt().jwt_template().load_from_library("supabase")?;
    /// println!("{:?}", template.definition.claims);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template of the library has the ID.
    pub fn load_from_library(&self, library_id: &str) -> Result<LibraryTemplate> {
        self.0
            .post("/v1/mgmt/jwt/templates/library/load")
            .safe()
            .check(check::id("library_id", library_id))
            .field("id", library_id)
            .send_field("entry")
    }

    /// Creates a template of the project from one of Descope's library.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::jwt_template::LibraryOverrides;
    ///
    /// let overrides = LibraryOverrides::default().name("For our database");
    /// let template = client.mgmt().jwt_template().create_from_library("supabase", &overrides)?;
    /// assert_eq!(template.definition.name, "For our database");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no template of the library has the ID, or it is not valid
    /// with these overrides.
    pub fn create_from_library(
        &self,
        library_id: &str,
        overrides: &LibraryOverrides,
    ) -> Result<JwtTemplate> {
        self.0
            .post("/v1/mgmt/jwt/templates/library/apply")
            .check(check::id("library_id", library_id))
            .field("libraryEntryId", library_id)
            .fields(overrides)
            .send_field("template")
    }
}

/// Options of [`JwtTemplates::create_from_library`]: what differs from the library.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct LibraryOverrides {
    /// The template's name.
    #[serde(rename = "nameOverride", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the template is for.
    #[serde(rename = "descriptionOverride", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(rename = "tagsOverride", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// The claims' values by their names.
    #[serde(rename = "templateOverride", skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
}

setters!(LibraryOverrides {
    name: opt<String>, description: opt<String>, tags: opt_list<String>, claims: opt_map<Value>,
});

/// A template of Descope's library.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(from = "JwtTemplateDefinition", rename_all = "camelCase")]
#[non_exhaustive]
pub struct LibraryTemplate {
    /// The template's ID in the library.
    pub id: String,
    /// Whether it may still change.
    pub experimental: bool,
    /// A picture for a light background, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_light: Option<String>,
    /// A picture for a dark background, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_dark: Option<String>,
    /// What it says.
    #[serde(flatten)]
    pub definition: JwtTemplateDefinition,
}

impl From<JwtTemplateDefinition> for LibraryTemplate {
    fn from(mut definition: JwtTemplateDefinition) -> Self {
        let rest = &mut definition.extra;
        Self {
            id: rest.take_text("id").unwrap_or_default(),
            experimental: rest.take_flag("experimental").unwrap_or_default(),
            logo_light: rest.take_text("logoLight"),
            logo_dark: rest.take_text("logoDark"),
            definition,
        }
    }
}
