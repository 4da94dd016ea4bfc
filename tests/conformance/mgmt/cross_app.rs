//! Which other applications a tenant trusts.

use std::collections::BTreeMap;

use descope::Client;
use descope::mgmt::sso::{ConfigurationOptions, CrossAppUpdate, TrustedIssuer, TrustedIssuers};

use super::sso::{attribute_mapping, fga_mappings, required, role_mappings};
use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let (sso, tenant) = (client.mgmt().sso(), args.text("tenant_id")?);
    let mut options = ConfigurationOptions::default();
    options.sso_id = args.string("sso_id")?;
    match method {
        "load_xaa_settings" => shown(sso.load_cross_app_access(tenant, &options)),
        "load_all_xaa_settings" => shown(sso.load_all_cross_app_access(tenant)),
        "delete_xaa_settings" => shown(sso.delete_cross_app_access(tenant, &options)),
        "configure_xaa_settings" => shown(sso.update_cross_app_access(tenant, &update(args)?)),
        _ => Err(Unsayable::NoAdapter),
    }
}

fn update(args: &Args<'_>) -> Sayable<CrossAppUpdate> {
    let given = required(args, "settings")?;
    let mut update = CrossAppUpdate::default();
    update.sso_id = args.string("sso_id")?;
    update.enabled = given.flag("enabled")?;
    if let Some(trust) = given.object("settings")? {
        update.trust = Some(trusted(&trust)?);
    }
    update.role_mappings = role_mappings(&given)?;
    update.default_roles = given.strings("default_sso_roles")?;
    update.fga_mappings = fga_mappings(&given)?;
    update.groups_priority = given.strings("groups_priority")?;
    update.group_priority_enabled = given.flag("group_priority_enabled")?;
    update.allow_override_roles = given.flag("allow_override_roles")?;
    update.provider_id = given.string("provider_id")?;
    Ok(update)
}

fn trusted(given: &Args<'_>) -> Sayable<TrustedIssuers> {
    let mut trust = TrustedIssuers::default();
    if let Some(issuers) = given.object("issuers")? {
        let read = |name: &str| Ok((name.to_owned(), issuer(&required(&issuers, name)?)?));
        trust.issuers = issuers.names().map(read).collect::<Sayable<BTreeMap<_, _>>>()?;
    }
    trust.audience_to_use = given.string("jwt_bearer_grant_type_audience_to_use")?;
    trust.scope_to_use = given.string("jwt_bearer_grant_type_scope_to_use")?;
    trust.custom_claims_to_use = given.string("jwt_bearer_grant_type_custom_claims_to_use")?;
    Ok(trust)
}

fn issuer(given: &Args<'_>) -> Sayable<TrustedIssuer> {
    let mut issuer = TrustedIssuer::default();
    issuer.jwks_uri = given.string("jwks_uri")?;
    issuer.sign_algorithm = given.string("sign_algorithm")?;
    issuer.user_info_uri = given.string("user_info_uri")?;
    issuer.external_id_field_name = given.string("external_id_field_name")?;
    issuer.jit_disabled = given.flag("jit_disabled")?;
    if let Some(mapping) = given.object("attribute_mapping")? {
        issuer.attribute_mapping = Some(attribute_mapping(&mapping)?);
    }
    Ok(issuer)
}
