//! Single sign-on of tenants.

#![allow(deprecated, reason = "the older settings have defaults of their own")]

use descope::mgmt::sso::{
    AttributeMapping, LegacyOptions, OidcProvider, RoleMapping, SamlOptions, SamlProvider,
};

use crate::world::{Fact, Outcome, World, done, holds, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "descope_introduces_itself_by_project_and_tenant", check: service_provider },
    Fact { name: "a_new_tenant_has_the_older_settings_with_defaults", check: defaults },
    Fact { name: "the_older_settings_keep_what_is_not_given", check: kept },
    Fact { name: "the_settings_of_oidc_are_shown_without_the_secret", check: oidc },
];

fn introduces_itself(world: &World, tenant: &str, id: &str, url: &str) -> Outcome {
    let project = world.client.project_id();
    same("the entity ID", id, &*format!("{project}-{tenant}"))?;
    holds(&format!("{url} names the project"), url.contains(&format!("projectId={project}")))?;
    holds(&format!("{url} names the tenant"), url.contains(&format!("tenantId={tenant}")))
}

fn service_provider(world: &World) -> Outcome {
    let (tenant, role) = (world.tenant()?, world.role()?);
    let provider = SamlProvider::new("https://idp.example.com/saml", "entity", "my certificate");
    let options = SamlOptions::default().role_mappings([RoleMapping::new(&*role, ["grp1"])]);
    let sso = world.client.mgmt().sso();
    done("configure_saml", sso.configure_saml(&tenant, &provider, &options))?;
    let saml = done("load", sso.load(&tenant, &Default::default()))?.saml;
    same("the mapped roles", saml.groups_mapping.len(), 1)?;
    same("the mapped role", &*saml.groups_mapping[0].role.name, &*role)?;
    introduces_itself(world, &tenant, &saml.sp_entity_id, &saml.sp_acs_url)
}

fn defaults(world: &World) -> Outcome {
    let tenant = world.tenant()?;
    let settings = done("load_legacy", world.client.mgmt().sso().load_legacy(&tenant))?;
    introduces_itself(world, &tenant, &settings.sp_entity_id, &settings.sp_acs_url)?;
    let empty = [settings.idp_entity_id, settings.idp_sso_url, settings.idp_certificate].concat();
    same("what is set", empty + &settings.domain, "")?;
    let mapping = settings.user_mapping;
    let mapped =
        [mapping.name, mapping.email, mapping.phone_number, mapping.username, mapping.group];
    same("the mapping", mapped.join("|"), "name|email|phone||")?;
    same("the given name", mapping.extra.get("givenName").and_then(|of| of.as_str()), Some(""))
}

fn kept(world: &World) -> Outcome {
    let tenant = world.tenant()?;
    let sso = world.client.mgmt().sso();
    let options = LegacyOptions::default().redirect_url("https://app.example.com/back");
    let configured = sso.configure(&tenant, "https://idp.example.com", "entity", "cert", &options);
    done("configure", configured)?;
    let by_metadata = sso.configure_via_metadata(
        &tenant,
        "https://idp.example.com/metadata",
        &Default::default(),
    );
    done("configure_via_metadata", by_metadata)?;
    let mapping = AttributeMapping::default().name("MyName");
    done("mapping", sso.mapping(&tenant, &[RoleMapping::new("Tenant Admin", ["a"])], &mapping))?;
    let settings = done("load_legacy", sso.load_legacy(&tenant))?;
    same("the redirect URL", &*settings.redirect_url, "https://app.example.com/back")?;
    same("the mapped name", &*settings.user_mapping.name, "MyName")?;
    same("the mapped address", &*settings.user_mapping.email, "")?;
    introduces_itself(world, &tenant, &settings.sp_entity_id, &settings.sp_acs_url)
}

fn oidc(world: &World) -> Outcome {
    let tenant = world.tenant()?;
    let provider = OidcProvider::new("myProvider", "client").client_secret("secret");
    let sso = world.client.mgmt().sso();
    done("configure_oidc", sso.configure_oidc(&tenant, &provider))?;
    let oidc = done("load", sso.load(&tenant, &Default::default()))?.oidc;
    same("the client ID", &*oidc.client_id, "client")?;
    holds("the secret is not shown", !format!("{oidc:?}").contains("\"secret\""))
}
