//! Families, their dependents, and acting for these.

use serde_json::{Value, json};

use super::{ID, has_attributes, jwt, user};
use crate::emulator::api::call::Call;
use crate::emulator::api::event::Event::{Action, OfUser, Read, Unrecorded};
use crate::emulator::api::route::Bearer::Management;
use crate::emulator::api::route::{Area, Route};
use crate::emulator::api::seed::{List, last_row};
use crate::emulator::state::family::{Family, FamilyMembership, FamilySettings};
use crate::emulator::state::store::Store;
use crate::emulator::state::table::By;
use crate::emulator::state::token::{self, ActingSession};
use crate::emulator::state::user::{Profile, User};
use crate::emulator::words::fields::{Field, Fields, Kind, optional, required};
use crate::emulator::words::random;
use crate::emulator::words::refusal::{Refusal, Reply, Result};

/// Families on a page when the request sets no size.
const DEFAULT_SIZE: usize = 100;

const CREATE: &[Field] = &[
    required("name", Kind::Text),
    optional("familyId", Kind::Text),
    optional("customAttributes", Kind::Map),
    optional("photo", Kind::Text),
    optional("disabled", Kind::Bool),
];
const UPDATE: &[Field] = &[
    required("id", Kind::Text),
    optional("name", Kind::Text),
    optional("customAttributes", Kind::Map),
    optional("photo", Kind::Text),
    optional("disabled", Kind::Bool),
];
const SEARCH: &[Field] = &[
    optional("familyIds", Kind::Texts),
    optional("familyNames", Kind::Texts),
    optional("freeText", Kind::Text),
    optional("customAttributes", Kind::Map),
    optional("page", Kind::Int),
    optional("size", Kind::Int),
];
const SETTINGS: &[Field] = &[
    optional("enabled", Kind::Bool),
    optional("maxFamilyMembers", Kind::Int),
    optional("allowMultipleFamiliesUsers", Kind::Bool),
];
const DEPENDENT: &[Field] = &[
    required("familyId", Kind::Text),
    optional("loginId", Kind::Text),
    optional("name", Kind::Text),
    optional("email", Kind::Text),
    optional("phone", Kind::Text),
    optional("givenName", Kind::Text),
    optional("middleName", Kind::Text),
    optional("familyName", Kind::Text),
    optional("picture", Kind::Text),
    optional("customAttributes", Kind::Map),
    optional("familyScopedAttributes", Kind::Map),
];
const IMPERSONATE: &[Field] = &[
    required("impersonatorUserIdOrLoginId", Kind::Text),
    required("dependentLoginId", Kind::Text),
    optional("selectedFamily", Kind::Text),
];
const STOP: &[Field] = &[
    required("jwt", Kind::Text),
    optional("customClaims", Kind::Map),
    optional("refreshDuration", Kind::Int),
];

pub(in crate::emulator) const AREA: Area = Area::new(ROUTES).seeds(&[&SETTINGS_SEED, &SEED]);

const ROUTES: &[Route] = &[
    Route::post("/v1/mgmt/family/create", Management, Action("FamilyCreated"), CREATE, create),
    Route::post("/v1/mgmt/family/search", Management, Read, SEARCH, search),
    Route::post("/v1/mgmt/family/update", Management, Action("FamilyModified"), UPDATE, update),
    Route::post(
        "/v1/mgmt/family/delete",
        Management,
        Action("FamilyDeleted"),
        ID,
        |call, store| {
            store.remove_family(call.body().text("id"))?;
            Ok(Reply::empty())
        },
    ),
    Route::get("/v1/mgmt/family/settings", Management, &[], |_, store| {
        Ok(store.family_settings.show().into())
    }),
    Route::post(
        "/v1/mgmt/family/settings",
        Management,
        Action("FamilySettingsModified"),
        SETTINGS,
        configure,
    ),
    Route::post(
        "/v1/mgmt/family/dependent/create",
        Management,
        OfUser("UserCreated"),
        DEPENDENT,
        create_dependent,
    ),
    Route::post(
        "/v1/mgmt/family/dependent/delete",
        Management,
        OfUser("UserDeleted"),
        &[required("userId", Kind::Text)],
        delete_dependent,
    ),
    Route::post(
        "/v1/mgmt/family/impersonate",
        Management,
        OfUser("UserImpersonated"),
        IMPERSONATE,
        impersonate,
    ),
    Route::post(
        "/v1/mgmt/family/impersonate/stop",
        Management,
        Unrecorded("the use of what it makes is recorded"),
        STOP,
        jwt::stop,
    ),
];

