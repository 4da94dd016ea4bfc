//! Answers to authorization checks that a client remembers for a moment.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::digest::Digest;
use crate::error::{Error, Result};

/// How answers of [`Fga::check`](crate::mgmt::fga::Fga::check) are remembered in the process, for
/// [`ClientBuilder::fga_check_cache`](crate::ClientBuilder::fga_check_cache).
///
/// An answer is remembered under all inputs of its question: the relation, the
/// [context](crate::mgmt::fga::CheckOptions::context) and the other options. "Not allowed" is remembered like
/// "allowed". All clones of a client share what is remembered.
///
/// # How old an answer can be
///
/// A remembered answer can be wrong for as long as the time to live, counted from when the question was sent: a
/// right that was revoked elsewhere still holds here until then. Choose a time that you could also wait for a
/// revocation. What goes through the client or a clone of it does not wait: any call that may change relations or the
/// schema, in this area, in `authz`, or as an import of the project, drops all answers before it is sent and when it
/// has ended. A question that was under way meanwhile is not remembered. Calls of
/// [`Client::call`](crate::Client::call) count too.
///
/// Not remembered are answers that depend on more than relations and schema
/// ([`fact_used`](crate::mgmt::fga::CheckInfo::fact_used)), those with a
/// [path](crate::mgmt::fga::CheckOptions::compute_paths), and those that take more than 4 KiB. Where the answer to any
/// check shows that the schema has changed, even of one that is not remembered itself, all older answers are dropped.
///
/// [`Fga::uncached`](crate::mgmt::fga::Fga::uncached) asks Descope in any case.
///
/// ```
/// use std::time::Duration;
///
/// use descope::Client;
/// use descope::mgmt::fga::{CheckCache, Relation};
///
/// # let emulator = descope::emulator::Emulator::new();
/// let client = Client::builder()
/// #   .emulator(&emulator)
///     .fga_check_cache(CheckCache::new(Duration::from_secs(10)).capacity(1_000))
///     .build()?;
/// let fga = client.mgmt().fga();
/// fga.save_schema("model AuthZ 1.0 type user type doc relation viewer: user")?;
/// let question = Relation::new("doc", "plan", "viewer", "user", "ada");
/// for _ in 0..100 {
///     assert!(!fga.is_allowed(&question)?);
/// }
/// # assert_eq!(emulator.requests("/v1/mgmt/fga/check"), 1);
/// fga.create_relations(std::slice::from_ref(&question))?;
/// assert!(fga.is_allowed(&question)?);
/// # assert_eq!(emulator.requests("/v1/mgmt/fga/check"), 2);
/// # Ok::<(), descope::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct CheckCache {
    time_to_live: Duration,
    capacity: usize,
}

impl CheckCache {
    /// Remembers each answer for this long. Must not be zero.
    pub fn new(time_to_live: Duration) -> Self {
        Self { time_to_live, capacity: 10_000 }
    }

    /// Remembers at most this many answers. Of more, the oldest goes first. Must not be zero. Defaults to 10,000,
    /// which take some 5 MB.
    pub fn capacity(mut self, answers: usize) -> Self {
        self.capacity = answers;
        self
    }

    pub(crate) fn build(self) -> Result<Checks> {
        if self.time_to_live.is_zero() || self.capacity == 0 {
            return Err(Error::argument(
                "fga_check_cache",
                "must not have a time or capacity of zero",
            ));
        }
        Ok(Checks { settings: self, state: Mutex::default() })
    }
}

/// The most that one answer may take, in bytes.
const LARGEST: usize = 4096;

/// See [`CheckCache`]. Answers are kept as the bytes that their owner makes of them.
pub(crate) struct Checks {
    settings: CheckCache,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: HashMap<Digest, Known>,
    /// In the order in which they came, which is that of their age. Those that were replaced are still in it.
    order: VecDeque<(Digest, u64)>,
    /// The number of the last answer.
    last: u64,
    /// How often all was dropped.
    drops: u64,
    /// The schema by which all answers here were given, as the last answer to any question told it.
    schema: Option<Schema>,
}

/// The version of a schema. Not every answer tells one.
#[derive(PartialEq, Eq)]
struct Schema(Option<String>);

struct Known {
    number: u64,
    asked: Asked,
    answer: Arc<[u8]>,
}

/// When a question was sent.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    monotonic: Duration,
    /// It goes on while the machine sleeps.
    unix: i64,
    drops: u64,
}

impl State {
    fn drop_all(&mut self) {
        *self = Self { last: self.last, drops: self.drops + 1, ..Self::default() };
    }
}

impl Checks {
    /// Notes that a question is about to be sent.
    pub(crate) fn asking(&self, clock: &dyn Clock) -> Asked {
        let (monotonic, unix) = (clock.monotonic(), clock.unix().as_seconds());
        Asked { monotonic, unix, drops: self.state().drops }
    }

    /// The remembered answer, unless it is too old.
    pub(crate) fn get(&self, question: &Digest, clock: &dyn Clock) -> Option<Arc<[u8]>> {
        let now = self.asking(clock);
        let state = self.state();
        let known = state.answers.get(question)?;
        self.is_alive(known.asked, now).then(|| Arc::clone(&known.answer))
    }

    /// Notes the version of the schema that an answer names. If it is another than that of the answers before it,
    /// those are dropped. What is returned is for [`put`](Self::put): the answer itself is not older than the change.
    pub(crate) fn answered(&self, schema: Option<&str>, asked: Asked) -> Asked {
        let schema = Schema(schema.map(str::to_owned));
        let mut state = self.state();
        let is_first = state.drops == asked.drops;
        let has_changed = state.schema.as_ref().is_some_and(|seen| *seen != schema);
        if has_changed {
            state.drop_all();
        }
        state.schema = Some(schema);
        let drops = if has_changed && is_first { state.drops } else { asked.drops };
        Asked { drops, ..asked }
    }

