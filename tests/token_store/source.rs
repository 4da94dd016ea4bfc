//! What a source does at which moment, and with which failures.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use descope::tokens::{MemoryStore, StoreLock, StoredTokens, TokenSource, TokenStore};
use descope::transport::{TransportError, TransportErrorKind};
use descope::{Client, Error, Result, Secret, StoreError, StoreErrorKind};

use crate::support::{Moody, Time, client, refusal};

/// What a server does, and how often it was asked.
#[derive(Clone, Default)]
struct Asked {
    count: Arc<AtomicUsize>,
    /// The next answers; afterwards, tokens for ten minutes.
    failures: Arc<Mutex<Vec<Error>>>,
}

impl Asked {
    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn fail(&self, error: Error, times: usize) {
        self.failures.lock().unwrap().extend(vec![error; times]);
    }

    fn answer(&self, time: &Time) -> Result<StoredTokens> {
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        match self.failures.lock().unwrap().pop() {
            Some(error) => Err(error),
            None => Ok(StoredTokens::new(format!("A{count}"))
                .refresh_token(format!("R{count}"))
                .expires_at(time.after(600))),
        }
    }
}

fn source(client: &Client, time: &Time, store: impl TokenStore) -> (TokenSource, Asked) {
    let (asked, time) = (Asked::default(), time.clone());
    let own = asked.clone();
    let refresh = move |_: &Secret| own.answer(&time);
    (TokenSource::refreshing(client, store, "ada", refresh), asked)
}

fn signed_in(time: &Time) -> StoredTokens {
    StoredTokens::new("A0").refresh_token("R0").expires_at(time.after(600)).extra([("mine", 5)])
}

fn text(token: Result<Secret>) -> String {
    token.unwrap().expose().to_owned()
}

fn outage() -> Error {
    TransportError::new(TransportErrorKind::Closed, "as planned").into()
}

#[test]
fn sources_are_owned_and_shared_between_threads() {
    fn shareable<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    shareable::<TokenSource>();
    shareable::<StoredTokens>();
    let (client, time) = client();
    let (source, _) = source(&client, &time, MemoryStore::default());
    source.sign_in(StoredTokens::new("s3cret").refresh_token("s3cret")).unwrap();
    source.token().unwrap();
    assert!(!format!("{source:?}").contains("s3cret"));
}

#[test]
fn a_token_is_renewed_a_minute_before_its_end_and_saved_before_it_is_used() {
    let (client, time) = client();
    let store = Moody::default();
    let (source, asked) = source(&client, &time, store.clone());
    let error = source.token().unwrap_err();
    assert!(error.is_sign_in_required() && matches!(error, Error::Store(_)), "{error}");
    source.sign_in(signed_in(&time)).unwrap();
    time.advance(539);
    store.events();
    assert_eq!((text(source.token()), asked.count(), store.events().len()), ("A0".into(), 0, 0));
    time.advance(1);
    assert_eq!((text(source.token()), asked.count()), ("A1".into(), 1));
    assert_eq!(store.events(), ["load", "lock", "load", "save", "unlock"]);
    let stored = store.load("ada").unwrap().unwrap();
    assert_eq!(stored.refresh_token.unwrap().expose(), "R1");
    assert_eq!((stored.obtained_at, stored.extra["mine"].as_u64()), (Some(time.after(0)), Some(5)));

    let hasty = source.with_leeway(Duration::from_secs(200));
    time.advance(399);
    assert_eq!(text(hasty.token()), "A1");
    time.advance(1);
    assert_eq!((text(source.token()), text(hasty.token())), ("A1".into(), "A2".into()));
    assert_eq!(text(source.token()), "A2", "clones share what they know");
    let never_early = source.with_leeway(Duration::MAX);
    time.advance(299);
    assert_eq!(text(never_early.token()), "A2");
    time.advance(1);
    assert_eq!(text(never_early.token()), "A3");
}

#[test]
fn a_token_without_an_end_is_used_until_it_is_refused() {
    let (client, time) = client();
    let (source, asked) = source(&client, &time, MemoryStore::default());
    source.sign_in(StoredTokens::new("A0").refresh_token("R0")).unwrap();
    time.advance(1_000_000_000);
    let first = source.token().unwrap();
    assert_eq!((first.expose(), asked.count()), ("A0", 0));
    assert_eq!(text(source.renew(&first)), "A1");
    assert_eq!(text(source.renew(&first)), "A1", "another thread had it refused too");
    assert_eq!(asked.count(), 1);
}

