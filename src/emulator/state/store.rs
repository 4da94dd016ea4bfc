//! Everything an emulator remembers.

use serde_json::{Value, json};

use super::fga::Authorization;
use super::mailbox::Mailbox;
use super::sessions::Sessions;
use super::sign::KeyRing;
use super::user::User;
use crate::emulator::api::auth::{enchanted_link, magic_link, otp, password, webauthn};
use crate::emulator::api::idp::Idp;
use crate::emulator::api::mgmt::access_key::AccessKey;
use crate::emulator::api::mgmt::attribute::Attributes;
use crate::emulator::api::mgmt::audit::Trail;
use crate::emulator::api::mgmt::group::Group;
use crate::emulator::api::mgmt::project::Project;
use crate::emulator::api::mgmt::sso::SsoSettings;
use crate::emulator::api::mgmt::sso_application::SsoApplication;
use crate::emulator::words::fields::{Fields, Object};
use crate::emulator::words::refusal::{Answer, Refusal};

/// The state of one project. An area that remembers something adds its field here.
pub(in crate::emulator) struct Store {
    pub(in crate::emulator) keys: KeyRing,
    pub(in crate::emulator) users: Vec<User>,
    pub(in crate::emulator) roles: Vec<Role>,
    pub(in crate::emulator) permissions: Vec<Permission>,
    pub(in crate::emulator) tenants: Vec<Tenant>,
    pub(in crate::emulator) access_keys: Vec<AccessKey>,
    pub(in crate::emulator) groups: Vec<Group>,
    pub(in crate::emulator) sso_settings: Vec<SsoSettings>,
    pub(in crate::emulator) sso_apps: Vec<SsoApplication>,
    /// IDs of users who may be impersonated even where consent is asked for.
    pub(in crate::emulator) consents: Vec<String>,
    pub(in crate::emulator) sessions: Sessions,
    pub(in crate::emulator) otp: otp::Codes,
    pub(in crate::emulator) magic_links: magic_link::Links,
    pub(in crate::emulator) enchanted_links: enchanted_link::Attempts,
    pub(in crate::emulator) password_policy: password::Policy,
    pub(in crate::emulator) idp: Idp,
    pub(in crate::emulator) webauthn: webauthn::Passkeys,
    pub(in crate::emulator) mailbox: Mailbox,
    pub(in crate::emulator) authorization: Authorization,
    pub(in crate::emulator) attributes: Attributes,
    pub(in crate::emulator) audit: Trail,
    pub(in crate::emulator) project: Project,
}

impl Store {
    /// An empty project.
    pub(in crate::emulator) fn new(keys: KeyRing) -> Self {
        Self {
            keys,
            users: Vec::new(),
            roles: Vec::new(),
            permissions: Vec::new(),
            tenants: Vec::new(),
            access_keys: Vec::new(),
            groups: Vec::new(),
            sso_settings: Vec::new(),
            sso_apps: Vec::new(),
            consents: Vec::new(),
            sessions: Sessions::default(),
            otp: otp::Codes::default(),
            magic_links: magic_link::Links::default(),
            enchanted_links: enchanted_link::Attempts::default(),
            password_policy: password::Policy::default(),
            idp: Idp::default(),
            webauthn: webauthn::Passkeys::default(),
            mailbox: Mailbox::default(),
            authorization: Authorization::default(),
            attributes: Attributes::default(),
            audit: Trail::default(),
            project: Project::default(),
        }
    }

