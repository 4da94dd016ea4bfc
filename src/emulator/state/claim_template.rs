//! Claims that are filled in when a token is made: `{{user.name}}`.

use serde_json::Value;

/// A value whose texts may hold placeholders, filled in with the members that they name. A text that is
/// one placeholder becomes the member as it is, whatever its type, and `null` where there is none.
pub(in crate::emulator) fn fill(template: &Value, data: &Value) -> Value {
    match template {
        Value::String(text) => fill_text(text, data),
        Value::Array(items) => items.iter().map(|item| fill(item, data)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), fill(value, data))).collect()
        }
        value => value.clone(),
    }
}

fn fill_text(text: &str, data: &Value) -> Value {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, name, after)) = next(rest) {
        let found = find(name, data);
        if before.is_empty() && after.is_empty() && filled.is_empty() {
            return found.cloned().unwrap_or_default();
        }
        filled += before;
        match found {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => filled += text,
            Some(value) => filled += &value.to_string(),
        }
        rest = after;
    }
    filled += rest;
    Value::String(filled)
}

/// What is before the first placeholder, the name in it, and what is after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name.trim(), after))
}

/// The names in the placeholders of a value.
pub(in crate::emulator) fn names(template: &Value) -> Vec<&str> {
    match template {
        Value::String(text) => {
            let (mut names, mut rest) = (Vec::new(), &**text);
            while let Some((_, name, after)) = next(rest) {
                names.push(name);
                rest = after;
            }
            names
        }
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(members) => members.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

fn find<'a>(name: &str, data: &'a Value) -> Option<&'a Value> {
    name.split('.').try_fold(data, |value, member| value.get(member))
}

/// Whether a claim came to nothing.
pub(in crate::emulator) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_become_what_they_name() {
        let data = json!({ "user": {
            "name": "Ada", "age": 36, "tags": ["a"], "none": null,
            "customAttributes": { "plan": "pro", "deep": { "x": true } },
        } });
        for (template, filled) in [
            (json!("{{user.name}}"), json!("Ada")),
            (json!("{{ user.age }}"), json!(36)),
            (json!("{{user.tags}}"), json!(["a"])),
            (json!("{{user.customAttributes.deep.x}}"), json!(true)),
            (json!("{{user.age}}{{user.age}}"), json!("3636")),
            (json!("of {{user.name}}, {{user.age}}: {{user.tags}}"), json!("of Ada, 36: [\"a\"]")),
            (json!("{{user.shoeSize}}"), json!(null)),
            (json!("<{{user.shoeSize}}{{user.none}}>"), json!("<>")),
            (json!("{{user.name"), json!("{{user.name")),
            (json!("}}{{"), json!("}}{{")),
            (json!("plain"), json!("plain")),
            (json!(7), json!(7)),
            (
                json!({ "a": ["{{user.customAttributes.plan}}", null], "{{x}}": 1 }),
                json!({ "a": ["pro", null], "{{x}}": 1 }),
            ),
        ] {
            assert_eq!(fill(&template, &data), filled, "{template}");
        }
        assert_eq!(names(&json!(["{{a}} {{ b.c }}", { "x": "{{d}}" }, 1])), ["a", "b.c", "d"]);
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let data = json!({ "user": { "name": "{{user.secret}}", "secret": "s" } });
        assert_eq!(fill(&json!("I am {{user.name}}"), &data), "I am {{user.secret}}");
    }
}
