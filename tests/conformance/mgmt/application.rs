//! Applications that sign in with Descope as their identity provider.

use descope::Client;
use descope::mgmt::sso_application::{
    NewOidcApplication, NewSamlApplication, NewWsFedApplication, OidcApplication, SamlApplication,
    SamlAttribute, SamlGroups, SamlRole, SecretOptions, WsFedApplication,
};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let apps = client.mgmt().sso_application();
    let (name, id) = (args.text("name")?, args.text_or_empty("id")?);
    let new_id = args.string("id")?;
    match method {
        "create_oidc_application" => {
            let mut new = NewOidcApplication::new(oidc(args)?);
            new.id = new_id;
            shown(apps.create_oidc(name, &new))
        }
        "update_oidc_application" => shown(apps.update_oidc(id, name, &oidc(args)?)),
        "create_saml_application" => {
            let mut new = NewSamlApplication::new(saml(args)?);
            new.id = new_id;
            shown(apps.create_saml(name, &new))
        }
        "update_saml_application" => shown(apps.update_saml(id, name, &saml(args)?)),
        "create_wsfed_application" => {
            let mut new = NewWsFedApplication::new(wsfed(args)?);
            new.id = new_id;
            shown(apps.create_wsfed(name, &new))
        }
        "update_wsfed_application" => shown(apps.update_wsfed(id, name, &wsfed(args)?)),
        "delete" => shown(apps.delete(id)),
        "load" => shown(apps.load(id)),
        "load_all" => shown(apps.load_all()),
        "get_application_secret" => {
            let mut options = SecretOptions::default();
            options.name = args.string("secret_name")?;
            bared(apps.load_secret(id, &options), |secret| [("cleartext", Some(secret))])
        }
        "rotate_application_secret" => {
            bared(apps.rotate_secret(id), |secret| [("cleartext", Some(secret))])
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

/// Sets what applications of each kind have in common.
macro_rules! set_app {
    ($app:ident, $args:ident) => {
        $app.description = $args.string("description")?;
        $app.logo = $args.string("logo")?;
        $app.enabled = $args.not_null("enabled")?.flag("enabled")?;
        $app.login_page_url = $args.string("login_page_url")?;
        $app.force_authentication = $args.flag("force_authentication")?;
    };
}

fn oidc(args: &Args<'_>) -> Sayable<OidcApplication> {
    let mut app = OidcApplication::default();
    set_app!(app, args);
    Ok(app)
}

fn saml(args: &Args<'_>) -> Sayable<SamlApplication> {
    let by_metadata = args.flag("use_metadata_info")?.unwrap_or_default();
    let metadata = args.maybe("metadata_url")?;
    let own = ["entity_id", "acs_url", "certificate"].map(|name| args.maybe(name)).into_iter();
    let own = own.collect::<Sayable<Vec<_>>>()?;
    let mut app = match (by_metadata, metadata, &*own) {
        (true, Some(url), [None, None, None]) => SamlApplication::by_metadata(url),
        (false, None, [Some(id), Some(acs), Some(cert)]) => SamlApplication::new(*id, *acs, *cert),
        _ => return Err(Unsayable::Type("its metadata, or all of its values".to_owned())),
    };
    set_app!(app, args);
    app.acs_allowed_callbacks = args.strings("acs_allowed_callbacks")?;
    app.attribute_mapping = attributes(args)?;
    app.groups_mapping = groups(args)?;
    app.subject_name_id_type = args.string("subject_name_id_type")?;
    app.subject_name_id_format = args.string("subject_name_id_format")?;
    app.default_relay_state = args.string("default_relay_state")?;
    app.default_signature_algorithm = args.string("default_signature_algorithm")?;
    app.logout_redirect_url = args.string("logout_redirect_url")?;
    Ok(app)
}

fn wsfed(args: &Args<'_>) -> Sayable<WsFedApplication> {
    let mut app = WsFedApplication::default();
    set_app!(app, args);
    app.realm = args.string("realm")?;
    app.reply_url = args.string("reply_url")?;
    app.reply_allowed_callbacks = args.strings("reply_allowed_callbacks")?;
    app.attribute_mapping = attributes(args)?;
    app.groups_mapping = groups(args)?;
    app.logout_redirect_url = args.string("logout_redirect_url")?;
    app.error_redirect_url = args.string("error_redirect_url")?;
    Ok(app)
}

fn attributes(args: &Args<'_>) -> Sayable<Option<Vec<SamlAttribute>>> {
    let Some(items) = args.objects("attribute_mapping")? else { return Ok(None) };
    let read = |item: &Args<'_>| {
        Ok(SamlAttribute::new(item.text("name")?, item.text("type")?, item.text("value")?))
    };
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}

fn groups(args: &Args<'_>) -> Sayable<Option<Vec<SamlGroups>>> {
    let Some(items) = args.objects("groups_mapping")? else { return Ok(None) };
    let role = |item: &Args<'_>| Ok(SamlRole::new(item.text("id")?, item.text("name")?));
    let read = |item: &Args<'_>| {
        let roles = item.objects("roles")?.unwrap_or_default();
        let roles = roles.iter().map(role).collect::<Sayable<Vec<_>>>()?;
        let (name, kind) = (item.text("name")?, item.text("type")?);
        let (filter, value) = (item.text("filter_type")?, item.text("value")?);
        Ok(SamlGroups::new(name, kind, filter, value).roles(roles))
    };
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}
