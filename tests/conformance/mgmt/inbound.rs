//! Applications that use this project, and the claims that scopes give.

use descope::Client;
use descope::mgmt::inbound_app::{
    AppScope, ConsentFilter, ConsentSearch, InboundAppPatch, InboundAppSearch, InboundAppSettings,
    NewInboundApp, SecretOptions, TenantConsentFilter,
};
use descope::mgmt::scope_claim_mapping::ScopeClaims;

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let apps = client.mgmt().inbound_app();
    let (id, name) = (args.text("id")?, args.text("name")?);
    match method {
        "create" => {
            let new = NewInboundApp::default().settings(settings(args)?);
            bared(apps.create(name, &new), |app| [("cleartext", app.cleartext.as_ref())])
        }
        "load" => shown(apps.load(id)),
        "load_all" => shown(apps.search(&InboundAppSearch::default())),
        "update" => shown(apps.update(id, name, &settings(args)?)),
        "patch" => {
            let mut patch = InboundAppPatch::default().settings(settings(args)?);
            patch.name = args.string("name")?;
            shown(apps.patch(id, &patch))
        }
        "delete" => shown(apps.delete(id)),
        "delete_batch" => shown(apps.delete_batch(&args.list("ids")?)),
        "get_secret" => {
            let secret = apps.load_secret(id, &SecretOptions::default());
            bared(secret, |secret| [("cleartext", Some(secret))])
        }
        "rotate_secret" => bared(apps.rotate_secret(id), |secret| [("cleartext", Some(secret))]),
        _ => consents(client, method, args),
    }
}

fn consents(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let apps = client.mgmt().inbound_app();
    match method {
        "search_consents" => shown(apps.search_consents(&ConsentSearch::default())),
        "delete_consents" => {
            let Some(app) = args.maybe("app_id")? else {
                return Err(Unsayable::Type("no condition".to_owned()));
            };
            shown(apps.delete_consents(&ConsentFilter::of_app(app)))
        }
        "delete_tenant_consents" => {
            let all = TenantConsentFilter::all();
            shown(apps.delete_tenant_consents(args.text("tenant_id")?, &all))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn settings(args: &Args<'_>) -> Sayable<InboundAppSettings> {
    let mut settings = InboundAppSettings::default();
    settings.description = args.string("description")?;
    settings.logo = args.string("logo")?;
    settings.login_page_url = args.string("login_page_url")?;
    settings.approved_callback_urls = args.strings("approved_callback_urls")?;
    let scope = |item: &Args<'_>| {
        let mut scope = AppScope::new(item.text("name")?, item.list("values")?);
        scope.description = item.string("description")?;
        scope.optional = item.flag("optional")?;
        Ok(scope)
    };
    if let Some(scopes) = args.objects("permissions_scopes")? {
        settings.permissions_scopes = Some(scopes.iter().map(scope).collect::<Sayable<_>>()?);
    }
    settings.custom_attributes = args.map("custom_attributes")?;
    settings.force_pkce = args.flag("force_pkce")?;
    settings.default_audience = args.parsed("default_audience")?;
    Ok(settings)
}

pub(super) fn scope_claim_mapping(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let mappings = client.mgmt().scope_claim_mapping();
    match method {
        "get" => shown(mappings.load_all()),
        "set" => {
            let given: Option<Vec<ScopeClaims>> = args.parsed("mappings")?;
            shown(mappings.update(&given.unwrap_or_default()))
        }
        "delete" => shown(mappings.delete_all()),
        _ => Err(Unsayable::NoAdapter),
    }
}
