//! Families and their dependents.

use descope::Client;
use descope::mgmt::family::{
    FamilyImpersonation, FamilyPatch, FamilySearch, FamilySettings, NewDependent, NewFamily,
    StopFamilyImpersonation,
};

use super::user_options::attribute;
use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let families = client.mgmt().family();
    let id = args.maybe("id")?.unwrap_or_default();
    match method {
        "create" => {
            let mut new = NewFamily::default();
            new.id = args.string("id")?;
            new.custom_attributes = args.map("custom_attributes")?;
            new.photo = args.string("photo")?;
            new.disabled = args.flag("disabled")?;
            shown(families.create(args.text("name")?, &new))
        }
        "update" => {
            let mut patch = FamilyPatch::default();
            patch.name = args.string("name")?;
            patch.custom_attributes = args.map("custom_attributes")?;
            patch.photo = args.string("photo")?;
            patch.disabled = args.flag("disabled")?;
            shown(families.patch(id, &patch))
        }
        "search_all" => {
            let mut search = FamilySearch::default();
            search.ids = args.strings("family_ids")?;
            search.names = args.strings("family_names")?;
            search.text = args.string("free_text")?;
            search.custom_attributes = args.map("custom_attributes")?;
            search.page = args.count("page")?;
            search.limit = args.count("size")?;
            shown(families.search(&search))
        }
        "delete" => shown(families.delete(id)),
        "get_settings" => shown(families.load_settings()),
        "configure_settings" => {
            let mut patch = FamilySettings::default();
            patch.enabled = args.flag("enabled")?;
            patch.max_family_members = args.count("max_family_members")?;
            patch.allow_multiple_families_users = args.flag("allow_multiple_families_users")?;
            shown(families.patch_settings(&patch))
        }
        "load_custom_attributes" => shown(families.load_custom_attributes()),
        "create_custom_attributes" => {
            let items = args.objects("attributes")?.unwrap_or_default();
            let attributes = items.iter().map(attribute).collect::<Sayable<Vec<_>>>()?;
            shown(families.create_custom_attributes(&attributes))
        }
        "delete_custom_attributes" => {
            shown(families.delete_custom_attributes(&args.list("names")?))
        }
        _ => dependent(client, method, args),
    }
}

fn dependent(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let families = client.mgmt().family();
    match method {
        "create_dependent" => {
            let mut new = NewDependent::default();
            new.login_id = args.string("login_id")?;
            new.name = args.string("name")?;
            new.given_name = args.string("given_name")?;
            new.middle_name = args.string("middle_name")?;
            new.family_name = args.string("family_name")?;
            new.email = args.string("email")?;
            new.phone = args.string("phone")?;
            new.picture = args.string("picture")?;
            new.custom_attributes = args.map("custom_attributes")?;
            new.family_scoped_attributes = args.map("family_scoped_attributes")?;
            shown(families.create_dependent(args.text("family_id")?, &new))
        }
        "delete_dependent" => shown(families.delete_dependent(args.text("user_id")?)),
        "impersonate_dependent" => {
            let actor = args.text("impersonator_user_id_or_login_id")?;
            let mut options = FamilyImpersonation::default();
            options.family_id = args.string("selected_family")?;
            let dependent = args.text("dependent_login_id")?;
            let token = families.impersonate_dependent(actor, dependent, &options);
            bared(token, |token| [("jwt", Some(token))])
        }
        "stop_impersonation" => {
            let mut options = StopFamilyImpersonation::default();
            options.custom_claims = args.map("custom_claims")?;
            options.refresh_duration = args.seconds("refresh_duration")?;
            let token = families.stop_impersonation(args.text("jwt")?, &options);
            bared(token, |token| [("jwt", Some(token))])
        }
        _ => Err(Unsayable::NoAdapter),
    }
}
