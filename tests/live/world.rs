//! What a fact is checked with: a client, names that nobody else has, and a list of what was created.

use std::cell::RefCell;
use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use descope::mgmt::tenant::NewTenant;
use descope::mgmt::user::NewUser;
use descope::{Client, Scope, User};

/// `Err` says what was seen instead.
pub(crate) type Outcome<T = ()> = Result<T, String>;

pub(crate) struct Fact {
    pub(crate) name: &'static str,
    pub(crate) check: fn(&World) -> Outcome,
}

/// Something that a fact created. Those with a name, by it.
enum Made {
    User(String),
    Tenant(String),
    Role(String),
    AccessKey(String),
}

pub(crate) struct World {
    pub(crate) client: Client,
    made: RefCell<Vec<Made>>,
}

impl World {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, made: RefCell::default() }
    }

    /// A name that nobody else has.
    pub(crate) fn name(&self) -> String {
        let mut bytes = [0_u8; 9];
        let state = std::collections::hash_map::RandomState::new();
        let random = std::hash::BuildHasher::hash_one(&state, self.made.borrow().len());
        bytes[..8].copy_from_slice(&random.to_ne_bytes());
        bytes[8] = u8::try_from(self.made.borrow().len()).unwrap_or(u8::MAX);
        format!(
            "rust-live-{}",
            URL_SAFE_NO_PAD.encode(bytes).replace(['-', '_'], "x").to_lowercase()
        )
    }

    /// An e-mail address that nobody reads.
    pub(crate) fn address(&self) -> String {
        format!("{}@example.com", self.name())
    }

    /// Notes a user before the call that creates it: whatever becomes of the call, the user is removed.
    pub(crate) fn will_create_user(&self, login_id: &str) {
        self.made.borrow_mut().push(Made::User(login_id.to_owned()));
    }

    pub(crate) fn user(&self, login_id: &str, user: &NewUser) -> Outcome<User> {
        self.will_create_user(login_id);
        done("create", self.client.mgmt().user().create(login_id, user))
    }

    pub(crate) fn test_user(&self, login_id: &str, user: &NewUser) -> Outcome<User> {
        self.will_create_user(login_id);
        done("create_test_user", self.client.mgmt().user().create_test_user(login_id, user))
    }

    /// A tenant, whose ID this is.
    pub(crate) fn tenant(&self) -> Outcome<String> {
        let id = self.name();
        self.made.borrow_mut().push(Made::Tenant(id.clone()));
        let tenant = NewTenant::default().id(&*id);
        done("tenant create", self.client.mgmt().tenant().create(&id, &tenant))
    }

    /// A role of the project, whose name this is.
    pub(crate) fn role(&self) -> Outcome<String> {
        let name = self.name();
        self.made.borrow_mut().push(Made::Role(name.clone()));
        let created = self.client.mgmt().role().create(Scope::Project, &name, &Default::default());
        done("role create", created)?;
        Ok(name)
    }

    pub(crate) fn made_access_key(&self, id: &str) {
        self.made.borrow_mut().push(Made::AccessKey(id.to_owned()));
    }

    /// Removes what was created, the last first. Returns what it was, and what could not be removed.
    pub(crate) fn remove_all(self) -> (Vec<String>, Vec<String>) {
        let (mut ledger, mut left) = (Vec::new(), Vec::new());
        let mgmt = self.client.mgmt();
        for made in self.made.take().into_iter().rev() {
            let (what, removed) = match made {
                Made::User(id) => (format!("user {id}"), mgmt.user().delete(&id)),
                Made::Tenant(id) => (format!("tenant {id}"), mgmt.tenant().delete(&id)),
                Made::Role(name) => {
                    (format!("role {name}"), mgmt.role().delete(Scope::Project, &name))
                }
                Made::AccessKey(id) => (format!("access key {id}"), mgmt.access_key().delete(&id)),
            };
            match removed {
                Err(error) if !error.is_not_found() => left.push(format!("{what}: {error}")),
                _ => ledger.push(what),
            }
        }
        ledger.reverse();
        (ledger, left)
    }
}

/// The value of a call that must succeed.
pub(crate) fn done<T>(call: &str, result: descope::Result<T>) -> Outcome<T> {
    result.map_err(|error| format!("{call}: {error}"))
}

/// The error of a call that must be refused.
pub(crate) fn refused<T>(call: &str, result: descope::Result<T>) -> Outcome<String> {
    match result {
        Ok(_) => Err(format!("{call} succeeded")),
        Err(error @ descope::Error::Api(_)) => Ok(error.to_string()),
        Err(error) => Err(format!("{call}: {error}")),
    }
}

pub(crate) fn same<A: PartialEq<B> + Debug, B: Debug>(what: &str, got: A, wanted: B) -> Outcome {
    if got == wanted { Ok(()) } else { Err(format!("{what} is {got:?}, not {wanted:?}")) }
}

pub(crate) fn holds(what: &str, holds: bool) -> Outcome {
    if holds { Ok(()) } else { Err(format!("not so: {what}")) }
}
