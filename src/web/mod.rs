//! Guards the pages of a web service: tokens in, claims and cookies out, for any framework or none.
//! Feature `web`.
//!
//! A [`Guard`] finds the tokens of a request, in `Authorization: Bearer` or in cookies. It checks the tokens, and
//! refreshes the session if necessary. It says who is let in, or why not and which status to answer. It also writes
//! the cookies, with safe defaults: `Secure`, `HttpOnly`, `SameSite=Strict`. The [guide](crate::guide::web) says
//! how it treats ended sessions, large tokens, and tokens of other users and kinds.
//!
//! ```
//! use descope::transport::http::{HeaderMap, Response, StatusCode, header};
//! use descope::web::{Access, Guard};
//!
//! /// Answers `GET /report`.
//! fn report(guard: &Guard, headers: &HeaderMap) -> Response<String> {
//!     let editors = Access::default().roles(["editor"]);
//!     let tokens = guard.tokens(headers);
//!     let (status, text, cookies) = match guard.validate_and_refresh(&tokens, &editors) {
//!         Ok(visitor) => {
//!             (StatusCode::OK, format!("hello, {}", visitor.claims.user_id()), visitor.set_cookies)
//!         }
//!         // 401: sign in. 403: not with these roles. 503: Descope is down, try later.
//!         Err(denied) => {
//!             (denied.status(), denied.reason().to_string(), denied.set_cookies().to_vec())
//!         }
//!     };
//!     let mut answer = Response::new(text);
//!     *answer.status_mut() = status;
//!     for cookie in cookies {
//!         answer.headers_mut().append(header::SET_COOKIE, cookie);
//!     }
//!     answer
//! }
//! # let emulator = descope::emulator::Emulator::new();
//! # let client = descope::Client::builder().emulator(&emulator).build()?;
//! # let answer = report(&Guard::new(&client), &HeaderMap::new());
//! # assert_eq!((answer.status().as_u16(), &**answer.body()), (401, "no_token"));
//! # Ok::<(), descope::Error>(())
//! ```
//!
//! [`Guard::tokens`] reads the headers of the [`http`](crate::transport::http) crate, which axum, hyper, warp and
//! others use. [`Guard::tokens_from`] reads headers of any other type. `examples/web_app.rs` is a complete blocking
//! service, and `examples/axum.rs` an asynchronous one.
//!
//! | headers of | are read by |
//! |---|---|
//! | axum, hyper, warp, ureq | `guard.tokens(request.headers())` |
//! | actix-web | `guard.tokens_from(\|name\| request.headers().get_all(name).map(\|value\| value.as_bytes()))` |
//! | Rocket | `guard.tokens_from(\|name\| request.headers().get(name))` |
//! | rouille | `guard.tokens_from(\|name\| request.headers().filter(move \|header\| header.0.eq_ignore_ascii_case(name)).map(\|header\| header.1))` |
//! | `tiny_http` | `guard.tokens_from(\|name\| request.headers().iter().filter(move \|header\| header.field.equiv(name)).map(\|header\| header.value.as_str()))` |
//!
//! # Other sites
//!
//! A browser sends the cookies with every request to your site, no matter which page caused the request.
//! `SameSite=Strict` keeps other sites out, but not other subdomains of your site, and [`SameSite::None`] keeps
//! nobody out. Before you change anything or set cookies, let [`Guard::check_origin`] refuse the requests that the
//! pages of other sites have caused. A `GET` should never change anything.
//!
//! Other subdomains can also set cookies for yours, such as the cookies of another user's session. If you do not
//! trust all of them, give the cookies names that browsers accept only from your host: `__Host-DS` and
//! `__Host-DSR`.
//!
//! # Coming from Flask
//!
//! Descope's Python SDK has decorators for Flask. With this crate, each takes a few lines, without the decorators'
//! flaws: tenants are checked, a refresh sets the cookies of all new tokens, and a logout clears the cookies with
//! the attributes that they were set with.
//!
//! | decorator | here |
//! |---|---|
//! | `descope_signup_otp_by_email` | [`otp().sign_up`](crate::auth::otp::Otp::sign_up)`(Email, email, &options)`; if it fails, answer [`status`] |
//! | `descope_signin_otp_by_email` | [`otp().sign_in`](crate::auth::otp::Otp::sign_in)`(Email, email, &options)` |
//! | `descope_validate_auth` | [`Guard::validate_and_refresh`] with [`Access`] |
//! | `descope_verify_code_by_email` | [`otp().verify`](crate::auth::otp::Otp::verify)`(Email, email, code)`, then [`Guard::set_cookies`] |
//! | `descope_verify_code_by_phone_sms` | the same with [`DeliveryMethod::Sms`](crate::auth::DeliveryMethod::Sms) |
//! | `descope_verify_code_by_phone_voice_call` | the same with [`DeliveryMethod::Voice`](crate::auth::DeliveryMethod::Voice) |
//! | `descope_verify_code_by_phone_whatsapp` | the same with [`DeliveryMethod::WhatsApp`](crate::auth::DeliveryMethod::WhatsApp) |
//! | `descope_signup_magiclink_by_email` | [`magic_link().sign_up`](crate::auth::magic_link::MagicLinks::sign_up)`(Email, email, &options)` |
//! | `descope_signin_magiclink_by_email` | [`magic_link().sign_in`](crate::auth::magic_link::MagicLinks::sign_in)`(Email, email, &options)` |
//! | `descope_verify_magiclink_token` | [`magic_link().verify`](crate::auth::magic_link::MagicLinks::verify)`(t)` with the query parameter `t`, then [`Guard::set_cookies`] |
//! | `descope_logout` | [`Guard::logout`] |
//! | `descope_oauth` | [`oauth().start`](crate::auth::oauth::OAuth::start)`(provider, &options)`, then status 302 with [`Guard::location`] |
//! | `descope_full_login` | [`Guard::login_page`], and [`Guard::accept_login`] for the tokens |

mod access;
mod challenges;
mod cookies;
mod denied;
mod guard;
mod headers;
mod htu;
mod key_sessions;
mod login;
mod origin;
mod page;
mod parts;
mod place;
mod proof_memory;
mod proofs;
mod proxies;
mod refresh;
mod resource;
mod said;
mod tokens;
mod webhook;

pub use self::access::{Access, TokenKind, Visitor};
pub use self::denied::{Denied, Reason, status};
pub use self::guard::{Guard, GuardOptions};
pub use self::origin::RequestSource;
pub use self::page::LoginPage;
pub use self::place::SameSite;
pub use self::proof_memory::{ProofId, ProofMemory};
pub use self::proofs::{ProofOptions, Proofs};
pub use self::proxies::Proxies;
pub use self::resource::Resource;
pub use self::tokens::RequestTokens;
pub use self::webhook::{Webhook, WebhookError, WebhookOptions};
pub use crate::jwt::ProofError;
