//! What a server says in the header `WWW-Authenticate` (RFC 9110 section 11.6.1).

/// The value of a parameter of a challenge, quoted or not. The name counts in any case.
pub(crate) fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let Some(after) = after.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            // The name of a scheme, or something that is no parameter.
            rest = after.strip_prefix('"').unwrap_or(after);
            if rest.is_empty() {
                return None;
            }
            continue;
        };
        let (value, after) = value(after.trim_start_matches([' ', '\t']));
        if word.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// A token or a quoted text, and what is behind it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_outside_of_quotes_alone() {
        let error = |challenge| parameter(challenge, "error");
        for (challenge, found) in [
            (r#"Bearer error="invalid_token""#, Some("invalid_token")),
            (r#"Bearer realm="error=x, error=y",error = "z""#, Some("z")),
            (
                r#"Basic realm="x", DPoP algs="ES256", ERROR=use_dpop_nonce, x=y"#,
                Some("use_dpop_nonce"),
            ),
            (r#"Bearer error="a \"b\" \\c""#, Some(r#"a "b" \c"#)),
            (r#"Bearer error="unended"#, Some("unended")),
            ("error=x", Some("x")),
            ("Bearer error=", Some("")),
            ("Bearer error", None),
            (r#"Bearer error_description="x""#, None),
            (r#"Bearer xerror="x""#, None),
            ("Negotiate YWJj==", None),
            (r#"" "" ="#, None),
            ("", None),
            (",,, =", None),
        ] {
            assert_eq!(error(challenge).as_deref(), found, "{challenge}");
        }
    }
}
