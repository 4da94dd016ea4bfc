//! Every answer of a sign-in, and every one that is a list, with each of its members in turn absent, null, of
//! another type, twice, and under another spelling. A sign-in holds as long as its tokens are there, and
//! a list keeps its items and all else that they say.

use std::sync::PoisonError;

use descope::auth::AuthInfo;
use descope::auth::DeliveryMethod::Email;
use descope::auth::oauth::{NativeResult, OneTap};
use descope::auth::password::Replacement;
use descope::mgmt::authz::{AccessOptions, ResourceRelations};
use descope::mgmt::fga::{MappableOptions, MappableQuery, ResourceId};
use descope::mgmt::group::Members;
use descope::{Client, Error, Page, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::answers::full;
use crate::support::{answered, signed_in};

/// An answer that is not as it should be.
struct Mutant {
    /// The names of the member that was changed and of those it is in, without the indexes of lists.
    path: Vec<String>,
    text: String,
}

/// Values of all types.
const VALUES: [&str; 12] = [
    "null",
    "true",
    "false",
    "5",
    "-1.5",
    "1e300",
    r#""text""#,
    r#""5""#,
    r#""\ud800""#,
    "[]",
    "{}",
    r#"[[{"a":{}}],{"b":[null]}]"#,
];

/// The texts of a value with one of its members, or of what is in it, changed.
fn mutants(value: &Value) -> Vec<Mutant> {
    match value {
        Value::Object(members) => {
            let texts: Vec<String> =
                members.iter().map(|(name, value)| member(name, &value.to_string())).collect();
            let with = |at: usize, changed: &str| {
                let others = texts.iter().enumerate();
                let all = others.map(|(other, text)| if other == at { changed } else { text });
                let all: Vec<&str> = all.filter(|text| !text.is_empty()).collect();
                format!("{{{}}}", all.join(","))
            };
            let mut found = Vec::new();
            for (at, (name, value)) in members.iter().enumerate() {
                let text = &texts[at];
                let mut changes = vec![String::new(), format!("{text},{text}")];
                for other in VALUES {
                    let other = member(name, other);
                    changes.push(format!("{other},{text}"));
                    changes.push(format!("{text},{other}"));
                    changes.push(other);
                }
                for spelled in [name.to_uppercase(), name.to_lowercase(), go_case(name)] {
                    let spelled = member(&spelled, &value.to_string());
                    changes.push(format!("{spelled},{text}"));
                    changes.push(format!("{text},{spelled}"));
                    changes.push(spelled);
                }
                let changes = changes
                    .iter()
                    .map(|changed| Mutant { path: vec![name.clone()], text: with(at, changed) });
                found.extend(changes);
                for mut inner in mutants(value) {
                    inner.path.insert(0, name.clone());
                    inner.text = with(at, &member(name, &inner.text));
                    found.push(inner);
                }
            }
            found
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(Value::to_string).collect();
            let with = |at: usize, changed: &str| {
                let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                texts[at] = changed;
                format!("[{}]", texts.join(","))
            };
            let inner = |(at, item)| {
                mutants(item).into_iter().map(move |mut inner| {
                    inner.text = with(at, &inner.text);
                    inner
                })
            };
            let mut found = Vec::new();
            for item in items.iter().enumerate() {
                found.extend(inner(item));
            }
            found
        }
        _ => Vec::new(),
    }
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", json!(name))
}

/// As Go's fields are named.
fn go_case(name: &str) -> String {
    let name = name.replace("Id", "ID").replace("Url", "URL");
    name[..1].to_uppercase() + &name[1..]
}

type SignIn = (&'static str, fn(&Client) -> Result<AuthInfo>);

const SIGN_INS: [SignIn; 21] = [
    ("POST /v1/auth/magiclink/verify", |c| c.auth().magic_link().verify("t")),
    ("POST /v1/auth/otp/verify/{method}", |c| c.auth().otp().verify(Email, "a@example.com", "1")),
    ("POST /v1/auth/enchantedlink/pending-session", |c| {
        c.auth().enchanted_link().session("r").map(Option::unwrap)
    }),
    ("POST /v1/auth/notp/pending-session", |c| c.auth().notp().session("r").map(Option::unwrap)),
    ("POST /v1/auth/oauth/native/finish", |c| {
        c.auth().oauth().native_finish("apple", "s", &NativeResult::default().code("c"))
    }),
    ("POST /v1/auth/totp/verify", |c| c.auth().totp().verify("a", "1", &Default::default())),
    ("POST /v1/auth/password/signup", |c| {
        c.auth().password().sign_up("a", "p", &Default::default())
    }),
    ("POST /v1/auth/password/signin", |c| {
        c.auth().password().sign_in("a", "p", &Default::default())
    }),
    ("POST /v1/auth/password/replace", |c| {
        c.auth().password().replace("a", Replacement { old: "p", new: "q" })
    }),
    ("POST /v1/auth/webauthn/signup/finish", |c| c.auth().webauthn().sign_up_finish("t", "{}")),
    ("POST /v1/auth/webauthn/signin/finish", |c| c.auth().webauthn().sign_in_finish("t", "{}")),
    ("POST /v1/auth/oauth/exchange", |c| c.auth().oauth().exchange("c")),
    ("POST /v1/auth/onetap/idtoken/exchange", |c| {
        c.auth().oauth().one_tap_exchange(
            "google",
            OneTap { id_token: "e.i.d", nonce: "n" },
            &Default::default(),
        )
    }),
    ("POST /v1/auth/sso/exchange", |c| c.auth().sso().exchange("c")),
    ("POST /v1/auth/saml/exchange", |c| {
        #[allow(deprecated)]
        let saml = c.auth().saml();
        saml.exchange("c")
    }),
    ("POST /v1/auth/refresh", |c| {
        c.auth().session().refresh(signed_in()["refreshJwt"].as_str().unwrap())
    }),
    ("POST /v1/auth/tenant/select", |c| {
        let refresh_token = signed_in()["refreshJwt"].clone();
        c.auth().session().select_tenant("t", refresh_token.as_str().unwrap())
    }),
    ("POST /v1/mgmt/auth/signin", |c| c.mgmt().jwt().sign_in("a", &Default::default())),
    ("POST /v1/mgmt/auth/signup", |c| c.mgmt().jwt().sign_up("a", &Default::default())),
    ("POST /v1/mgmt/auth/signup-in", |c| c.mgmt().jwt().sign_up_or_in("a", &Default::default())),
    ("POST /v1/mgmt/auth/anonymous", |c| c.mgmt().jwt().anonymous(&Default::default())),
];

/// Whether a sign-in may fail: for want of a token, or with one that is not one.
fn without_token(mutant: &Mutant) -> bool {
    matches!(mutant.path.as_slice(), [name] if name == "sessionJwt" || name == "refreshJwt")
}

/// That nothing has changed but what was changed.
#[track_caller]
fn unchanged(expected: &Value, found: &Value, but: Option<&String>, mutant: &Mutant) {
    let (Value::Object(expected), Value::Object(found)) = (expected, found) else {
        panic!("{expected} {found}");
    };
    for (name, value) in expected {
        if but.is_none_or(|but| !but.eq_ignore_ascii_case(name)) {
            assert_eq!(found.get(name), Some(value), "{name}: {:?} {}", mutant.path, mutant.text);
        }
    }
}

#[test]
fn a_sign_in_holds_as_long_as_its_tokens_are_there() {
    let (client, answer) = answered();
    let ask = |text: &str, call: fn(&Client) -> Result<AuthInfo>| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.as_bytes().to_vec();
        call(&client)
    };
    let mut count = 0;
    for (name, call) in SIGN_INS {
        let full = full(name);
        let expected = ask(&full.to_string(), call).unwrap();
        let user = serde_json::to_value(&expected.user).unwrap();
        for mutant in mutants(&full) {
            // They are all read by the same code: what is deeper in them is changed in one of them.
            if mutant.path.len() > 1 && name != SIGN_INS[0].0 {
                continue;
            }
            count += 1;
            let info = match ask(&mutant.text, call) {
                Ok(info) => info,
                Err(Error::Decode(_) | Error::Token(_)) if without_token(&mutant) => continue,
                Err(error) => panic!("{name}: {:?} {error}: {}", mutant.path, mutant.text),
            };
            assert_eq!(info.session_token(), expected.session_token(), "{}", mutant.text);
            let found = serde_json::to_value(&info.user).unwrap();
            match mutant.path.as_slice() {
                [member] if member == "user" => {}
                [member, inner, ..] if member == "user" => {
                    unchanged(&user, &found, Some(inner), &mutant);
                    let verified =
                        !info.user.verified_email || mutant.text.contains("ifiedEmail\":true");
                    assert!(verified || inner != "verifiedEmail", "{}", mutant.text);
                }
                _ => unchanged(&user, &found, None, &mutant),
            }
        }
    }
    println!("{count} mutants of {} sign-ins", SIGN_INS.len());
    assert!(count > 5_000, "{count}");
}

type List = (&'static str, fn(&Client) -> Result<Vec<Value>>);

fn values<T: Serialize>(items: &[T]) -> Vec<Value> {
    items.iter().map(|item| serde_json::to_value(item).unwrap()).collect()
}

fn page<T: Serialize>(page: &Page<T>) -> Vec<Value> {
    values(&page.items)
}

const LISTS: [List; 35] = [
    ("POST /v2/mgmt/user/search", |c| {
        c.mgmt().user().search(&Default::default()).map(|found| page(&found))
    }),
    ("POST /v2/mgmt/user/search/test", |c| {
        c.mgmt().user().search_test_users(&Default::default()).map(|found| page(&found))
    }),
    ("POST /v1/mgmt/users/load", |c| {
        c.mgmt().user().load_batch(&["u"], &Default::default()).map(|items| values(&items))
    }),
    ("POST /v1/mgmt/user/history", |c| {
        c.mgmt().user().load_history(&["u"]).map(|items| values(&items))
    }),
    ("POST /v1/mgmt/user/passkeys/list", |c| {
        c.mgmt().user().load_passkeys("u").map(|items| values(&items))
    }),
    ("POST /v1/mgmt/user/trusteddevices/list", |c| {
        c.mgmt().user().load_trusted_devices(&["u"]).map(|items| values(&items))
    }),
    ("GET /v1/mgmt/user/customattributes", |c| {
        c.mgmt().user().load_custom_attributes().map(|items| values(&items))
    }),
    ("GET /v1/mgmt/tenant/all", |c| c.mgmt().tenant().load_all().map(|items| values(&items))),
    ("POST /v1/mgmt/tenant/search", |c| {
        c.mgmt().tenant().search(&Default::default()).map(|items| values(&items))
    }),
    ("GET /v1/mgmt/role/all", |c| c.mgmt().role().load_all().map(|items| values(&items))),
    ("POST /v1/mgmt/role/search", |c| {
        c.mgmt().role().search(&Default::default()).map(|items| values(&items))
    }),
    ("GET /v1/mgmt/permission/all", |c| {
        c.mgmt().permission().load_all().map(|items| values(&items))
    }),
    ("POST /v1/mgmt/accesskey/search", |c| {
        c.mgmt().access_key().search(&Default::default()).map(|items| values(&items))
    }),
    ("POST /v1/mgmt/audit/search", |c| {
        c.mgmt().audit().search(&Default::default()).map(|found| page(&found))
    }),
    ("GET /v1/mgmt/sso/idp/apps/load", |c| {
        c.mgmt().sso_application().load_all().map(|items| values(&items))
    }),
    ("GET /v2/mgmt/sso/settings/all", |c| c.mgmt().sso().load_all("t").map(|items| values(&items))),
    ("POST /v1/mgmt/flow/list", |c| c.mgmt().flow().load_all().map(|list| values(&list.flows))),
    ("POST /v1/mgmt/group/all", |c| {
        c.mgmt().group().load_all("t", &Default::default()).map(|items| values(&items))
    }),
    ("POST /v1/mgmt/group/member/all", |c| {
        let members = Members::of_users(["u"]);
        c.mgmt()
            .group()
            .load_all_for_members("t", &members, &Default::default())
            .map(|items| values(&items))
    }),
    ("POST /v1/mgmt/projects/list", |c| c.mgmt().project().load_all().map(|items| values(&items))),
    ("POST /v1/mgmt/authz/re/who", |c| {
        c.mgmt()
            .authz()
            .who_can_access("n", "r", "d", &AccessOptions::default())
            .map(|items| values(&items))
    }),
    ("POST /v1/mgmt/authz/re/resource", |c| {
        c.mgmt()
            .authz()
            .load_resource_relations("r", &ResourceRelations::default())
            .map(|items| values(&items))
    }),
    ("POST /v1/mgmt/fga/resources/load", |c| {
        c.mgmt()
            .fga()
            .load_resources_details(&[ResourceId::new("t", "r")])
            .map(|items| values(&items))
    }),
    ("POST /v1/mgmt/fga/mappable/resources", |c| {
        let queries = [MappableQuery::new("t", ["q"])];
        let found =
            c.mgmt().fga().search_mappable_resources("t", &queries, &MappableOptions::default());
        found.map(|items| values(&items))
    }),
    ("POST /v1/auth/me/tenants", |c| {
        let token = signed_in()["refreshJwt"].clone();
        let which = descope::auth::session::MyTenants::Current;
        c.auth()
            .session()
            .load_my_tenants(which, token.as_str().unwrap())
            .map(|items| values(&items))
    }),
    ("GET /v1/mgmt/managementkey/search", |c| {
        c.mgmt().management_key().load_all().map(|items| values(&items))
    }),
    ("POST /v1/mgmt/descoper/list", |c| c.mgmt().descoper().load_all().map(|items| values(&items))),
    ("GET /v1/mgmt/engines/load", |c| c.mgmt().engine().load_all().map(|items| values(&items))),
    ("GET /v1/mgmt/list/all", |c| c.mgmt().list().load_all().map(|items| values(&items))),
    ("POST /v1/mgmt/family/search", |c| {
        c.mgmt().family().search(&Default::default()).map(|found| page(&found))
    }),
    ("POST /v2/mgmt/thirdparty/apps/load", |c| {
        c.mgmt().inbound_app().search(&Default::default()).map(|found| page(&found))
    }),
    ("POST /v1/mgmt/thirdparty/consents/search", |c| {
        c.mgmt().inbound_app().search_consents(&Default::default()).map(|found| page(&found))
    }),
    ("POST /v1/mgmt/jwt/templates/list", |c| {
        c.mgmt().jwt_template().load_all().map(|items| values(&items))
    }),
    ("POST /v1/mgmt/scopeClaimMapping/get", |c| {
        c.mgmt().scope_claim_mapping().load_all().map(|items| values(&items))
    }),
    ("POST /v1/mgmt/analytics/search", |c| {
        c.mgmt().analytics().search(&Default::default()).map(|items| values(&items))
    }),
];

#[test]
fn a_list_keeps_its_items_and_what_else_they_say() {
    let (client, answer) = answered();
    let ask = |text: &str, call: fn(&Client) -> Result<Vec<Value>>| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.as_bytes().to_vec();
        call(&client)
    };
    let mut count = 0;
    for (name, call) in LISTS {
        let full = full(name);
        let expected = ask(&full.to_string(), call).unwrap();
        assert!(!expected.is_empty(), "{name}: {full}");
        for mutant in mutants(&full) {
            count += 1;
            let list = full.is_object();
            let inner = mutant.path.get(usize::from(list));
            let of_list = !list || full[&mutant.path[0]].is_array();
            let found = match ask(&mutant.text, call) {
                Ok(found) => found,
                Err(Error::Decode(_)) if of_list && inner.is_none() => continue,
                Err(error) => panic!("{name}: {:?} {error}: {}", mutant.path, mutant.text),
            };
            if of_list && inner.is_none() {
                continue;
            }
            assert_eq!(found.len(), expected.len(), "{name}: {}", mutant.text);
            for (expected, found) in expected.iter().zip(&found) {
                if expected.is_object() {
                    unchanged(expected, found, inner.filter(|_| of_list), &mutant);
                } else {
                    assert_eq!(expected, found, "{name}: {}", mutant.text);
                }
            }
        }
    }
    println!("{count} mutants of {} lists", LISTS.len());
    assert!(count > 5_000, "{count}");
}

#[test]
fn the_session_of_an_access_key_holds_as_long_as_its_token_is_there() {
    let (client, answer) = answered();
    let exchange = |text: &str| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.as_bytes().to_vec();
        client.auth().access_key().exchange("K2access-key", &Default::default())
    };
    let full = full("POST /v1/auth/accesskey/exchange");
    let expected = exchange(&full.to_string()).unwrap();
    let mutants = mutants(&full);
    for mutant in &mutants {
        match exchange(&mutant.text) {
            Ok(session) => {
                let (found, jwt) = (&session.session.jwt, &expected.session.jwt);
                assert_eq!(found.expose(), jwt.expose(), "{}", mutant.text);
                let named = session.key_id == expected.key_id;
                assert!(named || mutant.path[0] == "keyId", "{}", mutant.text);
            }
            Err(Error::Decode(_) | Error::Token(_)) if without_token(mutant) => {}
            Err(error) => panic!("{:?} {error}: {}", mutant.path, mutant.text),
        }
    }
    println!("{} mutants of the exchange of an access key", mutants.len());
    assert!(mutants.len() > 50, "{}", mutants.len());
}

