//! How a tenant's users sign in over its identity provider.

use descope::Client;
use descope::mgmt::sso::{
    AttributeMapping, ConfigurationOptions, FgaMapping, FgaRelation, LegacyOptions,
    OidcAttributeMapping, OidcProvider, RedirectUrls, RoleMapping, SamlMetadata, SamlOptions,
    SamlProvider,
};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let sso = client.mgmt().sso();
    let tenant = args.text("tenant_id")?;
    let mut options = ConfigurationOptions::default();
    options.sso_id = args.string("sso_id")?;
    match method {
        "load_settings" => shown(sso.load(tenant, &options)),
        "load_all_settings" => shown(sso.load_all(tenant)),
        "new_settings" => shown(sso.create(tenant, args.text("display_name")?, &options)),
        "delete_settings" => shown(sso.delete(tenant, &options)),
        "configure_oidc_settings" => shown(sso.configure_oidc(tenant, &oidc(args)?)),
        "configure_saml_settings" => {
            let given = required(args, "settings")?;
            let url = given.text("idp_url")?;
            let (entity, cert) = (given.text("idp_entity_id")?, given.text("idp_cert")?);
            let mut provider = SamlProvider::new(url, entity, cert);
            provider.additional_certificates = given.strings("idp_additional_certs")?;
            shown(sso.configure_saml(tenant, &provider, &saml_options(args, &given)?))
        }
        "configure_saml_settings_by_metadata" => {
            let given = required(args, "settings")?;
            let mut metadata = SamlMetadata::new(given.text("idp_metadata_url")?);
            metadata.entity_id = given.string("idp_entity_id")?;
            shown(sso.configure_saml_by_metadata(tenant, &metadata, &saml_options(args, &given)?))
        }
        "configure_sso_redirect_url" => {
            let mut urls = RedirectUrls::default();
            urls.saml = args.string("saml_redirect_url")?;
            urls.oauth = args.string("oauth_redirect_url")?;
            urls.sso_id = options.sso_id;
            shown(sso.configure_redirect_urls(tenant, &urls))
        }
        "configure_auth_type" => {
            let Some(auth_type) = args.parsed("auth_type")? else {
                return Err(Unsayable::Type("no auth_type".to_owned()));
            };
            shown(sso.configure_auth_type(tenant, &auth_type, &options))
        }
        "recalculate_sso_mappings" => shown(sso.recalculate_mappings(tenant, &options)),
        _ => legacy(client, method, args),
    }
}