    /// Remembers an answer, unless something may have changed since the question.
    pub(crate) fn put(&self, question: Digest, answer: Vec<u8>, asked: Asked) {
        if answer.len() > LARGEST {
            return;
        }
        let mut state = self.state();
        if state.drops != asked.drops {
            return;
        }
        state.last += 1;
        let number = state.last;
        state.order.push_back((question, number));
        state.answers.insert(question, Known { number, asked, answer: answer.into() });
        while state.order.len() > self.settings.capacity {
            let Some((oldest, number)) = state.order.pop_front() else { break };
            if state.answers.get(&oldest).is_some_and(|known| known.number == number) {
                state.answers.remove(&oldest);
            }
        }
    }

    /// Drops all answers.
    pub(crate) fn forget(&self) {
        self.state().drop_all();
    }

    /// Drops all answers now, and again when what is returned is dropped: a question that was answered between the
    /// two may have seen either state.
    pub(crate) fn changing(&self) -> Changing<'_> {
        self.forget();
        Changing(self)
    }

    fn is_alive(&self, asked: Asked, now: Asked) -> bool {
        let limit = self.settings.time_to_live;
        let slept = u64::try_from(now.unix.saturating_sub(asked.unix)).unwrap_or(0);
        // The wall clock shows whole seconds, and may be one ahead.
        now.monotonic.saturating_sub(asked.monotonic) < limit
            && Duration::from_secs(slept.saturating_sub(1)) < limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that may change what is remembered is under way.
pub(crate) struct Changing<'c>(&'c Checks);

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::digest::digest;

    fn checks(capacity: usize) -> (Checks, SystemClock) {
        let checks = CheckCache::new(Duration::from_secs(3600)).capacity(capacity).build();
        (checks.unwrap(), SystemClock::default())
    }

    #[test]
    fn no_more_is_kept_than_may_be_and_the_oldest_goes_first() {
        let (checks, clock) = checks(3);
        let put = |name: &str| {
            checks.put(digest(name), name.as_bytes().to_vec(), checks.asking(&clock));
        };
        let has = |name: &str| checks.get(&digest(name), &clock).is_some();
        for name in ["a", "b", "c", "d"] {
            put(name);
        }
        assert_eq!(["a", "b", "c", "d"].map(has), [false, true, true, true]);
        // What is put in again is as new as any.
        put("b");
        put("e");
        assert_eq!(["b", "c", "d", "e"].map(has), [true, false, true, true]);
        for _ in 0..100 {
            put("e");
        }
        let state = checks.state();
        assert_eq!((state.order.len(), state.answers.len()), (3, 1));
    }

    #[test]
    fn an_answer_to_what_may_have_changed_meanwhile_is_not_kept() {
        let (checks, clock) = checks(10);
        let before = checks.asking(&clock);
        let changing = checks.changing();
        let meanwhile = checks.asking(&clock);
        checks.put(digest("a"), Vec::new(), before);
        assert!(checks.get(&digest("a"), &clock).is_none());
        checks.put(digest("b"), Vec::new(), meanwhile);
        drop(changing);
        assert!(checks.get(&digest("b"), &clock).is_none());
        checks.put(digest("b"), Vec::new(), meanwhile);
        assert!(checks.get(&digest("b"), &clock).is_none());
        checks.put(digest("b"), vec![1], checks.asking(&clock));
        assert_eq!(checks.get(&digest("b"), &clock).as_deref(), Some(&[1][..]));
        checks.put(digest("large"), vec![0; LARGEST + 1], checks.asking(&clock));
        assert!(checks.get(&digest("large"), &clock).is_none());
    }

    #[test]
    fn an_answer_by_another_schema_drops_the_older_ones_and_stays() {
        let (checks, clock) = checks(10);
        let has = |name: &str| checks.get(&digest(name), &clock).is_some();
        let put = |name: &str, schema: Option<&str>, asked: Asked| {
            checks.put(digest(name), vec![1], checks.answered(schema, asked));
        };
        put("a", Some("1"), checks.asking(&clock));
        put("b", Some("1"), checks.asking(&clock));
        let (meanwhile, late) = (checks.asking(&clock), checks.asking(&clock));
        put("c", Some("2"), checks.asking(&clock));
        assert_eq!(["a", "b", "c"].map(has), [false, false, true]);
        // What was asked before the change was seen may be of either schema.
        put("d", Some("2"), meanwhile);
        assert_eq!(["c", "d"].map(has), [true, false]);
        put("e", Some("1"), late);
        assert_eq!(["c", "e"].map(has), [false, false]);
        // An answer that names none is of none that is known.
        put("f", None, checks.asking(&clock));
        put("g", None, checks.asking(&clock));
        assert_eq!(["f", "g"].map(has), [true, true]);
        put("h", Some("2"), checks.asking(&clock));
        assert_eq!(["f", "g", "h"].map(has), [false, false, true]);
    }

    #[test]
    fn a_time_and_a_capacity_are_needed() {
        for cache in
            [CheckCache::new(Duration::ZERO), CheckCache::new(Duration::from_secs(1)).capacity(0)]
        {
            let refused = cache.build().err().expect("an error");
            assert!(matches!(refused, Error::Argument { name: "fga_check_cache", .. }));
        }
    }
}