/// Whether a key may be lost: it comes once.
#[test]
fn what_a_call_exists_for_is_missed() {
    let (client, answer) = answered();
    for (text, error) in [
        ("{}", "no `cleartext`"),
        (r#"{"cleartext":{"a":"s3cret"}}"#, "expected a string, found an object at `cleartext`"),
        (r#"{"cleartext":["s3cret"],"key":5}"#, "expected a string, found a list at `cleartext`"),
    ] {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.as_bytes().to_vec();
        let created = client.mgmt().access_key().create("k", &Default::default());
        match created {
            Err(Error::Decode(found)) => assert_eq!(found.to_string(), error),
            other => panic!("{other:?}"),
        }
    }
    let text =
        br#"{"tuples":[{"allowed":"true"},{"allowed":1},{"allowed":true},{"allowed":[true]}]}"#;
    *answer.lock().unwrap_or_else(PoisonError::into_inner) = text.to_vec();
    let question = descope::mgmt::fga::Relation::new("d", "p", "v", "u", "a");
    let questions = [question.clone(), question.clone(), question.clone(), question];
    let checks = client.mgmt().fga().check(&questions).unwrap();
    assert_eq!(
        checks.iter().map(|check| check.allowed).collect::<Vec<_>>(),
        [false, false, true, false]
    );
}
