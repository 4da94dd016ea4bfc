//! A browser as small as can be: it keeps cookies, and does what a person would on the provider's pages.

use std::collections::BTreeMap;

use descope::ureq::{self, Agent};

/// What a person does.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Person {
    Agrees,
    Refuses,
}

pub(crate) struct Browser {
    agent: Agent,
    cookies: BTreeMap<String, String>,
}

struct Page {
    location: Option<String>,
    text: String,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false);
        Self { agent: config.build().into(), cookies: BTreeMap::new() }
    }

    /// Signs in as Ada from this URL, and returns the first URL that is not the provider's.
    pub(crate) fn sign_in(&mut self, url: &str, person: Person) -> String {
        let server = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let mut page = self.visit(url, None);
        for _ in 0..20 {
            if let Some(location) = page.location {
                let next = if location.starts_with('/') {
                    format!("{server}{location}")
                } else {
                    location
                };
                if !next.starts_with(&format!("{server}/")) {
                    return next;
                }
                page = self.visit(&next, None);
                continue;
            }
            let form = page.text.split("action=\"").nth(1).expect(&page.text);
            let action = form.split('"').next().unwrap().to_owned();
            page = if person == Person::Refuses {
                self.visit(&format!("{action}/abort"), None)
            } else if page.text.contains("name=\"login\"") {
                self.visit(&action, Some("prompt=login&login=ada&password=x"))
            } else {
                self.visit(&action, Some("prompt=consent"))
            };
        }
        panic!("the provider does not come to an end");
    }

    fn visit(&mut self, url: &str, form: Option<&str>) -> Page {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let sent = match form {
            None => self.agent.get(url).header("cookie", cookies).call(),
            Some(form) => self
                .agent
                .post(url)
                .header("cookie", cookies)
                .header("content-type", "application/x-www-form-urlencoded")
                .send(form),
        };
        let mut answer: ureq::http::Response<ureq::Body> = sent.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = cookie.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer.headers().get("location");
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        Page { location, text: answer.body_mut().read_to_string().unwrap() }
    }
}
