//! Tenants.

use descope::Client;
use descope::mgmt::tenant::{
    NewTenant, SsoLink, SsoLinkRevocation, TenantDetails, TenantPatch, TenantSearch, TenantSettings,
};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let tenants = client.mgmt().tenant();
    let id = match args.maybe("tenant_id")? {
        Some(id) => id,
        None if method == "create" => args.text_or_empty("id")?,
        None => args.text("id")?,
    };
    let name = args.text("name")?;
    match method {
        "create" => {
            let mut new = NewTenant::default().details(details(args)?);
            new.id = args.string("id")?;
            new.parent = args.string("parent_tenant_id")?;
            shown(tenants.create(name, &new))
        }
        "update" => shown(tenants.update(id, name, &details(args)?)),
        "patch_tenant" => {
            let mut patch = TenantPatch::default().details(details(args)?);
            patch.name = args.string("name")?;
            shown(tenants.patch(id, &patch))
        }
        "delete" => match args.flag("cascade")? {
            Some(true) => shown(tenants.delete_with_members(id)),
            _ => shown(tenants.delete(id)),
        },
        "load" => shown(tenants.load(id)),
        "load_all" => shown(tenants.load_all()),
        "search_all" => {
            let mut search = TenantSearch::default();
            search.ids = args.strings("ids")?;
            search.names = args.strings("names")?;
            search.self_provisioning_domains = args.strings("self_provisioning_domains")?;
            search.custom_attributes = args.map("custom_attributes")?;
            shown(tenants.search(&search))
        }
        "load_settings" => shown(tenants.load_settings(id)),
        "update_settings" => shown(tenants.configure_settings(id, &settings(args)?)),
        "update_default_roles" => {
            shown(tenants.update_default_roles(id, &args.list("role_names")?))
        }
        "generate_sso_configuration_link" => {
            let mut link = SsoLink::default();
            link.expires_in = args.seconds("expire_time")?;
            link.sso_id = args.string("sso_id")?;
            link.email = args.string("email")?;
            link.actor_id = args.string("actor_id")?;
            link.template_id = args.string("template_id")?;
            let made = tenants.generate_sso_configuration_link(id, &link);
            bared(made, |link| [("adminSSOConfigurationLink", Some(link))])
        }
        "revoke_sso_configuration_link" => {
            let mut options = SsoLinkRevocation::default();
            options.sso_id = args.string("sso_id")?;
            shown(tenants.revoke_sso_configuration_link(id, &options))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn details(args: &Args<'_>) -> Sayable<TenantDetails> {
    let mut details = TenantDetails::default();
    details.self_provisioning_domains = args.strings("self_provisioning_domains")?;
    details.custom_attributes = args.map("custom_attributes")?;
    details.enforce_sso = args.flag("enforce_sso")?;
    details.enforce_sso_exclusions = args.strings("enforce_sso_exclusions")?;
    details.federated_app_ids = args.strings("federated_app_ids")?;
    details.disabled = args.flag("disabled")?;
    details.role_inheritance = args.parsed("role_inheritance")?;
    Ok(details)
}

fn settings(args: &Args<'_>) -> Sayable<TenantSettings> {
    let mut settings = TenantSettings::default();
    settings.self_provisioning_domains = args.strings("self_provisioning_domains")?;
    settings.domains = args.strings("domains")?;
    settings.auth_type = args.parsed("auth_type")?;
    settings.enabled = args.flag("session_settings_enabled")?;
    settings.refresh_token_expiration = args.count("refresh_token_expiration")?;
    settings.refresh_token_expiration_unit = args.parsed("refresh_token_expiration_unit")?;
    settings.session_token_expiration = args.count("session_token_expiration")?;
    settings.session_token_expiration_unit = args.parsed("session_token_expiration_unit")?;
    settings.stepup_token_expiration = args.count("stepup_token_expiration")?;
    settings.stepup_token_expiration_unit = args.parsed("stepup_token_expiration_unit")?;
    settings.enable_inactivity = args.flag("enable_inactivity")?;
    settings.inactivity_time = args.count("inactivity_time")?;
    settings.inactivity_time_unit = args.parsed("inactivity_time_unit")?;
    settings.jit_disabled = args.flag("JITDisabled")?.or(args.flag("jit_disabled")?);
    settings.sso_setup_suite_settings = args.parsed("sso_setup_suite_settings")?;
    settings.enforce_sso = args.flag("enforce_sso")?;
    settings.enforce_sso_exclusions = args.strings("enforce_sso_exclusions")?;
    settings.federated_app_ids = args.strings("federated_app_ids")?;
    Ok(settings)
}
