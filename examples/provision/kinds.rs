//! What the lines of each file mean.

use std::collections::{BTreeMap, BTreeSet};

use descope::bulk::Settled;
use descope::mgmt::role::{Role, RoleDetails, RoleSearch};
use descope::mgmt::tenant::{NewTenant, TenantDetails, TenantPatch, TenantSearch};
use descope::mgmt::user::{
    BatchFailure, BatchUser, HashedPassword, UserPatch, UserProfile, UserSearch,
};
use descope::{Client, Error, RetryPolicy, Scope, TenantRoles, User};
use serde::Deserialize;

use super::apply::Line;

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

/// Whether things are changed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    Change,
    DryRun,
}

impl Mode {
    /// Makes a call that changes something, unless this is a dry run, in which all succeed.
    fn change<T>(self, call: impl FnOnce() -> descope::Result<T>) -> descope::Result<Option<T>> {
        if self == Self::DryRun { Ok(None) } else { call().map(Some) }
    }
}

/// Lines that have a key, and one that no line before them has. Notes the others.
fn unique<'l, T>(
    settled: &mut Settled,
    lines: &'l [Line<T>],
    key: impl Fn(&T) -> String,
) -> Vec<(usize, &'l T)> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let fault = match line {
            Err(fault) => fault.clone(),
            Ok(line) => match key(line) {
                key if key.is_empty() => "it does not say what it is about".to_owned(),
                key if seen.contains(&key) => format!("{key} appears twice"),
                key => {
                    seen.insert(key);
                    kept.push((at, line));
                    continue;
                }
            },
        };
        fail(settled, at, fault);
    }
    kept
}

fn fail(settled: &mut Settled, at: usize, reason: impl Into<String>) {
    *settled = std::mem::take(settled).failed(at, reason);
}

fn count(settled: &mut Settled, count: fn(Settled, usize) -> Settled, items: usize) {
    *settled = count(std::mem::take(settled), items);
}

