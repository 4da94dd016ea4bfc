//! Passwords that other systems have hashed. The hashes of Firebase and phpass are those of their own documentation,
//! the others those of Python's `hashlib`, `bcrypt` and `argon2-cffi`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use descope::mgmt::user::{BatchUser, HashFunction, HashedPassword, NewUser, UserProfile};

use crate::world::{Fact, Outcome, World, done, refused, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "a_password_hashed_with_sha_signs_in", check: sha },
    Fact { name: "a_password_hashed_with_sha_and_a_salt_signs_in", check: salted_sha },
    Fact { name: "a_password_hashed_with_pbkdf2_signs_in", check: pbkdf2 },
    Fact { name: "a_password_hashed_with_md5_signs_in", check: md5 },
    Fact { name: "a_password_hashed_with_bcrypt_signs_in", check: bcrypt },
    Fact { name: "a_password_hashed_with_argon2_signs_in", check: argon2 },
    Fact { name: "a_password_hashed_by_firebase_signs_in", check: firebase },
    Fact { name: "a_password_hashed_by_phpass_signs_in", check: phpass },
    Fact { name: "a_password_hashed_by_django_signs_in", check: django },
];

const PASSWORD: &str = "correct horse";

/// Creates users with the hash, in a batch and alone, who then sign in by the password and by no other.
fn signs_in(world: &World, hashed: &HashedPassword, password: &str) -> Outcome {
    let (in_batch, alone) = (world.name(), world.name());
    let profile = || UserProfile::default().email(world.address()).verified_email(true);
    world.will_create_user(&in_batch);
    let user = BatchUser::new(&*in_batch).profile(profile()).hashed_password(hashed.clone());
    let outcome = done("create_batch", world.client.mgmt().user().create_batch(&[user]))?;
    same("the failures", outcome.failed.len(), 0)?;
    let user = NewUser::from(profile()).hashed_password(hashed.clone());
    world.user(&alone, &user)?;
    let passwords = world.client.auth().password();
    for login_id in [in_batch, alone] {
        refused("sign_in", passwords.sign_in(&login_id, "wrong horse", &Default::default()))?;
        let signed_in = passwords.sign_in(&login_id, password, &Default::default());
        same("the login ID", done("sign_in", signed_in)?.user.login_ids, [login_id])?;
    }
    Ok(())
}

fn sha(world: &World) -> Outcome {
    for (function, hash) in [
        (HashFunction::Sha1, "2f9e53523b62abc141a2b4d6019d23cba835dbd0"),
        (HashFunction::Sha256, "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631"),
    ] {
        let (hash, salt) = (hash.to_owned(), String::new());
        signs_in(world, &HashedPassword::Sha { hash, salt, function }, PASSWORD)?;
    }
    Ok(())
}

/// The salt `pepper` follows the password.
fn salted_sha(world: &World) -> Outcome {
    for (function, hash) in [
        (HashFunction::Sha256, "8a20677826351fcddb2a88d0c11867b9791797798e648b89ac09630c1802cb90"),
        (
            HashFunction::Sha512,
            "8ca3736463a9655f9dd796fdc283d4bbf1e502f593d8de354aea57a042ba708a\
             5ef241846da80530feb6cea6c4965ca0b838627bba9c4af6f462d59199c7eb11",
        ),
    ] {
        let (hash, salt) = (hash.to_owned(), "706570706572".to_owned());
        signs_in(world, &HashedPassword::Sha { hash, salt, function }, PASSWORD)?;
    }
    Ok(())
}

fn pbkdf2(world: &World) -> Outcome {
    let hash = bytes("P6K6yyVJZoPxIFIGeubu8A==")?;
    let (salt, iterations, function) = (b"pepper".to_vec(), 65_536, HashFunction::Sha1);
    let hashed = HashedPassword::Pbkdf2 { hash, salt, iterations, function };
    signs_in(world, &hashed, PASSWORD)
}

fn md5(world: &World) -> Outcome {
    let hash = "3cb4e732631f47e6eb961f34554b7cde".to_owned();
    signs_in(world, &HashedPassword::Md5 { hash }, PASSWORD)
}

fn bcrypt(world: &World) -> Outcome {
    let hash = "$2a$05$5ctY.ZSOJsNgEOxLN85OwuA3Kgk06Pcz5laxzOIhKjoni6FdDATu6".to_owned();
    signs_in(world, &HashedPassword::Bcrypt { hash }, PASSWORD)
}

fn argon2(world: &World) -> Outcome {
    let hash = bytes("nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4=")?;
    let salt = b"somesalt".to_vec();
    let hashed = HashedPassword::Argon2 { hash, salt, iterations: 2, memory: 256, threads: 1 };
    signs_in(world, &hashed, "password")
}

fn firebase(world: &World) -> Outcome {
    let hash =
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    let signer_key =
        "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
    let hashed = HashedPassword::Firebase {
        hash: bytes(hash)?,
        salt: bytes("42xEC+ixf3L2lw==")?,
        salt_separator: bytes("Bw==")?,
        signer_key: bytes(signer_key)?,
        memory: 14,
        rounds: 8,
    };
    signs_in(world, &hashed, "user1password")
}

fn phpass(world: &World) -> Outcome {
    let (hash, salt) = ("eRo7ud9Fh4E2PdI0S3r.L0".to_owned(), "IQRaTwmf".to_owned());
    let function = HashFunction::Md5;
    signs_in(
        world,
        &HashedPassword::Phpass { hash, salt, iterations: 2_048, function },
        "test12345",
    )
}

fn django(world: &World) -> Outcome {
    let hash = "pbkdf2_sha256$1000$pepper$gQV4o8bSAk9lLV90oJ74VRcTZ9w9mWIZJC4kEwODp3Y=".to_owned();
    signs_in(world, &HashedPassword::Django { hash }, PASSWORD)
}

fn bytes(text: &str) -> Outcome<Vec<u8>> {
    STANDARD.decode(text).map_err(|error| format!("{text}: {error}"))
}
