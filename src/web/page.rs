//! Sending browsers to other pages, and the page with Descope's login component.

use super::Guard;
use crate::check;
use crate::client::region_url;
use crate::error::{Error, Result};
use crate::html::escape;
use crate::options::setters;
use crate::transport::http::{HeaderValue, Uri};

/// The web component that runs Descope's flows, in a version that this crate was made for, and the
/// digest that browsers check it by.
const COMPONENT: &str = "https://unpkg.com/@descope/web-component@4.3.2/dist/index.js";
const COMPONENT_DIGEST: &str =
    "sha384-jkNsr0xLvx++Lu94mSjNN2kMpYJuzCLUyM3KMd85wCLtlU+FW6K7kfWWVDlDLyTo";

/// The same for every page: what differs is in attributes, where escaping is simple and certain.
const SCRIPT: &str = "
const login = document.querySelector('descope-wc');
login.addEventListener('success', async ({ detail }) => {
  const answer = await fetch(login.dataset.tokensTo, {
    method: 'POST',
    headers: { 'Authorization': `Bearer ${detail.sessionJwt}`, 'Content-Type': 'text/plain' },
    body: detail.refreshJwt ?? '',
  }).catch(() => ({ ok: false }));
  if (answer.ok) {
    location.replace(login.dataset.then);
  } else {
    document.querySelector('[role=alert]').hidden = false;
  }
});
";

/// A page on which users sign in by one of the project's flows; see [`Guard::login_page`].
///
/// ```
/// use descope::web::LoginPage;
///
/// let page = LoginPage::new("sign-up-or-in", "/session").then("/home").language("de").theme("os");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginPage {
    /// ID of the flow, such as `sign-up-or-in`.
    pub flow_id: String,
    /// Path on this site that takes the tokens: it answers a `POST` with
    /// [`Guard::accept_login`].
    pub tokens_to: String,
    /// Path on this site, or URL, where the user goes then. Defaults to `/`.
    pub then: Option<String>,
    /// The page's title. Defaults to `Sign in`.
    pub title: Option<String>,
    /// What the page says when the tokens were not taken. Defaults to an English sentence.
    pub failure: Option<String>,
    /// The page's language, such as `pt-BR`, for its readers. Defaults to `en`.
    pub language: Option<String>,
    /// `light`, `dark` or `os`. Defaults to that of the flow.
    pub theme: Option<String>,
    /// A nonce of the page's content security policy, new for every answer. Defaults to none.
    pub nonce: Option<String>,
    /// URL of the web component, such as a copy on this site. Defaults to a fixed version at
    /// `unpkg.com`, whose digest the browser checks.
    pub component: Option<String>,
}

setters!(LoginPage {
    then: opt<String>, title: opt<String>, failure: opt<String>, language: opt<String>,
    theme: opt<String>, nonce: opt<String>, component: opt<String>,
});

impl LoginPage {
    /// The flow, and the path on this site that takes the tokens.
    pub fn new(flow_id: impl Into<String>, tokens_to: impl Into<String>) -> Self {
        Self {
            flow_id: flow_id.into(),
            tokens_to: tokens_to.into(),
            then: None,
            title: None,
            failure: None,
            language: None,
            theme: None,
            nonce: None,
            component: None,
        }
    }
}

