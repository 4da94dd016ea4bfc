//! Everything an emulator remembers.

use serde_json::{Value, json};

use super::auth::{enchanted_link, magic_link, otp, password, webauthn};
use super::body::{Fields, Object};
use super::error::{Answer, Refusal};
use super::fga::Authorization;
use super::idp::Idp;
use super::inbox::Mailbox;
use super::mgmt::access_key::AccessKey;
use super::mgmt::attribute::Attributes;
use super::mgmt::audit::Trail;
use super::mgmt::group::Group;
use super::mgmt::project::Project;
use super::mgmt::sso::SsoSettings;
use super::mgmt::sso_application::SsoApplication;
use super::sessions::Sessions;
use super::sign::KeyRing;
use super::user::User;

/// The state of one project. An area that remembers something adds its field here.
pub(super) struct Store {
    pub(super) keys: KeyRing,
    pub(super) users: Vec<User>,
    pub(super) roles: Vec<Role>,
    pub(super) permissions: Vec<Permission>,
    pub(super) tenants: Vec<Tenant>,
    pub(super) access_keys: Vec<AccessKey>,
    pub(super) groups: Vec<Group>,
    pub(super) sso_settings: Vec<SsoSettings>,
    pub(super) sso_apps: Vec<SsoApplication>,
    /// IDs of users who may be impersonated even where consent is asked for.
    pub(super) consents: Vec<String>,
    pub(super) sessions: Sessions,
    pub(super) otp: otp::Codes,
    pub(super) magic_links: magic_link::Links,
    pub(super) enchanted_links: enchanted_link::Attempts,
    pub(super) password_policy: password::Policy,
    pub(super) idp: Idp,
    pub(super) webauthn: webauthn::Passkeys,
    pub(super) mailbox: Mailbox,
    pub(super) authorization: Authorization,
    pub(super) attributes: Attributes,
    pub(super) audit: Trail,
    pub(super) project: Project,
}

impl Store {
    /// An empty project.
    pub(super) fn new(keys: KeyRing) -> Self {
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

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The user with this login ID.
    pub(super) fn user_by_login(&self, login_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.has_login(login_id))
    }

    /// The user that a management call names: by login ID, or by user ID.
    pub(super) fn managed_user(&mut self, name: &str) -> Answer<&mut User> {
        let at = self.users.iter().position(|user| user.has_login(name));
        let at = at.or_else(|| self.users.iter().position(|user| user.id == name));
        at.and_then(|at| self.users.get_mut(at)).ok_or_else(Refusal::no_managed_user)
    }

    /// A membership of a tenant, as whoever joins it gets.
    pub(super) fn joining(&self, tenant: &str) -> Answer<Membership> {
        let of = self.tenant(tenant);
        let of = of.ok_or_else(|| Refusal::argument(format!("There is no tenant {tenant:?}")))?;
        Ok(Membership { tenant: of.id.clone(), roles: of.default_roles.clone() })
    }

    /// Takes in a user who signed up, with the roles that new users get. Returns the ID.
    pub(super) fn register(&mut self, mut user: User) -> String {
        user.grants.roles = self.default_roles();
        let id = user.id.clone();
        self.users.push(user);
        id
    }

