//! Other services that act for users and tenants, and the tokens for them.

use descope::mgmt::outbound_app::{
    InTenant, NewOutboundApp, OutboundAppSettings, OutboundAppUpdate, OutboundToken,
    OutboundTokens, RefreshCheck, TenantTokenOptions, TenantTokenUpload, TokenAge, TokenUpload,
    TokensToDelete, UrlParam, UserTokenOptions, UserTokenUpload,
};
use descope::{Client, UnixTime};

use crate::args::{Args, Sayable, Unsayable};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let apps = client.mgmt().outbound_app();
    let (id, name) = (args.text("id")?, args.text("name")?);
    let (app_id, user_id) = (args.text("app_id")?, args.text("user_id")?);
    match method {
        "create_application" => {
            let mut new = NewOutboundApp::default().settings(settings(args)?);
            new.id = args.string("id")?;
            new.client_id = args.string("client_id")?;
            new.client_secret = args.maybe("client_secret")?.map(Into::into);
            shown(apps.create(name, &new))
        }
        "update_application" => {
            let mut update = OutboundAppUpdate::default().settings(settings(args)?);
            update.client_id = args.string("client_id")?;
            update.client_secret = args.maybe("client_secret")?.map(Into::into);
            shown(apps.update(id, name, &update))
        }
        "delete_application" => shown(apps.delete(id)),
        "load_application" => shown(apps.load(id)),
        "load_all_applications" => shown(apps.load_all()),
        "list_apps_with_user_token" => shown(apps.load_connected(user_id, &in_tenant(args)?)),
        "delete_token" => shown(apps.delete_token(args.text("token_id")?)),
        "delete_user_tokens" => {
            let tokens = match (args.maybe("app_id")?, args.maybe("user_id")?) {
                (Some(app_id), Some(user_id)) => TokensToDelete::OfUserInApp { app_id, user_id },
                (Some(app_id), None) => TokensToDelete::OfApp(app_id),
                (None, Some(user_id)) => TokensToDelete::OfUser(user_id),
                (None, None) => return Err(Unsayable::Type("no condition".to_owned())),
            };
            shown(apps.delete_user_tokens(tokens))
        }
        "upload_user_api_key" => {
            let key = args.text("api_key")?;
            shown(apps.upload_user_api_key(app_id, user_id, key, &in_tenant(args)?))
        }
        "upload_tenant_api_key" => {
            let (tenant, key) = (args.text("tenant_id")?, args.text("api_key")?);
            shown(apps.upload_tenant_api_key(app_id, tenant, key))
        }
        _ if method.contains("upload") => upload(client, method, args),
        _ => fetch(apps.tokens(), method, args),
    }
}

/// With the token of an inbound application.
pub(super) fn by_token(client: &Client, method: &str, args: &Args<'_>) -> Call {
    fetch(client.mgmt().outbound_app().tokens_as(args.text("token")?), method, args)
}

fn fetch(tokens: OutboundTokens<'_>, method: &str, args: &Args<'_>) -> Call {
    let (app, user, tenant) =
        (args.text("app_id")?, args.text("user_id")?, args.text("tenant_id")?);
    let scopes = args.list("scopes")?;
    let mut of_user = UserTokenOptions::default();
    of_user.tenant_id = args.string("tenant_id")?;
    let mut of_tenant = TenantTokenOptions::default();
    if let Some(options) = args.object("options")? {
        of_user.with_refresh_token = options.flag("withRefreshToken")?;
        let age = |fresh| if fresh { TokenAge::Fresh } else { TokenAge::Any };
        of_user.age = options.flag("forceRefresh")?.map(age);
        of_tenant.with_refresh_token = of_user.with_refresh_token;
        of_tenant.age = of_user.age;
    }
    token(match method {
        "fetch_token" => tokens.load_for_user(app, user, &of_user),
        "fetch_token_by_scopes" => tokens.load_for_user_with_scopes(app, user, &scopes, &of_user),
        "fetch_tenant_token" => tokens.load_for_tenant(app, tenant, &of_tenant),
        "fetch_tenant_token_by_scopes" => {
            tokens.load_for_tenant_with_scopes(app, tenant, &scopes, &of_tenant)
        }
        _ => return Err(Unsayable::NoAdapter),
    })
}

fn token(token: descope::Result<OutboundToken>) -> Call {
    bared(token, |token| {
        [("accessToken", Some(&token.access_token)), ("refreshToken", token.refresh_token.as_ref())]
    })
}