#[test]
fn threads_share_one_renewal() {
    let (client, time) = client();
    let store = Moody::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    time.advance(600);
    let start = &Barrier::new(8);
    let found: BTreeSet<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let source = source.clone();
                scope.spawn(move || {
                    start.wait();
                    text(source.token())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!((found, asked.count(), store.saves()), (BTreeSet::from(["A1".into()]), 1, 2));
}

#[test]
fn what_another_process_has_renewed_is_taken() {
    let (client, time) = client();
    let store = MemoryStore::default();
    let (source, asked) = source(&client, &time, store.clone());
    let (other, other_asked) = crate::source::source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    assert_eq!(text(other.token()), "A0");
    time.advance(600);
    assert_eq!((text(source.token()), text(other.token())), ("A1".into(), "A1".into()));
    assert_eq!((asked.count(), other_asked.count()), (1, 0));

    // It may have the lock just then, and be slow.
    time.advance(600);
    let lock = store.lock("ada", Duration::ZERO).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| text(source.token()));
        let renewed = StoredTokens::new("A9").refresh_token("R9").expires_at(time.after(600));
        store.save("ada", &renewed).unwrap();
        drop(lock);
        assert_eq!(waiting.join().unwrap(), "A9");
    });
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_lock_that_is_held_for_too_long_is_an_outage() {
    let (client, time) = client();
    let store = MemoryStore::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    let source = source.with_lock_timeout(Duration::ZERO);
    let lock = store.lock("ada", Duration::ZERO).unwrap();
    time.advance(599);
    assert_eq!(text(source.token()), "A0", "the token still lives");
    time.advance(1);
    let error = source.token().unwrap_err();
    assert!(error.is_unavailable() && !error.is_sign_in_required(), "{error}");
    drop(lock);
    assert_eq!((text(source.token()), asked.count()), ("A1".into(), 1));
}

#[test]
fn a_failed_renewal_gives_the_token_while_it_lives_and_pauses() {
    let (client, time) = client();
    let (source, asked) = source(&client, &time, MemoryStore::default());
    source.sign_in(signed_in(&time)).unwrap();
    asked.fail(outage(), 3);
    time.advance(550);
    for (seconds, count) in [(0, 1), (0, 1), (9, 1), (1, 2), (9, 2)] {
        time.advance(seconds);
        assert_eq!((text(source.token()), asked.count()), ("A0".into(), count));
    }
    time.advance(31);
    assert!(source.token().unwrap_err().is_unavailable(), "it has expired");
    assert_eq!((text(source.token()), asked.count()), ("A4".into(), 4));
}

#[test]
fn a_refused_token_is_not_given_again_when_its_renewal_fails() {
    let (client, time) = client();
    let (source, asked) = source(&client, &time, MemoryStore::default());
    source.sign_in(signed_in(&time)).unwrap();
    let first = source.token().unwrap();
    asked.fail(outage(), 1);
    assert!(source.renew(&first).unwrap_err().is_unavailable());
    assert_eq!((text(source.renew(&first)), asked.count()), ("A2".into(), 2));
}

#[test]
fn a_final_refusal_asks_for_a_sign_in_and_is_remembered_for_two_minutes() {
    let (client, time) = client();
    let store = MemoryStore::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    asked.fail(refusal(401, "E064001"), 2);
    time.advance(590);
    assert_eq!(text(source.token()), "A0", "the token still lives");
    time.advance(10);
    for seconds in [0, 0, 109] {
        time.advance(seconds);
        let error = source.token().unwrap_err();
        assert!(error.is_sign_in_required() && error.code() == Some("E064001"), "{error}");
    }
    assert_eq!(asked.count(), 1);
    assert!(store.load("ada").unwrap().is_some(), "a server's mistake destroys nothing");
    time.advance(1);
    assert!(source.token().unwrap_err().is_sign_in_required());
    assert_eq!(asked.count(), 2);
    source.sign_in(StoredTokens::new("B0").refresh_token("Q0").expires_at(time.after(0))).unwrap();
    assert_eq!((text(source.token()), asked.count()), ("A3".into(), 3));

    // What may come from a proxy is not remembered.
    asked.fail(refusal(401, ""), 2);
    time.advance(600);
    assert!(source.token().is_err() && source.token().is_err());
    assert_eq!((text(source.token()), asked.count()), ("A6".into(), 6));
}

#[test]
fn tokens_that_cannot_be_saved_are_not_lost_nor_used() {
    let (client, time) = client();
    let store = Moody::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    time.advance(550);
    store.let_saves_fail(true);
    for _ in 0..3 {
        let error = source.token().unwrap_err();
        assert!(matches!(&error, Error::Store(error) if error.kind() == StoreErrorKind::Failed));
        assert!(!error.is_sign_in_required(), "{error}");
    }
    assert_eq!(asked.count(), 1, "the old refresh token is not used again");
    assert_eq!(source.unsaved().unwrap().access_token.expose(), "A1");
    store.let_loads_fail(true);
    store.let_saves_fail(false);
    assert!(source.token().is_err());
    store.let_loads_fail(false);
    assert_eq!((text(source.token()), asked.count()), ("A1".into(), 1));
    assert!(source.unsaved().is_none());
    assert_eq!(store.load("ada").unwrap().unwrap().refresh_token.unwrap().expose(), "R1");
}