#[expect(deprecated, reason = "the recordings have it")]
fn legacy(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let sso = client.mgmt().sso();
    let tenant = args.text("tenant_id")?;
    let mut options = LegacyOptions::default();
    options.redirect_url = args.string("redirect_url")?;
    options.domains = args.strings("domains")?;
    match method {
        "get_settings" => shown(sso.load_legacy(tenant)),
        "configure" => {
            let (url, entity) = (args.text("idp_url")?, args.text("entity_id")?);
            shown(sso.configure(tenant, url, entity, args.text("idp_cert")?, &options))
        }
        "configure_via_metadata" => {
            shown(sso.configure_via_metadata(tenant, args.text("idp_metadata_url")?, &options))
        }
        "mapping" => {
            let mapping = attribute_mapping(&required(args, "attribute_mapping")?)?;
            let roles = role_mappings(args)?.unwrap_or_default();
            shown(sso.mapping(tenant, &roles, &mapping))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

/// An object without which Rust cannot make the call.
pub(super) fn required<'a>(args: &Args<'a>, name: &str) -> Sayable<Args<'a>> {
    args.object(name)?.ok_or_else(|| Unsayable::Type(format!("no {name}")))
}

fn oidc(args: &Args<'_>) -> Sayable<OidcProvider> {
    let given = required(args, "settings")?;
    let mut provider = OidcProvider::new(given.text("name")?, given.text("client_id")?);
    provider.client_secret = given.maybe("client_secret")?.map(Into::into);
    provider.redirect_url = given.string("redirect_url")?;
    provider.auth_url = given.string("auth_url")?;
    provider.token_url = given.string("token_url")?;
    provider.user_data_url = given.string("user_data_url")?;
    provider.jwks_url = given.string("jwks_url")?;
    provider.scope = given.strings("scope")?;
    provider.manage_provider_tokens = given.flag("manage_provider_tokens")?;
    provider.callback_domain = given.string("callback_domain")?;
    provider.prompt = given.strings("prompt")?;
    provider.grant_type = given.string("grant_type")?;
    provider.issuer = given.string("issuer")?;
    provider.use_pkce = given.flag("use_pkce")?;
    provider.groups_priority = given.strings("groups_priority")?;
    provider.fga_mappings = fga_mappings(&given)?;
    provider.domains = args.strings("domains")?;
    provider.sso_id = args.string("sso_id")?;
    if let Some(mapping) = given.object("attribute_mapping")? {
        let mut read = OidcAttributeMapping::default();
        read.login_id = mapping.string("login_id")?;
        read.name = mapping.string("name")?;
        read.given_name = mapping.string("given_name")?;
        read.middle_name = mapping.string("middle_name")?;
        read.family_name = mapping.string("family_name")?;
        read.email = mapping.string("email")?;
        read.verified_email = mapping.string("verified_email")?;
        read.username = mapping.string("username")?;
        read.phone_number = mapping.string("phone_number")?;
        read.verified_phone = mapping.string("verified_phone")?;
        read.picture = mapping.string("picture")?;
        provider.attribute_mapping = Some(read);
    }
    Ok(provider)
}

fn saml_options(args: &Args<'_>, given: &Args<'_>) -> Sayable<SamlOptions> {
    let mut options = SamlOptions::default();
    if let Some(mapping) = given.object("attribute_mapping")? {
        options.attribute_mapping = Some(attribute_mapping(&mapping)?);
    }
    options.role_mappings = role_mappings(given)?;
    options.default_roles = given.strings("default_sso_roles")?;
    options.groups_priority = given.strings("groups_priority")?;
    options.fga_mappings = fga_mappings(given)?;
    options.fga_tenant_id_prefix = given.string("config_fga_tenant_id_resource_prefix")?;
    options.fga_tenant_id_suffix = given.string("config_fga_tenant_id_resource_suffix")?;
    options.sp_acs_url = given.string("sp_acs_url")?;
    options.sp_entity_id = given.string("sp_entity_id")?;
    options.disable_sign_request = given.flag("disable_sign_request")?;
    options.redirect_url = args.string("redirect_url")?;
    options.domains = args.strings("domains")?;
    options.sso_id = args.string("sso_id")?;
    Ok(options)
}

pub(super) fn attribute_mapping(given: &Args<'_>) -> Sayable<AttributeMapping> {
    let mut mapping = AttributeMapping::default();
    mapping.name = given.string("name")?;
    mapping.given_name = given.string("given_name")?;
    mapping.middle_name = given.string("middle_name")?;
    mapping.family_name = given.string("family_name")?;
    mapping.picture = given.string("picture")?;
    mapping.email = given.string("email")?;
    mapping.phone_number = given.string("phone_number")?;
    mapping.group = given.string("group")?;
    mapping.custom_attributes =
        given.text_map("custom_attributes")?.map(|entries| entries.into_iter().collect());
    Ok(mapping)
}

pub(super) fn role_mappings(args: &Args<'_>) -> Sayable<Option<Vec<RoleMapping>>> {
    let Some(items) = args.objects("role_mappings")? else { return Ok(None) };
    let read =
        |item: &Args<'_>| Ok(RoleMapping::new(item.text("role_name")?, item.list("groups")?));
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}

pub(super) fn fga_mappings(
    args: &Args<'_>,
) -> Sayable<Option<std::collections::BTreeMap<String, FgaMapping>>> {
    let Some(given) = args.object("fga_mappings")? else { return Ok(None) };
    let relation = |item: &Args<'_>| {
        let (resource, relation) = (item.text("resource")?, item.text("relation_definition")?);
        Ok(FgaRelation::new(item.text("namespace")?, resource, relation))
    };
    let mapping = |group: &str| {
        let items = given.object(group)?.and_then(|group| group.objects("relations").transpose());
        let relations = items.transpose()?.unwrap_or_default();
        let relations = relations.iter().map(relation).collect::<Sayable<Vec<_>>>()?;
        Ok((group.to_owned(), FgaMapping::new(relations)))
    };
    given.names().map(mapping).collect::<Sayable<_>>().map(Some)
}
