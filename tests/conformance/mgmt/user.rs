//! Users.

use descope::Client;
use descope::auth::DeliveryMethod;
use descope::mgmt::user::{
    AddressUpdate, EmbeddedLinkOptions, GeneratedSignIn, LogoutOptions, NamesUpdate,
    ProviderTokenOptions, SignUpEmbeddedLinkOptions, TestMethod, UserImport,
};
use serde_json::Value;

use super::user_options::{attribute, batch, families, invitation, new_user, patch, search};
use crate::args::{Args, Sayable, Unsayable};
use crate::auth::{delivery, user};
use crate::{Call, bared, shown};

pub(super) fn call(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let users = client.mgmt().user();
    let (login_id, user_id) = (args.text("login_id")?, args.text("user_id")?);
    match method {
        "create" => {
            let mut new = new_user(args)?;
            new.invite_url = args.string("invite_url")?;
            shown(users.create(login_id, &new))
        }
        "create_test_user" => {
            let mut new = new_user(args)?;
            new.invite_url = args.string("invite_url")?;
            shown(users.create_test_user(login_id, &new))
        }
        "invite" => shown(users.invite(login_id, &new_user(args)?, &invitation(args)?)),
        "invite_batch" => shown(users.invite_batch(&batch(args)?, &invitation(args)?)),
        "update" => shown(users.update(login_id, &new_user(args)?)),
        "patch" => shown(users.patch(login_id, &patch(args)?)),
        "patch_batch" => {
            let items = args.objects("users")?.unwrap_or_default();
            let read = |item: &Args<'_>| Ok((item.text("login_id")?.to_owned(), patch(item)?));
            let patches = items.iter().map(read).collect::<Sayable<Vec<_>>>()?;
            let patches: Vec<_> =
                patches.iter().map(|(id, patch)| (&**id, patch.clone())).collect();
            shown(users.patch_batch(&patches))
        }
        "import_users" => {
            let mut import = UserImport::default();
            import.dry_run = args.flag("dryrun")?;
            import.users = args.string("users")?.map(String::into_bytes);
            import.hashes = args.string("hashes")?.map(String::into_bytes);
            shown(users.import(args.text("source")?, &import))
        }
        "load" => shown(users.load(login_id)),
        "load_by_user_id" => shown(users.load_by_user_id(user_id)),
        "load_users" => {
            shown(users.load_many(&args.list("user_ids")?, args.flag("include_invalid_users")?))
        }
        "search_all" => shown(users.search(&search(args)?)),
        "search_all_test_users" => shown(users.search_test_users(&search(args)?)),
        "delete" => shown(users.delete(login_id)),
        "delete_by_user_id" => shown(users.delete_by_user_id(user_id)),
        "delete_batch" => shown(users.delete_batch(&args.list("user_ids")?)),
        "delete_all_test_users" => shown(users.delete_all_test_users()),
        "history" => shown(users.history(&args.not_null("user_ids")?.list("user_ids")?)),
        "logout_user" => shown(users.logout(login_id, &LogoutOptions::default())),
        "logout_user_by_user_id" => {
            shown(users.logout_by_user_id(user_id, &LogoutOptions::default()))
        }
        _ => change(client, method, args),
    }
}

/// Changes of one thing of a user.
fn change(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let users = client.mgmt().user();
    let (id, tenant) = (args.text("login_id")?, args.text("tenant_id")?);
    let (roles, apps) = (args.list("role_names"), args.list("sso_app_ids"));
    let mut address = AddressUpdate::default();
    address.verified = args.flag("verified")?;
    address.fail_on_conflict = args.flag("fail_on_conflict")?;
    match method {
        "activate" => shown(users.activate(id)),
        "deactivate" => shown(users.deactivate(id)),
        "update_login_id" => match args.maybe("new_login_id")? {
            Some(new) => shown(users.update_login_id(id, new)),
            None => shown(users.remove_login_id(id)),
        },
        "update_email" => shown(users.update_email(id, args.text_or_empty("email")?, &address)),
        "update_phone" => shown(users.update_phone(id, args.text_or_empty("phone")?, &address)),
        "update_recovery_email" => {
            let verified = address.verified.unwrap_or_default();
            shown(users.update_recovery_email(id, args.text("recovery_email")?, verified))
        }
        "update_recovery_phone" => {
            let verified = address.verified.unwrap_or_default();
            shown(users.update_recovery_phone(id, args.text("recovery_phone")?, verified))
        }
        "update_display_name" => {
            let mut names = NamesUpdate::default();
            names.name = args.string("display_name")?;
            names.given_name = args.string("given_name")?;
            names.middle_name = args.string("middle_name")?;
            names.family_name = args.string("family_name")?;
            shown(users.update_names(id, &names))
        }
        "update_picture" => shown(users.update_picture(id, args.text_or_empty("picture")?)),
        "update_custom_attribute" => {
            let value = args.value("attribute_val").cloned().unwrap_or(Value::Null);
            shown(users.update_custom_attribute(id, args.text("attribute_key")?, value))
        }
        "add_roles" => shown(users.add_roles(id, &roles?)),
        "set_roles" => shown(users.set_roles(id, &roles?)),
        "remove_roles" => shown(users.remove_roles(id, &roles?)),
        "add_tenant_roles" => shown(users.add_tenant_roles(id, tenant, &roles?)),
        "set_tenant_roles" => shown(users.set_tenant_roles(id, tenant, &roles?)),
        "remove_tenant_roles" => shown(users.remove_tenant_roles(id, tenant, &roles?)),
        "add_tenant" => shown(users.add_tenant(id, tenant)),
        "remove_tenant" => shown(users.remove_tenant(id, tenant)),
        "add_sso_apps" => shown(users.add_sso_apps(id, &apps?)),
        "set_sso_apps" => shown(users.set_sso_apps(id, &apps?)),
        "remove_sso_apps" => shown(users.remove_sso_apps(id, &apps?)),
        "add_families" => shown(users.add_families(id, &families(args)?.unwrap_or_default())),
        "remove_families" => shown(users.remove_families(id, &args.list("family_ids")?)),
        _ => credentials(client, method, args),
    }
}