#[test]
fn a_sign_in_elsewhere_counts_more_than_tokens_that_could_not_be_saved() {
    let (client, time) = client();
    let store = Moody::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    time.advance(600);
    store.let_saves_fail(true);
    assert!(source.token().is_err());
    store.let_saves_fail(false);
    let elsewhere = StoredTokens::new("B0").refresh_token("Q0").expires_at(time.after(600));
    store.save("ada", &elsewhere).unwrap();
    assert_eq!((text(source.token()), asked.count()), ("B0".into(), 1));
    assert!(source.unsaved().is_none());
    assert_eq!(store.load("ada").unwrap().unwrap().access_token.expose(), "B0");
}

#[test]
fn a_store_that_fails_is_an_error_once_the_token_has_expired() {
    let (client, time) = client();
    let store = Moody::default();
    let (source, asked) = source(&client, &time, store.clone());
    source.sign_in(signed_in(&time)).unwrap();
    store.let_loads_fail(true);
    time.advance(599);
    assert_eq!(text(source.token()), "A0");
    time.advance(1);
    assert!(matches!(source.token().unwrap_err(), Error::Store(_)));
    assert!(source.peek().is_err());
    assert_eq!(asked.count(), 0);
}

#[test]
fn what_is_signed_out_is_gone_everywhere() {
    let (client, time) = client();
    let store = MemoryStore::default();
    let (source, asked) = source(&client, &time, store.clone());
    assert!(source.sign_out().unwrap().is_none());
    source.sign_in(signed_in(&time)).unwrap();
    let (other, _) = crate::source::source(&client, &time, store.clone());
    other.token().unwrap();
    let gone = source.sign_out().unwrap().unwrap();
    assert_eq!(gone.refresh_token.unwrap().expose(), "R0");
    assert!(source.token().unwrap_err().is_sign_in_required());
    time.advance(600);
    assert!(other.token().unwrap_err().is_sign_in_required());
    assert!(source.peek().unwrap().is_none());
    assert_eq!(asked.count(), 0);

    // Without a refresh token there is nothing to renew with.
    source.sign_in(StoredTokens::new("A0").expires_at(time.after(0))).unwrap();
    let error = source.token().unwrap_err();
    assert!(error.is_sign_in_required() && error.to_string().contains("refresh token"), "{error}");
}

/// A store whose reader is slow: meanwhile this happens once.
#[derive(Clone, Default)]
struct Slow(MemoryStore, Arc<Mutex<Option<Meanwhile>>>);

type Meanwhile = Box<dyn FnOnce() + Send>;

impl TokenStore for Slow {
    fn load(&self, name: &str) -> std::result::Result<Option<StoredTokens>, StoreError> {
        let found = self.0.load(name);
        let meanwhile = self.1.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        found
    }
    fn save(&self, name: &str, tokens: &StoredTokens) -> Result<(), StoreError> {
        self.0.save(name, tokens)
    }
    fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.0.delete(name)
    }
    fn lock(&self, name: &str, patience: Duration) -> Result<StoreLock, StoreError> {
        self.0.lock(name, patience)
    }
}

#[test]
fn what_was_read_before_a_sign_out_does_not_come_back_after_it() {
    let (client, time) = client();
    let store = Slow::default();
    store.0.save("ada", &signed_in(&time)).unwrap();
    for sign_in in [false, true] {
        let (source, _) = source(&client, &time, store.clone());
        let own = source.clone();
        let bob = StoredTokens::new("bob's").refresh_token("B").expires_at(time.after(600));
        *store.1.lock().unwrap() = Some(Box::new(move || {
            own.sign_out().unwrap();
            if sign_in {
                own.sign_in(bob).unwrap();
            }
        }));
        // Whoever asked before the sign-out may get the old token.
        let _ = source.token();
        if sign_in {
            assert_eq!(text(source.token()), "bob's");
        } else {
            assert!(source.token().unwrap_err().is_sign_in_required());
            store.0.save("ada", &signed_in(&time)).unwrap();
        }
    }
}

#[test]
fn a_program_with_its_own_credential_never_signs_in() {
    let (client, time) = client();
    let asked = Asked::default();
    let (own, own_time) = (asked.clone(), time.clone());
    let issue = move || {
        own.answer(&own_time).map(|mut tokens| {
            tokens.refresh_token = None;
            tokens
        })
    };
    let source = TokenSource::issuing(&client, MemoryStore::default(), "reports", issue);
    assert_eq!((text(source.token()), text(source.token())), ("A1".into(), "A1".into()));
    time.advance(540);
    assert_eq!((text(source.token()), asked.count()), ("A2".into(), 2));
}

#[test]
fn an_answer_without_a_token_is_not_stored() {
    let (client, _) = client();
    let store = MemoryStore::default();
    let issue = || Ok(StoredTokens::new(""));
    let source = TokenSource::issuing(&client, store.clone(), "x", issue);
    assert!(matches!(source.token().unwrap_err(), Error::Decode(_)));
    assert!(store.load("x").unwrap().is_none());
}
