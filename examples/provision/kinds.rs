//! What the lines of each file mean.

use std::collections::{BTreeMap, BTreeSet};

use descope::mgmt::role::{Role, RoleDetails, RoleSearch};
use descope::mgmt::tenant::{NewTenant, TenantDetails, TenantPatch, TenantSearch};
use descope::mgmt::user::{
    BatchFailure, BatchUser, HashedPassword, UserPatch, UserProfile, UserSearch,
};
use descope::{Scope, TenantRoles, User};
use serde::Deserialize;

use super::apply::{Apply, Line, Report};

type Error = Box<dyn std::error::Error>;

/// A call for several items, which says how many were done, and which failed.
type CallWith<'c, T> = dyn Fn(&[T]) -> descope::Result<(usize, Vec<BatchFailure>)> + 'c;

/// What a field holds, if it holds anything.
fn given(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The parts of a field, if it has any.
fn parts(text: &str, between: char) -> Option<Vec<String>> {
    let parts = text.split(between).map(str::trim).filter(|part| !part.is_empty());
    Some(parts.map(str::to_owned).collect()).filter(|parts: &Vec<_>| !parts.is_empty())
}

/// What a field holds, if that is not so already.
fn news(text: &str, present: Option<&str>) -> Option<String> {
    given(text).filter(|text| Some(&**text) != present)
}

/// Whether two lists have the same members, in any order.
fn same(one: &[String], other: &[String]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect()
}

fn created(report: &mut Report) {
    report.created += 1;
}

fn changed(report: &mut Report) {
    report.changed += 1;
}

fn unchanged(report: &mut Report) {
    report.unchanged += 1;
}

/// A line of `tenants.csv`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TenantLine {
    id: String,
    name: String,
    /// With semicolons between them. Users with addresses in these join the tenant when they sign up.
    domains: String,
}

/// A line of `roles.csv`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleLine {
    name: String,
    /// The ID of the tenant that has it. Empty for a role of the project.
    tenant: String,
    description: String,
    /// With semicolons between them.
    permissions: String,
}

/// A line of `users.csv`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Person {
    login_id: String,
    email: String,
    phone: String,
    name: String,
    /// Roles in the project, with semicolons between them.
    roles: String,
    /// Tenants and roles in them, such as `acme:Owner,Reader;bletchley`.
    tenants: String,
    /// A hashed password. Of a user who is already there it changes nothing.
    bcrypt: String,
}

