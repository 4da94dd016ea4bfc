//! Lists, the password policy, and outbound SCIM.

use descope::mgmt::list::{ListData, ListImport, ListOptions, Matching};
use descope::mgmt::outbound_scim::ScimOptions;
use descope::mgmt::password::PasswordSettings;
use descope::{Client, Scope};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, shown};

pub(super) fn list(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let lists = client.mgmt().list();
    let (id, name) = (args.text("id")?, args.text("name")?);
    match method {
        "create" | "update" => {
            let data = data(args, "list_type")?;
            let mut options = ListOptions::default();
            options.description = args.string("description")?;
            match method {
                "create" => shown(lists.create(name, &data, &options)),
                _ => shown(lists.update(id, name, &data, &options)),
            }
        }
        "load" => shown(lists.load(id)),
        "load_by_name" => shown(lists.load_by_name(name)),
        "load_all" => shown(lists.load_all()),
        "delete" => shown(lists.delete(id)),
        "clear" => shown(lists.clear(id)),
        "import_lists" => {
            let items = args.objects("lists")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let mut list = ListImport::new(item.text("name")?, data(item, "type")?);
                list.id = item.string("id")?;
                list.description = item.string("description")?;
                Ok(list)
            };
            shown(lists.import(&items.iter().map(read).collect::<Sayable<Vec<_>>>()?))
        }
        "add_ips" => shown(lists.add_ips(id, &args.list("ips")?)),
        "remove_ips" => shown(lists.remove_ips(id, &args.list("ips")?)),
        "check_ip" => shown(lists.check_ip(id, args.text("ip")?)),
        "add_texts" => shown(lists.add_texts(id, &args.list("texts")?)),
        "remove_texts" => shown(lists.remove_texts(id, &args.list("texts")?)),
        "check_text" => shown(lists.check_text(id, args.text("text")?)),
        "check_texts" => {
            let matching = match args.flag("match_all")? {
                Some(true) => Matching::All,
                _ => Matching::Any,
            };
            shown(lists.check_texts(id, &args.list("texts")?, matching))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn data(args: &Args<'_>, kind: &str) -> Sayable<ListData> {
    let kind = args.text(kind)?;
    let data = args.value("data").ok_or_else(|| Unsayable::Type("data: not set".to_owned()))?;
    match kind {
        "texts" => Ok(ListData::texts(args.list("data")?)),
        "ips" => Ok(ListData::ips(args.list("data")?)),
        _ => Ok(ListData::Json(data.clone())),
    }
}

pub(super) fn password(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let passwords = client.mgmt().password();
    let scope = match args.maybe("tenant_id")? {
        None | Some("") => Scope::Project,
        Some(tenant) => Scope::Tenant(tenant),
    };
    match method {
        "get_settings" => shown(passwords.load_settings(scope)),
        "configure_settings" => {
            let settings: PasswordSettings = args.parsed("settings")?.unwrap_or_default();
            shown(passwords.update_settings(scope, &settings))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

pub(super) fn outbound_scim(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let scim = client.mgmt().outbound_scim();
    let app_id = args.text("app_id")?;
    let mut options = ScimOptions::default();
    options.configuration = args.map("configuration")?;
    match method {
        "create_configuration" => shown(scim.create(app_id, &options)),
        "load_configuration" => shown(scim.load(app_id)),
        "update_configuration" => {
            let version = args.count("version")?.unwrap_or_default();
            shown(scim.update(app_id, version.into(), &options))
        }
        "set_enabled" => match args.flag("enabled")? {
            Some(true) => shown(scim.enable(app_id)),
            _ => shown(scim.disable(app_id)),
        },
        "delete_configuration" => shown(scim.delete(app_id)),
        _ => Err(Unsayable::NoAdapter),
    }
}
