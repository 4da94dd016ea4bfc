//! What the environment decides. Each case runs in a process of its own: this test binary, started
//! again with other variables.

use std::process::Command;

use descope::mgmt::fga::Relation;
use descope::transport::http::Method;
use descope::{Client, Credential, Error};

use crate::server::{Raw, response};
use crate::support::REFRESH;

/// In which way the process that is started again makes its client.
const CASE: &str = "DESCOPE_TEST_CASE";

/// Prints what became of a client, and makes a call of each kind.
#[test]
#[ignore = "started by the tests below, with variables of theirs"]
fn child() {
    let case = std::env::var(CASE).unwrap();
    let builder = Client::builder();
    let client = match &*case {
        "environment" => Client::from_env(),
        "builder" => builder
            .project_id("P2builder")
            .base_url(std::env::var("BUILDER_URL").unwrap())
            .management_key("K2builder")
            .auth_management_key("K2builderauth")
            .build(),
        "ignore" => builder.ignore_env().project_id("P2ignore").build(),
        "ignore all" => builder.ignore_env().build(),
        "cache" => builder.fga_cache_url(std::env::var("CACHE_URL").unwrap()).build(),
        "new" => Client::new("Puse12aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        other => panic!("{other}"),
    };
    let client = match client {
        Ok(client) => client,
        Err(Error::Argument { name, .. }) => return println!("made: bad {name}"),
        Err(Error::Config(_)) => return println!("made: not configured"),
        Err(other) => panic!("{other:?}"),
    };
    println!("made: {} {}", client.project_id(), client.base_url());
    if case == "cache" {
        let _ = client.mgmt().fga().is_allowed(&Relation::new("doc", "d1", "owner", "user", "u1"));
    }
    if case == "cache" || client.base_url().starts_with("http:") {
        let _ = client.auth().session().me(REFRESH);
        let _ = client.call(Method::GET, "/v1/mgmt/x", Credential::ManagementKey, &());
    }
}

/// What the child made, with these variables and no others of interest.
fn made(case: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "environment::child", "--ignored", "--nocapture"]).env(CASE, case);
    for name in ["PROJECT_ID", "BASE_URI", "MANAGEMENT_KEY", "AUTH_MANAGEMENT_KEY", "PUBLIC_KEY"] {
        command.env_remove(format!("DESCOPE_{name}"));
    }
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let made = text.split("made: ").nth(1).unwrap();
    made.lines().next().unwrap().to_owned()
}

#[test]
fn the_environment_configures_what_the_program_does_not() {
    let server = Raw::answering(|_| response("200 OK", "", "{}"));
    let url = format!("{}/base/", server.url());
    let variables = [
        ("DESCOPE_PROJECT_ID", " P2env\n"),
        ("DESCOPE_BASE_URI", &*url),
        ("DESCOPE_MANAGEMENT_KEY", "K2env"),
        ("DESCOPE_AUTH_MANAGEMENT_KEY", "K2envauth"),
    ];
    let expected = format!("P2env {}/base", server.url());
    assert_eq!(made("environment", &variables), expected);
    let bearer = |at: usize| server.seen()[at].header("authorization").unwrap().to_owned();
    assert_eq!(bearer(0), format!("Bearer P2env:{REFRESH}:K2envauth"));
    assert_eq!(bearer(1), "Bearer P2env:K2env");

    let builder_url = format!("{}/builder", server.url());
    let mut both = variables.to_vec();
    both.push(("BUILDER_URL", &*builder_url));
    assert_eq!(made("builder", &both), format!("P2builder {builder_url}"));
    assert_eq!(bearer(2), format!("Bearer P2builder:{REFRESH}:K2builderauth"));
    assert_eq!(bearer(3), "Bearer P2builder:K2builder");

    assert_eq!(made("ignore", &variables), "P2ignore https://api.descope.com");
    assert_eq!(made("ignore all", &variables), "not configured");
    let project = "Puse12aaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(made("new", &[]), format!("{project} https://api.use1.descope.com"));
    assert_eq!(
        made("new", &[("DESCOPE_BASE_URI", "")]),
        format!("{project} https://api.use1.descope.com")
    );
}

