//! How hard a password is to guess.
//!
//! Descope names a score from 0 to 4, but not how it is computed. This one estimates the number of guesses as the
//! widespread zxcvbn does, and has its scale: a character is worth ten guesses, unless a pattern gives it away.

/// The best score.
pub(in crate::emulator) const HIGHEST: u32 = 4;

/// From how many guesses on a password has the scores from 1 on, as powers of ten.
const SCORES: [u32; 4] = [3, 6, 8, 10];

/// What a word counts, as a power of ten: it is among the first hundred that anybody tries.
const WORD: u32 = 2;

const WORDS: [&str; 16] = [
    "password", "charlie", "welcome", "letmein", "dragon", "monkey", "football", "baseball",
    "sunshine", "princess", "iloveyou", "superman", "master", "shadow", "login", "admin",
];

/// Neighbours here follow from each other, in both directions.
const ROWS: [&str; 5] =
    ["abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The score of a password, from 0 (very weak) to 4 (very strong).
pub(in crate::emulator) fn score(password: &str) -> u32 {
    let text: String = password.chars().map(plain).collect();
    let (mut rest, mut before, mut guesses) = (text.chars(), None, 0);
    while let Some(letter) = rest.clone().next() {
        if let Some(after) = WORDS.iter().find_map(|word| rest.as_str().strip_prefix(word)) {
            (rest, before, guesses) = (after.chars(), None, guesses + WORD);
        } else {
            guesses += u32::from(!before.is_some_and(|before| follows(before, letter)));
            before = rest.next();
        }
    }
    let reached = SCORES.iter().filter(|least| guesses >= **least).count();
    u32::try_from(reached).unwrap_or(HIGHEST)
}

/// In lower case, and with the letters that signs often stand for.
fn plain(letter: char) -> char {
    match letter {
        '@' => 'a',
        '$' => 's',
        '!' => 'i',
        letter => letter.to_lowercase().next().unwrap_or(letter),
    }
}

/// Whether one follows from the other: it is the same, or beside it in a row.
fn follows(one: char, other: char) -> bool {
    let beside = |row: &str| {
        let mut pairs = row.chars().zip(row.chars().skip(1));
        pairs.any(|pair| pair == (one, other) || pair == (other, one))
    };
    one == other || ROWS.iter().any(|row| beside(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_harder_to_guess_has_a_better_score() {
        for (password, expected) in [
            ("", 0),
            ("xk", 0),
            ("aaaaaaaaaaaaaaaaaaaa", 0),
            ("abcdefghijklmnop", 0),
            ("9876543210", 0),
            ("qwertyuiop", 0),
            ("Password", 0),
            ("P@$$word", 0),
            ("Password1", 1),
            ("xkwpv", 1),
            ("xkwpvt", 2),
            ("xkwpvtdz", 3),
            ("xkwpvtdzma", 4),
            ("correct horse battery staple", 4),
            ("\u{e9}\u{df}\u{1f600}\u{4e2d}\u{6587}", 1),
        ] {
            assert_eq!(score(password), expected, "{password}");
        }
    }
}
