//! Authenticator apps: time-based one-time passwords (RFC 6238). Feature `totp`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Auth, AuthInfo, LoginOptions};
use crate::check;
use crate::client::Client;
use crate::error::Result;
use crate::extra::Extra;
use crate::json::DecodeError;
use crate::models::UserDetails;
use crate::secret::Secret;

/// Authenticator apps; see [`Auth::totp`].
#[derive(Clone, Copy, Debug)]
pub struct Totp<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// Authenticator apps: codes that change every half minute.
    pub fn totp(self) -> Totp<'c> {
        Totp(self.0)
    }
}

impl Totp<'_> {
    /// Registers a new user with an authenticator app. Show the result to the user once.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    ///
    /// let ada = UserDetails::default().name("Ada Lovelace").email("ada@example.com");
    /// let setup = client.auth().totp().sign_up("ada@example.com", &ada)?;
    /// println!("Scan this, or type the key {}", setup.key.expose());
    /// assert!(setup.qr_png()?.starts_with(b"\x89PNG"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken.
    pub fn sign_up(&self, login_id: &str, user: &UserDetails) -> Result<TotpSetup> {
        self.0
            .post("/v1/auth/totp/signup")
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .options("user", user)
            .send()
    }

    /// Sets up an authenticator app for a signed-in user, or replaces it. Show the result to
    /// the user once.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// let setup = client.auth().totp().update("ada", refresh_token)?;
    /// println!("Scan this, or type the key {}", setup.key.expose());
    /// # assert!(!setup.key.expose().is_empty());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update(&self, login_id: &str, refresh_token: &str) -> Result<TotpSetup> {
        self.0
            .post("/v1/auth/totp/update")
            .bearer("refresh_token", refresh_token)
            .check(check::id("login_id", login_id))
            .field("loginId", login_id)
            .send()
    }

    /// Checks the code that the app shows, and signs the user in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let app = |key: &str| {
    /// #     let key = totp_rs::Secret::try_from_base32(key).unwrap();
    /// #     let app = totp_rs::Builder::new().with_secret(key).build().unwrap();
    /// #     let now = descope::clock::Clock::unix(&emulator.clock());
    /// #     app.generate(now.as_seconds().try_into().unwrap()).to_string()
    /// # };
    /// let totp = client.auth().totp();
    /// let setup = totp.sign_up("ada", &Default::default())?;
    /// # let code = app(setup.key.expose());
    /// let signed_in = totp.verify("ada", &code, &Default::default())?;
    /// assert!(signed_in.user.totp);
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WRONG_OTP_CODE`](crate::codes::WRONG_OTP_CODE) if the code is wrong, spent or too old,
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    pub fn verify(&self, login_id: &str, code: &str, options: &LoginOptions) -> Result<AuthInfo> {
        self.0
            .post("/v1/auth/totp/verify")
            .check(check::id("login_id", login_id))
            .check(check::id("code", code))
            .field("loginId", login_id)
            .secret("code", code)
            .login(options)
            .once()
            .send_sign_in()
    }
}

/// The setup of an authenticator app, in three forms. The app needs only one of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct TotpSetup {
    /// A link that opens the app on a phone: `otpauth://totp/…`.
    #[serde(rename = "provisioningURL")]
    pub provisioning_url: Secret,
    /// A QR code for the app to scan, as base64 or as a `data:` URL for an `<img>`.
    pub image: Secret,
    /// The key to type into the app, in base32.
    pub key: Secret,
    /// All other fields, such as those that a newer Descope adds.
    #[serde(flatten)]
    pub extra: Extra,
}

impl TotpSetup {
    /// The QR code as the bytes of a PNG file. The image contains the key, so show it only to
    /// the user.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// let setup = client.auth().totp().sign_up("ada", &Default::default())?;
    /// let png = setup.qr_png()?;
    /// assert!(png.starts_with(b"\x89PNG"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if Descope's image is not base64.
    pub fn qr_png(&self) -> Result<Vec<u8>> {
        let image = self.image.expose();
        let image = image.split_once(";base64,").map_or(image, |(_, image)| image);
        let png = STANDARD.decode(image).map_err(|_| DecodeError::new("not base64, in `image`"))?;
        Ok(png)
    }
}
