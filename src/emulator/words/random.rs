//! Identifiers, codes and secrets.

use aws_lc_rs::rand;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn byte() -> u8 {
    let mut byte = [0];
    // AWS-LC ends the process rather than return without random numbers: this runs once.
    while rand::fill(&mut byte).is_err() {}
    byte[0]
}

/// Below `bound`, each value as likely as the others.
fn below(bound: u8) -> u8 {
    let limit = u8::MAX - u8::MAX % bound;
    loop {
        let byte = byte();
        if byte < limit {
            return byte % bound;
        }
    }
}

pub(in crate::emulator) fn bytes<const N: usize>() -> [u8; N] {
    std::array::from_fn(|_| byte())
}

/// What nobody guesses: the token of a link, or what stands for a session to come.
pub(in crate::emulator) fn token() -> String {
    text(43)
}

/// `length` letters and digits.
pub(in crate::emulator) fn text(length: usize) -> String {
    (0..length).map(|_| char::from(ALPHABET[usize::from(below(62))])).collect()
}

/// `length` of these characters.
pub(in crate::emulator) fn of(alphabet: &[u8; 20], length: usize) -> String {
    (0..length).map(|_| char::from(alphabet[usize::from(below(20))])).collect()
}

/// An identifier as Descope makes them: letters for the kind, `2`, 25 letters and digits.
pub(in crate::emulator) fn id(kind: &str) -> String {
    format!("{kind}2{}", text(25))
}

/// A one-time code.
pub(in crate::emulator) fn digits(length: usize) -> String {
    (0..length).map(|_| char::from(b'0' + below(10))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_well_formed() {
        let (one, other) = (id("U"), id("U"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 27);
        assert!(one.starts_with("U2") && one.bytes().all(|b| b.is_ascii_alphanumeric()));
        assert!(digits(6).bytes().all(|b| b.is_ascii_digit()));
    }
}
