//! The login page, and where browsers are sent.

use descope::web::{Guard, GuardOptions, LoginPage};
use descope::{Client, Error};

fn guard_at(base_url: Option<&str>) -> Guard {
    let builder = Client::builder().ignore_env().project_id("P2abc");
    let builder = match base_url {
        Some(url) => builder.base_url(url),
        None => builder,
    };
    Guard::new(&builder.build().unwrap())
}

#[test]
fn the_page_has_the_component_and_where_its_tokens_go() {
    let page = LoginPage::new("sign-up-or-in", "/session").then("/home?tab=1");
    let html = guard_at(None).login_page(&page).unwrap();
    let component = r#"<descope-wc project-id="P2abc" flow-id="sign-up-or-in" data-tokens-to="/session" data-then="/home?tab=1"></descope-wc>"#;
    assert!(html.contains(component), "{html}");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n"));
    assert!(html.contains(r#"<script src="https://unpkg.com/@descope/web-component@"#));
    assert!(html.contains(r#" integrity="sha384-"#));
    assert!(html.contains("<title>Sign in</title>"));
    // Whatever the component does at once, somebody listens.
    assert!(html.find("addEventListener('success'") < html.find("<script src="));
    // Nothing empty, no cookie by script.
    assert!(!html.contains("=\"\"") && !html.contains("document.cookie"));

    let html = guard_at(Some("https://auth.example.com"))
        .login_page(
            &page
                .title("Entrar")
                .language("pt-BR")
                .failure("Não foi possível")
                .theme("dark")
                .nonce("r4nd0m")
                .component("/static/wc.js"),
        )
        .unwrap();
    assert!(html.contains(r#" base-url="https://auth.example.com" theme="dark" nonce="r4nd0m""#));
    assert!(html.contains(r#"<script src="/static/wc.js" nonce="r4nd0m"></script>"#), "{html}");
    assert_eq!(html.matches("<script").count(), html.matches(r#" nonce="r4nd0m">"#).count());
    assert!(html.contains(r#"<html lang="pt-BR">"#) && html.contains("<title>Entrar</title>"));
    assert!(html.contains(">Não foi possível</p>"));
}

#[test]
fn every_value_is_escaped() {
    let evil = "\"'><script>alert(1)</script>&amp;";
    let kept = "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;";
    let page = LoginPage::new(evil, "/session")
        .title(evil)
        .language(evil)
        .failure(evil)
        .theme(evil)
        .nonce(evil);
    let html = guard_at(None).login_page(&page).unwrap();
    assert!(!html.contains(evil) && !html.contains("<script>alert"));
    // Flow, title, language, failure and theme; the nonce three times.
    assert_eq!(html.matches(kept).count(), 8);
    let page = LoginPage::new("f", "/a'&<>").then("/b'&<>").component("/c'&<>");
    let html = guard_at(None).login_page(&page).unwrap();
    for path in ["/a", "/b", "/c"] {
        assert!(html.contains(&format!("\"{path}&#39;&amp;&lt;&gt;\"")), "{html}");
    }
}

#[test]
fn pages_that_cannot_work_are_refused_by_name() {
    let refused = |page: LoginPage| match guard_at(None).login_page(&page) {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let page = |flow, to| LoginPage::new(flow, to);
    assert_eq!(refused(page("", "/session")), "flow_id");
    for bad in ["", "session", "//evil.example.com", "https://evil.example.com/", "/a b", "/../x"] {
        assert_eq!(refused(page("f", bad)), "tokens_to", "{bad}");
    }
    for bad in
        ["", "home", "javascript:alert(1)", "//evil.example.com", "http://x.example.com", "data:,x"]
    {
        assert_eq!(refused(page("f", "/s").then(bad)), "then", "{bad}");
        assert_eq!(refused(page("f", "/s").component(bad)), "component", "{bad}");
    }
    assert_eq!(refused(page("f", "/s#x")), "tokens_to");
    assert_eq!(refused(page("f", "/s").then("https://app.example.com/#x")), "then");
    assert!(guard_at(None).login_page(&page("f", "/s").then("/home?a=%2F#x")).is_ok());
    assert!(
        guard_at(None)
            .login_page(&page("f", "/s").component("https://cdn.example.com/x.js"))
            .is_ok()
    );
}

/// Where nobody is sent who chose it.
const ELSEWHERE: &[&str] = &[
    "",
    "reports",
    "?x",
    "#x",
    ".",
    " /x",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0D%0ASet-Cookie:x=y",
    "/%00",
    "/%7f",
    "/%c2%85",
    "/%ff",
    "/%2f/evil.example",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%5Cevil.example",
    "/%252fevil.example",
    "/%25252e%25252e/x",
    "%2f%2fevil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/../evil.example",
    "/./evil.example",
    "/a/..//evil.example",
    "/a/../x",
    "/a/..",
    "/a/.",
    "/..;/x",
    "/a/..;x=y/b",
    "/%2e%2e//evil.example",
    "/%2e%2e%2fevil.example",
    "/.%2e/x",
    "/a//b",
    "/é",
    "/a b",
    "/a\"b",
    "/x?\r\nSet-Cookie: x=y",
    "/x#\u{1}",
    "/x\u{7f}",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:a@b.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "https://",
    "HTTPS://evil.example/",
    "http://evil.example",
];

#[test]
fn visitors_are_sent_to_this_site_or_to_origins_that_are_allowed() {
    let guard = guard_at(None);
    for good in [
        "/",
        "/reports",
        "/reports/",
        "/reports?page=2&back=%2Fhome%0A&at=//x",
        "/reports#part",
        "/p%C3%A4ge",
        "/a;b=1/..x/x../...",
        "/@evil.example",
        "/https:evil.example",
        "/100%",
        "/100%25",
    ] {
        assert_eq!(guard.safe_redirect(good), Some(good));
    }
    let open = open_to("https://app.example.com");
    let page = |then: &str| LoginPage::new("f", "/s").then(then);
    for bad in ELSEWHERE {
        for guard in [&guard, &open] {
            assert_eq!(guard.safe_redirect(bad), None, "{bad:?}");
            assert!(guard.login_page(&page(bad)).is_err(), "{bad:?}");
        }
        let tokens_to = guard.login_page(&LoginPage::new("f", *bad));
        assert!(matches!(tokens_to, Err(Error::Argument { name: "tokens_to", .. })), "{bad:?}");
    }
    let huge = format!("/{}", "a".repeat(8191));
    assert!(guard.safe_redirect(&huge).is_some());
    assert!(guard.safe_redirect(&format!("{huge}a")).is_none());
}

/// A guard that may send visitors there too.
fn open_to(origin: &str) -> Guard {
    let client = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
    let options = GuardOptions::default().redirect_origins([origin]);
    Guard::with_options(&client, options).unwrap()
}

#[test]
fn origins_that_are_allowed_are_compared_as_browsers_do() {
    let (guard, open) = (guard_at(None), open_to("https://app.example.com"));
    let page = |then: &str| LoginPage::new("f", "/s").then(then);
    for good in [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/home?x=https://evil.example#y",
        "https://app.example.com:443/home",
        "HTTPS://APP.EXAMPLE.COM/home",
        "https://app.example.com?x",
    ] {
        assert_eq!(open.safe_redirect(good), Some(good));
        assert!(open.login_page(&page(good)).unwrap().contains(good));
        assert_eq!(guard.safe_redirect(good), None);
    }
    for bad in [
        "http://app.example.com/",
        "https://app.example.com:8443/",
        "https://app.example.com.evil.example/",
        "https://evil.example/app.example.com",
        "https://evil.example?https://app.example.com",
        "https://app.example.com@evil.example/",
        "https://user@app.example.com/",
        "https://app.example.com:/",
        "https://app.example.com:x/",
        "https://app.example.com\\.evil.example/",
        "https://app.example.com//evil",
        "https://app.example.com/../x",
        "https://app.example.com/%09",
        "https:///app.example.com",
        "ftp://app.example.com/",
        " https://app.example.com/",
    ] {
        assert_eq!(open.safe_redirect(bad), None, "{bad:?}");
    }
    for bad in
        ["", "app.example.com", "https://app.example.com/", "https://a@b.example", "ftp://a.b"]
    {
        let client = Client::builder().ignore_env().project_id("P2abc").build().unwrap();
        let options = GuardOptions::default().redirect_origins([bad]);
        let refused = Guard::with_options(&client, options).unwrap_err();
        assert!(matches!(refused, Error::Argument { name: "redirect_origins", .. }), "{bad:?}");
    }
    let plain = open_to("http://localhost:3000");
    assert!(plain.safe_redirect("http://localhost:3000/x").is_some());
    assert!(plain.safe_redirect("http://localhost/x").is_none());
}

#[test]
fn locations() {
    let (by_https, by_http) = (guard_at(None), guard_at(Some("http://localhost:8080")));
    for good in [
        "https://accounts.example.com",
        "https://accounts.example.com/o/oauth2?client_id=1&redirect_uri=https%3A%2F%2Fx#y",
        "HTTPS://example.com:8443/",
        "https://[::1]/x",
    ] {
        assert_eq!(by_https.location(good).unwrap(), good);
        assert_eq!(by_http.location(good).unwrap(), good);
    }
    let plain = "http://localhost:8080/_emulator/idp?state=x";
    assert_eq!(by_http.location(plain).unwrap(), plain);
    assert!(by_https.location(plain).is_err());
    for bad in [
        "",
        "/path",
        "//example.com",
        "example.com",
        "javascript:alert(1)",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://user@example.com",
        "https://example.com:port/",
        "https://example.com/\r\nSet-Cookie: x=y",
        "https://example.com/a b",
        "https://example.com\\@evil.example.com",
        "https://example.com/é",
        "https://exa\"mple.com",
    ] {
        for guard in [&by_https, &by_http] {
            let refused = guard.location(bad);
            assert!(matches!(refused, Err(Error::Argument { name: "url", .. })), "{bad:?}");
        }
    }
}
