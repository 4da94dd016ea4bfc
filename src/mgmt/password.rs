//! The password policy of the project and of tenants. Feature `mgmt-password`.
//!
//! The passwords themselves are set by the area of users.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::call::Call;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::jwt::Scope;
use crate::options::setters;

/// The password policy; see [`Mgmt::password`].
#[derive(Clone, Copy, Debug)]
pub struct Passwords<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The password policy of the project and of tenants.
    pub fn password(self) -> Passwords<'c> {
        Passwords(self)
    }
}

impl Passwords<'_> {
    /// Loads the password policy of the project or of a tenant.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::Scope;
    ///
    /// let settings = client.mgmt().password().load_settings(Scope::Project)?;
    /// println!("at least {} characters", settings.min_length.unwrap_or_default());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn load_settings(&self, scope: Scope<'_>) -> Result<PasswordSettings> {
        let call = self.0.get("/v1/mgmt/password/settings");
        match scope {
            Scope::Project => call,
            Scope::Tenant(id) => call.check(check::id("tenant_id", id)).query("tenantId", id),
        }
        .send()
    }

    /// Replaces the password policy of the project or of a tenant: a rule that is not set is switched
    /// off. To change a single rule, load the settings, change them and give them back.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::Scope;
    ///
    /// let policy = client.mgmt().password();
    /// let settings = policy.load_settings(Scope::Project)?.min_length(12).lock(true).lock_attempts(5);
    /// policy.update_settings(Scope::Project, &settings)?;
    /// # assert_eq!(policy.load_settings(Scope::Project)?.lock_attempts, Some(5));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) if no tenant has the ID.
    pub fn update_settings(&self, scope: Scope<'_>, settings: &PasswordSettings) -> Result<()> {
        // Settings may come from another tenant than they go to.
        let settings = PasswordSettings { tenant_id: None, ..settings.clone() };
        let call: Call<'_> = self.0.post("/v1/mgmt/password/settings").fields(&settings);
        match scope {
            Scope::Project => call,
            Scope::Tenant(id) => call.check(check::id("tenant_id", id)).field("tenantId", id),
        }
        .send_unit()
    }
}

/// A password policy. What is `None` is unknown in an answer, and switched off in a request.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasswordSettings {
    /// The tenant whose policy it is. In a request, the scope says so instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// Whether users may sign in with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How many characters a password has at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// Whether it has a lowercase letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lowercase: Option<bool>,
    /// Whether it has an uppercase letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uppercase: Option<bool>,
    /// Whether it has a digit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<bool>,
    /// Whether it has a character that is neither letter nor digit.
    #[serde(alias = "nonAlphaNumeric", skip_serializing_if = "Option::is_none")]
    pub non_alphanumeric: Option<bool>,
    /// Whether it has a letter, of either case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_letter: Option<bool>,
    /// Characters that it must not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disallowed_characters: Option<String>,
    /// Whether it must differ from the user's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disallow_email_match: Option<bool>,
    /// Whether it must be as strong as [`password_strength_score`](Self::password_strength_score).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_password_strength: Option<bool>,
    /// The least strength, as a score from 0 (very weak) to 4 (very strong).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_strength_score: Option<u32>,
    /// Whether passwords expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<bool>,
    /// After how many weeks passwords expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_weeks: Option<u32>,
    /// Whether the last passwords of a user cannot be used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<bool>,
    /// How many of the last passwords cannot be used again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse_amount: Option<u32>,
    /// Whether a user is locked out after failed sign-ins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<bool>,
    /// After how many failed sign-ins a user is locked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_attempts: Option<u32>,
    /// Whether a user is locked out for a while after failed sign-ins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock: Option<bool>,
    /// After how many failed sign-ins a user is locked out for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock_attempts: Option<u32>,
    /// For how many minutes a user is locked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temp_lock_duration: Option<u32>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

setters!(PasswordSettings {
    enabled: opt<bool>, min_length: opt_number<u32>, lowercase: opt<bool>, uppercase: opt<bool>,
    number: opt<bool>, non_alphanumeric: opt<bool>, any_letter: opt<bool>,
    disallowed_characters: opt<String>, disallow_email_match: opt<bool>,
    enable_password_strength: opt<bool>, password_strength_score: opt_number<u32>,
    expiration: opt<bool>, expiration_weeks: opt_number<u32>, reuse: opt<bool>,
    reuse_amount: opt_number<u32>, lock: opt<bool>, lock_attempts: opt_number<u32>,
    temp_lock: opt<bool>, temp_lock_attempts: opt_number<u32>, temp_lock_duration: opt_number<u32>,
});
