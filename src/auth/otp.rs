//! Codes by e-mail, text message, phone call or WhatsApp: one-time passwords. Feature `otp`.

use super::{
    Auth, AuthInfo, DeliveryMethod, MaskedAddress, MessageLoginOptions, MessageSignUpOptions,
    MessageSignUpOrInOptions, UpdateOptions,
};
use crate::check;
use crate::client::Client;
use crate::error::Result;

/// One-time passwords; see [`Auth::otp`].
#[derive(Clone, Copy, Debug)]
pub struct Otp<'c>(&'c Client);

impl<'c> Auth<'c> {
    /// One-time passwords: codes by e-mail, text message, phone call or WhatsApp.
    pub fn otp(self) -> Otp<'c> {
        Otp(self.0)
    }
}

/// # Signing up and in
impl Otp<'_> {
    /// Registers a new user and sends them a code; finish with [`verify`](Self::verify).
    ///
    /// The code goes to the address in the user's details, or else to the login ID.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::UserDetails;
    /// use descope::auth::{DeliveryMethod, MessageSignUpOptions};
    ///
    /// let ada = UserDetails::default().name("Ada Lovelace").phone("+12025550101");
    /// let options = MessageSignUpOptions::default().user(ada);
    /// let sent_to = client.auth().otp().sign_up(DeliveryMethod::Sms, "ada", &options)?;
    /// println!("Enter the code we sent to {sent_to}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_ALREADY_EXISTS`](crate::codes::USER_ALREADY_EXISTS) if the login ID is taken.
    pub fn sign_up(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &MessageSignUpOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/otp/signup")
            .segment("method", method.as_str())
            .message_sign_up(method, login_id, options)
            .send()
    }

    /// Sends an existing user a code; finish with [`verify`](Self::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod;
    ///
    /// let otp = client.auth().otp();
    /// let unknown = otp.sign_in(DeliveryMethod::Email, "nobody@example.com", &Default::default());
    /// assert!(unknown.unwrap_err().is_not_found());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`USER_NOT_FOUND`](crate::codes::USER_NOT_FOUND) if nobody has the login ID.
    pub fn sign_in(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &MessageLoginOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/otp/signin")
            .segment("method", method.as_str())
            .message_login(login_id, options)
            .send()
    }

    /// Sends a code to a user, who is registered if they are new; finish with
    /// [`verify`](Self::verify).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::auth::DeliveryMethod;
    ///
    /// let otp = client.auth().otp();
    /// let sent_to = otp.sign_up_or_in(DeliveryMethod::WhatsApp, "+12025550101", &Default::default())?;
    /// println!("Enter the code we sent to {sent_to}");
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty login ID.
    pub fn sign_up_or_in(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        options: &MessageSignUpOrInOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/otp/signup-in")
            .segment("method", method.as_str())
            .message_sign_up_or_in(login_id, options)
            .send()
    }

    /// Checks the code that the user typed, and signs them in.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let read_code = || emulator.inbox().last_to("ada@example.com").unwrap().code.unwrap();
    /// use descope::auth::DeliveryMethod;
    ///
    /// let otp = client.auth().otp();
    /// otp.sign_up_or_in(DeliveryMethod::Email, "ada@example.com", &Default::default())?;
    /// let signed_in = otp.verify(DeliveryMethod::Email, "ada@example.com", &read_code())?;
    /// assert_eq!(signed_in.user.email.as_deref(), Some("ada@example.com"));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WRONG_OTP_CODE`](crate::codes::WRONG_OTP_CODE) if the code is wrong, spent or too old,
    /// [`TOO_MANY_OTP_ATTEMPTS`](crate::codes::TOO_MANY_OTP_ATTEMPTS) after several wrong ones.
    pub fn verify(&self, method: DeliveryMethod, login_id: &str, code: &str) -> Result<AuthInfo> {
        self.0
            .post("/v1/auth/otp/verify")
            .segment("method", method.as_str())
            .check(check::id("login_id", login_id))
            .check(check::id("code", code))
            .field("loginId", login_id)
            .secret("code", code)
            .once()
            .send_sign_in()
    }
}

/// # Changing an address
impl Otp<'_> {
    /// Sends a code to a new e-mail address of a signed-in user. The address changes once the code is
    /// verified.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// use descope::auth::DeliveryMethod;
    /// use descope::auth::UpdateOptions;
    ///
    /// let (otp, email) = (client.auth().otp(), "ada@example.com");
    /// let options = UpdateOptions::default().add_to_login_ids(true);
    /// otp.update_email("ada", email, refresh_token, &options)?;
    /// # let code = emulator.inbox().last_to(email).unwrap().code.unwrap();
    /// let signed_in = otp.verify(DeliveryMethod::Email, "ada", &code)?;
    /// assert_eq!(signed_in.user.email.as_deref(), Some(email));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update_email(
        &self,
        login_id: &str,
        email: &str,
        refresh_token: &str,
        options: &UpdateOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/otp/update/email")
            .update_address(login_id, refresh_token, options)
            .check(check::email("email", email))
            .field("email", email)
            .send()
    }

    /// Sends a code to a new phone number of a signed-in user. The number changes once the code is
    /// verified.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada" }] })).unwrap();
    /// # let signed_in = client.mgmt().jwt().sign_in("ada", &Default::default())?;
    /// # let refresh_token = signed_in.refresh_token().unwrap();
    /// use descope::auth::DeliveryMethod::Sms;
    ///
    /// let (otp, phone) = (client.auth().otp(), "+12025550101");
    /// otp.update_phone(Sms, "ada", phone, refresh_token, &Default::default())?;
    /// # let code = emulator.inbox().last_to(phone).unwrap().code.unwrap();
    /// let signed_in = otp.verify(Sms, "ada", &code)?;
    /// assert_eq!(signed_in.user.phone.as_deref(), Some(phone));
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for [`DeliveryMethod::Email`], and
    /// [`Error::Api`](crate::Error::Api) with HTTP status 401 if the session has ended.
    pub fn update_phone(
        &self,
        method: DeliveryMethod,
        login_id: &str,
        phone: &str,
        refresh_token: &str,
        options: &UpdateOptions,
    ) -> Result<MaskedAddress> {
        self.0
            .post("/v1/auth/otp/update/phone")
            .segment("method", method.as_str())
            .check(method.check_phone_method())
            .update_address(login_id, refresh_token, options)
            .check(check::phone("phone", phone))
            .field("phone", phone)
            .send()
    }
}
