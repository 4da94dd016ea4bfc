//! Management keys, console users and engines.

use descope::Client;
use descope::mgmt::descoper::{
    DescoperAccess, DescoperAttributes, DescoperPatch, DescoperRole, NewDescoper, ProjectRole,
    TagRole,
};
use descope::mgmt::management_key::{
    KeyAccess, ManagementKeyUpdate, NewManagementKey, ProjectRoles, TagRoles,
};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn management_key(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let keys = client.mgmt().management_key();
    let (id, name) = (args.text("id")?, args.text("name")?);
    match method {
        "create" => {
            let mut new = NewManagementKey::default();
            new.description = args.string("description")?;
            new.expires_in = args.seconds("expires_in")?;
            new.permitted_ips = args.strings("permitted_ips")?;
            let created = keys.create(name, &key_access(args)?, &new);
            bared(created, |created| [("cleartext", Some(&created.cleartext))])
        }
        "load" => shown(keys.load(id)),
        "search" => shown(keys.load_all()),
        "update" => {
            let mut update = ManagementKeyUpdate::default();
            update.description = args.string("description")?;
            update.permitted_ips = args.strings("permitted_ips")?;
            let status = args.text("status")?.to_owned().into();
            shown(keys.update(id, name, &status, &update))
        }
        "delete" => shown(keys.delete_batch(&args.list("ids")?)),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn key_access(args: &Args<'_>) -> Sayable<KeyAccess> {
    let given = args.not_null("rebac")?.object("rebac")?;
    let Some(given) = given else { return Ok(KeyAccess::default()) };
    let in_projects = given.objects("project_roles")?.unwrap_or_default();
    let by_tags = given.objects("tag_roles")?.unwrap_or_default();
    let in_projects = in_projects
        .iter()
        .map(|of| Ok(ProjectRoles::new(of.list("project_ids")?, of.list("roles")?)))
        .collect::<Sayable<Vec<_>>>()?;
    let by_tags = by_tags
        .iter()
        .map(|of| Ok(TagRoles::new(of.list("tags")?, of.list("roles")?)))
        .collect::<Sayable<Vec<_>>>()?;
    let company = given.list("company_roles")?;
    Ok(KeyAccess::default().company_roles(company).project_roles(in_projects).tag_roles(by_tags))
}

pub(super) fn descoper(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let descopers = client.mgmt().descoper();
    let id = args.text("id")?;
    match method {
        "create" => {
            let items = args.objects("descopers")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let mut new = NewDescoper::new(item.text("login_id")?);
                new.attributes = attributes(item)?;
                new.send_invite = item.flag("send_invite")?;
                new.access = access(item)?;
                Ok(new)
            };
            let new = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            shown(descopers.create_batch(&new))
        }
        "load" => shown(descopers.load(id)),
        "list" => shown(descopers.load_all()),
        "update" => {
            let mut patch = DescoperPatch::default();
            patch.attributes = attributes(args)?;
            patch.access = access(args)?;
            shown(descopers.patch(id, &patch))
        }
        "delete" => shown(descopers.delete(id)),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn attributes(args: &Args<'_>) -> Sayable<Option<DescoperAttributes>> {
    let Some(given) = args.object("attributes")? else { return Ok(None) };
    let mut attributes = DescoperAttributes::default();
    attributes.display_name = given.string("display_name")?;
    attributes.email = given.string("email")?;
    attributes.phone = given.string("phone")?;
    Ok(Some(attributes))
}

fn access(args: &Args<'_>) -> Sayable<Option<DescoperAccess>> {
    let Some(given) = args.object("rbac")? else { return Ok(None) };
    let role = |of: &Args<'_>| -> Sayable<DescoperRole> { Ok(of.text("role")?.to_owned().into()) };
    let by_tags = given.objects("tags")?.unwrap_or_default();
    let in_projects = given.objects("projects")?.unwrap_or_default();
    let by_tags = by_tags
        .iter()
        .map(|of| Ok(TagRole::new(of.list("tags")?, role(of)?)))
        .collect::<Sayable<Vec<_>>>()?;
    let in_projects = in_projects
        .iter()
        .map(|of| Ok(ProjectRole::new(of.list("project_ids")?, role(of)?)))
        .collect::<Sayable<Vec<_>>>()?;
    let mut access = DescoperAccess::default().tags(by_tags).projects(in_projects);
    access.is_company_admin = given.flag("is_company_admin")?.unwrap_or_default();
    Ok(Some(access))
}

pub(super) fn engine(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let engines = client.mgmt().engine();
    let (id, name) = (args.text("id")?, args.text("name")?);
    match method {
        "create" => bared(engines.create(name), |created| [("secret", Some(&created.secret))]),
        "load" => shown(engines.load(id)),
        "load_all" => shown(engines.load_all()),
        "update" => shown(engines.update(id, name)),
        "rotate_secret" => bared(engines.rotate_secret(id), |secret| [("secret", Some(secret))]),
        "delete" => shown(engines.delete(id)),
        _ => Err(Unsayable::NoAdapter),
    }
}
