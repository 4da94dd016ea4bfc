//! A headless Chromium, steered by the WebDriver protocol (W3C WebDriver 2).

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Browser {
    driver: Child,
    agent: ureq::Agent,
    /// The session's URL.
    session: String,
}

type Output = Lines<BufReader<ChildStdout>>;

/// The running driver, its port and the rest of its output; nothing if it ends without listening.
fn launch(program: &str) -> Option<(Child, String, Output)> {
    let mut driver = Command::new(program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}, which this test needs: {error}"));
    let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    // It says where it listens once it does.
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, port) = line.rsplit_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').to_owned())
    });
    if port.is_none() {
        driver.wait().unwrap();
    }
    Some((driver, port?, lines))
}

impl Browser {
    /// Starts `chromedriver`, or what the variable `CHROMEDRIVER` names, and a browser.
    pub(crate) fn start() -> Self {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        // It takes a free port of IPv4 and then asks for the same one of IPv6, which another test may have.
        let (driver, port, lines) = (0..20)
            .find_map(|_| launch(&program))
            .expect("chromedriver ends without a port, twenty times");
        // Nobody reads the rest, but a full pipe would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build()
            .into();
        let mut browser =
            Self { driver, agent, session: format!("http://127.0.0.1:{port}/session") };
        // The sandbox needs rights that containers do not have; the pages are our own.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"];
        let made = browser.send(
            "",
            Some(&json!({ "capabilities": { "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": { "args": arguments },
                "webauthn:virtualAuthenticators": true,
            } } })),
        );
        let id = made["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    /// One command, as the session's path names it: a POST with this body, or a GET.
    #[track_caller]
    pub(crate) fn send(&self, path: &str, body: Option<&Value>) -> Value {
        self.try_send(path, body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The same, or what the browser says is wrong.
    fn try_send(&self, path: &str, body: Option<&Value>) -> Result<Value, Value> {
        let url = format!("{}{path}", self.session);
        let answer = match body {
            Some(body) => self
                .agent
                .post(&url)
                .header("content-type", "application/json; charset=utf-8")
                .send(body.to_string()),
            None => self.agent.get(&url).call(),
        };
        let text = answer.unwrap().body_mut().read_to_string().unwrap();
        let value = serde_json::from_str::<Value>(&text).unwrap()["value"].take();
        let failed = value.get("error").is_some_and(|error| !error.is_null());
        if failed { Err(value) } else { Ok(value) }
    }

    /// Asks until there is an answer. A page that is about to be replaced has none: an element that was
    /// just found in it may be gone.
    #[track_caller]
    fn wait<T>(&self, what: &str, mut ask: impl FnMut() -> Result<T, Value>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match ask() {
                Ok(answer) => return answer,
                Err(error) => error,
            };
            assert!(Instant::now() < until, "{what} did not come: {error} at {}", self.url());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.send("/url", Some(&json!({ "url": url })));
    }

    #[track_caller]
    pub(crate) fn url(&self) -> String {
        self.send("/url", None).as_str().unwrap().to_owned()
    }

    /// Waits until this is the page's title.
    #[track_caller]
    pub(crate) fn has_title(&self, expected: &str) {
        self.wait(expected, || {
            self.try_send("/title", None).and_then(only_if(|title| title == expected))
        });
    }

    /// Waits for an element, and returns its text.
    #[track_caller]
    pub(crate) fn text(&self, css: &str) -> String {
        self.wait(css, || self.try_text(css))
    }

    /// Waits until the page's first heading is this.
    #[track_caller]
    pub(crate) fn has_heading(&self, expected: &str) {
        self.wait(expected, || self.try_text("h1").and_then(only_if(|text| text == expected)));
    }

    /// Finds and reads in one step, so that it is the text of one page.
    fn try_text(&self, css: &str) -> Result<String, Value> {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let body = json!({ "script": script, "args": [css] });
        let text = self.try_send("/execute/sync", Some(&body))?;
        text.as_str().map(str::to_owned).ok_or(text)
    }

    /// Waits for an element, and does this with it.
    #[track_caller]
    fn act(&self, css: &str, action: &str, body: &Value) {
        let query = json!({ "using": "css selector", "value": css });
        self.wait(css, || {
            let found = self.try_send("/element", Some(&query))?;
            let (_, id) = found.as_object().unwrap().iter().next().unwrap();
            let id = id.as_str().unwrap();
            self.try_send(&format!("/element/{id}/{action}"), Some(body))
        });
    }

    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        self.act(css, "click", &json!({}));
    }

    #[track_caller]
    pub(crate) fn type_in(&self, css: &str, text: &str) {
        self.act(css, "value", &json!({ "text": text }));
    }

    /// Types in place of what the field has.
    #[track_caller]
    pub(crate) fn fill(&self, css: &str, text: &str) {
        self.act(css, "clear", &json!({}));
        self.type_in(css, text);
    }

    /// Waits until the page's address has this in it.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> String {
        self.wait(part, || only_if(|url: &String| url.contains(part))(self.url()))
    }

    /// Runs the body of an asynchronous function in the page, with these as `given`, and returns what
    /// it returns.
    #[track_caller]
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Value {
        let script = format!("const given = arguments; return (async () => {{ {script} }})();");
        self.send("/execute/sync", Some(&json!({ "script": script, "args": arguments })))
    }

    /// Plugs in an authenticator that signs without asking.
    #[track_caller]
    pub(crate) fn add_authenticator(&self) {
        let authenticator = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true,
        });
        self.send("/webauthn/authenticator", Some(&authenticator));
    }
}

/// An answer of another kind is not the one that is waited for.
fn only_if<T: Into<Value>>(is: impl Fn(&T) -> bool) -> impl Fn(T) -> Result<T, Value> {
    move |answer| if is(&answer) { Ok(answer) } else { Err(answer.into()) }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; where it fails, there was none.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
