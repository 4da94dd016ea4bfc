use std::{fs, thread};

use super::*;
use crate::disk::{Folder, beside};

fn store_in(folder: &Folder) -> FileStore {
    FileStore::new(folder.path().join("tokens.json")).unwrap()
}

fn tokens(text: &str) -> StoredTokens {
    StoredTokens::new(text).refresh_token(format!("R-{text}"))
}

fn access_token(store: &FileStore, name: &str) -> Option<String> {
    store.load(name).unwrap().map(|tokens| tokens.access_token.expose().to_owned())
}

fn kinds(store: &FileStore) -> [StoreErrorKind; 2] {
    let save = store.save("ada", &tokens("new")).unwrap_err();
    [store.load("ada").unwrap_err().kind(), save.kind()]
}

#[test]
fn a_file_has_many_names_and_leaves_only_locks_beside_it() {
    let folder = Folder::new();
    let (store, other) = (store_in(&folder), store_in(&folder));
    assert_eq!(access_token(&store, "ada"), None);
    store.delete("ada").unwrap();
    assert!(folder.names().is_empty(), "a store that is only read makes no file");
    for name in ["ada", "", "b\"o\nb", "ädä/../x"] {
        store.save(name, &tokens(name)).unwrap();
    }
    store.save("ada", &tokens("A2")).unwrap();
    assert_eq!(access_token(&other, "ada").as_deref(), Some("A2"));
    assert_eq!(access_token(&other, "b\"o\nb").as_deref(), Some("b\"o\nb"));
    other.delete("ada").unwrap();
    assert_eq!(access_token(&store, "ada"), None);
    assert_eq!(access_token(&store, "ädä/../x").as_deref(), Some("ädä/../x"));
    drop(store.lock("ada", Duration::ZERO).unwrap());
    let names = folder.names();
    assert!(
        names.iter().all(|name| name == "tokens.json"
            || std::path::Path::new(name).extension() == Some("lock".as_ref())),
        "{names:?}"
    );
    assert_eq!(names.len(), 3);
}

#[test]
fn paths_that_name_no_file_are_refused() {
    for path in ["", "/", ".."] {
        assert_eq!(FileStore::new(path).unwrap_err().kind(), StoreErrorKind::Failed, "{path}");
    }
    assert!(FileStore::new("tokens.json").unwrap().path().is_absolute());
    for name in ["", ".", "..", "a/b", "a\\b", "c:"] {
        assert_eq!(FileStore::of_program(name).unwrap_err().kind(), StoreErrorKind::Failed);
    }
}

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    let folder = Folder::new();
    let store = store_in(&folder);
    store.save("ada", &tokens("A1")).unwrap();
    let whole = fs::read(store.path()).unwrap();
    let mut contents: Vec<Vec<u8>> =
        (0..whole.len() - 1).map(|end| whole[..end].to_vec()).collect();
    contents.extend([vec![0; whole.len()], b"\xff\xfe{}".to_vec(), vec![b'['; 100_000]]);
    for content in contents {
        fs::write(store.path(), &content).unwrap();
        assert_eq!(kinds(&store), [StoreErrorKind::Damaged; 2]);
        let error = store.delete("ada").unwrap_err();
        assert!(error.to_string().contains("tokens.json"), "{error}");
        assert_eq!(fs::read(store.path()).unwrap(), content);
    }
    fs::write(store.path(), br#"{"version":2}"#).unwrap();
    assert_eq!(kinds(&store), [StoreErrorKind::TooNew; 2]);
    let large = File::options().write(true).open(store.path()).unwrap();
    large.set_len(1 << 40).unwrap();
    assert_eq!(kinds(&store), [StoreErrorKind::Damaged; 2]);
    fs::remove_file(store.path()).unwrap();
    store.save("ada", &tokens("A2")).unwrap();
}

#[test]
fn what_a_killed_process_has_written_in_full_is_found() {
    let folder = Folder::new();
    let store = store_in(&folder);
    let next = beside(store.path(), "new");
    store.save("ada", &tokens("A2")).unwrap();
    let newer = fs::read(store.path()).unwrap();
    store.save("ada", &tokens("A1")).unwrap();

    // As `fs::rename` leaves it before it is called: complete, and private.
    fs::copy(store.path(), &next).unwrap();
    fs::write(&next, &newer).unwrap();
    assert_eq!(access_token(&store, "ada").as_deref(), Some("A1"));
    drop(store.lock("ada", Duration::ZERO).unwrap());
    assert_eq!(access_token(&store, "ada").as_deref(), Some("A2"));
    assert!(!next.exists());

    for end in [0, 1, newer.len() / 2, newer.len() - 3] {
        fs::copy(store.path(), &next).unwrap();
        fs::write(&next, &newer[..end]).unwrap();
        store.save("bob", &tokens("B1")).unwrap();
        assert_eq!(access_token(&store, "ada").as_deref(), Some("A2"), "{end}");
        assert!(!next.exists());
    }

    // Also when nothing was saved before.
    fs::rename(store.path(), &next).unwrap();
    store.delete("bob").unwrap();
    assert_eq!(access_token(&store, "ada").as_deref(), Some("A2"));
    assert_eq!(access_token(&store, "bob"), None);
}

