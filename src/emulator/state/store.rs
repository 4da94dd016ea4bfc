//! Everything an emulator remembers.

use super::access_key::AccessKey;
use super::applications::Applications;
use super::attribute::Attributes;
use super::audit::{Record, Trail};
use super::codes::{Attempt, Code, Link};
use super::company::Company;
use super::documents::Documents;
use super::engine::Engine;
use super::family::{Family, FamilySettings};
use super::fga::Authorization;
use super::grants::{Grants, Membership, merge};
use super::group::Group;
use super::idp::Idp;
use super::jwt_template::ClaimSources;
use super::list::ListOf;
use super::mailbox::Mailbox;
use super::notp::Awaited;
use super::outbound_scim::ScimConfiguration;
use super::passkey::Passkeys;
use super::password::Policy;
use super::project::{COPIES, Project};
use super::role::{Permission, Role};
use super::sessions::Sessions;
use super::sign::KeyRing;
use super::sso::SsoSettings;
use super::sso_application::SsoApplication;
use super::table::{By, Edit, Table};
use super::tenant::Tenant;
use super::user::User;
use crate::emulator::words::context::Context;
use crate::emulator::words::fields::Fields;
use crate::emulator::words::refusal::{Refusal, Result};

/// The state of one project. An area that does something with what it remembers adds its field here.
pub(in crate::emulator) struct Store {
    pub(in crate::emulator) keys: KeyRing,
    pub(in crate::emulator) users: Table<User>,
    pub(in crate::emulator) roles: Vec<Role>,
    pub(in crate::emulator) permissions: Vec<Permission>,
    pub(in crate::emulator) tenants: Vec<Tenant>,
    pub(in crate::emulator) access_keys: Table<AccessKey>,
    pub(in crate::emulator) groups: Table<Group>,
    pub(in crate::emulator) families: Table<Family>,
    pub(in crate::emulator) family_settings: FamilySettings,
    pub(in crate::emulator) sso_settings: Vec<SsoSettings>,
    pub(in crate::emulator) sso_apps: Vec<SsoApplication>,
    pub(in crate::emulator) applications: Applications,
    pub(in crate::emulator) claims: ClaimSources,
    pub(in crate::emulator) outbound_scim: Table<ScimConfiguration>,
    pub(in crate::emulator) lists: Table<ListOf>,
    pub(in crate::emulator) engines: Table<Engine>,
    /// IDs of users who may be impersonated even where consent is asked for.
    pub(in crate::emulator) consents: Vec<String>,
    pub(in crate::emulator) sessions: Sessions,
    pub(in crate::emulator) codes: Table<Code>,
    pub(in crate::emulator) magic_links: Table<Link>,
    pub(in crate::emulator) enchanted_links: Table<Attempt>,
    pub(in crate::emulator) awaited: Table<Awaited>,
    pub(in crate::emulator) password_policy: Policy,
    pub(in crate::emulator) idp: Idp,
    pub(in crate::emulator) webauthn: Passkeys,
    pub(in crate::emulator) mailbox: Mailbox,
    pub(in crate::emulator) authorization: Authorization,
    pub(in crate::emulator) attributes: Attributes,
    pub(in crate::emulator) audit: Trail,
    pub(in crate::emulator) project: Project,
    pub(in crate::emulator) company: Company,
    /// What areas only keep, as it came, by the name of its list in seeds.
    pub(in crate::emulator) documents: Documents,
}

impl Store {
    /// An empty project.
    pub(in crate::emulator) fn new(keys: KeyRing) -> Self {
        Self {
            keys,
            users: Table::default(),
            roles: Vec::new(),
            permissions: Vec::new(),
            tenants: Vec::new(),
            access_keys: Table::default(),
            groups: Table::default(),
            families: Table::default(),
            family_settings: FamilySettings::default(),
            sso_settings: Vec::new(),
            sso_apps: Vec::new(),
            applications: Applications::default(),
            claims: ClaimSources::default(),
            outbound_scim: Table::default(),
            lists: Table::default(),
            engines: Table::default(),
            consents: Vec::new(),
            sessions: Sessions::default(),
            codes: Table::default(),
            magic_links: Table::default(),
            enchanted_links: Table::default(),
            awaited: Table::default(),
            password_policy: Policy::default(),
            idp: Idp::default(),
            webauthn: Passkeys::default(),
            mailbox: Mailbox::default(),
            authorization: Authorization::default(),
            attributes: Attributes::default(),
            audit: Trail::default(),
            project: Project::default(),
            company: Company::default(),
            documents: Documents::default(),
        }
    }

