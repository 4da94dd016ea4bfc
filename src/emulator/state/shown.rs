//! Users and what they may do, as answers and tokens show them; and other things that take the whole
//! state to say.

use serde_json::{Value, json};

use super::family::FamilyMembership;
use super::grants::Grants;
use super::idp::Provider;
use super::sso::SsoSettings;
use super::store::Store;
use super::user::{Factor, User};
use crate::emulator::words::fields::Object;
use crate::emulator::words::refusal::{Refusal, Result};

impl User {
    /// The wire type `UserResponse`.
    pub(in crate::emulator) fn show(&self, store: &Store) -> Value {
        let has = |factor| self.factors.contains(&factor);
        let mut shown = json!({
            "userId": self.id,
            "loginIds": self.login_ids,
            "externalIds": self.login_ids,
            "name": self.profile.name,
            "givenName": self.profile.given_name,
            "middleName": self.profile.middle_name,
            "familyName": self.profile.family_name,
            "email": self.profile.email,
            "phone": self.profile.phone,
            "picture": self.profile.picture,
            "verifiedEmail": self.verified_email,
            "verifiedPhone": self.verified_phone,
            "recoveryEmail": self.profile.recovery_email,
            "recoveryPhone": self.profile.recovery_phone,
            "verifiedRecoveryEmail": self.verified_recovery_email,
            "verifiedRecoveryPhone": self.verified_recovery_phone,
            "roleNames": self.grants.role_names(store),
            "permissions": store.permission_names(&self.grants.roles),
            "userTenants": self.grants.tenants(store),
            "status": self.status.as_str(),
            "test": self.test,
            "customAttributes": self.attributes,
            "createdTime": self.created,
            "modifiedTime": self.modified,
            "ssoAppIds": self.sso_apps,
            "password": self.password.is_some(),
            "SAML": has(Factor::Saml),
            "SCIM": has(Factor::Scim),
            "TOTP": self.authenticator.is_some(),
            "webauthn": has(Factor::WebAuthn),
            "push": false,
            "OAuth": self.oauth,
        });
        let locked_until = self.password.as_ref().map_or(0, |password| password.locked_until);
        if locked_until != 0 {
            shown["tempLockExpiration"] = json!(locked_until);
        }
        if !self.families.is_empty() {
            shown["userFamilies"] = self.families.iter().map(|of| of.show(store)).collect();
            shown["dependent"] = json!(self.dependent);
        }
        shown
    }
}

impl FamilyMembership {
    fn show(&self, store: &Store) -> Value {
        json!({
            "familyId": self.family,
            "roleNames": store.role_names(&self.roles),
            "permissions": store.permission_names(&self.roles),
            "familyScopedAttributes": self.attributes,
        })
    }
}

impl Grants {
    /// The claims of a token: `roles`, `permissions`, `tenants`, each left out when empty.
    pub(in crate::emulator) fn claims(&self, store: &Store) -> Object {
        let scope = |roles: &[String]| {
            let mut scope = Object::new();
            for (name, values) in
                [("roles", store.role_names(roles)), ("permissions", store.permission_names(roles))]
            {
                if !values.is_empty() {
                    scope.insert(name.to_owned(), json!(values));
                }
            }
            scope
        };
        let mut claims = scope(&self.roles);
        if !self.tenants.is_empty() {
            let tenants: Object = self
                .tenants
                .iter()
                .map(|of| (of.tenant.clone(), Value::Object(scope(&of.roles))))
                .collect();
            claims.insert("tenants".to_owned(), Value::Object(tenants));
        }
        claims
    }

    /// `roleNames`, as users and access keys show them.
    pub(in crate::emulator) fn role_names(&self, store: &Store) -> Value {
        json!(store.role_names(&self.roles))
    }

    /// `userTenants` or `keyTenants`.
    pub(in crate::emulator) fn tenants(&self, store: &Store) -> Value {
        self.tenants
            .iter()
            .map(|of| {
                json!({
                    "tenantId": of.tenant,
                    "tenantName": store.tenant(&of.tenant).map(|tenant| &*tenant.name),
                    "roleNames": store.role_names(&of.roles),
                    "permissions": store.permission_names(&of.roles),
                })
            })
            .collect()
    }
}

impl Provider {
    /// The SSO configuration, which may have been deleted meanwhile. For OAuth there is none.
    pub(in crate::emulator) fn settings<'a>(
        &self,
        store: &'a Store,
    ) -> Result<Option<&'a SsoSettings>> {
        let Self::Sso { tenant, sso_id } = self else { return Ok(None) };
        let settings = store.sso_settings_of(tenant, sso_id.as_deref());
        let settings = settings.filter(|settings| settings.provider().is_some());
        settings
            .map(Some)
            .ok_or_else(|| Refusal::argument("The tenant has no such SSO configuration"))
    }
}