#[test]
fn a_lock_is_of_one_name_and_holds_off_all_others() {
    let folder = Folder::new();
    let (store, other) = (store_in(&folder), store_in(&folder));
    let lock = store.lock("ada", Duration::ZERO).unwrap();
    for store in [&store, &other] {
        let error = store.lock("ada", Duration::from_millis(30)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Busy, "{error}");
    }
    other.save("ada", &tokens("A1")).unwrap();
    drop(other.lock("bob", Duration::ZERO).unwrap());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.lock("ada", WRITING).map(drop));
        drop(lock);
        waiting.join().unwrap().unwrap();
    });
    drop(store.lock("ada", WRITING).unwrap());
}

#[test]
fn writers_lose_nothing_and_readers_see_no_half() {
    let folder = Folder::new();
    let store = store_in(&folder);
    store.save("ada", &tokens("0")).unwrap();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = store_in(&folder);
                scope.spawn(move || {
                    for round in 0..10 {
                        store.save(&format!("{writer}-{round}"), &tokens("x")).unwrap();
                        store.save("ada", &tokens(&"y".repeat(writer * 5000 + 1))).unwrap();
                    }
                })
            })
            .collect();
        while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
            assert!(access_token(&store, "ada").is_some());
        }
    });
    let names = (0..4).flat_map(|writer| (0..10).map(move |round| format!("{writer}-{round}")));
    for name in names {
        assert!(access_token(&store, &name).is_some(), "{name}");
    }
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
    use std::process::Command;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn assert_refused(store: &FileStore) {
        assert_eq!(kinds(store), [StoreErrorKind::Unsafe; 2]);
        assert_eq!(store.delete("ada").unwrap_err().kind(), StoreErrorKind::Unsafe);
        assert!(!beside(store.path(), "new").exists());
    }

    #[test]
    fn all_that_is_created_is_closed_to_others() {
        let folder = Folder::new();
        let inner = folder.path().join("a/b");
        let store = FileStore::new(inner.join("tokens.json")).unwrap();
        store.save("ada", &tokens("A1")).unwrap();
        drop(store.lock("ada", Duration::ZERO).unwrap());
        assert_eq!([mode(&folder.path().join("a")), mode(&inner)], [0o700; 2]);
        let files: Vec<_> = fs::read_dir(inner).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(files.len(), 3);
        assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    }

    #[test]
    fn a_file_that_others_have_access_to_is_refused() {
        let folder = Folder::new();
        let store = store_in(&folder);
        store.save("ada", &tokens("A1")).unwrap();
        let content = fs::read(store.path()).unwrap();
        for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001, 0o044, 0o077] {
            set_mode(store.path(), 0o600 | bit);
            assert_refused(&store);
            assert_eq!(
                (fs::read(store.path()).unwrap(), mode(store.path())),
                (content.clone(), 0o600 | bit)
            );
        }
        set_mode(store.path(), 0o600);
        let lock = beside(store.path(), "lock");
        set_mode(&lock, 0o666);
        assert_eq!(store.save("ada", &tokens("A2")).unwrap_err().kind(), StoreErrorKind::Unsafe);
        set_mode(&lock, 0o600);
        assert_eq!(access_token(&store, "ada").as_deref(), Some("A1"));
    }

    #[test]
    fn a_folder_that_everybody_can_write_to_is_refused() {
        let folder = Folder::new();
        let store = store_in(&folder);
        store.save("ada", &tokens("A1")).unwrap();
        set_mode(folder.path(), 0o777);
        assert_eq!(kinds(&store), [StoreErrorKind::Unsafe; 2]);
        for fine in [0o1777, 0o775, 0o755] {
            set_mode(folder.path(), fine);
            store.save("ada", &tokens("A2")).unwrap();
        }
    }

    #[test]
    fn links_and_what_is_no_file_are_refused() {
        let folder = Folder::new();
        let (store, place) = (store_in(&folder), store_in(&folder).path().to_owned());
        let target = folder.path().join("target");
        symlink(&target, &place).unwrap();
        assert_refused(&store);
        assert!(!target.exists());
        fs::write(&target, b"x").unwrap();
        set_mode(&target, 0o600);
        assert_refused(&store);
        assert_eq!(fs::read(&target).unwrap(), b"x");
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        assert_refused(&store);
        fs::remove_dir(&place).unwrap();
        assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
        assert_refused(&store);
        fs::remove_file(&place).unwrap();

        // Nor are locks and the next version taken through a link.
        let lock = beside(&place, "lock");
        fs::remove_file(&lock).unwrap();
        symlink(&target, &lock).unwrap();
        assert_eq!(store.save("ada", &tokens("A1")).unwrap_err().kind(), StoreErrorKind::Unsafe);
        fs::remove_file(&lock).unwrap();
        symlink(&target, beside(&place, "new")).unwrap();
        store.save("ada", &tokens("A1")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"x");
        assert!(!fs::symlink_metadata(&place).unwrap().is_symlink());
    }

    #[test]
    fn a_next_version_that_others_can_read_is_not_taken() {
        let folder = Folder::new();
        let store = store_in(&folder);
        store.save("ada", &tokens("A2")).unwrap();
        let next = beside(store.path(), "new");
        fs::copy(store.path(), &next).unwrap();
        set_mode(&next, 0o644);
        store.save("ada", &tokens("A1")).unwrap();
        assert_eq!(access_token(&store, "ada").as_deref(), Some("A1"));
        assert_eq!(mode(store.path()), 0o600);
    }

    /// Only the superuser can give a file away.
    #[test]
    fn a_file_of_another_user_is_refused() {
        let folder = Folder::new();
        let store = store_in(&folder);
        store.save("ada", &tokens("A1")).unwrap();
        if chown(store.path(), Some(12345), None).is_ok() {
            assert_refused(&store);
        }
    }
}