pub(in crate::emulator) const SETTINGS_SEED: List =
    List::plain("familySettings", "/v1/mgmt/family/settings", |store| {
        let settings = &store.family_settings;
        if *settings == FamilySettings::default() { Vec::new() } else { vec![settings.show()] }
    });

pub(in crate::emulator) const SEED: List = List {
    name: "families",
    path: "/v1/mgmt/family/create",
    state: &[optional("createdTime", Kind::Int)],
    restore: |store, state| {
        let mut family = last_row(&mut store.families)?;
        family.created = state.int("createdTime").unwrap_or(family.created);
        Ok(())
    },
    save: |store| store.families.iter().map(Family::save).collect(),
};

impl FamilySettings {
    fn show(&self) -> Value {
        json!({
            "enabled": self.enabled,
            "maxFamilyMembers": self.max_members,
            "allowMultipleFamiliesUsers": self.several,
        })
    }
}

impl Family {
    fn save(&self) -> Value {
        json!({
            "familyId": self.id,
            "name": self.name,
            "customAttributes": self.attributes,
            "photo": self.photo,
            "disabled": self.disabled,
            "state": { "createdTime": self.created },
        })
    }

    /// The wire type `Family`.
    fn show(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "customAttributes": self.attributes,
            "photo": self.photo,
            "disabled": self.disabled,
            "createdTime": self.created,
        })
    }

    fn matches(&self, body: Fields<'_>) -> bool {
        let one_of = |name: &str, value: &str| {
            let wanted = body.texts(name);
            wanted.is_empty() || wanted.contains(&value)
        };
        let text = body.text("freeText").to_lowercase();
        let values = self.attributes.values().filter_map(Value::as_str);
        let mut texts = [&*self.id, &self.name, &self.photo].into_iter().chain(values);
        one_of("familyIds", &self.id)
            && one_of("familyNames", &self.name)
            && has_attributes(&self.attributes, body.map("customAttributes"))
            && (text.is_empty() || texts.any(|known| known.to_lowercase().contains(&text)))
    }
}

fn show(store: &Store, id: &str) -> Result {
    Ok(json!({ "family": store.family(id)?.show() }).into())
}

fn create(call: &Call<'_>, store: &mut Store) -> Result {
    store.check_families()?;
    let body = call.body();
    let id = body.some_text("familyId").map_or_else(|| random::id("F"), str::to_owned);
    if store.families.get(By::Id, &id).is_some() {
        return Err(Refusal::taken("family"));
    }
    store.make_family_admin(call.now);
    store.families.push(Family {
        name: body.text("name").to_owned(),
        attributes: body.map("customAttributes").cloned().unwrap_or_default(),
        photo: body.text("photo").to_owned(),
        disabled: body.flag("disabled"),
        created: call.now,
        id: id.clone(),
    });
    show(store, &id)
}

/// Changes what is given, and leaves the rest as it is.
fn update(call: &Call<'_>, store: &mut Store) -> Result {
    let (body, id) = (call.body(), call.body().text("id"));
    store.family(id)?;
    if let Some(mut family) = store.families.edit(By::Id, id) {
        if let Some(name) = body.some_text("name") {
            name.clone_into(&mut family.name);
        }
        if let Some(attributes) = body.map("customAttributes") {
            family.attributes.clone_from(attributes);
        }
        if let Some(photo) = body.maybe_text("photo") {
            photo.clone_into(&mut family.photo);
        }
        family.disabled = body.maybe_flag("disabled").unwrap_or(family.disabled);
    }
    show(store, id)
}

