//! Key sets that outlive a process: taken out of a client, put into another one, or shared by the processes of a
//! machine through a store.
//!
//! A client fetches the project's signing keys when it first needs them, and keeps them in memory. That suits a
//! service. A process that ends after one request or one job would fetch them every time. With a [`KeyStore`],
//! such as a file, processes share one fetch:
//!
//! ```
//! use descope::Client;
//! use descope::keys::FileKeyStore;
//!
//! # let folder = std::env::temp_dir().join(format!("descope-keys-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("keys.json");
//! # let emulator = descope::emulator::Emulator::new();
//! # let token = emulator.issue_token(serde_json::json!({ "sub": "U2ada", "drn": "DS" })).unwrap();
//! // Each time the program runs, such as with the path `/var/cache/my-tool/keys.json`:
//! # for _ in 0..3 {
//! let client = Client::builder()
//! #   .emulator(&emulator)
//!     .key_store(FileKeyStore::new(&path)?)
//!     .build()?;
//! let claims = client.auth().session().validate(&token)?;
//! # }
//! # assert_eq!(emulator.requests("/v2/keys"), 1);
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), descope::Error>(())
//! ```
//!
//! # When the store is asked
//!
//! The client looks into the store before each fetch, and saves each set that it has fetched. A stored set counts
//! like one in memory: it is fresh until it is [`max_age`](crate::KeyPolicy::max_age) old, counted from its fetch,
//! and it bridges an outage until it is [`max_stale`](crate::KeyPolicy::max_stale) old.
//!
//! | event | what happens |
//! |---|---|
//! | the stored set is fresh and has the key | it is used, without a request |
//! | the stored set is due | one process fetches and saves; others wait for its lock and take what it saved |
//! | a token names a key that the stored set lacks | likewise, so a rotation costs one fetch for all |
//! | many tokens name unknown keys | the store keeps the times of the last two fetches for such keys, so that all processes together make two per [`cooldown`](crate::KeyPolicy::cooldown), and further tokens get [`KeyPending`](crate::TokenError::KeyPending) |
//! | the store fails, or has something else | the client goes on as if it were empty, and tells the [observer](crate::observe::Event::KeyStoreFailed) |
//!
//! # What is trusted
//!
//! Whoever can write to the store decides which tokens are valid. A set is taken only if it was saved for the same
//! project and the same [base URL](crate::ClientBuilder::base_url), if all of it can be read, and if it was not
//! fetched in the future. The keys in it meet the same conditions as fetched ones. Who else can write to the store,
//! the store must prevent: see [`FileKeyStore`].

mod file;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::file::FileKeyStore;
use crate::error::{StoreError, StoreErrorKind};
pub use crate::lock::StoreLock;
use crate::time::UnixTime;

/// A place where key sets are kept between the runs of a program; see the [module](self).
///
/// Implement it to keep them elsewhere, such as in a memory that machines share. [`KeySet::to_json`] and
/// [`KeySet::from_json`] are their lasting form. One store is for one project.
///
/// ```
/// use std::sync::{Mutex, PoisonError};
///
/// use descope::keys::{KeySet, KeyStore};
/// use descope::StoreError;
///
/// /// Something that keeps a text.
/// #[derive(Default)]
/// struct Text(Mutex<Option<String>>);
///
/// impl KeyStore for Text {
///     fn load(&self) -> Result<Option<KeySet>, StoreError> {
///         let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
///         text.as_deref().map(KeySet::from_json).transpose()
///     }
///     fn save(&self, keys: &KeySet) -> Result<(), StoreError> {
///         *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys.to_json());
///         Ok(())
///     }
/// }
/// # let emulator = descope::emulator::Emulator::new();
/// # let store = std::sync::Arc::new(Text::default());
/// # for _ in 0..2 {
/// #     let builder = descope::Client::builder().emulator(&emulator).key_store(store.clone());
/// #     builder.build()?.warm_up()?;
/// # }
/// # assert_eq!(emulator.requests("/v2/keys"), 1);
/// # Ok::<(), descope::Error>(())
/// ```
pub trait KeyStore: Send + Sync + 'static {
    /// The set that was saved last; `None` if there is none. It must never return half of what another process is
    /// saving.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]. The client then goes on as if there were none.
    fn load(&self) -> Result<Option<KeySet>, StoreError>;

    /// Saves a set in place of the one there is.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]. The client then goes on, and other processes fetch for themselves.
    fn save(&self, keys: &KeySet) -> Result<(), StoreError>;

    /// Keeps other processes from fetching, until the lock is dropped or its process ends. The client holds it
    /// over a fetch, and calls the other functions meanwhile. The default locks nothing: processes that need keys
    /// at the same moment then each fetch them.
    ///
    /// # Errors
    ///
    /// A [`StoreError`], with [`StoreErrorKind::Busy`] if another holds the lock for longer than `patience`. The
    /// client then fetches without the lock.
    fn lock(&self, patience: Duration) -> Result<StoreLock, StoreError> {
        let _ = patience;
        Ok(StoreLock::new(()))
    }
}

