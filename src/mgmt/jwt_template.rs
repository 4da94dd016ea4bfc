//! JWT templates: the shape of a project's tokens, as code. Feature `mgmt-jwt-template`.

mod crud;
mod definition;
mod library;

use serde::{Deserialize, Serialize};

pub use self::definition::{
    AuthSchema, EmptyClaimPolicy, IssuerType, JwtTemplate, JwtTemplateDefinition, JwtTemplateKind,
};
pub use self::library::{LibraryOverrides, LibraryTemplate};
use super::Mgmt;
use crate::extra::Extra;
use crate::options::setters;

/// JWT templates; see [`Mgmt::jwt_template`].
#[derive(Clone, Copy, Debug)]
pub struct JwtTemplates<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// JWT templates: the shape of a project's tokens, as code.
    pub fn jwt_template(self) -> JwtTemplates<'c> {
        JwtTemplates(self)
    }
}

/// Options of [`JwtTemplates::validate`].
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct ValidateOptions {
    /// The ID of the template that this one is to replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

setters!(ValidateOptions { id: opt<String> });

/// Whether a template is valid.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct JwtTemplateValidation {
    /// Whether it is. `false` if the answer does not say.
    pub valid: bool,
    /// What is wrong with it.
    pub issues: Vec<JwtTemplateIssue>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is wrong with a template.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct JwtTemplateIssue {
    /// The field that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Its code, such as `RESERVED_CLAIM_KEY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How bad it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// Where it is within the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
