//! Engines, with the secrets that they identify themselves with. Feature `mgmt-engine`.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::secret::Secret;
use crate::time::UnixTime;

/// Engines; see [`Mgmt::engine`].
#[derive(Clone, Copy, Debug)]
pub struct Engines<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Engines, with the secrets that they identify themselves with.
    pub fn engine(self) -> Engines<'c> {
        Engines(self)
    }
}

impl Engines<'_> {
    /// Creates an engine.
    ///
    /// The secret comes in this answer and never again: keep it safe.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let created = client.mgmt().engine().create("My engine")?;
    /// assert_eq!(created.engine.name, "My engine");
    /// println!("a secret of {} bytes", created.secret.expose().len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty name.
    pub fn create(&self, name: &str) -> Result<CreatedEngine> {
        #[derive(Deserialize)]
        struct Answer {
            engine: WithSecret,
            secret: Option<Secret>,
        }

        let Answer { mut engine, secret } = self
            .0
            .post("/v1/mgmt/engine/create")
            .check(check::id("name", name))
            .field("name", name)
            .send()?;
        // It belongs to the engine, but some answers have it beside.
        let mut secrets = [engine.secret.take(), secret].into_iter().flatten();
        let secret = secrets.find(|secret| !secret.expose().is_empty());
        let secret = secret.ok_or_else(|| DecodeError::new("no `secret`"))?;
        Ok(CreatedEngine { engine: engine.without(), secret })
    }

    /// Loads an engine.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().engine().create("My engine")?.engine.id;
    /// let engine = client.mgmt().engine().load(&id)?;
    /// println!("{} was created at {:?}", engine.name, engine.created_time);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no engine has the ID.
    pub fn load(&self, id: &str) -> Result<Engine> {
        let call = self.0.get("/v1/mgmt/engine/load").check(check::id("id", id)).query("id", id);
        call.send_field("engine").map(WithSecret::without)
    }

    /// Loads all engines.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for engine in client.mgmt().engine().load_all()? {
    ///     println!("{}: {}", engine.id, engine.name);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<Engine>> {
        let engines = self.0.get("/v1/mgmt/engines/load").send_list("engines")?;
        Ok(engines.into_iter().map(WithSecret::without).collect())
    }

    /// Renames an engine.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().engine().create("My engine")?.engine.id;
    /// let engine = client.mgmt().engine().update(&id, "Our engine")?;
    /// assert_eq!(engine.name, "Our engine");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no engine has the ID.
    pub fn update(&self, id: &str, name: &str) -> Result<Engine> {
        self.0
            .post("/v1/mgmt/engine/update")
            .check(check::id("id", id))
            .check(check::id("name", name))
            .field("id", id)
            .field("name", name)
            .send_field("engine")
            .map(WithSecret::without)
    }

    /// Deletes an engine. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().engine().create("My engine")?.engine.id;
    /// client.mgmt().engine().delete(&id)?;
    /// assert!(client.mgmt().engine().load(&id).unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no engine has the ID.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.0.post("/v1/mgmt/engine/delete").check(check::id("id", id)).field("id", id).send_unit()
    }

    /// Gives an engine a new secret, and returns it. The old one is no longer valid.
    ///
    /// The secret comes in this answer and never again: keep it safe.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let id = client.mgmt().engine().create("My engine")?.engine.id;
    /// let secret = client.mgmt().engine().rotate_secret(&id)?;
    /// println!("a secret of {} bytes", secret.expose().len());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no engine has the ID.
    pub fn rotate_secret(&self, id: &str) -> Result<Secret> {
        self.0
            .post("/v1/mgmt/engine/rotate")
            .check(check::id("id", id))
            .field("id", id)
            .send_field("secret")
    }
}

/// An engine as it comes, so that a secret never ends up among what is unknown.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WithSecret {
    id: String,
    name: String,
    #[serde(deserialize_with = "crate::time::or_never")]
    created_time: Option<UnixTime>,
    secret: Option<Secret>,
    #[serde(flatten)]
    extra: Extra,
}

impl WithSecret {
    fn without(self) -> Engine {
        let Self { id, name, created_time, extra, .. } = self;
        Engine { id, name, created_time, extra }
    }
}

/// An engine that was just created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedEngine {
    /// The engine.
    pub engine: Engine,
    /// Its secret, which comes only once.
    pub secret: Secret,
}

/// An engine, without its secret.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Engine {
    /// The engine's ID.
    pub id: String,
    /// The engine's name.
    pub name: String,
    /// When it was created, in seconds.
    #[serde(deserialize_with = "crate::time::or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixTime>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
