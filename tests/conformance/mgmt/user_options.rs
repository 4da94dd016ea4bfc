//! What the methods about users take.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::mgmt::user::{
    AttributeKind, AttributeOption, BatchUser, CustomAttribute, FamilyAssociation, HashFunction,
    HashedPassword, Invitation, NewUser, RoleFilter, UserPatch, UserProfile, UserSearch,
};
use descope::{Sort, UserStatus};
use serde_json::Value;

use super::tenant_roles;
use crate::args::{Args, Sayable, Unsayable};

/// Sets what a new user and a change of one have in common.
macro_rules! set_user {
    ($user:ident, $args:ident) => {
        $user.email = $args.string("email")?;
        $user.phone = $args.string("phone")?;
        $user.name = $args.string("display_name")?;
        $user.given_name = $args.string("given_name")?;
        $user.middle_name = $args.string("middle_name")?;
        $user.family_name = $args.string("family_name")?;
        $user.picture = $args.string("picture")?;
        $user.verified_email = $args.flag("verified_email")?;
        $user.verified_phone = $args.flag("verified_phone")?;
        $user.roles = $args.strings("role_names")?;
        $user.tenants = tenant_roles($args, "user_tenants")?;
        $user.custom_attributes = $args.map("custom_attributes")?;
        $user.additional_login_ids = $args.strings("additional_login_ids")?;
        $user.sso_app_ids = $args.strings("sso_app_ids")?;
        $user.families = families($args)?;
        $user.test = $args.flag("test")?;
    };
}

pub(super) fn profile(args: &Args<'_>) -> Sayable<UserProfile> {
    let mut profile = UserProfile::default();
    set_user!(profile, args);
    Ok(profile)
}

pub(super) fn new_user(args: &Args<'_>) -> Sayable<NewUser> {
    let mut user = NewUser::from(profile(args)?);
    user.profile.status = status(args)?;
    Ok(user)
}

pub(super) fn patch(args: &Args<'_>) -> Sayable<UserPatch> {
    let mut patch = UserPatch::default();
    set_user!(patch, args);
    patch.status = status(args)?;
    Ok(patch)
}

/// One of the states that have names; Rust's type has no others to choose.
fn status(args: &Args<'_>) -> Sayable<Option<UserStatus>> {
    match args.parsed("status")? {
        Some(UserStatus::Other(status)) => Err(Unsayable::Type(format!("status: {status}"))),
        status => Ok(status),
    }
}

pub(super) fn families(args: &Args<'_>) -> Sayable<Option<Vec<FamilyAssociation>>> {
    let Some(items) = args.objects("family_associations")? else { return Ok(None) };
    let read = |item: &Args<'_>| {
        let mut family = FamilyAssociation::new(item.text("family_id")?);
        family.roles = item.strings("role_names")?;
        family.attributes = item.map("family_scoped_attributes")?;
        Ok(family)
    };
    items.iter().map(read).collect::<Sayable<_>>().map(Some)
}

pub(super) fn invitation(args: &Args<'_>) -> Sayable<Invitation> {
    let mut invitation = Invitation::default();
    invitation.url = args.string("invite_url")?;
    invitation.send_mail = args.flag("send_mail")?;
    invitation.send_sms = args.flag("send_sms")?;
    invitation.template_id = args.string("template_id")?;
    invitation.locale = args.string("locale")?;
    if let Some(template) = args.text_map("template_options")? {
        invitation = invitation.template_options(template);
    }
    Ok(invitation)
}

pub(super) fn batch(args: &Args<'_>) -> Sayable<Vec<BatchUser>> {
    let items = args.objects("users")?.unwrap_or_default();
    let read = |item: &Args<'_>| {
        let mut user = BatchUser::new(item.text("login_id")?).profile(profile(item)?);
        user.profile.status = status(item)?;
        user.seed = item.maybe("seed")?.map(Into::into);
        if let Some(password) = item.object("password")? {
            user = match (password.maybe("cleartext")?, hashed(&password)?) {
                (Some(_), Some(_)) => return Err(Unsayable::Type("two passwords".to_owned())),
                (Some(password), None) => user.password(password),
                (None, Some(password)) => user.hashed_password(password),
                (None, None) => user,
            };
        }
        Ok(user)
    };
    items.iter().map(read).collect()
}

