//! The templates that are ready: a few of those that Descope has.

use serde_json::{Value, json};

use crate::emulator::words::fields::Object;
use crate::emulator::words::refusal::{Refusal, Result};

pub(super) struct Entry {
    pub(super) id: &'static str,
    name: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
    /// The claims and what they hold.
    claims: fn() -> Value,
}

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "supabase",
        name: "Supabase",
        description: "Row level security of Supabase: the claims that its policies read",
        tags: &["database"],
        claims: || {
            json!({
                "role": "authenticated",
                "email": "{{user.email}}",
                "phone": "{{user.phone}}",
                "app_metadata": { "provider": "descope" },
                "user_metadata": { "name": "{{user.name}}" },
            })
        },
    },
    Entry {
        id: "hasura",
        name: "Hasura",
        description: "The claims by which Hasura decides what a user may query",
        tags: &["database", "graphql"],
        claims: || {
            json!({
                "https://hasura.io/jwt/claims": {
                    "x-hasura-default-role": "user",
                    "x-hasura-allowed-roles": ["user"],
                    "x-hasura-user-id": "{{user.userId}}",
                },
            })
        },
    },
    Entry {
        id: "profile",
        name: "Profile",
        description: "Who the user is, by the claims of OpenID Connect",
        tags: &["oidc"],
        claims: || {
            json!({
                "name": "{{user.name}}",
                "given_name": "{{user.givenName}}",
                "family_name": "{{user.familyName}}",
                "email": "{{user.email}}",
                "email_verified": "{{user.verifiedEmail}}",
                "picture": "{{user.picture}}",
            })
        },
    },
];

pub(super) fn find(id: &str) -> Result<&'static Entry> {
    let entry = ENTRIES.iter().find(|entry| entry.id == id);
    entry.ok_or_else(|| Refusal::missing("template of the library"))
}

impl Entry {
    /// As a template of the project.
    pub(super) fn definition(&self) -> Object {
        let definition = json!({
            "name": self.name,
            "description": self.description,
            "tags": self.tags,
            "template": (self.claims)(),
            "type": "user",
            "authSchema": "default",
            "emptyClaimPolicy": "delete",
        });
        if let Value::Object(definition) = definition { definition } else { Object::new() }
    }

    /// The wire type `JWTTemplateLibraryEntry`.
    pub(super) fn show(&self) -> Value {
        let mut shown = self.definition();
        shown.insert("id".to_owned(), json!(self.id));
        Value::Object(shown)
    }
}
