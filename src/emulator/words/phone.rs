//! Phone numbers, in the one form in which Descope keeps them.

use serde_json::Value;

/// Fields that hold a phone number, or a login ID that may be one.
const FIELDS: &[&str] = &[
    "additionalIdentifiers",
    "additionalLoginIds",
    "loginId",
    "loginIds",
    "newLoginId",
    "phone",
    "phones",
    "recoveryPhone",
    "recoveryPhones",
    "voice",
    "whatsapp",
];

/// Brings the phone numbers of a field into the form of E.164.
pub(in crate::emulator) fn normalize(field: &str, value: &mut Value) {
    if !FIELDS.contains(&field) {
        return;
    }
    match value {
        Value::String(text) => {
            if let Some(number) = e164(text) {
                *text = number;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(field, item)),
        _ => {}
    }
}

/// `+1-555-555-5555` is `+15555555555` in E.164: a plus sign and 7 to 15 digits. `None` if the text is anything else
/// than a number with its country code, or has this form already.
fn e164(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix('+')?;
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let separated = rest.chars().all(|c| c.is_ascii_digit() || " -().".contains(c));
    let number = format!("+{digits}");
    (separated && (7..=15).contains(&digits.len()) && number != text).then_some(number)
}

/// Whether a text is a number in the form of E.164.
pub(in crate::emulator) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_lose_what_separates_their_digits() {
        for text in ["+1-555-555-5555", "+1 (555) 555-5555", "+1.555.555.5555", " +15555555555 "] {
            assert_eq!(e164(text).as_deref(), Some("+15555555555"), "{text}");
        }
        for text in ["", "+", "+12", "+1-555-CALL", "555-555-5555", "+1234567890123456", "a@b.c"] {
            assert_eq!(e164(text), None, "{text}");
        }
    }

    #[test]
    fn only_fields_that_hold_numbers_are_touched() {
        let number = "+1-555-555-5555";
        for (field, value, expected) in [
            ("phone", json!(number), json!("+15555555555")),
            ("loginIds", json!(["ada", number]), json!(["ada", "+15555555555"])),
            ("name", json!(number), json!(number)),
            ("phone", json!(1), json!(1)),
        ] {
            let mut value = value;
            normalize(field, &mut value);
            assert_eq!(value, expected, "{field}");
        }
    }
}