fn natural(body: Fields<'_>, name: &str) -> Result<Option<usize>> {
    let refusal = |_| Refusal::invalid(format!("The {name} field must not be negative"));
    body.int(name).map(|number| usize::try_from(number).map_err(refusal)).transpose()
}

fn search(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let page = natural(body, "page")?.unwrap_or_default();
    let size = natural(body, "size")?.filter(|size| *size > 0).unwrap_or(DEFAULT_SIZE);
    let found: Vec<_> = store.families.iter().filter(|family| family.matches(body)).collect();
    let shown = found.iter().skip(page.saturating_mul(size)).take(size);
    let families: Vec<_> = shown.map(|family| family.show()).collect();
    Ok(json!({ "families": families, "total": found.len() }).into())
}

/// Changes what is given, and leaves the rest as it is.
fn configure(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let most = natural(body, "maxFamilyMembers")?;
    let settings = &mut store.family_settings;
    settings.enabled = body.maybe_flag("enabled").unwrap_or(settings.enabled);
    settings.max_members = most.unwrap_or(settings.max_members);
    settings.several = body.maybe_flag("allowMultipleFamiliesUsers").unwrap_or(settings.several);
    let shown = settings.show();
    if body.flag("enabled") {
        store.make_family_admin(call.now);
    }
    Ok(shown.into())
}

fn create_dependent(call: &Call<'_>, store: &mut Store) -> Result {
    store.check_families()?;
    let (body, family) = (call.body(), call.body().text("familyId"));
    store.check_room(store.family(family)?)?;
    let scoped = body.object("familyScopedAttributes");
    if scoped.whole().into_iter().flatten().any(|(of, value)| of != family || !value.is_object()) {
        return Err(Refusal::argument(
            "The familyScopedAttributes are those of the family, by its ID",
        ));
    }
    // Whoever does not sign in by themselves has a login ID too: it names them.
    let given = ["loginId", "email", "phone"].into_iter().find_map(|name| body.some_text(name));
    let login_id = given.map_or_else(|| random::id("D"), str::to_owned);
    store.check_free(&login_id)?;
    let mut user = User {
        profile: Profile { picture: body.text("picture").to_owned(), ..Profile::read(body) },
        attributes: body.map("customAttributes").cloned().unwrap_or_default(),
        dependent: true,
        families: vec![FamilyMembership {
            family: family.to_owned(),
            roles: Vec::new(),
            attributes: scoped.map(family).cloned().unwrap_or_default(),
        }],
        ..User::new(&login_id, call.now)
    };
    user.grants.roles = store.default_roles();
    let id = user.id.clone();
    store.users.push(user);
    user::shown(store, &id)
}

fn delete_dependent(call: &Call<'_>, store: &mut Store) -> Result {
    let id = call.body().text("userId");
    let dependent = store.user(id).filter(|user| user.dependent);
    dependent.ok_or_else(|| Refusal::missing("dependent"))?;
    store.remove_user(id);
    Ok(Reply::empty())
}

fn impersonate(call: &Call<'_>, store: &mut Store) -> Result {
    let body = call.body();
    let actor = store.managed_user(body.text("impersonatorUserIdOrLoginId"))?;
    let dependent = store.managed_user(body.text("dependentLoginId"))?;
    let family = &store.acting_family(actor, dependent)?.id;
    let selected = body.some_text("selectedFamily");
    if selected.is_some_and(|selected| selected != family) {
        return Err(Refusal::argument("The selected family is not the dependent's"));
    }
    let (actor, dependent) = (actor.id.clone(), dependent.id.clone());
    let acting =
        ActingSession { user: &dependent, actor: Some(&actor), stepup: false, family: selected };
    let jwt = token::start(call, store, &acting, Fields::default())?;
    Ok(json!({ "jwt": jwt }).into())
}
