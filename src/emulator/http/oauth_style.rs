//! How the pages of the authorization server look.

use super::reply::insert;
use crate::html::escape;
use crate::transport::Response;
use crate::transport::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// Light and dark, from the width of a phone on.
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem;line-height:1.3}\
ul{list-style:none;padding:0}ul.scopes{list-style:disc;padding-left:1.25rem}\
ul.scopes li:has(input){list-style:none;margin-left:-1.25rem}\
li{margin:.4rem 0;overflow-wrap:anywhere}\
label{display:block;margin:.8rem 0}label.choice{margin:0}\
input:not([type=checkbox]){display:block;width:100%;box-sizing:border-box;font:inherit;padding:.6rem;\
border:1px solid GrayText;border-radius:.4rem}\
button{font:inherit;width:100%;padding:.6rem;margin:.2rem 0;border:1px solid GrayText;border-radius:.4rem;\
cursor:pointer;text-align:left}\
button[name=allow],button[name='']{background:#1d4ed8;border-color:#1d4ed8;color:#fff;text-align:center}\
button[name=deny]{text-align:center}\
:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}\
code{font-size:1.2rem;letter-spacing:.1em;white-space:nowrap}\
[role=alert]{border-left:.3rem solid #dc2626;padding-left:.7rem}\
small{opacity:.8}";

/// A whole page. `body` is HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main>\
         <footer><small>This is the Descope emulator.</small></footer></body></html>"
    )
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

/// A field that must be filled in; `more` are further attributes.
pub(super) fn field(name: &str, label: &str, value: &str, more: &str) -> String {
    let value = escape(value);
    format!("<label>{label} <input name={name} value=\"{value}\" required {more}></label>")
}

/// No scripts, no frames, and nothing from elsewhere. `form-action` is left open: browsers apply it to the
/// redirect that follows a form too, and that is the client's address.
pub(super) fn protect(response: &mut Response) {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                  frame-ancestors 'none'";
    insert(response, CONTENT_SECURITY_POLICY, policy);
    insert(response, X_FRAME_OPTIONS, "DENY");
    insert(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    insert(response, REFERRER_POLICY, "no-referrer");
}
