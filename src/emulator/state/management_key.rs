//! Management keys, and what each may do.

use std::borrow::Cow;

use super::table::{By, Row, key};
use crate::emulator::words::digest::Digest;
use crate::emulator::words::fields::{Fields, Object};

pub(in crate::emulator) struct ManagementKey {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) name: String,
    pub(in crate::emulator) description: String,
    /// The digest of the cleartext, which is shown once.
    pub(in crate::emulator) secret: Digest,
    pub(in crate::emulator) active: bool,
    pub(in crate::emulator) created: i64,
    /// 0 is never.
    pub(in crate::emulator) expires: i64,
    pub(in crate::emulator) permitted_ips: Vec<String>,
    /// The wire type `MgmtKeyReBac`.
    pub(in crate::emulator) access: Object,
    pub(in crate::emulator) version: i64,
}

/// What a call asks of the key that makes it.
#[derive(Clone, Copy, Default)]
pub(in crate::emulator) struct Demand {
    /// It is about the company, and not about one project.
    pub(in crate::emulator) company: bool,
    /// It is about users, their families and their sessions.
    pub(in crate::emulator) users: bool,
    /// It changes something.
    pub(in crate::emulator) changes: bool,
}

impl Row for ManagementKey {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id), (By::Secret, Cow::Borrowed(&self.secret[..]))]
    }
}

impl ManagementKey {
    pub(in crate::emulator) fn is_good(&self, now: i64) -> bool {
        self.active && (self.expires == 0 || now < self.expires)
    }

    /// Whether it holds a role, in the company or in a project with this ID and these tags, that
    /// permits such a call.
    pub(in crate::emulator) fn permits(
        &self,
        project: &str,
        tags: &[String],
        demand: Demand,
    ) -> bool {
        let access = Fields::new(&self.access);
        let company = access.texts("companyRoles");
        if demand.company {
            return company.into_iter().any(|role| permits(role, demand));
        }
        let holds = |roles: Fields<'_>, names: &str, is: &dyn Fn(&str) -> bool| {
            roles.texts(names).into_iter().any(is)
        };
        let in_project = access
            .objects("projectRoles")
            .filter(|roles| holds(*roles, "projectIds", &|id| id == project));
        let by_tag = access
            .objects("tagRoles")
            .filter(|roles| holds(*roles, "tags", &|tag| tags.iter().any(|own| own == tag)));
        let of_project = in_project.chain(by_tag).flat_map(|roles| roles.texts("roles"));
        company.into_iter().chain(of_project).any(|role| permits(role, demand))
    }
}

/// What a role permits, by the words of its name. Descope publishes no list of these roles; its own
/// tools use `company-full-access` and `tag-infra-read-write`. So a name with `infra` is about all but
/// users, a name with `user` or `users` about them alone, and one with `read` but not `write` changes
/// nothing. The console's `Auditor` only reads too.
fn permits(role: &str, demand: Demand) -> bool {
    let role = role.to_ascii_lowercase();
    let mut words = role.split(|letter: char| !letter.is_ascii_alphanumeric());
    let says = |names: &[&str]| words.clone().any(|word| names.contains(&word));
    let reads_only = says(&["read", "readonly", "auditor"]) && !says(&["write"]);
    let (users_only, no_users) = (says(&["user", "users"]), says(&["infra"]));
    let named = words.any(|word| !word.is_empty());
    named
        && !(demand.changes && reads_only)
        && !(demand.users && no_users)
        && (demand.users || !users_only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_role_say_what_it_permits() {
        let all = [(false, false), (false, true), (true, false), (true, true)];
        for (role, wanted) in [
            ("company-full-access", [true, true, true, true]),
            ("Company Admin", [true, true, true, true]),
            ("tag-infra-read-write", [true, true, false, false]),
            ("project-infra-read-only", [true, false, false, false]),
            ("users-read-write", [false, false, true, true]),
            ("project-user-read", [false, false, true, false]),
            ("Auditor", [true, false, true, false]),
            ("readers", [true, true, true, true]),
            ("", [false; 4]),
            (" - ", [false; 4]),
        ] {
            let permitted = all
                .map(|(users, changes)| permits(role, Demand { users, changes, company: false }));
            assert_eq!(permitted, wanted, "{role}");
        }
    }
}
