//! What a JWT template makes of a token.

use serde_json::{Value, json};

use super::access_key::AccessKey;
use super::claim_template::{fill, is_nothing};
use super::grants::Grants;
use super::jwt_template::{JwtTemplate, Kind};
use super::sign_in::unreserved;
use super::store::Store;
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::settings::Issuer;

/// How the tokens of a user or of an access key look: as the template in use says, if there is one.
pub(in crate::emulator) struct Shape<'a> {
    context: &'a Context<'a>,
    store: &'a Store,
    grants: &'a Grants,
    template: Option<&'a JwtTemplate>,
    /// The current tenant.
    tenant: Option<&'a str>,
    /// What placeholders name.
    data: Value,
}

impl<'a> Shape<'a> {
    /// The shape for a user, who may have selected a tenant.
    pub(in crate::emulator) fn of_user(
        context: &'a Context<'a>,
        store: &'a Store,
        user: &'a User,
        selected: Option<&'a str>,
    ) -> Self {
        let shape = Self::new(context, store, &user.grants, Kind::User, selected);
        let named = shape.template.map(|_| user.show(store));
        shape.with("user", named)
    }

    /// The shape for an access key with these grants, which are its own or those of its user.
    pub(in crate::emulator) fn of_key(
        context: &'a Context<'a>,
        store: &'a Store,
        (access_key, grants): (&'a AccessKey, &'a Grants),
        selected: Option<&'a str>,
    ) -> Self {
        let shape = Self::new(context, store, grants, Kind::Key, selected);
        let named = json!({
            "id": access_key.id,
            "name": access_key.name,
            "description": access_key.description,
            "customAttributes": access_key.attributes,
        });
        shape.with("key", named)
    }

    fn new(
        context: &'a Context<'a>,
        store: &'a Store,
        grants: &'a Grants,
        kind: Kind,
        selected: Option<&'a str>,
    ) -> Self {
        let template = store.claims.template(kind);
        // Until the user leaves it.
        let selected = selected.and_then(|id| grants.membership(id));
        let only = match &*grants.tenants {
            [only] if template.is_some_and(|known| known.fields().flag("autoDCT")) => Some(only),
            _ => None,
        };
        let tenant = selected.or(only).map(|membership| &*membership.tenant);
        Self { context, store, grants, template, tenant, data: json!({}) }
    }

    fn with(mut self, name: &str, named: impl Into<Value>) -> Self {
        let tenant = self.tenant.and_then(|id| self.store.tenant(id)).map(|tenant| {
            json!({
                "id": tenant.id,
                "name": tenant.name,
                "customAttributes": tenant.attributes,
            })
        });
        let named: Value = named.into();
        self.data = json!({ name: named, "tenant": tenant });
        self
    }

    fn said(&self) -> Fields<'a> {
        self.template.map(JwtTemplate::fields).unwrap_or_default()
    }

    /// Lays the template's claims over the custom ones, and what the grants give over both.
    pub(in crate::emulator) fn lay_over(&self, claims: &mut Object) {
        claims.extend(self.own());
        claims.extend(self.granted());
        if let Some(tenant) = self.tenant {
            claims.insert("dct".to_owned(), json!(tenant));
        }
    }

    /// Makes of the claims of a refresh token what the template says.
    pub(in crate::emulator) fn refresh(&self, claims: &mut Object) {
        if !self.said().flag("omitCustomClaimsFromDSR") {
            for (name, value) in self.own() {
                claims.entry(name).or_insert(value);
            }
        }
        self.seal(claims);
    }

    /// Sets issuer and subject as the template says.
    pub(in crate::emulator) fn seal(&self, claims: &mut Object) {
        let (said, settings) = (self.said(), self.context.settings);
        let issuer = match said.text("issuerType") {
            "legacy" => Some(Issuer::ProjectId),
            "inbound" => Some(Issuer::App),
            "federated" => Some(Issuer::Url),
            _ => said.flag("conformanceIssuer").then_some(Issuer::Url),
        };
        if let Some(issuer) = issuer {
            claims.insert("iss".to_owned(), json!(settings.issuer_in(issuer)));
        }
        let subject = said.map("template").and_then(|claims| claims.get("sub"));
        let Some(subject) = subject.filter(|_| said.flag("overrideSubject")) else { return };
        match fill(subject, &self.data) {
            Value::String(subject) if !subject.is_empty() => {
                let id = claims.insert("sub".to_owned(), json!(subject));
                claims.insert("dsub".to_owned(), id.unwrap_or_default());
            }
            _ => {}
        }
    }

    /// The template's claims, filled in.
    pub(in crate::emulator) fn own(&self) -> Object {
        let said = self.said();
        let policy = said.text("emptyClaimPolicy");
        let filled = said.map("template").into_iter().flatten().filter_map(|(name, template)| {
            let value = fill(template, &self.data);
            let value = match policy {
                "delete" if is_nothing(&value) => return None,
                "nil" if is_nothing(&value) => Value::Null,
                // What named nothing is an empty text; what was filled in with something empty, stays.
                _ if value.is_null() && template.is_string() => json!(""),
                _ => value,
            };
            Some((name.clone(), value))
        });
        unreserved(&filled.collect())
    }

    /// `roles`, `permissions` and `tenants`, as far as the template lets them through.
    pub(in crate::emulator) fn granted(&self) -> Object {
        let said = self.said();
        let mut claims = match said.text("authSchema") {
            "none" => Object::new(),
            "tenantOnly" => {
                let membership = self.tenant.and_then(|id| self.grants.membership(id));
                let roles = membership.map(|membership| membership.roles.clone());
                let grants = Grants { roles: roles.unwrap_or_default(), tenants: Vec::new() };
                grants.claims(self.store)
            }
            _ => self.grants.claims(self.store),
        };
        if said.flag("excludePermissions") {
            claims.remove("permissions");
            let tenants = claims.get_mut("tenants").and_then(Value::as_object_mut);
            for tenant in tenants.into_iter().flat_map(Object::values_mut) {
                tenant.as_object_mut().map(|tenant| tenant.remove("permissions"));
            }
        }
        claims
    }
}