    /// Makes one user of two, as when one verifies an address that is the other's login ID. Either may
    /// have been deleted meanwhile.
    pub(super) fn merge_users(&mut self, survivor: &str, absorbed: &str) -> Answer<()> {
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
    pub(super) fn remove_user(&mut self, id: &str) {
        self.users.retain(|user| user.id != id);
        self.access_keys.retain(|key| key.user.as_deref() != Some(id));
        self.groups.iter_mut().for_each(|group| group.members.retain(|member| member != id));
        self.consents.retain(|user| user != id);
        self.sessions.revoke_user(id, None);
        self.webauthn.forget(id);
    }

    pub(super) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    pub(super) fn tenant_mut(&mut self, id: &str) -> Answer<&mut Tenant> {
        let tenant = self.tenants.iter_mut().find(|tenant| tenant.id == id);
        tenant.ok_or_else(|| Refusal::missing("tenant"))
    }

    /// Removes a tenant with all that belongs to it, but not its users and access keys.
    pub(super) fn remove_tenant(&mut self, id: &str) {
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
    pub(super) fn sso_settings(&self, tenant: &str) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        let default = of_tenant.clone().find(|settings| settings.id.is_none());
        default
            .filter(|of| of.provider().is_some())
            .or_else(|| of_tenant.find(|of| of.provider().is_some()))
    }

    /// The SSO configuration for e-mail addresses of a domain, with this ID if one is given: the
    /// domain is the configuration's own, or its tenant's.
    pub(super) fn sso_settings_for(&self, domain: &str, id: Option<&str>) -> Option<&SsoSettings> {
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
    pub(super) fn sso_settings_of(&self, tenant: &str, id: Option<&str>) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        of_tenant.find(|settings| settings.id.as_deref() == id)
    }

    /// Removes a role, and takes it from all who have it or are to get it.
    pub(super) fn remove_role(&mut self, id: &str) {
        self.roles.retain(|role| role.id != id);
        self.grants_mut().for_each(|grants| grants.forget_role(id));
        self.tenants.iter_mut().for_each(|tenant| tenant.default_roles.retain(|role| role != id));
        self.sso_settings.iter_mut().for_each(|settings| settings.forget_role(id));
    }

    /// The ID of the role with this name: the tenant's own, else the project's.
    pub(super) fn role_id(&self, name: &str, tenant: Option<&str>) -> Answer<String> {
        let named = |scope: Option<&str>| {
            self.roles.iter().find(|role| role.name == name && role.tenant.as_deref() == scope)
        };
        let role = named(tenant).or_else(|| named(None));
        role.map(|role| role.id.clone())
            .ok_or_else(|| Refusal::argument(format!("There is no role {name:?}")))
    }

    pub(super) fn role_ids(&self, names: &[&str], tenant: Option<&str>) -> Answer<Vec<String>> {
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
    pub(super) fn default_roles(&self) -> Vec<String> {
        let default = self.roles.iter().filter(|role| role.default && role.tenant.is_none());
        default.map(|role| role.id.clone()).collect()
    }

    pub(super) fn role_names(&self, ids: &[String]) -> Vec<&str> {
        self.roles.iter().filter(|role| ids.contains(&role.id)).map(|role| &*role.name).collect()
    }

    /// What these roles permit.
    pub(super) fn permission_names(&self, roles: &[String]) -> Vec<&str> {
        let granted = |permission: &&Permission| {
            self.roles
                .iter()
                .any(|role| roles.contains(&role.id) && role.permissions.contains(&permission.id))
        };
        self.permissions.iter().filter(granted).map(|permission| &*permission.name).collect()
    }

    /// The memberships of a field that holds `AssociatedTenant`s.
    pub(super) fn memberships<'a>(
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
    pub(super) fn grants_mut(&mut self) -> impl Iterator<Item = &mut Grants> {
        let users = self.users.iter_mut().map(|user| &mut user.grants);
        users.chain(self.access_keys.iter_mut().map(|key| &mut key.grants))
    }
}

/// What a user or an access key may do.
#[derive(Clone, Default)]
pub(super) struct Grants {
    /// IDs of project roles.
    pub(super) roles: Vec<String>,
    pub(super) tenants: Vec<Membership>,
}

impl Grants {
    pub(super) fn membership(&self, tenant: &str) -> Option<&Membership> {
        self.tenants.iter().find(|membership| membership.tenant == tenant)
    }

    pub(super) fn membership_mut(&mut self, tenant: &str) -> Option<&mut Membership> {
        self.tenants.iter_mut().find(|membership| membership.tenant == tenant)
    }

    /// The role list of a tenant, or of the project.
    pub(super) fn role_list(&mut self, tenant: Option<&str>) -> Answer<&mut Vec<String>> {
        match tenant {
            None => Ok(&mut self.roles),
            Some(tenant) => match self.membership_mut(tenant) {
                Some(membership) => Ok(&mut membership.roles),
                None => Err(Refusal::argument(format!("Not in the tenant {tenant:?}"))),
            },
        }
    }

    pub(super) fn forget_role(&mut self, role: &str) {
        self.roles.retain(|id| id != role);
        for membership in &mut self.tenants {
            membership.roles.retain(|id| id != role);
        }
    }

    pub(super) fn forget_tenant(&mut self, tenant: &str) {
        self.tenants.retain(|membership| membership.tenant != tenant);
    }

    /// Takes over what another has.
    pub(super) fn merge(&mut self, other: Self) {
        merge(&mut self.roles, other.roles);
        for theirs in other.tenants {
            match self.membership_mut(&theirs.tenant) {
                Some(ours) => merge(&mut ours.roles, theirs.roles),
                None => self.tenants.push(theirs),
            }
        }
    }

    /// The claims of a token: `roles`, `permissions`, `tenants`, each left out when empty.
    pub(super) fn claims(&self, store: &Store) -> Object {
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
    pub(super) fn role_names(&self, store: &Store) -> Value {
        json!(store.role_names(&self.roles))
    }

    /// `userTenants` or `keyTenants`.
    pub(super) fn tenants(&self, store: &Store) -> Value {
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
pub(super) fn merge(list: &mut Vec<String>, more: impl IntoIterator<Item = String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[derive(Clone)]
pub(super) struct Membership {
    pub(super) tenant: String,
    /// IDs of the tenant's or the project's roles.
    pub(super) roles: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    /// IDs.
    pub(super) permissions: Vec<String>,
    pub(super) tenant: Option<String>,
    pub(super) default: bool,
    pub(super) private: bool,
    pub(super) created: i64,
}

#[derive(Clone)]
pub(super) struct Permission {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
}

#[derive(Default)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) domains: Vec<String>,
    pub(super) attributes: Object,
    pub(super) parent: Option<String>,
    pub(super) disabled: bool,
    pub(super) enforce_sso: bool,
    pub(super) sso_exclusions: Vec<String>,
    pub(super) role_inheritance: String,
    pub(super) federated_apps: Vec<String>,
    /// IDs of the roles that users get who join it.
    pub(super) default_roles: Vec<String>,
    /// What was set of its sessions.
    pub(super) settings: Object,
    pub(super) created: i64,
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