/// What became of a single object's call. Faults of the line are noted; other errors end the work.
fn settle<T>(
    settled: &mut Settled,
    at: usize,
    outcome: descope::Result<T>,
    counted: fn(Settled, usize) -> Settled,
) -> descope::Result<()> {
    match outcome {
        Ok(_) => count(settled, counted, 1),
        Err(error @ Error::Argument { .. }) => fail(settled, at, error.to_string()),
        // Descope refuses the object, not the caller.
        Err(error) if matches!(error.status(), Some(400 | 404 | 409)) => {
            fail(settled, at, error.to_string());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Creates or changes tenants.
pub(crate) fn tenants(
    client: &Client,
    mode: Mode,
    lines: &[Line<TenantLine>],
) -> descope::Result<Settled> {
    let mut settled = Settled::default();
    let lines = unique(&mut settled, lines, |line| line.id.clone());
    if lines.is_empty() {
        return Ok(settled);
    }
    let tenants = client.mgmt().tenant();
    let ids = lines.iter().map(|(_, line)| &*line.id);
    let present = tenants.search(&TenantSearch::default().ids(ids))?;
    for (at, line) in lines {
        let domains = parts(&line.domains, ';');
        let mut details = TenantDetails::default();
        details.self_provisioning_domains.clone_from(&domains);
        let Some(tenant) = present.iter().find(|tenant| tenant.id == line.id) else {
            let tenant = NewTenant::default().id(&line.id).details(details);
            let outcome = mode.change(|| tenants.create(&line.name, &tenant));
            settle(&mut settled, at, outcome, Settled::created)?;
            continue;
        };
        let name = news(&line.name, Some(&tenant.name));
        if name.is_none() && domains.is_none_or(|to| same(&to, &tenant.self_provisioning_domains)) {
            count(&mut settled, Settled::unchanged, 1);
            continue;
        }
        let mut patch = TenantPatch::default().details(details);
        patch.name = name;
        let outcome = mode.change(|| tenants.patch(&line.id, &patch));
        settle(&mut settled, at, outcome, Settled::changed)?;
    }
    Ok(settled)
}

/// Creates or changes roles.
pub(crate) fn roles(
    client: &Client,
    mode: Mode,
    lines: &[Line<RoleLine>],
) -> descope::Result<Settled> {
    let mut settled = Settled::default();
    let lines = unique(&mut settled, lines, |line| match (&*line.name, &*line.tenant) {
        (name, "") | (name @ "", _) => name.to_owned(),
        (name, tenant) => format!("{name} of {tenant}"),
    });
    if lines.is_empty() {
        return Ok(settled);
    }
    let roles = client.mgmt().role();
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
            let outcome = mode.change(|| roles.create(scope, &line.name, &details));
            settle(&mut settled, at, outcome, Settled::created)?;
            continue;
        };
        let described = news(&line.description, Some(&role.description)).is_none();
        if described && details.permissions.as_ref().is_none_or(|to| same(to, &role.permissions)) {
            count(&mut settled, Settled::unchanged, 1);
            continue;
        }
        // This call replaces everything.
        details.description.get_or_insert_with(|| role.description.clone());
        details.permissions.get_or_insert_with(|| role.permissions.clone());
        let details = details.default_role(role.default).private(role.private);
        let outcome = mode.change(|| roles.update(scope, &line.name, &line.name, &details));
        settle(&mut settled, at, outcome, Settled::changed)?;
    }
    Ok(settled)
}

/// Creates or changes users.
pub(crate) fn users(
    client: &Client,
    mode: Mode,
    lines: &[Line<Person>],
) -> descope::Result<Settled> {
    let mut settled = Settled::default();
    let lines = unique(&mut settled, lines, |line| line.login_id.clone());
    if lines.is_empty() {
        return Ok(settled);
    }
    let named = UserSearch::default()
        .login_ids(lines.iter().map(|(_, line)| &*line.login_id))
        .with_test_users(true)
        .limit(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    let present = client.mgmt().user().iter(&named).collect::<Result<Vec<_>, _>>()?;
    let present: BTreeMap<&str, &User> = present
        .iter()
        .flat_map(|user| user.login_ids.iter().map(move |id| (&**id, user)))
        .collect();
    let (mut new, mut patches) = (Vec::new(), Vec::new());
    for (at, line) in lines {
        match present.get(&*line.login_id).map(|user| line.patch(user)) {
            None => new.push((at, line.new_user())),
            Some(None) => count(&mut settled, Settled::unchanged, 1),
            Some(Some(patch)) => patches.push((at, (&*line.login_id, patch))),
        }
    }
    // If an answer is lost, the next run finds out who is there. A second try would find those that the first
    // has created, and take them for failures.
    let client = client.with_retry(RetryPolicy::none());
    batch(&mut settled, mode, new, Settled::created, &|users| {
        let outcome = client.mgmt().user().create_batch(users)?;
        Ok((outcome.created.len(), outcome.failed))
    })?;
    batch(&mut settled, mode, patches, Settled::changed, &|patches| {
        let outcome = client.mgmt().user().patch_batch(patches)?;
        Ok((outcome.patched.len(), outcome.failed))
    })?;
    Ok(settled)
}

/// Makes one call for all items. If one of them keeps the others from being sent, each goes by itself.
fn batch<T: Clone>(
    settled: &mut Settled,
    mode: Mode,
    items: Vec<(usize, T)>,
    counted: fn(Settled, usize) -> Settled,
    call: &CallWith<T>,
) -> descope::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let (places, items): (Vec<usize>, Vec<T>) = items.into_iter().unzip();
    match (mode.change(|| call(&items)), &*places) {
        (Ok(None), _) => count(settled, counted, items.len()),
        (Ok(Some((done, failed))), _) => {
            count(settled, counted, done);
            for failure in failed {
                let at = failure.index.and_then(|at| places.get(at)).copied();
                fail(settled, at.unwrap_or_default(), failure.reason);
            }
        }
        (Err(error @ Error::Argument { .. }), [at]) => fail(settled, *at, error.to_string()),
        (Err(Error::Argument { .. }), _) => {
            for item in places.into_iter().zip(items) {
                batch(settled, mode, vec![item], counted, call)?;
            }
        }
        (Err(error), _) => return Err(error),
    }
    Ok(())
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
