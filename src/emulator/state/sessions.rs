//! The sessions that were started, and their refresh tokens.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::table::{By, Edit, Row, Table, key};
use crate::emulator::words::digest::{Digest, digest};
use crate::emulator::words::fields::Object;
use crate::emulator::words::random;

/// So many refresh tokens are kept, and as many again, before those that have expired are dropped.
const FEW: usize = 64;

/// The sessions that were started, ended ones included: their tokens are refused by name, until they
/// expire.
#[derive(Default)]
pub(in crate::emulator) struct Sessions {
    pub(in crate::emulator) by_id: Table<Session>,
    pub(in crate::emulator) refresh_tokens: HashMap<Digest, RefreshToken>,
    /// How many refresh tokens were left when expired ones were last dropped.
    left: usize,
}

#[derive(Clone)]
pub(in crate::emulator) struct Session {
    pub(in crate::emulator) id: String,
    pub(in crate::emulator) user: String,
    pub(in crate::emulator) amr: Vec<String>,
    pub(in crate::emulator) claims: Object,
    /// The user who acts, where one impersonates another.
    pub(in crate::emulator) actor: Option<String>,
    /// How long its refresh tokens are good, in seconds, if not as the project has it.
    pub(in crate::emulator) lifetime: Option<i64>,
    pub(in crate::emulator) ended: bool,
}

#[derive(Clone)]
pub(in crate::emulator) struct RefreshToken {
    pub(in crate::emulator) session: String,
    /// The tenant selected with it, the `dct` claim.
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) expires: i64,
    /// Replaced by a newer one.
    pub(in crate::emulator) spent: bool,
}

/// A session that proved itself with its refresh token.
pub(in crate::emulator) struct Proven {
    pub(in crate::emulator) session: Session,
    pub(in crate::emulator) tenant: Option<String>,
    pub(in crate::emulator) token: Digest,
}

impl Row for Session {
    fn keys(&self) -> Vec<(By, Cow<'_, [u8]>)> {
        vec![key(By::Id, &self.id), key(By::User, &self.user)]
    }
}

impl Sessions {
    pub(in crate::emulator) fn get(&self, id: &str) -> Option<&Session> {
        self.by_id.get(By::Id, id)
    }