impl Apply<'_> {
    /// Lines that have a key, and one that no line before them has.
    fn unique<T>(&mut self, lines: Vec<Line<T>>, key: impl Fn(&T) -> String) -> Vec<Line<T>> {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for (at, line) in lines {
            let key = key(&line);
            if key.is_empty() {
                self.fail(at, "it does not say what it is about");
            } else if !seen.insert(key.clone()) {
                self.fail(at, format!("{key} appears twice"));
            } else {
                kept.push((at, line));
            }
        }
        kept
    }

    /// Creates or changes tenants.
    pub(crate) fn tenants(&mut self, lines: Vec<Line<TenantLine>>) -> Result<(), Error> {
        let lines = self.unique(lines, |line| line.id.clone());
        if lines.is_empty() {
            return Ok(());
        }
        let client = self.client.clone();
        let tenants = client.mgmt().tenant();
        self.pace();
        let ids = lines.iter().map(|(_, line)| &*line.id);
        let present = tenants.search(&TenantSearch::default().ids(ids))?;
        for (at, line) in lines {
            let domains = parts(&line.domains, ';');
            let mut details = TenantDetails::default();
            details.self_provisioning_domains.clone_from(&domains);
            let Some(tenant) = present.iter().find(|tenant| tenant.id == line.id) else {
                let tenant = NewTenant::default().id(&line.id).details(details);
                let outcome = self.change(|| tenants.create(&line.name, &tenant).map(drop));
                self.settle(at, outcome, created)?;
                continue;
            };
            let name = news(&line.name, Some(&tenant.name));
            if name.is_none()
                && domains.is_none_or(|to| same(&to, &tenant.self_provisioning_domains))
            {
                self.count(unchanged);
                continue;
            }
            let mut patch = TenantPatch::default().details(details);
            patch.name = name;
            let outcome = self.change(|| tenants.patch(&line.id, &patch));
            self.settle(at, outcome, changed)?;
        }
        Ok(())
    }

    /// Creates or changes roles.
    pub(crate) fn roles(&mut self, lines: Vec<Line<RoleLine>>) -> Result<(), Error> {
        let lines = self.unique(lines, |line| match (&*line.name, &*line.tenant) {
            (name, "") | (name @ "", _) => name.to_owned(),
            (name, tenant) => format!("{name} of {tenant}"),
        });
        if lines.is_empty() {
            return Ok(());
        }
        let client = self.client.clone();
        let roles = client.mgmt().role();
        self.pace();
        let mut named = RoleSearch::default().names(lines.iter().map(|(_, line)| &*line.name));
        let tenants = lines.iter().filter_map(|(_, line)| given(&line.tenant));
        let tenants: BTreeSet<_> = tenants.collect();
        if !tenants.is_empty() {
            named = named.tenant_ids(tenants).include_project_roles(true);
        }
        let present = roles.search(&named)?;
        for (at, line) in lines {
            let scope = match &*line.tenant {
                "" => Scope::Project,
                id => Scope::Tenant(id),
            };
            let is_it = |role: &&Role| {
                role.name == line.name && role.tenant_id.as_deref().unwrap_or("") == line.tenant
            };
            let mut details = RoleDetails::default();
            details.description = given(&line.description);
            details.permissions = parts(&line.permissions, ';');
            let Some(role) = present.iter().find(is_it) else {
                let outcome = self.change(|| roles.create(scope, &line.name, &details));
                self.settle(at, outcome, created)?;
                continue;
            };
            let described = news(&line.description, Some(&role.description)).is_none();
            if described
                && details.permissions.as_ref().is_none_or(|to| same(to, &role.permissions))
            {
                self.count(unchanged);
                continue;
            }
            // This call replaces everything.
            details.description.get_or_insert_with(|| role.description.clone());
            details.permissions.get_or_insert_with(|| role.permissions.clone());
            let details = details.default_role(role.default).private(role.private);
            let outcome = self.change(|| roles.update(scope, &line.name, &line.name, &details));
            self.settle(at, outcome, changed)?;
        }
        Ok(())
    }

    /// Creates or changes users.
    pub(crate) fn users(&mut self, lines: Vec<Line<Person>>) -> Result<(), Error> {
        let lines = self.unique(lines, |line| line.login_id.clone());
        if lines.is_empty() {
            return Ok(());
        }
        let client = self.client.clone();
        self.pace();
        let named = UserSearch::default()
            .login_ids(lines.iter().map(|(_, line)| &*line.login_id))
            .with_test_users(true)
            .limit(u32::try_from(lines.len())?);
        let present = client.mgmt().user().iter(&named).collect::<Result<Vec<_>, _>>()?;
        let present: BTreeMap<&str, &User> = present
            .iter()
            .flat_map(|user| user.login_ids.iter().map(move |id| (&**id, user)))
            .collect();
        let (mut new, mut patches) = (Vec::new(), Vec::new());
        for (at, line) in lines {
            match present.get(&*line.login_id).map(|user| line.patch(user)) {
                None => new.push((at, line.new_user())),
                Some(None) => self.count(unchanged),
                Some(Some(patch)) => patches.push((at, (line.login_id, patch))),
            }
        }
        self.batch(new, |report, done| report.created += done, &|users| {
            let outcome = client.mgmt().user().create_batch(users)?;
            Ok((outcome.created.len(), outcome.failed))
        })?;
        self.batch(patches, |report, done| report.changed += done, &|patches| {
            let patches: Vec<_> =
                patches.iter().map(|(id, patch)| (&**id, patch.clone())).collect();
            let outcome = client.mgmt().user().patch_batch(&patches)?;
            Ok((outcome.patched.len(), outcome.failed))
        })
    }

    /// Makes one call for all items. If one of them keeps the others from being sent, each goes by itself.
    fn batch<T: Clone>(
        &mut self,
        items: Vec<Line<T>>,
        count: fn(&mut Report, usize),
        call: &CallWith<T>,
    ) -> Result<(), Error> {
        if items.is_empty() {
            return Ok(());
        }
        let (lines, items): (Vec<u64>, Vec<T>) = items.into_iter().unzip();
        match (self.change(|| call(&items)), &*lines) {
            (Ok(None), _) => self.count(|report| count(report, items.len())),
            (Ok(Some((done, failed))), _) => {
                self.count(|report| count(report, done));
                for failure in failed {
                    let line = failure.index.and_then(|at| lines.get(at)).copied();
                    self.fail(line.unwrap_or_default(), failure.reason);
                }
            }
            (Err(error @ descope::Error::Argument { .. }), [line]) => {
                self.fail(*line, error.to_string());
            }
            (Err(descope::Error::Argument { .. }), _) => {
                for item in lines.into_iter().zip(items) {
                    self.batch(vec![item], count, call)?;
                }
            }
            (Err(error), _) => return Err(error.into()),
        }
        Ok(())
    }
}

impl Person {
    fn tenants(&self) -> Option<Vec<TenantRoles>> {
        let tenants = parts(&self.tenants, ';')?.into_iter().map(|tenant| {
            let (id, roles) = tenant.split_once(':').unwrap_or((&tenant, ""));
            TenantRoles::new(id.trim()).roles(parts(roles, ',').unwrap_or_default())
        });
        Some(tenants.collect())
    }

    fn new_user(&self) -> BatchUser {
        let mut profile = UserProfile::default();
        profile.email = given(&self.email);
        profile.phone = given(&self.phone);
        profile.name = given(&self.name);
        profile.roles = parts(&self.roles, ';');
        profile.tenants = self.tenants();
        let user = BatchUser::new(&self.login_id).profile(profile);
        match given(&self.bcrypt) {
            Some(hash) => user.hashed_password(HashedPassword::Bcrypt { hash }),
            None => user,
        }
    }

    /// What to change of a user, if anything.
    fn patch(&self, user: &User) -> Option<UserPatch> {
        let mut patch = UserPatch::default();
        patch.email = news(&self.email, user.email.as_deref());
        patch.phone = news(&self.phone, user.phone.as_deref());
        patch.name = news(&self.name, user.name.as_deref());
        patch.roles = parts(&self.roles, ';').filter(|to| !same(to, &user.roles));
        let member = |tenant: &TenantRoles| {
            let mut of_user = user.user_tenants.iter();
            of_user.any(|of| of.tenant_id == tenant.tenant_id && same(&of.roles, &tenant.roles))
        };
        let tenants = self.tenants();
        patch.tenants =
            tenants.filter(|to| to.len() != user.user_tenants.len() || !to.iter().all(member));
        let parts = [&patch.email, &patch.phone, &patch.name];
        let same = parts.iter().all(|part| part.is_none());
        (!same || patch.roles.is_some() || patch.tenants.is_some()).then_some(patch)
    }
}