    pub(in crate::emulator) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The user with this login ID.
    pub(in crate::emulator) fn user_by_login(&self, login_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.has_login(login_id))
    }

    /// The user that a management call names: by login ID, or by user ID.
    pub(in crate::emulator) fn managed_user(&mut self, name: &str) -> Answer<&mut User> {
        let at = self.users.iter().position(|user| user.has_login(name));
        let at = at.or_else(|| self.users.iter().position(|user| user.id == name));
        at.and_then(|at| self.users.get_mut(at)).ok_or_else(Refusal::no_managed_user)
    }

    /// A membership of a tenant, as whoever joins it gets.
    pub(in crate::emulator) fn joining(&self, tenant: &str) -> Answer<Membership> {
        let of = self.tenant(tenant);
        let of = of.ok_or_else(|| Refusal::argument(format!("There is no tenant {tenant:?}")))?;
        Ok(Membership { tenant: of.id.clone(), roles: of.default_roles.clone() })
    }

    /// Takes in a user who signed up, with the roles that new users get. Returns the ID.
    pub(in crate::emulator) fn register(&mut self, mut user: User) -> String {
        user.grants.roles = self.default_roles();
        let id = user.id.clone();
        self.users.push(user);
        id
    }

    /// Makes one user of two, as when one verifies an address that is the other's login ID. Either may
    /// have been deleted meanwhile.
    pub(in crate::emulator) fn merge_users(
        &mut self,
        survivor: &str,
        absorbed: &str,
    ) -> Answer<()> {
        self.user(survivor).ok_or_else(Refusal::no_user)?;
        let at = self.users.iter().position(|user| user.id == absorbed);
        let absorbed_user = self.users.remove(at.ok_or_else(Refusal::no_user)?);
        if let Some(user) = self.users.iter_mut().find(|user| user.id == survivor) {
            user.merge(absorbed_user);
        }
        self.sessions.hand_over(absorbed, survivor);
        let members = self.groups.iter_mut().map(|group| &mut group.members);
        for ids in members.chain([&mut self.consents]) {
            if let Some(at) = ids.iter().position(|id| id == absorbed) {
                ids.remove(at);
                merge(ids, [survivor.to_owned()]);
            }
        }
        self.webauthn.hand_over(absorbed, survivor);
        for key in &mut self.access_keys {
            if key.user.as_deref() == Some(absorbed) {
                key.user = Some(survivor.to_owned());
            }
        }
        Ok(())
    }

    /// Removes a user with all that belongs to them.
    pub(in crate::emulator) fn remove_user(&mut self, id: &str) {
        self.users.retain(|user| user.id != id);
        self.access_keys.retain(|key| key.user.as_deref() != Some(id));
        self.groups.iter_mut().for_each(|group| group.members.retain(|member| member != id));
        self.consents.retain(|user| user != id);
        self.sessions.revoke_user(id, None);
        self.webauthn.forget(id);
    }

    pub(in crate::emulator) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    pub(in crate::emulator) fn tenant_mut(&mut self, id: &str) -> Answer<&mut Tenant> {
        let tenant = self.tenants.iter_mut().find(|tenant| tenant.id == id);
        tenant.ok_or_else(|| Refusal::missing("tenant"))
    }

    /// Removes a tenant with all that belongs to it, but not its users and access keys.
    pub(in crate::emulator) fn remove_tenant(&mut self, id: &str) {
        self.tenants.retain(|tenant| tenant.id != id);
        self.sso_settings.retain(|settings| settings.tenant != id);
        self.groups.retain(|group| group.tenant != id);
        let of_tenant = |role: &&Role| role.tenant.as_deref() == Some(id);
        let roles: Vec<_> = self.roles.iter().filter(of_tenant).map(|of| of.id.clone()).collect();
        for role in &roles {
            self.remove_role(role);
        }
        self.grants_mut().for_each(|grants| grants.forget_tenant(id));
        for tenant in &mut self.tenants {
            tenant.parent.take_if(|parent| parent == id);
        }
    }

    /// The SSO configuration by which users of a tenant sign in, if one is set up: the default one,
    /// or else another.
    pub(in crate::emulator) fn sso_settings(&self, tenant: &str) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        let default = of_tenant.clone().find(|settings| settings.id.is_none());
        default
            .filter(|of| of.provider().is_some())
            .or_else(|| of_tenant.find(|of| of.provider().is_some()))
    }

    /// The SSO configuration for e-mail addresses of a domain, with this ID if one is given: the
    /// domain is the configuration's own, or its tenant's.
    pub(in crate::emulator) fn sso_settings_for(
        &self,
        domain: &str,
        id: Option<&str>,
    ) -> Option<&SsoSettings> {
        let named = |domains: &[String]| domains.iter().any(|of| of.eq_ignore_ascii_case(domain));
        let own = self.sso_settings.iter().filter(|of| named(&of.domains));
        let tenants = self.tenants.iter().filter(|tenant| named(&tenant.domains));
        let of_tenants = tenants.filter_map(|tenant| match id {
            None => self.sso_settings(&tenant.id),
            Some(_) => self.sso_settings_of(&tenant.id, id),
        });
        own.chain(of_tenants)
            .find(|of| of.provider().is_some() && id.is_none_or(|id| of.id.as_deref() == Some(id)))
    }

    /// The SSO configuration of a tenant with this ID, or its default one.
    pub(in crate::emulator) fn sso_settings_of(
        &self,
        tenant: &str,
        id: Option<&str>,
    ) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        of_tenant.find(|settings| settings.id.as_deref() == id)
    }

    /// Removes a role, and takes it from all who have it or are to get it.
    pub(in crate::emulator) fn remove_role(&mut self, id: &str) {
        self.roles.retain(|role| role.id != id);
        self.grants_mut().for_each(|grants| grants.forget_role(id));
        self.tenants.iter_mut().for_each(|tenant| tenant.default_roles.retain(|role| role != id));
        self.sso_settings.iter_mut().for_each(|settings| settings.forget_role(id));
    }

    /// The ID of the role with this name: the tenant's own, else the project's.
    pub(in crate::emulator) fn role_id(&self, name: &str, tenant: Option<&str>) -> Answer<String> {
        let named = |scope: Option<&str>| {
            self.roles.iter().find(|role| role.name == name && role.tenant.as_deref() == scope)
        };
        let role = named(tenant).or_else(|| named(None));
        role.map(|role| role.id.clone())
            .ok_or_else(|| Refusal::argument(format!("There is no role {name:?}")))
    }

    pub(in crate::emulator) fn role_ids(
        &self,
        names: &[&str],
        tenant: Option<&str>,
    ) -> Answer<Vec<String>> {
        let mut ids = Vec::new();
        for name in names {
            let id = self.role_id(name, tenant)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The roles that new users get.
    pub(in crate::emulator) fn default_roles(&self) -> Vec<String> {
        let default = self.roles.iter().filter(|role| role.default && role.tenant.is_none());
        default.map(|role| role.id.clone()).collect()
    }

    pub(in crate::emulator) fn role_names(&self, ids: &[String]) -> Vec<&str> {
        self.roles.iter().filter(|role| ids.contains(&role.id)).map(|role| &*role.name).collect()
    }

    /// What these roles permit.
    pub(in crate::emulator) fn permission_names(&self, roles: &[String]) -> Vec<&str> {
        let granted = |permission: &&Permission| {
            self.roles
                .iter()
                .any(|role| roles.contains(&role.id) && role.permissions.contains(&permission.id))
        };
        self.permissions.iter().filter(granted).map(|permission| &*permission.name).collect()
    }

    /// The memberships of a field that holds `AssociatedTenant`s.
    pub(in crate::emulator) fn memberships<'a>(
        &self,
        tenants: impl Iterator<Item = Fields<'a>>,
    ) -> Answer<Vec<Membership>> {
        let mut memberships: Vec<Membership> = Vec::new();
        for tenant in tenants {
            let id = tenant.text("tenantId");
            if self.tenant(id).is_none() {
                return Err(Refusal::argument(format!("There is no tenant {id:?}")));
            }
            let roles = self.role_ids(&tenant.texts("roleNames"), Some(id))?;
            memberships.retain(|membership| membership.tenant != id);
            memberships.push(Membership { tenant: id.to_owned(), roles });
        }
        Ok(memberships)
    }

    /// All grants there are: those of users and those of access keys.
    pub(in crate::emulator) fn grants_mut(&mut self) -> impl Iterator<Item = &mut Grants> {
        let users = self.users.iter_mut().map(|user| &mut user.grants);
        users.chain(self.access_keys.iter_mut().map(|key| &mut key.grants))
    }
}

