//! Access keys.

use descope::auth::access_key::AccessKeyOptions;
use descope::mgmt::access_key::{AccessKeyStatus, AccessKeyUpdate, NewAccessKey};
use serde_json::Value;

use crate::world::{Fact, Outcome, World, done, holds, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "what_the_holder_of_a_key_claims_is_under_nsec", check: nsec },
    Fact { name: "a_description_that_is_not_given_stays", check: description },
    Fact { name: "a_key_has_a_creator_and_a_status", check: status },
];

fn nsec(world: &World) -> Outcome {
    let key = NewAccessKey::default().custom_claims([("k1", "v1")]);
    let made = done("create", world.client.mgmt().access_key().create(&world.name(), &key))?;
    world.made_access_key(&made.key.id);
    let options = AccessKeyOptions::default().custom_claims([("k2", "v2")]);
    let exchanged = world.client.auth().access_key().exchange(made.cleartext.expose(), &options);
    let claims = done("exchange", exchanged)?.session.claims;
    let claim = |name: &str| claims.as_map().get(name).cloned().unwrap_or(Value::Null);
    same("the claim of the project", claim("k1"), "v1")?;
    same("the claim of the holder", claim("nsec")["k2"].clone(), "v2")?;
    same("the claim of the holder at the top", claim("k2"), Value::Null)
}

fn description(world: &World) -> Outcome {
    let keys = world.client.mgmt().access_key();
    let key = NewAccessKey::default().description("hey");
    let made = done("create", keys.create(&world.name(), &key))?;
    world.made_access_key(&made.key.id);
    let name = world.name();
    done("update", keys.update(&made.key.id, &name, &AccessKeyUpdate::default()))?;
    let loaded = done("load", keys.load(&made.key.id))?;
    same("the name", &*loaded.name, &*name)?;
    same("the description", &*loaded.description, "hey")
}

fn status(world: &World) -> Outcome {
    let keys = world.client.mgmt().access_key();
    let made = done("create", keys.create(&world.name(), &Default::default()))?;
    let id = &*made.key.id;
    world.made_access_key(id);
    same("the status", made.key.status, Some(AccessKeyStatus::Active))?;
    let creator = done("load", keys.load(id))?.created_by;
    holds("somebody created it", creator.is_some_and(|creator| !creator.is_empty()))?;
    done("deactivate", keys.deactivate(id))?;
    same("the status", done("load", keys.load(id))?.status, Some(AccessKeyStatus::Inactive))
}