/// Shares a store between clients.
impl<S: KeyStore + ?Sized> KeyStore for Arc<S> {
    fn load(&self) -> Result<Option<KeySet>, StoreError> {
        (**self).load()
    }

    fn save(&self, keys: &KeySet) -> Result<(), StoreError> {
        (**self).save(keys)
    }

    fn lock(&self, patience: Duration) -> Result<StoreLock, StoreError> {
        (**self).lock(patience)
    }
}

/// The public signing keys of a project as a JWKS (RFC 7517), with the time of their fetch.
///
/// [`Client::key_set`](crate::Client::key_set) returns the set of a client, and
/// [`ClientBuilder::key_set`](crate::ClientBuilder::key_set) starts a client with one. It holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    jwks: Arc<str>,
    fetched_at: UnixTime,
    /// The project and the base URL, unless the program made the set up.
    of: Option<(String, String)>,
    /// When keys that are in no set were last looked for, the earlier time first.
    pub(crate) sought: [Option<UnixTime>; 2],
}

/// The lasting form.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document<'d> {
    version: u64,
    project_id: String,
    base_url: String,
    fetched_at: UnixTime,
    sought: [Option<UnixTime>; 2],
    #[serde(borrow)]
    jwks: &'d RawValue,
}

/// A newer version may have another form.
const VERSION: u64 = 1;

impl KeySet {
    /// A JWKS of your own, such as one that is deployed with your program, and when it was fetched. You vouch for
    /// the project that it belongs to.
    ///
    /// ```
    /// use descope::{Client, KeySet, UnixTime};
    ///
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let other = Client::builder().emulator(&emulator).build()?;
    /// # let text = other.key_set()?.jwks().to_owned();
    /// # let token = emulator.issue_token(serde_json::json!({ "sub": "U2ada", "drn": "DS" })).unwrap();
    /// let fetched_at = UnixTime::from(std::time::SystemTime::now());
    /// # let fetched_at = descope::clock::Clock::unix(&emulator.clock());
    /// let client = Client::builder()
    /// #   .emulator(&emulator)
    ///     .key_set(KeySet::new(text, fetched_at))
    ///     .build()?;
    /// client.auth().session().validate(&token)?;
    /// # assert_eq!(emulator.requests("/v2/keys"), 1, "the other client's");
    /// # Ok::<(), descope::Error>(())
    /// ```
    pub fn new(jwks: impl AsRef<str>, fetched_at: UnixTime) -> Self {
        Self { jwks: jwks.as_ref().into(), fetched_at, of: None, sought: [None; 2] }
    }

    /// The set of a project at an origin.
    pub(crate) fn of(
        project_id: &str,
        base_url: &str,
        jwks: Arc<str>,
        fetched_at: UnixTime,
    ) -> Self {
        let of = Some((project_id.to_owned(), base_url.to_owned()));
        Self { jwks, fetched_at, of, sought: [None; 2] }
    }

    /// The set as Descope published it: `{"keys":[...]}`.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// When it was fetched.
    pub fn fetched_at(&self) -> UnixTime {
        self.fetched_at
    }

    /// How old it is by now, by the system's clock; zero for one from the future.
    pub fn age(&self) -> Duration {
        let now = UnixTime::from(std::time::SystemTime::now()).as_seconds();
        let age = now.saturating_sub(self.fetched_at.as_seconds());
        Duration::from_secs(u64::try_from(age).unwrap_or(0))
    }