fn hashed(password: &Args<'_>) -> Sayable<Option<HashedPassword>> {
    let Some(given) = password.object("hashed")? else { return Ok(None) };
    let bytes = |name: &str| {
        let text = given.text(name)?;
        STANDARD.decode(text).map_err(|_| Unsayable::Type(format!("{name}: {text}")))
    };
    let count = |name: &str| Ok(given.count(name)?.unwrap_or_default());
    let function = || match given.text("variant")? {
        "sha1" => Ok(HashFunction::Sha1),
        "sha256" => Ok(HashFunction::Sha256),
        "sha512" => Ok(HashFunction::Sha512),
        other => Err(Unsayable::Type(format!("variant: {other}"))),
    };
    Ok(Some(match given.text("_type")? {
        "UserPasswordBcrypt" => HashedPassword::Bcrypt { hash: given.text("hash")?.to_owned() },
        "UserPasswordDjango" => HashedPassword::Django { hash: given.text("hash")?.to_owned() },
        "UserPasswordFirebase" => HashedPassword::Firebase {
            hash: bytes("hash")?,
            salt: bytes("salt")?,
            salt_separator: bytes("salt_separator")?,
            signer_key: bytes("signer_key")?,
            memory: count("memory")?,
            rounds: count("rounds")?,
        },
        "UserPasswordPbkdf2" => HashedPassword::Pbkdf2 {
            hash: bytes("hash")?,
            salt: bytes("salt")?,
            iterations: count("iterations")?,
            function: function()?,
        },
        other => return Err(Unsayable::Type(other.to_owned())),
    }))
}

pub(super) fn search(args: &Args<'_>) -> Sayable<UserSearch> {
    let mut search = UserSearch::default();
    search.tenant_ids = args.strings("tenant_ids")?;
    search.roles = args.strings("role_names")?;
    search.limit = args.count("limit")?;
    search.page = args.count("page")?;
    search.test_users_only = args.flag("test_users_only")?;
    search.with_test_users = args.flag("with_test_user")?;
    search.custom_attributes = args.map("custom_attributes")?;
    search.statuses = args.parsed("statuses")?;
    search.emails = args.strings("emails")?;
    search.phones = args.strings("phones")?;
    search.sso_app_ids = args.strings("sso_app_ids")?;
    search.text = args.string("text")?;
    search.login_ids = args.strings("login_ids")?;
    search.user_ids = args.strings("user_ids")?;
    search.created_from = args.parsed("from_created_time")?;
    search.created_to = args.parsed("to_created_time")?;
    search.modified_from = args.parsed("from_modified_time")?;
    search.modified_to = args.parsed("to_modified_time")?;
    search.family_ids = args.strings("family_ids")?;
    search.dependent = args.flag("dependent")?;
    search.lock_reasons = args.strings("lock_reasons")?;
    search.temp_lock_reasons = args.strings("temp_lock_reasons")?;
    if let Some(roles) = role_filters(args, "tenant_role_ids")? {
        search = search.tenant_role_ids(roles);
    }
    if let Some(roles) = role_filters(args, "tenant_role_names")? {
        search = search.tenant_roles(roles);
    }
    let Some(sort) = args.objects("sort")? else { return Ok(search) };
    let order = |item: &Args<'_>| {
        Ok(match item.flag("desc")? {
            Some(true) => Sort::descending(item.text("field")?),
            _ => Sort::ascending(item.text("field")?),
        })
    };
    search.sort = Some(sort.iter().map(order).collect::<Sayable<_>>()?);
    Ok(search)
}

fn role_filters(args: &Args<'_>, name: &str) -> Sayable<Option<Vec<(String, RoleFilter)>>> {
    let Some(given) = args.object(name)? else { return Ok(None) };
    let read = |tenant: &str| {
        let Some(filter) = given.object(tenant)? else {
            return Err(Unsayable::Type(format!("{name}.{tenant}")));
        };
        let values = filter.list("values")?;
        let filter = match filter.flag("and")? {
            Some(true) => RoleFilter::all(values),
            _ => RoleFilter::any(values),
        };
        Ok((tenant.to_owned(), filter))
    };
    given.names().map(read).collect::<Sayable<_>>().map(Some)
}

pub(super) fn attribute(args: &Args<'_>) -> Sayable<CustomAttribute> {
    let kind = args.parsed::<AttributeKind>("type")?.unwrap_or(AttributeKind::Text);
    let mut attribute = CustomAttribute::new(args.text("name")?, kind);
    attribute.display_name = args.string("display_name")?;
    attribute.default_value = args.value("default_value").cloned();
    attribute.view_permissions = args.strings("view_permissions")?;
    attribute.edit_permissions = args.strings("edit_permissions")?;
    attribute.required = args.flag("required")?;
    if let Some(Value::Array(options)) = args.value("options") {
        let read = |option: &Value| match (option, option["value"].as_str()) {
            (Value::String(value), _) => AttributeOption::from(value),
            (_, Some(value)) => {
                AttributeOption::labelled(value, option["label"].as_str().unwrap_or_default())
            }
            _ => AttributeOption::default(),
        };
        attribute.options = Some(options.iter().map(read).collect());
    }
    Ok(attribute)
}
