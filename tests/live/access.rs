//! Access keys.

use descope::auth::access_key::AccessKeyOptions;
use descope::mgmt::access_key::{AccessKeyUpdate, NewAccessKey};
use serde_json::Value;

use crate::world::{Fact, Outcome, World, done, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "what_the_holder_of_a_key_claims_is_under_nsec", check: nsec },
    Fact { name: "a_description_that_is_not_given_stays", check: description },
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
