//! Whether a request can be the one of the user's browser.

/// Why a request is refused: the status, and a header of the answer.
#[derive(Debug, PartialEq)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str);

const MALFORMED: Refusal = Refusal(400, "");
const FOREIGN: Refusal = Refusal(403, "");

/// Reads the first lines of a request, with the empty one. Returns the query of a page that a browser goes to,
/// if it is at this host and path.
pub(super) fn query(head: &[u8], host: &str, path: &str) -> Result<String, Refusal> {
    let text = str::from_utf8(head).map_err(|_| MALFORMED)?;
    let text = text.strip_suffix("\r\n\r\n").ok_or(MALFORMED)?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(MALFORMED);
    };
    let mut headers = Vec::new();
    for line in lines {
        headers.push(header(line).ok_or(MALFORMED)?);
    }
    let all = |name: &str| {
        let named = headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value).collect::<Vec<_>>()
    };
    // Also that of a name which leads to this machine: DNS rebinding.
    match &*all("host") {
        [named] if named.eq_ignore_ascii_case(host) => {}
        [_] => return Err(FOREIGN),
        _ => return Err(MALFORMED),
    }
    let (place, query) = target.split_once('?').unwrap_or((target, ""));
    if place != path {
        return Err(Refusal(404, ""));
    }
    if method != "GET" {
        return Err(Refusal(405, "Allow: GET\r\n"));
    }
    if !all("transfer-encoding").is_empty() || all("content-length").iter().any(|n| *n != "0") {
        return Err(MALFORMED);
    }
    // A browser that goes to a page names no origin. A script does, or the browser says that it is one.
    if all("origin").iter().any(|origin| *origin != "null")
        || all("sec-fetch-mode").iter().any(|mode| *mode != "navigate")
        || all("sec-fetch-dest").iter().any(|place| *place != "document")
    {
        return Err(FOREIGN);
    }
    if query.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(query.to_owned())
    } else {
        Err(MALFORMED)
    }
}

/// A header's name and value.
fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let good = !name.is_empty() && name.bytes().all(is_token);
    let visible = !value.chars().any(|c| c.is_control() && c != '\t');
    (good && visible).then_some((name, value.trim_matches([' ', '\t'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:4000";

    fn read(head: &str) -> Result<String, Refusal> {
        query(head.as_bytes(), HOST, "/callback")
    }

    #[test]
    fn the_request_of_a_browser_passes() {
        let browser = "GET /callback?code=a%20b&state=s HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n\
            Connection: keep-alive\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n\
            Sec-Fetch-User: ?1\r\nsec-fetch-dest: document\r\nAccept: text/html\r\n\
            Cookie: of=another;port=\"x\"\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(read(browser).as_deref(), Ok("code=a%20b&state=s"));
        assert_eq!(
            read("GET /callback HTTP/1.0\r\nhost:127.0.0.1:4000\r\n\r\n").as_deref(),
            Ok("")
        );
    }

    #[test]
    fn every_other_is_refused() {
        for (status, line, headers) in [
            (403, "GET /callback HTTP/1.1", "Host: evil.example:4000"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4001"),
            (403, "GET /callback HTTP/1.1", "Host: localhost:4000"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000@evil.example"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nHost: 127.0.0.1:4000"),
            (400, "GET /callback HTTP/1.1", "Accept: */*"),
            (404, "GET / HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "GET /favicon.ico HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "GET /callback/ HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "GET /Callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "GET /%63allback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "GET http://127.0.0.1:4000/callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (404, "CONNECT 127.0.0.1:22 HTTP/1.1", "Host: 127.0.0.1:4000"),
            (405, "POST /callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (405, "HEAD /callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (405, "OPTIONS /callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (405, "get /callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nOrigin: https://evil.example"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nSec-Fetch-Mode: no-cors"),
            (403, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nSec-Fetch-Dest: iframe"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nContent-Length: 5"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nTransfer-Encoding: chunked"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\n folded: x"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nX : y"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\nX: y"),
            (400, "GET /callback HTTP/1.1", "Host: 127.0.0.1:4000\r\nX"),
            (400, "GET /callback HTTP/2.0", "Host: 127.0.0.1:4000"),
            (400, "GET  /callback HTTP/1.1", "Host: 127.0.0.1:4000"),
            (400, "GET /callback", "Host: 127.0.0.1:4000"),
            (400, "GET /callback?é HTTP/1.1", "Host: 127.0.0.1:4000"),
            (400, "\u{16}\u{3}\u{1}", "Host: 127.0.0.1:4000"),
        ] {
            let refused = read(&format!("{line}\r\n{headers}\r\n\r\n")).unwrap_err();
            assert_eq!(refused.0, status, "{line} {headers:?}");
        }
        assert_eq!(query(b"GET /\xff HTTP/1.1\r\n\r\n", HOST, "/").unwrap_err(), MALFORMED);
    }
}
