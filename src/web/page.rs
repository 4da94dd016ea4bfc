//! Sending browsers to other pages, and the page with Descope's login component.

use percent_encoding::percent_decode_str;

use super::{Guard, GuardOptions};
use crate::check;
use crate::core::region_url;
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
///
/// It runs before the component's script, and listens on the document, which sees the event on its way down
/// to the component. A component that is ready early would otherwise sign in with nobody listening.
const SCRIPT: &str = "
document.addEventListener('success', async ({ target: login, detail }) => {
  if (login.localName !== 'descope-wc') return;
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
}, { capture: true });
";

/// A page on which users sign in with one of the project's flows; see [`Guard::login_page`].
///
/// ```
/// use descope::web::LoginPage;
///
/// let page = LoginPage::new("sign-up-or-in", "/session").then("/home").language("de").theme("os");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginPage {
    /// The ID of the flow, such as `sign-up-or-in`.
    pub flow_id: String,
    /// The path on this site that accepts the tokens: it answers a `POST` with [`Guard::accept_login`].
    /// Never let a visitor choose it.
    pub tokens_to: String,
    /// The path on this site where the user goes after signing in, or a URL of one of the
    /// [`GuardOptions::redirect_origins`](super::GuardOptions::redirect_origins). Defaults to `/`. If a
    /// visitor chooses it, as with a parameter `?next=`, pass it through [`Guard::safe_redirect`], which is
    /// equally strict but does not fail the page.
    pub then: Option<String>,
    /// The page's title. Defaults to `Sign in`.
    pub title: Option<String>,
    /// What the page says if the tokens were not accepted. Defaults to an English sentence.
    pub failure: Option<String>,
    /// The page's language, such as `pt-BR`. Defaults to `en`.
    pub language: Option<String>,
    /// `light`, `dark` or `os`. Defaults to the theme of the flow.
    pub theme: Option<String>,
    /// The nonce for the page's content security policy, new for every answer. Defaults to none.
    pub nonce: Option<String>,
    /// The path or URL of the web component, such as a copy on this site. Defaults to a fixed version at
    /// `unpkg.com`, whose digest the browser checks. The component is a script that sees the tokens, so
    /// never let a visitor choose it.
    pub component: Option<String>,
}

setters!(LoginPage {
    then: opt<String>, title: opt<String>, failure: opt<String>, language: opt<String>,
    theme: opt<String>, nonce: opt<String>, component: opt<String>,
});

impl LoginPage {
    /// A page for a flow, and the path on this site that accepts the tokens.
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
    /// The HTML of a page on which users sign in with one of the project's flows, in Descope's web
    /// component.
    ///
    /// Once a user has signed in, the page posts the tokens to this site, which puts them into cookies
    /// that scripts cannot read. Send the page as `text/html; charset=utf-8`. If you have a content security
    /// policy, it must allow what the component loads; see [`LoginPage::nonce`].
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
    /// # let (tokens, body) = (descope::web::RequestTokens::default().session_token(session), "");
    /// let visitor = guard.accept_login(&tokens, body)?;
    /// assert_eq!(visitor.set_cookies.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a missing flow, for texts that are not paths or URLs, and for a target of an
    /// origin that is not allowed.
    pub fn login_page(&self, page: &LoginPage) -> Result<String> {
        check::id("flow_id", &page.flow_id)?;
        if !is_local(&page.tokens_to) || page.tokens_to.contains('#') {
            return Err(Error::argument("tokens_to", "must be a path on this site"));
        }
        let then = page.then.as_deref().unwrap_or("/");
        if self.safe_redirect(then).is_none() {
            let reason = "must be a path on this site, or of an origin in `redirect_origins`";
            return Err(Error::argument("then", reason));
        }
        let (component, digest) = match page.component.as_deref() {
            None => (COMPONENT, COMPONENT_DIGEST),
            Some(own) if is_local(own) => (own, ""),
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
             <title>{title}</title>\n<script{nonce}>{SCRIPT}</script>\n\
             <script{src}{integrity}{crossorigin}{nonce}></script>\n</head>\n<body>\n\
             <p role=\"alert\" hidden>{failure}</p>\n\
             <descope-wc{project}{flow}{base}{theme}{nonce}{tokens_to}{then}></descope-wc>\n\
             </body>\n</html>\n",
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

    /// The value of `Location` that sends a browser to a URL from Descope's answer, as for OAuth and single
    /// sign-on. Answer with status 302 or 307.
    ///
    /// It accepts any origin, so never pass it a URL that a visitor has chosen. Use
    /// [`safe_redirect`](Self::safe_redirect) for those.
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
    /// [`Error::Argument`] unless the text is an absolute URL with a host and without a user. The scheme
    /// must be `https`, or the one with which the client itself talks to Descope.
    pub fn location(&self, url: &str) -> Result<HeaderValue> {
        self.check_url("url", url)?;
        check::header("url", url)
    }

    /// Returns a visitor's text if it is safe to send the visitor there. The text may be the decoded
    /// parameter `next` of a login page. The result fits [`LoginPage::then`] and the header `Location`.
    ///
    /// A path on this site is safe, as a browser understands it: it starts with one slash, and has no empty,
    /// `.` or `..` segments, backslashes, or control characters, whether encoded or not. A query and a
    /// fragment may follow. A URL with such a path is safe if it belongs to one of the
    /// [`GuardOptions::redirect_origins`](super::GuardOptions::redirect_origins): an `https` URL, or an
    /// `http` URL if you have allowed that origin. The whole text must be visible ASCII.
    ///
    /// ```
    /// # let client = descope::Client::builder().ignore_env().project_id("P2abc").build()?;
    /// # let guard = descope::web::Guard::new(&client);
    /// assert_eq!(guard.safe_redirect("/reports?page=2"), Some("/reports?page=2"));
    /// for bad in ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"] {
    ///     assert_eq!(guard.safe_redirect(bad).unwrap_or("/"), "/");
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn safe_redirect<'t>(&self, target: &'t str) -> Option<&'t str> {
        let (scheme, rest) = match target.split_once("://") {
            Some(split) if !target.starts_with('/') => split,
            _ => return is_local(target).then_some(target),
        };
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let asked = origin(&format!("{scheme}://{host}"))?;
        let known = self.settings.redirect_origins.iter().filter_map(|known| origin(known));
        let slash = if path.starts_with('/') { "" } else { "/" };
        let allowed = known.into_iter().any(|known| known == asked);
        (allowed && is_local(&format!("{slash}{path}"))).then_some(target)
    }