/// What a user or an access key may do.
#[derive(Clone, Default)]
pub(in crate::emulator) struct Grants {
    /// IDs of project roles.
    pub(in crate::emulator) roles: Vec<String>,
    pub(in crate::emulator) tenants: Vec<Membership>,
}

impl Grants {
    pub(in crate::emulator) fn membership(&self, tenant: &str) -> Option<&Membership> {
        self.tenants.iter().find(|membership| membership.tenant == tenant)
    }

    pub(in crate::emulator) fn membership_mut(&mut self, tenant: &str) -> Option<&mut Membership> {
        self.tenants.iter_mut().find(|membership| membership.tenant == tenant)
    }

    /// The role list of a tenant, or of the project.
    pub(in crate::emulator) fn role_list(
        &mut self,
        tenant: Option<&str>,
    ) -> Answer<&mut Vec<String>> {
        match tenant {
            None => Ok(&mut self.roles),
            Some(tenant) => match self.membership_mut(tenant) {
                Some(membership) => Ok(&mut membership.roles),
                None => Err(Refusal::argument(format!("Not in the tenant {tenant:?}"))),
            },
        }
    }

    pub(in crate::emulator) fn forget_role(&mut self, role: &str) {
        self.roles.retain(|id| id != role);
        for membership in &mut self.tenants {
            membership.roles.retain(|id| id != role);
        }
    }

