//! Paths with parameters.

use percent_encoding::percent_decode_str;

/// Names and values of the parameters of a path.
pub(in crate::emulator) type Params = Vec<(&'static str, String)>;

/// The parameters of a path that follows a pattern, whose segments in braces are parameters.
pub(in crate::emulator) fn params(pattern: &'static str, path: &str) -> Option<Params> {
    let (mut params, mut wanted, mut given) = (Vec::new(), pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(wanted), Some(given)) => {
                match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(_) if given.is_empty() => return None,
                    Some(name) => {
                        let value = percent_decode_str(given).decode_utf8().ok()?;
                        params.push((name, value.into_owned()));
                    }
                    None if wanted == given => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::params;

    #[test]
    fn matches_paths() {
        assert_eq!(params("/a/{x}", "/a/b%20c"), Some(vec![("x", "b c".to_owned())]));
        for path in ["/a", "/a/", "/a/b/c", "/b/c", "a/b", "/a/%ff"] {
            assert_eq!(params("/a/{x}", path), None, "{path}");
        }
    }
}
