//! Embedded links: signing in with a token that your program made and sent in its own way. Feature
//! `embedded-link`.

use super::{Auth, AuthInfo};
use crate::client::Client;
use crate::error::Result;

/// Embedded links; see [`Auth::embedded_link`].
///
/// The management API makes the token; your program puts it into a link of its own, and sends it in
/// a message of its own.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedLinks<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Embedded links: signing in with a token that your program made and sent in its own way.
    pub fn embedded_link(self) -> EmbeddedLinks<'c> {
        EmbeddedLinks(self.0)
    }
}

impl EmbeddedLinks<'_> {
    /// Checks the token that came back, and signs the user in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # client.mgmt().user().create("ada", &Default::default())?;
    /// # let token = client.mgmt().user().generate_embedded_link("ada", &Default::default())?;
    /// # let token = token.expose();
    /// let signed_in = client.auth().embedded_link().verify(token)?;
    /// assert_eq!(signed_in.user.login_ids, ["ada"]);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LINK_EXPIRED`](crate::codes::LINK_EXPIRED) if the token is wrong, spent or too old.
    pub fn verify(&self, token: &str) -> Result<AuthInfo> {
        Auth(self.0).verify_link(token)
    }
}