    pub(in crate::emulator) fn forget_tenant(&mut self, tenant: &str) {
        self.tenants.retain(|membership| membership.tenant != tenant);
    }

    /// Takes over what another has.
    pub(in crate::emulator) fn merge(&mut self, other: Self) {
        merge(&mut self.roles, other.roles);
        for theirs in other.tenants {
            match self.membership_mut(&theirs.tenant) {
                Some(ours) => merge(&mut ours.roles, theirs.roles),
                None => self.tenants.push(theirs),
            }
        }
    }

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

/// Adds what is not yet there, keeping the order.
pub(in crate::emulator) fn merge(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[derive(Clone)]
pub(in crate::emulator) struct Membership {
    pub(in crate::emulator) tenant: String,
    /// IDs of the tenant's or the project's roles.
    pub(in crate::emulator) roles: Vec<String>,
}

#[derive(Clone)]
pub(in crate::emulator) struct Role {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    /// IDs.
    pub(in crate::emulator) permissions: Vec<String>,
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) default: bool,
    pub(in crate::emulator) private: bool,
    pub(in crate::emulator) created: i64,
}

#[derive(Clone)]
pub(in crate::emulator) struct Permission {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
}

#[derive(Default)]
pub(in crate::emulator) struct Tenant {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) domains: Vec<String>,
    pub(in crate::emulator) attributes: Object,
    pub(in crate::emulator) parent: Option<String>,
    pub(in crate::emulator) disabled: bool,
    pub(in crate::emulator) enforce_sso: bool,
    pub(in crate::emulator) sso_exclusions: Vec<String>,
    pub(in crate::emulator) role_inheritance: String,
    pub(in crate::emulator) federated_apps: Vec<String>,
    /// IDs of the roles that users get who join it.
    pub(in crate::emulator) default_roles: Vec<String>,
    /// What was set of its sessions.
    pub(in crate::emulator) settings: Object,
    pub(in crate::emulator) created: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::emulator::Emulator;

    #[test]
    fn who_two_users_become_is_listed_once() {
        let emulator = Emulator::new();
        let seed = json!({
            "tenants": [{ "id": "t1", "name": "One" }],
            "users": [{ "loginId": "ada" }, { "loginId": "al" }, { "loginId": "bo" }],
            "groups": [
                { "tenantId": "t1", "id": "both", "loginIds": ["ada", "al"] },
                { "tenantId": "t1", "id": "other", "loginIds": ["al", "bo"] },
            ],
            "consents": [{ "loginId": "ada" }, { "loginId": "al" }],
        });
        emulator.seed(&seed).unwrap();
        let [ada, al, bo] = ["ada", "al", "bo"].map(|of| {
            let user = emulator.user(of);
            user["userId"].as_str().unwrap().to_owned()
        });
        let mut store = emulator.store();
        store.merge_users(&ada, &al).unwrap();
        assert_eq!(store.groups[0].members, [&*ada]);
        assert_eq!(store.groups[1].members, [bo, ada.clone()]);
        assert_eq!(store.consents, [ada]);
    }
}