impl Guard {
    /// The HTML of a page on which users sign in by one of the project's flows, with Descope's web
    /// component.
    ///
    /// Once a user has signed in, the page posts the tokens to this site, which puts them into cookies
    /// that scripts cannot read. Send it as `text/html; charset=utf-8`. A content security policy must
    /// allow the component what it loads; [`LoginPage::nonce`] goes with it.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// use descope::web::LoginPage;
    ///
    /// // For `GET /login`.
    /// let html = guard.login_page(&LoginPage::new("sign-up-or-in", "/session").then("/home"))?;
    /// assert!(html.contains(r#"flow-id="sign-up-or-in""#));
    ///
    /// // For `POST /session`.
    /// # let session = emulator.issue_token(serde_json::json!({"sub": "U2ada", "drn": "DS"})).expect("a token");
    /// # let (credentials, body) = (descope::web::Credentials::new(session, ""), "");
    /// let visitor = guard.accept_login(&credentials, body)?;
    /// assert_eq!(visitor.set_cookies.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a missing flow, and for paths and URLs that are none.
    pub fn login_page(&self, page: &LoginPage) -> Result<String> {
        check::id("flow_id", &page.flow_id)?;
        check::path("tokens_to", &page.tokens_to)?;
        let then = page.then.as_deref().unwrap_or("/");
        if check::path("then", then).is_err() {
            self.check_url("then", then)?;
        }
        let (component, digest) = match page.component.as_deref() {
            None => (COMPONENT, COMPONENT_DIGEST),
            Some(own) if check::path("component", own).is_ok() => (own, ""),
            Some(own) => {
                self.check_url("component", own)?;
                (own, "")
            }
        };
        let nonce = attribute("nonce", page.nonce.as_deref().unwrap_or_default());
        let crossorigin = if digest.is_empty() { "" } else { " crossorigin=\"anonymous\"" };
        let failure = page.failure.as_deref();
        // The component derives it from the project's ID too.
        let (base, derived) = (self.client.base_url(), region_url(self.client.project_id()));
        Ok(format!(
            "<!DOCTYPE html>\n<html{language}>\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<script{src}{integrity}{crossorigin}{nonce}></script>\n</head>\n\
             <body>\n<descope-wc{project}{flow}{base}{theme}{nonce}{tokens_to}{then}></descope-wc>\n\
             <p role=\"alert\" hidden>{failure}</p>\n<script{nonce}>{SCRIPT}</script>\n</body>\n\
             </html>\n",
            language = attribute("lang", page.language.as_deref().unwrap_or("en")),
            title = escape(page.title.as_deref().unwrap_or("Sign in")),
            src = attribute("src", component),
            integrity = attribute("integrity", digest),
            project = attribute("project-id", self.client.project_id()),
            flow = attribute("flow-id", &page.flow_id),
            base = attribute("base-url", if base == derived { "" } else { base }),
            theme = attribute("theme", page.theme.as_deref().unwrap_or_default()),
            tokens_to = attribute("data-tokens-to", &page.tokens_to),
            then = attribute("data-then", then),
            failure = escape(failure.unwrap_or("You could not be signed in. Please try again.")),
        ))
    }

    /// The value of `Location` that sends a browser to a URL that Descope answered, as for OAuth and
    /// single sign-on. Answer with status 302, or 307.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// use descope::auth::oauth::{OAuthOptions, providers};
    /// use descope::transport::http::Response;
    ///
    /// let options = OAuthOptions::default().redirect_url("https://app.example.com/callback");
    /// let url = client.auth().oauth().start(providers::GOOGLE, &options)?;
    /// let answer = Response::builder().status(302).header("Location", guard.location(&url)?);
    /// # assert!(answer.body(()).is_ok());
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] unless it is a whole URL with a host, without a user, by HTTPS or in the
    /// way that the client itself talks to Descope.
    pub fn location(&self, url: &str) -> Result<HeaderValue> {
        self.check_url("url", url)?;
        check::header("url", url)
    }

    fn check_url(&self, name: &'static str, url: &str) -> Result<()> {
        let refuse = |reason| Err(Error::argument(name, reason));
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"')) {
            return refuse("must be visible ASCII, encoded");
        }
        let Ok(uri) = url.split('#').next().unwrap_or_default().parse::<Uri>() else {
            return refuse("is not a URL");
        };
        let base = self.client.base_url().split(':').next().unwrap_or_default();
        match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), _) if scheme != "https" && !scheme.eq_ignore_ascii_case(base) => {
                refuse("must start with `https://`")
            }
            (Some(_), Some(at)) if at.as_str().contains('@') => refuse("must not have a user"),
            (Some(_), Some(at)) if !at.host().is_empty() && check::has_good_port(at) => Ok(()),
            _ => refuse("is not a URL"),
        }
    }
}

/// An attribute with a space before it, or nothing for an empty value.
fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escape(value)) }
}
