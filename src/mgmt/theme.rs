//! The theme: what the project's screens look like. Feature `mgmt-theme`.

use serde_json::{Value, json};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::json::DecodeError;

/// The theme; see [`Mgmt::theme`].
#[derive(Clone, Copy, Debug)]
pub struct Themes<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The theme: what the project's screens look like. It can be moved between projects.
    ///
    /// What a theme holds is Descope's own business. This crate hands it on as it is.
    pub fn theme(self) -> Themes<'c> {
        Themes(self)
    }
}

impl Themes<'_> {
    /// The project's theme, to [`import`](Self::import) elsewhere.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let themes = client.mgmt().theme();
    /// let exported = themes.export()?;
    /// let imported = themes.import(&exported)?;
    /// # assert_eq!(imported["cssTemplate"], exported["cssTemplate"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn export(&self) -> Result<Value> {
        theme(self.0.post("/v1/mgmt/theme/export").safe().fields(&json!({})))
    }

    /// Replaces the project's theme, which gets its next version, and returns what became of it.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let themes = client.mgmt().theme();
    /// let theme = themes.export()?;
    /// assert_eq!(themes.import(&theme)?["cssTemplate"], theme["cssTemplate"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if it is no JSON object.
    pub fn import(&self, new: &Value) -> Result<Value> {
        let call = self.0.post("/v1/mgmt/theme/import");
        theme(call.check(check::object("theme", new)).field("theme", new))
    }

    /// The project's theme in the format of version 2, to [`import_v2`](Self::import_v2) elsewhere.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let theme = client.mgmt().theme().export_v2()?;
    /// assert!(theme.is_object());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn export_v2(&self) -> Result<Value> {
        theme(self.0.post("/v2/mgmt/theme/export").safe())
    }

    /// Replaces the project's theme, in the format of version 2.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let themes = client.mgmt().theme();
    /// let theme = themes.export_v2()?;
    /// themes.import_v2(&theme)?;
    /// # assert_eq!(themes.export_v2()?["cssTemplate"], theme["cssTemplate"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) if it is no JSON object.
    pub fn import_v2(&self, new: &Value) -> Result<()> {
        self.0
            .post("/v2/mgmt/theme/import")
            .check(check::object("theme", new))
            .field("theme", new)
            .send_unit()
    }
}

/// The theme of an answer: its member `theme`, or all of it, as SDKs that return the whole answer
/// let one expect.
fn theme(call: Call<'_>) -> Result<Value> {
    match call.send()? {
        Value::Object(mut answer) => Ok(answer.remove("theme").unwrap_or(Value::Object(answer))),
        _ => Err(DecodeError::new("expected an object").into()),
    }
}
