//! What a client is built of: each from the settings, the environment, or what follows from the project.

use super::settings::{Env, Url, renamed};
use super::{ClientBuilder, Sends};
use crate::check;
use crate::clock::Clock;
use crate::core::region_url;
use crate::error::{Error, Result};
use crate::jwt::{Settings, Verifier};
use crate::transport::{Transport, ureq as builtin};

impl ClientBuilder {
    pub(super) fn find_project(&mut self, env: Env) -> Result<String> {
        const VARIABLE: &str = "DESCOPE_PROJECT_ID";
        if let Some(id) = self.project_id.take() {
            check::project_id(&id)?;
            return Ok(id);
        }
        let none = Error::Config("no project ID: pass one, or set `DESCOPE_PROJECT_ID`");
        let id = env.var(VARIABLE)?.ok_or(none)?;
        renamed(VARIABLE, check::project_id(&id))?;
        Ok(id)
    }

    pub(super) fn find_url(&mut self, env: Env, project_id: &str) -> Result<Url> {
        const VARIABLE: &str = "DESCOPE_BASE_URI";
        if let Some(url) = self.base_url.take() {
            return Url::new("base_url", &url);
        }
        match env.var(VARIABLE)? {
            Some(url) => Url::new(VARIABLE, &url),
            None => Url::new("project_id", &region_url(project_id)),
        }
    }

    pub(super) fn make_verifier(
        &mut self,
        env: Env,
        project_id: &str,
        base_url: &str,
        clock: &dyn Clock,
    ) -> Result<Verifier> {
        const VARIABLE: &str = "DESCOPE_PUBLIC_KEY";
        let given = self.public_key.take();
        let of_environment = if given.is_none() { env.var(VARIABLE)? } else { None };
        let verifier = Verifier::new(Settings {
            project_id,
            base_url,
            refresh_cookie: &self.refresh_cookie,
            policy: std::mem::take(&mut self.key_policy),
            leeway: self.leeway,
            max_token_size: self.max_token_size,
            public_key: given.as_deref().or(of_environment.as_deref()),
            remembered_tokens: self.remembered_tokens,
            library: self.connect.library,
            key_store: self.key_store.take(),
        });
        let verifier = match of_environment {
            Some(_) => renamed(VARIABLE, verifier),
            None => verifier,
        }?;
        if let Some(set) = self.key_set.take() {
            if !set.is_of(project_id, base_url) {
                return Err(Error::argument("key_set", "is of another project or base URL"));
            }
            verifier.begin_with(&set, clock)?;
        }
        Ok(verifier)
    }

    /// The transport, which a management key may go over.
    pub(super) fn make_transport(
        &mut self,
        has_key: bool,
        api: &Url,
        cache: Option<&Url>,
    ) -> Result<Box<dyn Transport>> {
        let transport: builtin::Ureq = match self.transport.take() {
            None => builtin::Ureq::new(&self.connect, &api.text, cache.map(|url| &*url.text))?,
            Some(_) if self.connect.is_set() => {
                return Err(Error::Config(
                    "a proxy or root certificates only apply to the built-in transport; set them on \
                     your own agent or transport",
                ));
            }
            Some(Sends::Agent(agent)) => agent.into(),
            Some(Sends::Transport(transport)) => return Ok(transport),
        };
        if has_key && !self.unencrypted {
            for url in cache.into_iter().chain([api]) {
                url.check_key(transport.has_remote_proxy())?;
            }
        }
        Ok(Box::new(transport))
    }
}