    pub(in crate::emulator) fn user(&self, id: &str) -> Option<&User> {
        self.users.get(By::Id, id)
    }

    /// The user with this ID, to be changed.
    pub(in crate::emulator) fn user_mut(&mut self, id: &str) -> Result<Edit<'_, User>> {
        self.users.edit(By::Id, id).ok_or_else(Refusal::no_user)
    }

    /// The user with this login ID, if there is one.
    pub(in crate::emulator) fn user_by_login(&self, login_id: &str) -> Option<&User> {
        self.users.get(By::LoginId, login_id)
    }

    /// The user who signs in with this login ID.
    pub(in crate::emulator) fn known_user(&self, login_id: &str) -> Result<&User> {
        self.user_by_login(login_id).ok_or_else(Refusal::no_user)
    }

    /// Whether an address is another user's: their login ID, e-mail address or phone number.
    pub(in crate::emulator) fn has_address(&self, address: &str, but: &str) -> bool {
        self.users.iter().any(|user| {
            let known = [&user.profile.email, &user.profile.phone].into_iter();
            user.id != but && known.chain(&user.login_ids).any(|known| known == address)
        })
    }

    /// Refuses a login ID that a user has.
    pub(in crate::emulator) fn check_free(&self, login_id: &str) -> Result<()> {
        match self.user_by_login(login_id) {
            Some(_) => Err(Refusal::user_exists()),
            None => Ok(()),
        }
    }

    /// The user that a management call names: by login ID, or by user ID.
    pub(in crate::emulator) fn managed_user(&self, name: &str) -> Result<&User> {
        self.user_by_login(name).or_else(|| self.user(name)).ok_or_else(Refusal::no_managed_user)
    }

    /// Likewise, to be changed.
    pub(in crate::emulator) fn managed_user_mut(&mut self, name: &str) -> Result<Edit<'_, User>> {
        let by = if self.user_by_login(name).is_some() { By::LoginId } else { By::Id };
        self.users.edit(by, name).ok_or_else(Refusal::no_managed_user)
    }

    /// A membership of a tenant, as whoever joins it gets.
    pub(in crate::emulator) fn joining(&self, tenant: &str) -> Result<Membership> {
        let known = self
            .tenant(tenant)
            .ok_or_else(|| Refusal::argument(format!("There is no tenant {tenant:?}")))?;
        Ok(Membership { tenant: known.id.clone(), roles: known.default_roles.clone() })
    }

    /// Takes in a user who signed up, with the roles that new users get, and records it where the
    /// context names a way of signing in. Returns the ID.
    pub(in crate::emulator) fn register(
        &mut self,
        context: &Context<'_>,
        mut user: User,
    ) -> String {
        user.grants.roles = self.default_roles();
        if !context.method.is_empty() {
            self.audit.add(Record::by_user("UserCreated", &user, context));
        }
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
    ) -> Result<()> {
        self.user(survivor).ok_or_else(Refusal::no_user)?;
        let absorbed_user = self.users.take(By::Id, absorbed).ok_or_else(Refusal::no_user)?;
        self.user_mut(survivor)?.merge(absorbed_user);
        self.sessions.hand_over(absorbed, survivor);
        let replace = |ids: &mut Vec<String>| {
            if let Some(at) = ids.iter().position(|id| id == absorbed) {
                ids.remove(at);
                merge(ids, [survivor.to_owned()]);
            }
        };
        self.groups.edit_all(By::User, absorbed, |group| replace(&mut group.members));
        replace(&mut self.consents);
        self.webauthn.hand_over(absorbed, survivor);
        self.applications.hand_over(absorbed, survivor);
        self.access_keys.edit_all(By::User, absorbed, |key| key.user = Some(survivor.to_owned()));
        Ok(())
    }

    /// Removes a user with all that belongs to them.
    pub(in crate::emulator) fn remove_user(&mut self, id: &str) {
        self.users.remove(By::Id, id);
        self.access_keys.remove(By::User, id);
        self.groups.edit_all(By::User, id, |group| group.members.retain(|member| member != id));
        self.consents.retain(|user| user != id);
        self.sessions.revoke_user(id, None);
        self.webauthn.forget(id);
        self.applications.forget_user(id);
    }

    pub(in crate::emulator) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == id)
    }

    pub(in crate::emulator) fn tenant_mut(&mut self, id: &str) -> Result<&mut Tenant> {
        let tenant = self.tenants.iter_mut().find(|tenant| tenant.id == id);
        tenant.ok_or_else(|| Refusal::missing("tenant"))
    }

    /// Removes a tenant with all that belongs to it, but not its users and access keys.
    pub(in crate::emulator) fn remove_tenant(&mut self, id: &str) {
        self.tenants.retain(|tenant| tenant.id != id);
        self.sso_settings.retain(|settings| settings.tenant != id);
        self.groups.remove(By::Tenant, id);
        self.applications.forget_tenant(id);
        let of_tenant = |role: &&Role| role.tenant.as_deref() == Some(id);
        let roles: Vec<_> =
            self.roles.iter().filter(of_tenant).map(|role| role.id.clone()).collect();
        for role in &roles {
            self.remove_role(role);
        }
        self.edit_grants(|grants| grants.forget_tenant(id));
        for tenant in &mut self.tenants {
            tenant.parent.take_if(|parent| parent == id);
        }
    }

    /// Removes a role, and takes it from all who have it or are to get it.
    pub(in crate::emulator) fn remove_role(&mut self, id: &str) {
        self.roles.retain(|role| role.id != id);
        self.edit_grants(|grants| grants.forget_role(id));
        self.users.edit_each(|user| {
            user.families.iter_mut().for_each(|of| of.roles.retain(|role| role != id));
        });
        self.tenants.iter_mut().for_each(|tenant| tenant.default_roles.retain(|role| role != id));
        self.sso_settings.iter_mut().for_each(|settings| settings.forget_role(id));
    }

    /// The ID of the role with this name: the tenant's own, else the project's.
    pub(in crate::emulator) fn role_id(&self, name: &str, tenant: Option<&str>) -> Result<String> {
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
    ) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for name in names {
            let id = self.role_id(name, tenant)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// Whether the company has a project with this ID: this one, or a copy of it.
    pub(in crate::emulator) fn knows_project(&self, context: &Context<'_>, id: &str) -> bool {
        context.settings.project_id == id
            || self.documents.kept(COPIES).any(|copy| copy.text("id") == id)
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
    ) -> Result<Vec<Membership>> {
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

    /// Changes all grants there are: those of users and those of access keys.
    fn edit_grants(&mut self, change: impl Fn(&mut Grants)) {
        self.users.edit_each(|user| change(&mut user.grants));
        self.access_keys.edit_each(|key| change(&mut key.grants));
    }

    /// Panics unless all indexes find exactly what a search finds.
    #[cfg(test)]
    pub(in crate::emulator) fn check_indexes(&self) {
        self.users.check("users");
        self.access_keys.check("access keys");
        self.groups.check("groups");
        self.families.check("families");
        self.outbound_scim.check("outbound SCIM");
        self.lists.check("lists");
        self.engines.check("engines");
        self.company.management_keys.check("management keys");
        self.company.descopers.check("descopers");
        self.codes.check("codes");
        self.magic_links.check("magic links");
        self.enchanted_links.check("enchanted links");
        self.awaited.check("awaited messages");
        self.idp.visits.check("visits");
        self.idp.codes.check("codes of the identity provider");
        self.sessions.by_id.check("sessions");
        self.webauthn.passkeys.check("passkeys");
        self.applications.check_indexes();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::emulator::Emulator;
    use crate::emulator::testing::Random;

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
        let members: Vec<_> = store.groups.iter().map(|group| &*group.members).collect();
        assert_eq!(members, [&[ada.clone()][..], &[bo, ada.clone()]]);
        assert_eq!(store.consents, [ada]);
    }

    /// A call that changes users, keys, groups, codes or sessions.
    fn some_call(random: &mut Random, emulator: &Emulator) -> (String, Value) {
        let names = ["ada", "al", "bo", "cy@example.com", "di@example.com", "ed@example.com"];
        let [one, other, third] = [(); 3].map(|()| *random.one_of(&names));
        let id = |name: &str| emulator.user(name)["userId"].clone();
        let (path, body) = match random.below(15) {
            0 => ("user/create", json!({ "loginId": one, "additionalLoginIds": [other] })),
            1 => {
                let users = [one, other, third].map(|name| json!({ "loginId": name }));
                ("user/create/batch", json!({ "users": users }))
            }
            2 => ("user/update", json!({ "loginId": one, "additionalLoginIds": [other, third] })),
            3 => ("user/update/loginid", json!({ "loginId": one, "newLoginId": other })),
            4 => ("user/update/loginid", json!({ "loginId": one, "newLoginId": "" })),
            5 => ("user/delete", json!({ "loginId": one })),
            6 => ("user/delete/batch", json!({ "userIds": [id(one), id(other)] })),
            7 => ("user/logout", json!({ "loginId": one })),
            8 => ("accesskey/create", json!({ "name": one, "userId": other })),
            9 => {
                let keys = emulator.manage("/v1/mgmt/accesskey/search", &json!({}));
                let key = keys["keys"].as_array().and_then(|keys| keys.first()).cloned();
                let what = random.one_of(&["accesskey/rotate", "accesskey/delete"]);
                (*what, json!({ "id": key.unwrap_or_default()["id"] }))
            }
            10 => ("tests/generate/otp", json!({ "loginId": one })),
            11 => ("user/create/test", json!({ "loginId": one })),
            12 => ("tenant/delete", json!({ "id": "t1", "cascade": random.percent(50) })),
            13 => ("tenant/create", json!({ "id": "t1", "name": "One" })),
            _ => ("user/update/tenant/add", json!({ "loginId": one, "tenantId": "t1" })),
        };
        (format!("/v1/mgmt/{path}"), body)
    }

    /// A sign-in, and perhaps a change of address by which users become one.
    fn sign_in_and_merge(random: &mut Random, emulator: &Emulator, name: &str, address: &str) {
        let Ok(session) = emulator.sign_in(name) else { return };
        let token = session["refreshJwt"].as_str().unwrap();
        let body = json!({
            "loginId": name, "email": address, "addToLoginIDs": true,
            "onMergeUseExisting": random.percent(50), "mfa": random.percent(50),
        });
        emulator.send("POST", "/v1/auth/otp/update/email", token, &body);
        if random.percent(80)
            && let Some(message) = emulator.inbox().last_to(address)
        {
            let body = json!({ "loginId": name, "code": message.code });
            emulator.post("/v1/auth/otp/verify/email", &body);
        }
    }

    #[test]
    fn indexes_find_what_a_search_finds_after_any_call() {
        let mut random = Random(11);
        let (mut merged, mut emulator) = (0, Emulator::new());
        for step in 0..600 {
            let (path, body) = some_call(&mut random, &emulator);
            emulator.send("POST", &path, emulator.management_key(), &body);
            if step % 4 == 0 {
                let before = emulator.store().users.len();
                let [name, address] = [["ada", "al", "bo"], ["cy", "di", "ed"]];
                let address = format!("{}@example.com", random.one_of(&address));
                let name = *random.one_of(&name);
                sign_in_and_merge(&mut random, &emulator, name, &address);
                merged += before - emulator.store().users.len();
            }
            if step % 50 == 0 {
                // All that can be saved comes back, and with the same indexes.
                let copy = Emulator::new();
                let saved = emulator.export();
                copy.seed(&saved).unwrap();
                assert_eq!(copy.export(), saved);
                let group = json!({ "tenantId": "t1", "loginIds": ["ada"] });
                let _ = copy.seed(&json!({ "groups": [group] }));
                emulator = copy;
            }
            emulator.store().check_indexes();
        }
        assert!(merged > 3, "{merged}");
    }
}
