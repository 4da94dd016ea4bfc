//! Signing a user in through the browser of this machine, which comes back to a listener here (RFC 8252
//! section 7.3).

mod listener;
mod page;
mod request;

use std::fmt;

use self::listener::Listener;
pub use self::listener::LoopbackHost;
pub use self::page::LoopbackPage;
use self::page::Outcome;
use super::authorize::{AuthorizationRequest, AuthorizeOptions};
use super::tokens::Tokens;
use super::{Oidc, WaitOptions};
use crate::check;
use crate::clock::TICK;
use crate::error::{Error, Result};
use crate::options::setters;

impl<'c> Oidc<'c> {
    /// Begins a sign-in through the browser of this machine. The listener that the browser comes back to is ready
    /// when this returns, and only programs of this machine can reach it.
    ///
    /// Open [`Loopback::url`] in the browser, or print it, and wait with [`Loopback::wait`]. The server must know
    /// the redirect URI, such as `http://127.0.0.1/callback`; it has to accept any port (RFC 8252 section 7.3).
    /// If it does not, choose a [port](LoopbackOptions::port).
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({
    /// #     "users": [{ "loginId": "ada@example.com" }],
    /// #     "inboundApps": [{
    /// #         "name": "App", "approvedCallbackUrls": ["http://127.0.0.1/callback"],
    /// #         "state": { "clientId": "client-id", "nonConfidentialClient": true },
    /// #     }],
    /// # })).unwrap();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::oidc::{App, WaitOptions};
    ///
    /// let app = App::inbound("client-id");
    /// let loopback = client.oidc(&app).loopback(&Default::default())?;
    /// println!("Open {}", loopback.url());
    /// # let back = emulator.oidc().authorize(loopback.url(), "ada@example.com").unwrap();
    /// # let (host, path) = back["http://".len()..].split_once('/').unwrap();
    /// # let mut browser = std::net::TcpStream::connect(host).unwrap();
    /// # std::io::Write::write_fmt(
    /// #     &mut browser,
    /// #     format_args!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    /// # ).unwrap();
    /// match loopback.wait(&WaitOptions::default(), || true) {
    ///     Ok(Some(tokens)) => println!("signed in: {:?}", tokens.claims),
    ///     Ok(None) => println!("given up"),
    ///     Err(error) if error.is_access_denied() => println!("You have refused"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`authorization_request`](Self::authorization_request); [`Error::Argument`] for a port that another
    /// program has; [`Error::Config`] if the machine does not let the program listen.
    pub fn loopback(&self, options: &LoopbackOptions) -> Result<Loopback<'c>> {
        let path = options.path.as_deref().unwrap_or("/callback");
        check::path("path", path)?;
        if path.contains(['?', '%']) {
            return Err(Error::argument("path", "must not have a query or escapes"));
        }
        let listener = Listener::bind(options.host, options.port.unwrap_or(0), path)?;
        let request = self.authorization_request(&listener.url(), &options.authorize)?;
        Ok(Loopback { oidc: *self, listener, request, page: options.page.clone() })
    }
}

/// A sign-in through the browser of this machine; see [`Oidc::loopback`]. Dropping it closes the listener.
pub struct Loopback<'c> {
    oidc: Oidc<'c>,
    listener: Listener,
    request: AuthorizationRequest,
    page: LoopbackPage,
}

impl Loopback<'_> {
    /// Where to send the user's browser.
    pub fn url(&self) -> &str {
        &self.request.url
    }

    /// Where the browser comes back to, such as `http://127.0.0.1:49152/callback`.
    pub fn redirect_uri(&self) -> &str {
        &self.request.redirect_uri
    }

    /// Waits until the browser comes back, and trades the code that it brings for tokens. Returns `None` if that did
    /// not happen before the deadline of the options, or if `keep_waiting`, which is called ten times a second,
    /// returned `false`.
    ///
    /// One answer is taken: the first one with the `state` of this sign-in. All other requests are refused, and do not
    /// end the wait: those with another `state` or none, for another `Host` (DNS rebinding), from a script of another
    /// page, by another method than `GET`, and those that are too large or take longer than 10 seconds. Whoever
    /// connects and says nothing keeps nobody else waiting. The browser sees a page that says how the sign-in ended.
    ///
    /// # Errors
    ///
    /// Those of [`exchange_callback`](Oidc::exchange_callback), for an answer to this sign-in.
    pub fn wait(
        self,
        options: &WaitOptions,
        mut keep_waiting: impl FnMut() -> bool,
    ) -> Result<Option<Tokens>> {
        let Self { oidc, mut listener, request, page } = self;
        let clock = oidc.client.clock();
        let end = options.end(oidc.client);
        loop {
            if clock.monotonic() >= end || !keep_waiting() {
                return Ok(None);
            }
            for (query, visitor) in listener.come() {
                // As the end of a URL, in which a later question mark means nothing.
                let query = format!("?{query}");
                if !request.is_answered_by(&query) {
                    visitor.answer(400, &page.html(Outcome::Stranger));
                    continue;
                }
                // From here on there is no second answer.
                drop(listener);
                let outcome = oidc.exchange_callback(&request, &query);
                let shown = if outcome.is_ok() { Outcome::Done } else { Outcome::Failed };
                visitor.answer(200, &page.html(shown));
                return outcome.map(Some);
            }
            clock.sleep(TICK.min(end.saturating_sub(clock.monotonic())));
        }
    }
}

impl fmt::Debug for Loopback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Loopback").field(&self.request.redirect_uri).finish()
    }
}

/// Options of [`Oidc::loopback`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoopbackOptions {
    /// What to ask the server for.
    pub authorize: AuthorizeOptions,
    /// Where to listen. Defaults to `127.0.0.1`.
    pub host: LoopbackHost,
    /// The port to listen on. Defaults to a free one, which makes it harder for another program to be there first.
    pub port: Option<u16>,
    /// The path of the redirect URI. Defaults to `/callback`.
    pub path: Option<String>,
    /// The texts of the page that the browser shows at the end.
    pub page: LoopbackPage,
}

setters!(LoopbackOptions {
    authorize: nested<AuthorizeOptions>,
    host: nested<LoopbackHost>,
    port: opt_number<u16>,
    path: opt<String>,
    page: nested<LoopbackPage>,
});