/// What a user signs in with.
fn credentials(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let users = client.mgmt().user();
    let (id, password) = (args.text("login_id")?, args.text("password")?);
    match method {
        "set_temporary_password" => shown(users.set_temporary_password(id, password)),
        "set_active_password" => shown(users.set_active_password(id, password)),
        "set_password" => {
            let active = args.flag("set_active")?.unwrap_or_default();
            shown(users.set_password(id, password, active))
        }
        "expire_password" => shown(users.expire_password(id)),
        "remove_all_passkeys" => shown(users.remove_all_passkeys(id)),
        "list_passkeys" => shown(users.list_passkeys(id)),
        "delete_passkey" => shown(users.remove_passkey(id, args.text("credential_id")?)),
        "remove_totp_seed" => shown(users.remove_totp_seed(id)),
        "remove_recovery_codes" => shown(users.remove_recovery_codes(id)),
        "list_trusted_devices" => shown(users.list_trusted_devices(&args.list("identifiers")?)),
        "remove_trusted_device" => {
            let devices = args.list("device_ids")?;
            shown(users.remove_trusted_devices(args.text("identifier")?, &devices))
        }
        "get_provider_token" => {
            let mut options = ProviderTokenOptions::default();
            let (with, force) = ("withRefreshToken", "forceRefresh");
            options.with_refresh_token = args.not_null(with)?.flag(with)?;
            options.force_refresh = args.not_null(force)?.flag(force)?;
            let token = users.provider_token(id, args.text("provider")?, &options);
            bared(token, |token| {
                [
                    ("accessToken", Some(&token.access_token)),
                    ("refreshToken", token.refresh_token.as_ref()),
                ]
            })
        }
        _ => generate(client, method, args),
    }
}

/// Links and codes without a message, and the attributes that a project's users have.
fn generate(client: &Client, method: &str, args: &Args<'_>) -> Call {
    let users = client.mgmt().user();
    let (id, uri) = (args.text("login_id")?, args.text_or_empty("uri")?);
    match method {
        "generate_embedded_link" => {
            let mut options = EmbeddedLinkOptions::default();
            options.custom_claims = args.map("custom_claims")?;
            options.timeout = args.seconds("timeout")?;
            bared(users.generate_embedded_link(id, &options), |token| [("token", Some(token))])
        }
        "generate_sign_up_embedded_link" => {
            let mut options = SignUpEmbeddedLinkOptions::default()
                .user(user(args)?)
                .login_options(generated(args)?);
            options.verified_email = args.flag("email_verified")?;
            options.verified_phone = args.flag("phone_verified")?;
            options.timeout = args.seconds("timeout")?;
            let made = users.generate_sign_up_embedded_link(id, &options);
            bared(made, |token| [("token", Some(token))])
        }
        "generate_otp_for_test_user" => {
            let made = users.generate_otp_for_test_user(kind(args)?, id, &generated(args)?);
            bared(made, |otp| [("code", Some(&otp.code))])
        }
        "generate_magic_link_for_test_user" => {
            let (kind, options) = (kind(args)?, generated(args)?);
            let made = users.generate_magic_link_for_test_user(kind, id, Some(uri), &options);
            bared(made, |link| [("link", Some(&link.link))])
        }
        "generate_enchanted_link_for_test_user" => {
            let made =
                users.generate_enchanted_link_for_test_user(id, Some(uri), &generated(args)?);
            bared(made, |link| {
                [("link", Some(&link.link)), ("pendingRef", Some(&link.pending_ref))]
            })
        }
        "load_custom_attributes" => shown(users.load_custom_attributes()),
        "create_custom_attribute" => shown(users.create_custom_attributes(&[attribute(args)?])),
        "delete_custom_attribute" => shown(users.delete_custom_attributes(&[args.text("name")?])),
        "load_family_scoped_custom_attributes" => {
            shown(users.load_family_scoped_custom_attributes())
        }
        "create_family_scoped_custom_attributes" => {
            let items = args.objects("attributes")?.unwrap_or_default();
            let attributes = items.iter().map(attribute).collect::<Sayable<Vec<_>>>()?;
            shown(users.create_family_scoped_custom_attributes(&attributes))
        }
        "delete_family_scoped_custom_attributes" => {
            shown(users.delete_family_scoped_custom_attributes(&args.list("names")?))
        }
        _ => Err(Unsayable::NoAdapter),
    }
}

fn kind(args: &Args<'_>) -> Sayable<TestMethod> {
    match args.maybe("method")? {
        Some("EMBEDDED") => Ok(TestMethod::Embedded),
        _ => delivery(args).map(DeliveryMethod::into),
    }
}

/// Python's `LoginOptions` of a code or link that is not sent.
fn generated(args: &Args<'_>) -> Sayable<GeneratedSignIn> {
    let mut options = GeneratedSignIn::default();
    let Some(given) = args.object("login_options")? else { return Ok(options) };
    options.step_up = given.flag("stepup")?;
    options.mfa = given.flag("mfa")?;
    options.revoke_other_sessions = given.flag("revoke_other_sessions")?;
    options.custom_claims = given.map("custom_claims")?;
    options.template_id = given.string("template_id")?;
    options.locale = given.string("locale")?;
    if let Some(template) = given.text_map("template_options")? {
        options = options.template_options(template);
    }
    Ok(options)
}
