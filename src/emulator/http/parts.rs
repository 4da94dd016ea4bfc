//! What the pages for people are made of.

use super::reply::{insert, no_store};
use crate::html::{document, escape};
use crate::transport::Response;
use crate::transport::http::StatusCode;
use crate::transport::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// How wide a page is.
#[derive(Clone, Copy)]
pub(super) enum Width {
    /// That of a form.
    Card,
    /// That of a table.
    Wide,
}

/// A whole page. `body` is HTML.
///
/// It has no scripts, is in no frame, and has nothing from elsewhere. Its `form-action` is left open:
/// browsers apply it to the redirect that follows a form too, and that is the client's address.
pub(super) fn html(status: StatusCode, title: &str, width: Width, body: &str) -> Response {
    let class = match width {
        Width::Card => "card",
        Width::Wide => "wide",
    };
    let footer = "<footer>This is the <a href=\"/\">Descope emulator</a>, for tests.</footer>";
    let page = document(title, class, &format!("{body}{footer}"));
    let mut response = no_store(Response::new(page.into_bytes()));
    *response.status_mut() = status;
    insert(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                  frame-ancestors 'none'";
    insert(&mut response, CONTENT_SECURITY_POLICY, policy);
    insert(&mut response, X_FRAME_OPTIONS, "DENY");
    insert(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    // With `no-referrer`, browsers send the forms without their origin.
    insert(&mut response, REFERRER_POLICY, "same-origin");
    response
}

/// What people are told of a request that fails.
pub(super) fn refused(status: StatusCode, message: &str) -> Response {
    let body = format!("{}<p>Go back, and try again.</p>", alert(message));
    html(status, "This did not work", Width::Card, &body)
}

pub(super) fn alert(text: &str) -> String {
    format!("<p role=alert>{}</p>", escape(text))
}

pub(super) fn hidden(name: &str, value: &str) -> String {
    format!("<input type=hidden name={name} value=\"{}\">", escape(value))
}

/// `inner` is HTML.
pub(super) fn button(name: &str, value: &str, inner: &str) -> String {
    format!("<button name=\"{name}\" value=\"{}\">{inner}</button>", escape(value))
}

/// The button that most people press. `inner` is HTML.
pub(super) fn main_button(name: &str, value: &str, inner: &str) -> String {
    format!("<button class=main name=\"{name}\" value=\"{}\">{inner}</button>", escape(value))
}

/// A field that must be filled in; `more` are further attributes.
pub(super) fn field(name: &str, label: &str, value: &str, more: &str) -> String {
    let value = escape(value);
    format!("<label>{label} <input name={name} value=\"{value}\" required {more}></label>")
}