#[test]
fn mistakes_in_the_environment_are_named() {
    assert_eq!(made("environment", &[]), "not configured");
    assert_eq!(made("environment", &[("DESCOPE_PROJECT_ID", " ")]), "not configured");
    for (name, value, expected) in [
        ("DESCOPE_PROJECT_ID", "P 2", "bad DESCOPE_PROJECT_ID"),
        ("DESCOPE_BASE_URI", "example.com", "bad DESCOPE_BASE_URI"),
        ("DESCOPE_MANAGEMENT_KEY", "a b", "bad DESCOPE_MANAGEMENT_KEY"),
        ("DESCOPE_AUTH_MANAGEMENT_KEY", "a b", "bad DESCOPE_AUTH_MANAGEMENT_KEY"),
        ("DESCOPE_PUBLIC_KEY", "{}", "bad DESCOPE_PUBLIC_KEY"),
        ("DESCOPE_BASE_URI", "https://example.com:x", "bad DESCOPE_BASE_URI"),
        ("HTTPS_PROXY", "http://", "bad HTTPS_PROXY"),
        ("all_proxy", "gopher://example.com", "bad all_proxy"),
    ] {
        let project = ("DESCOPE_PROJECT_ID", "P2env");
        assert_eq!(made("environment", &[project, (name, value)]), expected);
    }
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_utf_8_are_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command
        .args(["--exact", "environment::child", "--ignored", "--nocapture"])
        .env(CASE, "environment")
        .env("DESCOPE_PROJECT_ID", OsStr::from_bytes(b"P\xff"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("made: bad DESCOPE_PROJECT_ID"), "{text}");
}

#[test]
fn proxies_come_from_the_environment() {
    let server = Raw::answering(|_| response("200 OK", "", "{}"));
    let proxy = Raw::answering(|_| response("502 Bad Gateway", "", ""));
    let (url, proxy_url) = (server.url(), proxy.url());
    let mut variables = vec![
        ("DESCOPE_PROJECT_ID", "P2env"),
        ("DESCOPE_BASE_URI", &*url),
        ("ALL_PROXY", &*proxy_url),
    ];
    made("environment", &variables);
    assert!(!proxy.seen().is_empty() && server.seen().is_empty());
    assert!(proxy.seen().iter().all(|seen| seen.line.starts_with("CONNECT 127.0.0.1:")));

    // A host of another name, and one of a visitor's choosing in a CGI program, count for nothing.
    variables.push(("NO_PROXY", "example.com, 127.0.0.1"));
    made("environment", &variables);
    assert_eq!(server.seen().len(), 1);
    let proxied = proxy.seen().len();
    variables[2].0 = "HTTP_PROXY";
    variables[3].1 = "example.com";
    made("environment", &variables);
    assert_eq!((server.seen().len(), proxy.seen().len()), (2, proxied));
    variables[2].0 = "http_proxy";
    made("environment", &variables);
    assert!(proxy.seen().len() > proxied);

    // Ranges, and what is below a name; an empty variable in lower case leaves it to the other.
    for (name, exceptions) in [("NO_PROXY", "10.0.0.0/8, 127.0.0.0/8"), ("no_proxy", "*")] {
        let (direct, proxied) = (server.seen().len(), proxy.seen().len());
        let variables =
            [variables[0], variables[1], variables[2], ("no_proxy", ""), (name, exceptions)];
        made("environment", &variables);
        assert_eq!(
            (server.seen().len(), proxy.seen().len()),
            (direct + 1, proxied),
            "{exceptions}"
        );
    }
}

/// A key does not go unencrypted beyond this machine, be it by the environment.
#[test]
fn a_key_of_the_environment_is_kept_from_an_unencrypted_address() {
    let project = ("DESCOPE_PROJECT_ID", "P2env");
    let address = ("DESCOPE_BASE_URI", "http://descope.internal");
    let key = ("DESCOPE_MANAGEMENT_KEY", "K2env");
    assert_eq!(made("environment", &[project, address, key]), "bad DESCOPE_BASE_URI");
    let key = ("DESCOPE_AUTH_MANAGEMENT_KEY", "K2env");
    assert_eq!(made("environment", &[project, address, key]), "bad DESCOPE_BASE_URI");
    let remote =
        [project, ("DESCOPE_BASE_URI", "http://127.0.0.1:1"), key, ("http_proxy", "10.0.0.1:1")];
    assert_eq!(made("environment", &remote), "bad DESCOPE_BASE_URI");
}

/// The cache is close by, and what goes to it may be unencrypted.
#[test]
fn no_proxy_of_the_environment_sees_what_goes_to_the_fga_cache() {
    let cache = Raw::answering(|_| response("200 OK", "", r#"{"tuples":[{"allowed":true}]}"#));
    let proxy = Raw::answering(|_| response("502 Bad Gateway", "", ""));
    let cache_url = cache.url().replace("127.0.0.1", "localhost");
    let proxy_url = proxy.url();
    let variables = [
        ("DESCOPE_PROJECT_ID", "P2env"),
        ("DESCOPE_MANAGEMENT_KEY", "K2env"),
        ("DESCOPE_BASE_URI", "https://127.0.0.1:1"),
        ("HTTPS_PROXY", &*proxy_url),
        ("http_proxy", &*proxy_url),
        ("CACHE_URL", &*cache_url),
    ];
    assert_eq!(made("cache", &variables), "P2env https://127.0.0.1:1");
    let lines =
        |server: &Raw| -> Vec<String> { server.seen().into_iter().map(|seen| seen.line).collect() };
    // Each call several times.
    let proxied = lines(&proxy);
    assert!(proxied.len() >= 2 && proxied.iter().all(|line| line == "CONNECT 127.0.0.1:1"));
    assert_eq!(lines(&cache), ["POST /v1/mgmt/fga/check"]);
}