    fn check_url(&self, name: &'static str, url: &str) -> Result<()> {
        let refuse = |reason| Err(Error::argument(name, reason));
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"')) {
            return refuse("must be visible ASCII; percent-encode other characters");
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

impl GuardOptions {
    pub(super) fn check_origins(&self) -> Result<()> {
        for (argument, texts) in [
            ("redirect_origins", &*self.redirect_origins),
            ("trusted_origins", &*self.trusted_origins),
            ("origin", self.origin.as_slice()),
        ] {
            // A host with `*` stands for no other.
            if !texts.iter().all(|text| origin(text).is_some() && !text.contains('*')) {
                let reason = "must be an origin, such as `https://app.example.com`";
                return Err(Error::argument(argument, reason));
            }
        }
        Ok(())
    }
}

/// Scheme, host and port of an origin as browsers compare them (RFC 6454 section 4).
pub(super) fn origin(text: &str) -> Option<(String, String, u16)> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let rest = text.get(scheme.len() + "://".len()..)?;
    let whole = rest.len() == authority.as_str().len() && !authority.as_str().contains('@');
    let default = match &*scheme.to_ascii_lowercase() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let host = authority.host().to_ascii_lowercase();
    let sound = whole && !host.is_empty() && check::has_good_port(authority);
    sound.then(|| (scheme.to_ascii_lowercase(), host, authority.port_u16().unwrap_or(default)))
}

/// Whether a text is a path, perhaps with query and fragment, that leads nowhere but to this site,
/// however often it is decoded on the way.
fn is_local(text: &str) -> bool {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let visible =
        |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'"'));
    if text.len() > MAX_TARGET || !visible(path) || !visible(rest) {
        return false;
    }
    // Some servers decode a path before they look at it, some more than once.
    let (mut path, mut decoded) = (path.to_owned(), decode(path));
    for _ in 0..MAX_ENCODINGS {
        if decoded == path {
            break;
        }
        path = std::mem::take(&mut decoded);
        decoded = decode(&path);
    }
    let Some(segments) = path.strip_prefix('/') else { return false };
    // A parameter after `;` is not a part of the name for some servers.
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    let empty = segments.split('/').rev().skip(1).any(str::is_empty);
    let hostile = path.chars().any(|c| c.is_control() || c == '\\' || c == '\u{fffd}');
    decoded == path && !empty && !hostile && !segments.split('/').any(dots)
}

/// Bytes of a place to go to.
const MAX_TARGET: usize = 8 * 1024;

/// Times that a path may be encoded over.
const MAX_ENCODINGS: usize = 4;

fn decode(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// An attribute with a space before it, or nothing for an empty value.
fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escape(value)) }
}