    /// Whether it can be that of this project at this origin.
    pub(crate) fn is_of(&self, project_id: &str, base_url: &str) -> bool {
        self.of.as_ref().is_none_or(|(id, url)| id == project_id && url == base_url)
    }

    /// The lasting form, as JSON.
    pub fn to_json(&self) -> String {
        // What is no JSON, such as a set that the program made up, is saved as null.
        let jwks = RawValue::from_string(self.jwks.to_string()).unwrap_or_default();
        let (project_id, base_url) = self.of.clone().unwrap_or_default();
        let document = Document {
            version: VERSION,
            project_id,
            base_url,
            fetched_at: self.fetched_at,
            sought: self.sought,
            jwks: &jwks,
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) has made, and nothing else.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] with [`StoreErrorKind::Damaged`] for anything else, and with
    /// [`StoreErrorKind::TooNew`] for what a newer version of this crate has made.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }

        let damaged = |what| StoreError::new(StoreErrorKind::Damaged, what);
        match serde_json::from_str::<Version>(text) {
            Ok(Version { version: VERSION }) => {}
            Ok(Version { version }) if version > VERSION => {
                let what = "a newer version of the program has saved the key set";
                return Err(StoreError::new(StoreErrorKind::TooNew, what));
            }
            _ => return Err(damaged("it is not a saved key set")),
        }
        // Not with the cause, whose text may quote what is there.
        let document: Document<'_> =
            serde_json::from_str(text).map_err(|_| damaged("it is not a saved key set"))?;
        let of =
            (!document.project_id.is_empty()).then_some((document.project_id, document.base_url));
        Ok(Self {
            jwks: document.jwks.get().into(),
            fetched_at: document.fetched_at,
            of,
            sought: document.sought,
        })
    }

    /// Whether it says whose it is. A set that does not, no store may hold.
    pub(crate) fn is_named(&self) -> bool {
        self.of.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> KeySet {
        let (jwks, at) =
            (r#"{"keys":[{"kid":"a"}]}"#.into(), UnixTime::from_seconds(1_700_000_000));
        let mut set = KeySet::of("P2abc", "https://api.descope.com", jwks, at);
        set.sought[1] = Some(at);
        set
    }

    #[test]
    fn the_lasting_form_is_read_back_as_it_was() {
        let text = set().to_json();
        assert_eq!(KeySet::from_json(&text).unwrap(), set());
        assert_eq!(
            text,
            r#"{"version":1,"project_id":"P2abc","base_url":"https://api.descope.com","fetched_at":1700000000,"sought":[null,1700000000],"jwks":{"keys":[{"kid":"a"}]}}"#
        );
        let own = KeySet::new("{}", UnixTime::from_seconds(1));
        let read = KeySet::from_json(&own.to_json()).unwrap();
        assert!(read == own && !read.is_named() && set().is_named());
        assert!(set().is_of("P2abc", "https://api.descope.com"));
        assert!(!set().is_of("P2xyz", "https://api.descope.com"));
        assert!(!set().is_of("P2abc", "https://api.descope.org"));
    }

    #[test]
    fn every_cut_and_every_other_form_is_damage() {
        let whole = set().to_json();
        let mut texts: Vec<String> = (0..whole.len()).map(|end| whole[..end].to_owned()).collect();
        texts.extend([whole.repeat(2), whole.replace('1', "\"1\""), "[]".into(), "null".into()]);
        for (from, to) in [
            ("\"version\":1", "\"version\":0"),
            ("\"version\":1,", ""),
            ("\"project_id\":\"P2abc\",", ""),
            ("\"sought\":[null,1700000000],", ""),
            ("[null,1700000000]", "[1,2,3]"),
            ("\"version\"", "\"more\":1,\"version\""),
            (",\"jwks\":{\"keys\":[{\"kid\":\"a\"}]}", ""),
        ] {
            assert!(whole.contains(from), "{from}");
            texts.push(whole.replacen(from, to, 1));
        }
        for text in texts {
            let error = KeySet::from_json(&text).expect_err(&text);
            assert_eq!(error.kind(), StoreErrorKind::Damaged, "{text}");
        }
        let newer = KeySet::from_json(r#"{"version":2,"anything":[]}"#).unwrap_err();
        assert_eq!(newer.kind(), StoreErrorKind::TooNew);
    }
}
