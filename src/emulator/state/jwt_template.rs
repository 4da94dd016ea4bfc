//! JWT templates, and the claims that scopes give: where the claims of tokens come from, beside users
//! and access keys.

use std::borrow::Cow;

use super::table::{By, Row, Table, key};
use crate::emulator::words::fields::{Fields, Object};

#[derive(Default)]
pub(in crate::emulator) struct ClaimSources {
    pub(in crate::emulator) templates: Table<JwtTemplate>,
    /// The ID of the template that tokens of users are made by, if one is in use.
    pub(in crate::emulator) of_users: Option<String>,
    /// Likewise, for tokens of access keys.
    pub(in crate::emulator) of_keys: Option<String>,
    /// The wire type `ScopeClaimMappingEntry`.
    pub(in crate::emulator) scopes: Vec<Object>,
}

impl ClaimSources {
    /// The claims that the project gives for a scope.
    pub(in crate::emulator) fn of_scope(&self, scope: &str) -> Option<&Object> {
        let known = self.scopes.iter().find(|known| known["scope"] == scope)?;
        known.get("claims")?.as_object()
    }

    /// The template in use for tokens of users, or of access keys.
    pub(in crate::emulator) fn template(&self, kind: Kind) -> Option<&JwtTemplate> {
        let id = match kind {
            Kind::User => self.of_users.as_ref(),
            Kind::Key => self.of_keys.as_ref(),
        };
        self.templates.get(By::Id, id?)
    }

    pub(in crate::emulator) fn is_used(&self, id: &str) -> bool {
        [&self.of_users, &self.of_keys].into_iter().flatten().any(|used| used == id)
    }

    pub(in crate::emulator) fn remove_template(&mut self, id: &str) {
        self.templates.remove(By::Id, id);
        for used in [&mut self.of_users, &mut self.of_keys] {
            used.take_if(|used| used == id);
        }
    }
}

/// Whose tokens a template is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Kind {
    User,
    Key,
}

impl Kind {
    pub(in crate::emulator) fn parse(text: &str) -> Option<Self> {
        match text {
            "user" => Some(Self::User),
            "key" => Some(Self::Key),
            _ => None,
        }
    }
}

pub(in crate::emulator) struct JwtTemplate {
    pub(in crate::emulator) id: String,
    /// The wire type `JWTTemplate`, without the ID.
    pub(in crate::emulator) definition: Object,
}

impl JwtTemplate {
    pub(in crate::emulator) fn fields(&self) -> Fields<'_> {
        Fields::new(&self.definition)
    }

    pub(in crate::emulator) fn kind(&self) -> Option<Kind> {
        Kind::parse(self.fields().text("type"))
    }
}

impl Row for JwtTemplate {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id)]
    }
}
