//! What pages of HTML need.

/// For text and for attributes in double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The look of all pages that people see: light and dark, from the width of a phone on.
#[cfg(any(feature = "emulator", feature = "oidc"))]
pub(crate) const STYLE: &str = include_str!("style.css");

/// A whole page. `body` is HTML, and `class` is one of the stylesheet.
#[cfg(feature = "emulator")]
pub(crate) fn document(title: &str, class: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <style>{STYLE}</style></head><body class={class}><main><h1>{title}</h1>{body}</main></body>\
         </html>"
    )
}
