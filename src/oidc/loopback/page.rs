//! What the browser shows at the end of a sign-in.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::digest::digest;
use crate::html::{STYLE, escape};
use crate::options::setters;

/// The texts of the page that the browser shows at the end of a sign-in; see
/// [`LoopbackOptions::page`](super::LoopbackOptions::page).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoopbackPage {
    /// The language of the texts, such as `pt-BR`. Defaults to `en`.
    pub language: Option<String>,
    /// The heading after a sign-in. Defaults to `You are signed in`.
    pub done: Option<String>,
    /// The text below it. Defaults to `You can close this window and return to the program.`
    pub done_text: Option<String>,
    /// The heading if the sign-in failed. Defaults to `The sign-in failed`.
    pub failed: Option<String>,
    /// The text below it. Defaults to `You can close this window. The program says what went wrong.`
    pub failed_text: Option<String>,
}

setters!(LoopbackPage {
    language: opt<String>,
    done: opt<String>,
    done_text: opt<String>,
    failed: opt<String>,
    failed_text: opt<String>,
});

#[derive(Clone, Copy)]
pub(super) enum Outcome {
    Done,
    Failed,
    /// The answer belongs to another sign-in.
    Stranger,
}

impl LoopbackPage {
    pub(super) fn html(&self, outcome: Outcome) -> String {
        let or = |own: &Option<String>, default: &str| escape(own.as_deref().unwrap_or(default));
        let (class, mark, heading, text) = match outcome {
            Outcome::Done => (
                "mark",
                "\u{2713}",
                or(&self.done, "You are signed in"),
                or(&self.done_text, "You can close this window and return to the program."),
            ),
            Outcome::Failed => (
                "mark bad",
                "\u{2717}",
                or(&self.failed, "The sign-in failed"),
                or(&self.failed_text, "You can close this window. The program says what went wrong."),
            ),
            Outcome::Stranger => (
                "mark bad",
                "\u{2717}",
                or(&self.failed, "The sign-in failed"),
                "This answer does not belong to the sign-in that the program waits for. Begin again \
                 from the program."
                    .to_owned(),
            ),
        };
        let language = or(&self.language, "en");
        format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{heading}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n\
             </head>\n<body class=\"notice\">\n<main>\n<div class=\"{class}\" aria-hidden=\"true\">{mark}</div>\n\
             <h1>{heading}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
        )
    }
}

/// A whole response. Neither the page nor its address, which has the code, is kept or passed on.
pub(super) fn response(status: u16, header: &str, html: &str) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        _ => "Bad Request",
    };
    // The policy allows this style alone.
    let style = STANDARD.encode(digest(STYLE));
    let mut response = format!("HTTP/1.1 {status} {reason}\r\n{header}");
    // Writing to a text cannot fail.
    let _ = write!(
        response,
        "Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'sha256-{style}'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n{html}",
        html.len(),
    );
    response.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_callers_texts_and_no_scripts() {
        let page = LoopbackPage::default().language("de").done("<b>Fertig</b>").done_text("\"&\"");
        let html = page.html(Outcome::Done);
        for part in
            ["lang=\"de\"", "<h1>&lt;b&gt;Fertig&lt;/b&gt;</h1>", "<p>&quot;&amp;&quot;</p>"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
        let plain = LoopbackPage::default();
        assert!(plain.html(Outcome::Done).contains("You can close this window"));
        assert!(plain.html(Outcome::Failed).contains("You can close this window"));
        assert!(plain.html(Outcome::Stranger).contains("does not belong"));
        assert!(!html.contains("<script") && !html.contains("http"));
    }
}
