//! Access keys, roles, permissions and groups.

use descope::mgmt::access_key::{AccessKeySearch, AccessKeyUpdate, CreatedAccessKey, NewAccessKey};
use descope::mgmt::group::{GroupOptions, Members};
use descope::mgmt::permission::{NewPermission, PermissionChange, PermissionDetails};
use descope::mgmt::role::{NewRole, RoleChange, RoleDetails, RoleSearch};
use descope::{Client, Scope, UnixTime};

use super::tenant_roles;
use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn access_key(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let keys = client.mgmt().access_key();
    let id = args.text("id")?;
    match method {
        "create" => {
            let mut key = new_access_key(args)?;
            let expires = args.count("expire_time")?.filter(|time| *time > 0);
            key.expires = expires.map(|time| UnixTime::from_seconds(time.into()));
            created(keys.create(args.text("name")?, &key))
        }
        "load" => shown(keys.load(id)),
        "search_all_access_keys" => {
            let mut search = AccessKeySearch::default();
            search.tenant_ids = args.strings("tenant_ids")?;
            search.bound_user_id = args.string("bound_user_id")?;
            search.creating_user = args.string("creating_user")?;
            search.custom_attributes = args.map("custom_attributes")?;
            shown(keys.search(&search))
        }
        "update" => {
            let mut update = AccessKeyUpdate::default();
            update.description = args.string("description")?;
            update.roles = args.strings("role_names")?;
            update.tenants = tenant_roles(args, "key_tenants")?;
            update.custom_claims = args.map("custom_claims")?;
            update.custom_attributes = args.map("custom_attributes")?;
            update.permitted_ips = args.strings("permitted_ips")?;
            shown(keys.update(id, args.text("name")?, &update))
        }
        "rotate" => created(keys.rotate(id)),
        "activate" => shown(keys.activate(id)),
        "activate_batch" => shown(keys.activate_batch(&args.list("ids")?)),
        "deactivate" => shown(keys.deactivate(id)),
        "deactivate_batch" => shown(keys.deactivate_batch(&args.list("ids")?)),
        "delete" => shown(keys.delete(id)),
        "delete_batch" => shown(keys.delete_batch(&args.list("ids")?)),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn created(key: descope::Result<CreatedAccessKey>) -> Call {
    bared(key, |key| [("cleartext", Some(&key.cleartext))])
}

fn new_access_key(args: &Args<'_>) -> Sayable<NewAccessKey> {
    let mut key = NewAccessKey::default();
    key.description = args.string("description")?;
    key.roles = args.strings("role_names")?;
    key.tenants = tenant_roles(args, "key_tenants")?;
    key.user_id = args.string("user_id")?;
    key.custom_claims = args.map("custom_claims")?;
    key.custom_attributes = args.map("custom_attributes")?;
    key.permitted_ips = args.strings("permitted_ips")?;
    Ok(key)
}

pub(super) fn role(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let roles = client.mgmt().role();
    let (name, id) = (args.text("name")?, args.text("id")?);
    let new_name = args.text("new_name")?;
    let scope = args.maybe("tenant_id")?.map_or(Scope::Project, Scope::Tenant);
    match method {
        "create" => shown(roles.create(scope, name, &role_details(args)?)),
        "create_batch" => {
            let items = args.objects("roles")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let mut role = NewRole::new(item.text("name")?).details(role_details(item)?);
                role.tenant_id = item.string("tenantId")?;
                Ok(role)
            };
            shown(roles.create_batch(&items.iter().map(read).collect::<Sayable<Vec<_>>>()?))
        }
        "update" => shown(roles.update(scope, name, new_name, &role_details(args)?)),
        "update_by_id" => shown(roles.update_by_id(scope, id, new_name, &role_details(args)?)),
        "update_batch" => {
            let items = args.objects("roles")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let change = match item.maybe("id")? {
                    Some(id) => RoleChange::of_id(id, item.text("newName")?),
                    None => RoleChange::of(item.text("name")?, item.text("newName")?),
                };
                let mut change = change.details(role_details(item)?);
                change.tenant_id = item.string("tenantId")?;
                Ok(change)
            };
            shown(roles.update_batch(&items.iter().map(read).collect::<Sayable<Vec<_>>>()?))
        }
        "delete" => shown(roles.delete(scope, name)),
        "delete_by_id" => shown(roles.delete_by_id(scope, id)),
        "delete_batch" => shown(roles.delete_batch(scope, &args.list("roles")?)),
        "delete_batch_by_ids" => shown(roles.delete_batch_by_ids(scope, &args.list("role_ids")?)),
        "load_all" => shown(roles.load_all()),
        "search" => {
            let mut search = RoleSearch::default();
            search.tenant_ids = args.strings("tenant_ids")?;
            search.include_project_roles = args.flag("include_project_roles")?;
            search.names = args.strings("role_names")?;
            search.ids = args.strings("role_ids")?;
            search.name_like = args.string("role_name_like")?;
            search.permissions = args.strings("permission_names")?;
            shown(roles.search(&search))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

/// The details of a role, under the names that Python's arguments or the wire have.
fn role_details(args: &Args<'_>) -> Sayable<RoleDetails> {
    let mut details = RoleDetails::default();
    details.description = args.string("description")?;
    details.permissions = args.strings("permission_names")?.or(args.strings("permissionNames")?);
    details.default_role = args.flag("default")?;
    details.private = args.flag("private")?;
    Ok(details)
}

pub(super) fn permission(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let permissions = client.mgmt().permission();
    let (name, id) = (args.text("name")?, args.text("id")?);
    let new_name = args.text("new_name")?;
    let mut details = PermissionDetails::default();
    details.description = args.string("description")?;
    match method {
        "create" => shown(permissions.create(name, &details)),
        "create_batch" => {
            let items = args.objects("permissions")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let mut new = NewPermission::new(item.text("name")?);
                new.description = item.string("description")?;
                Ok(new)
            };
            shown(permissions.create_batch(&items.iter().map(read).collect::<Sayable<Vec<_>>>()?))
        }
        "update" => shown(permissions.update(name, new_name, &details)),
        "update_by_id" => shown(permissions.update_by_id(id, new_name, &details)),
        "update_batch" => {
            let items = args.objects("permissions")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let mut change = match item.maybe("id")? {
                    Some(id) => PermissionChange::of_id(id, item.text("newName")?),
                    None => PermissionChange::of(item.text("name")?, item.text("newName")?),
                };
                change.description = item.string("description")?;
                Ok(change)
            };
            shown(permissions.update_batch(&items.iter().map(read).collect::<Sayable<Vec<_>>>()?))
        }
        "delete" => shown(permissions.delete(name)),
        "delete_by_id" => shown(permissions.delete_by_id(id)),
        "delete_batch" => shown(permissions.delete_batch(&args.list("names")?)),
        "delete_batch_by_ids" => shown(permissions.delete_batch_by_ids(&args.list("ids")?)),
        "load_all" => shown(permissions.load_all()),
        _ => Err(Unsayable::NoAdapter),
    }
}

pub(super) fn group(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let groups = client.mgmt().group();
    let tenant = args.text("tenant_id")?;
    let mut options = GroupOptions::default();
    options.sso_id = args.string("sso_id")?;
    match method {
        "load_all_groups" => shown(groups.load_all(tenant, &options)),
        "load_all_groups_for_members" => {
            let none: [&str; 0] = [];
            let mut members = Members::of_users(none);
            members.user_ids = args.strings("user_ids")?;
            members.login_ids = args.strings("login_ids")?;
            shown(groups.load_all_for_members(tenant, &members, &options))
        }
        "load_all_group_members" => {
            shown(groups.load_members(tenant, args.text("group_id")?, &options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}