    pub(in crate::emulator) fn edit(&mut self, id: &str) -> Option<Edit<'_, Session>> {
        self.by_id.edit(By::Id, id)
    }

    pub(in crate::emulator) fn end(&mut self, id: &str) {
        if let Some(mut session) = self.edit(id) {
            session.ended = true;
        }
    }

    pub(in crate::emulator) fn revoke(&mut self, proven: &Proven) {
        self.end(&proven.session.id);
    }

    /// Ends the sessions of a user, all or all but one.
    pub(in crate::emulator) fn revoke_user(&mut self, user: &str, except: Option<&Proven>) {
        self.by_id.edit_all(By::User, user, |session| {
            session.ended |= except.is_none_or(|kept| kept.session.id != session.id);
        });
    }

    /// Gives the sessions of one user to another, as when users are merged.
    pub(in crate::emulator) fn hand_over(&mut self, from: &str, to: &str) {
        self.by_id.edit_all(By::User, from, |session| to.clone_into(&mut session.user));
    }

    /// Remembers a refresh token that was signed on demand, as that of a new session.
    pub(in crate::emulator) fn adopt(
        &mut self,
        token: &str,
        user: &str,
        tenant: Option<String>,
        expires: i64,
        now: i64,
    ) {
        let session = self.start(user, Vec::new(), Object::new());
        self.remember(token, RefreshToken { session, tenant, expires, spent: false }, now);
    }

    /// Starts a session, whose refresh token is to be remembered next. Returns its ID.
    pub(in crate::emulator) fn start(
        &mut self,
        user: &str,
        amr: Vec<String>,
        claims: Object,
    ) -> String {
        let id = random::id("S");
        let user = user.to_owned();
        let (actor, lifetime) = (None, None);
        let session = Session { id: id.clone(), user, amr, claims, actor, lifetime, ended: false };
        self.by_id.push(session);
        id
    }

    /// Remembers a refresh token of a session.
    pub(in crate::emulator) fn remember(&mut self, token: &str, refresh: RefreshToken, now: i64) {
        // Seldom enough that it costs each token next to nothing.
        if self.refresh_tokens.len() >= self.left.max(FEW).saturating_mul(2) {
            self.drop_expired(&refresh.session, now);
        }
        self.refresh_tokens.insert(digest(token), refresh);
    }

    /// Drops refresh tokens that have expired, and sessions that have no more of them but one.
    fn drop_expired(&mut self, but: &str, now: i64) {
        self.refresh_tokens.retain(|_, refresh| now < refresh.expires);
        let live: HashSet<_> = self.refresh_tokens.values().map(|token| &*token.session).collect();
        self.by_id.retain(|session| session.id == but || live.contains(&*session.id));
        self.left = self.refresh_tokens.len();
    }

    /// The sessions that go on and that a token is of: that of a refresh token, or all in which `actor`
    /// acts as the user.
    pub(in crate::emulator) fn acting(
        &self,
        token: &Digest,
        user: &str,
        actor: &str,
    ) -> Vec<String> {
        let live = |session: &&Session| !session.ended;
        if let Some(refresh) = self.refresh_tokens.get(token) {
            let session = self.get(&refresh.session).filter(live);
            return session.into_iter().map(|session| session.id.clone()).collect();
        }
        let sessions = self.by_id.all(By::User, user).filter(live);
        let acts = sessions.filter(|session| session.actor.as_deref() == Some(actor));
        acts.map(|session| session.id.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use crate::emulator::Emulator;
    use crate::emulator::testing::{claims, refused, text};

    #[test]
    fn what_has_expired_is_forgotten() {
        let emulator = Emulator::builder()
            .rotate_refresh_tokens(true)
            .refresh_lifetime(Duration::from_secs(100))
            .build();
        emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
        let sign_in = || text(&emulator.sign_in("ada").unwrap(), "refreshJwt").to_owned();
        let (kept, ended) = (sign_in(), sign_in());
        assert_eq!(emulator.send("POST", "/v1/auth/logout", &ended, &json!({})).0, 200);
        let mut token = kept.clone();
        for _ in 0..600 {
            emulator.advance(Duration::from_secs(1));
            sign_in();
            let (status, answer) = emulator.refresh(&token);
            assert_eq!(status, 200, "{answer}");
            let old = std::mem::replace(&mut token, text(&answer, "refreshJwt").to_owned());
            refused(emulator.refresh(&old), 401, "E061005");
        }
        let store = emulator.store();
        // The last 100 seconds left 200 tokens and 101 sessions.
        assert!(
            store.sessions.refresh_tokens.len() <= 400,
            "{}",
            store.sessions.refresh_tokens.len()
        );
        assert!(store.sessions.by_id.len() <= 300, "{}", store.sessions.by_id.len());
    }

    #[test]
    fn tokens_of_one_second_are_of_their_own_sessions() {
        let emulator = Emulator::new();
        emulator.seed(&json!({ "users": [{ "loginId": "ada" }] })).unwrap();
        let ada = emulator.user("ada")["userId"].clone();
        let issue = |jti: Option<serde_json::Value>| {
            let mut claims = json!({ "sub": ada, "drn": "DSR" });
            if let Some(jti) = jti {
                claims["jti"] = jti;
            }
            emulator.issue_token(claims).unwrap()
        };
        let (first, second) = (issue(None), issue(None));
        assert_eq!(emulator.send("POST", "/v1/auth/logout", &first, &json!({})).0, 200);
        refused(emulator.refresh(&first), 401, "E064001");
        assert_eq!(emulator.refresh(&second).0, 200);
        assert_eq!(claims(&json!(issue(Some(json!("own")))))["jti"], "own");
        assert_eq!(claims(&json!(issue(Some(json!(null))))).get("jti"), None);
    }

    #[test]
    fn histories_have_an_end() {
        let emulator = Emulator::new();
        let logins: Vec<_> = (0..1500).map(|time| json!({ "time": time })).collect();
        let user = |login_id: &str| json!({ "loginId": login_id, "state": { "logins": logins } });
        emulator.seed(&json!({ "users": [user("ada"), user("al")] })).unwrap();
        let id = emulator.sign_in("ada").unwrap()["user"]["userId"].clone();
        let other = emulator.user("al")["userId"].clone();
        let ids = [&id, &other].map(|id| id.as_str().unwrap());
        emulator.store().merge_users(ids[0], ids[1]).unwrap();
        let history = emulator.manage("/v1/mgmt/user/history", &json!([id]));
        let times: Vec<_> = history.as_array().unwrap().iter().map(|of| &of["loginTime"]).collect();
        assert_eq!(times.len(), 1000);
        assert_eq!(times[1..4], [&json!(1499), &json!(1499), &json!(1498)], "the newest are left");
    }
}