fn in_tenant(args: &Args<'_>) -> Sayable<InTenant> {
    let mut options = InTenant::default();
    options.tenant_id = args.string("tenant_id")?;
    Ok(options)
}

fn upload(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let apps = client.mgmt().outbound_app();
    let check = match args.flag("verify_refresh")? {
        Some(true) => RefreshCheck::Verify,
        _ => RefreshCheck::Skip,
    };
    let python = |name: &'static str| name;
    match method {
        "upload_user_token" => {
            let mut upload = UserTokenUpload::new(
                args.text("app_id")?,
                args.text("user_id")?,
                token_upload(args, python)?,
            );
            upload.tenant_id = args.string("tenant_id")?;
            shown(apps.upload_user_token(&upload, check))
        }
        "upload_tenant_token" => {
            let (app, tenant) = (args.text("app_id")?, args.text("tenant_id")?);
            let upload = TenantTokenUpload::new(app, tenant, token_upload(args, python)?);
            shown(apps.upload_tenant_token(&upload, check))
        }
        "batch_upload_user_tokens" => {
            let items = args.objects("tokens")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let (app, user) = (item.text("appId")?, item.text("userId")?);
                Ok(UserTokenUpload::new(app, user, token_upload(item, wire)?))
            };
            let uploads = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            shown(apps.upload_user_token_batch(&uploads))
        }
        "batch_upload_tenant_tokens" => {
            let items = args.objects("tokens")?.unwrap_or_default();
            let read = |item: &Args<'_>| {
                let (app, tenant) = (item.text("appId")?, item.text("tenantId")?);
                Ok(TenantTokenUpload::new(app, tenant, token_upload(item, wire)?))
            };
            let uploads = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            shown(apps.upload_tenant_token_batch(&uploads))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

/// The names that the members of a batch have: those of the wire.
fn wire(name: &'static str) -> &'static str {
    match name {
        "access_token" => "accessToken",
        "refresh_token" => "refreshToken",
        "id_token" => "idToken",
        "access_token_expiry" => "accessTokenExpiry",
        "access_token_type" => "accessTokenType",
        "external_identifier" => "externalIdentifier",
        "granted_by" => "grantedBy",
        name => name,
    }
}

fn token_upload(args: &Args<'_>, name: fn(&'static str) -> &'static str) -> Sayable<TokenUpload> {
    let access = args.maybe(name("access_token"))?;
    let mut token = match (access, args.maybe(name("refresh_token"))?) {
        (Some(access), Some(refresh)) => TokenUpload::both(access, refresh),
        (Some(access), None) => TokenUpload::access_token(access),
        (None, Some(refresh)) => TokenUpload::refresh_token(refresh),
        (None, None) => return Err(Unsayable::Type("no token".to_owned())),
    };
    token.id_token = args.maybe(name("id_token"))?.map(Into::into);
    let expiry = args.count(name("access_token_expiry"))?;
    token.access_token_expiry = expiry.map(|time| UnixTime::from_seconds(time.into()));
    token.access_token_type = args.string(name("access_token_type"))?;
    token.scopes = args.strings(name("scopes"))?;
    token.external_identifier = args.string(name("external_identifier"))?;
    token.granted_by = args.string(name("granted_by"))?;
    Ok(token)
}

fn settings(args: &Args<'_>) -> Sayable<OutboundAppSettings> {
    let mut settings = OutboundAppSettings::default();
    settings.description = args.string("description")?;
    settings.logo = args.string("logo")?;
    settings.discovery_url = args.string("discovery_url")?;
    settings.authorization_url = args.string("authorization_url")?;
    settings.authorization_url_params = params(args, "authorization_url_params")?;
    settings.token_url = args.string("token_url")?;
    settings.token_url_params = params(args, "token_url_params")?;
    settings.revocation_url = args.string("revocation_url")?;
    settings.default_scopes = args.strings("default_scopes")?;
    settings.default_redirect_url = args.string("default_redirect_url")?;
    settings.callback_domain = args.string("callback_domain")?;
    settings.pkce = args.flag("pkce")?;
    settings.access_type = args.parsed("access_type")?;
    settings.prompt = args.parsed("prompt")?;
    Ok(settings)
}

fn params(args: &Args<'_>, name: &str) -> Sayable<Option<Vec<UrlParam>>> {
    let Some(items) = args.objects(name)? else { return Ok(None) };
    let read = |item: &Args<'_>| Ok(UrlParam::new(item.text("name")?, item.text("value")?));
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}
