//! Where the official SDKs disagree, the form of the newest Go SDK is followed. These are the recorded
//! calls in which Python's is another: each is corrected to the form of Go, and then compared as a whole.

use descope::auth::DeliveryMethod;
use serde_json::{Map, Value, json};

use super::case::{Case, Sent, filled};
use super::{PROJECT, covers};

/// How a recording is made to say what Go does.
struct Rule {
    /// Names of cases, perhaps with the version: patterns with one `*`.
    cases: &'static [&'static str],
    /// What the SDKs do.
    why: &'static str,
    correct: fn(&mut Case),
}

const RULES: &[Rule] = &[
    Rule {
        cases: &["magiclink.update_user_phone/*"],
        why: "Both Pythons forget the delivery method in the path; Go and Node have it.",
        correct: |case| {
            let method = match case.args.get("method").and_then(Value::as_str) {
                Some("VOICE") => DeliveryMethod::Voice,
                Some("WHATSAPP") => DeliveryMethod::WhatsApp,
                _ => DeliveryMethod::Sms,
            };
            each(case, |sent| sent.line = format!("{}/{}", sent.line, method.as_str()));
        },
    },
    Rule {
        cases: &[
            "*.sign_up_or_in/full@1.7.1",
            "*.sign_up_or_in/variant_signup_options_revoke_only@1.7.1",
            "*.sign_up_or_in/variant_signup_options_revoke_false@1.7.1",
        ],
        why: "Python 1.7.1 drops `revokeOtherSessions`; 2.16.1, Go and Node send it.",
        correct: |case| {
            let set = case.args["signup_options"]["revoke_other_sessions"].clone();
            each(case, |sent| {
                body(sent)["loginOptions"]["revokeOtherSessions"] = set.clone();
            });
        },
    },
    Rule {
        cases: &["*/variant_refresh_token_without_login_options"],
        why: "Python sends a refresh token that nothing asks for; Go sends it for step-up and MFA alone.",
        correct: |case| each(case, |sent| sent.bearer = format!("Bearer {PROJECT}")),
    },
    Rule {
        cases: &["webauthn.sign_up_start/*"],
        why: "Go names the login ID beside the user, Python and Node in it. Both are sent.",
        correct: |case| {
            each(case, |sent| body(sent)["loginId"] = body(sent)["user"]["loginId"].clone());
        },
    },
    Rule {
        cases: &["client.logout*/variant_empty_refresh_token"],
        why: "Python lets an empty refresh token go for a call of nobody; Go validates it before the call.",
        correct: |case| {
            case.requests.clear();
            case.raises = Some("Error".to_owned());
        },
    },
    Rule {
        cases: &["client.*/variant_empty_tenant_means_project_level"],
        why: "In Python an empty tenant is none; in Go the user is not in it, and has no roles there.",
        correct: |case| {
            let none = if case.name.contains("get_matched") { json!([]) } else { false.into() };
            case.returned = Some(none);
        },
    },
    Rule {
        cases: &["mgmt.authz.who_can_access/response_without_targets"],
        why: "A list that an answer leaves out is empty in Go.",
        correct: |case| (case.raises, case.returned) = (None, Some(json!([]))),
    },
    Rule {
        cases: &["mgmt.fga.check/response_without_allowed"],
        why: "What an answer does not say is allowed is not, in Go.",
        correct: |case| (case.raises, case.returned) = (None, Some(json!([{ "allowed": false }]))),
    },
    Rule {
        cases: &["mgmt.authz.get_modified/*"],
        why: "Both Pythons look for the answer in a `relations` that Go, Node and Descope do not know, \
              and take an offset of UTC off a time instead of heeding it.",
        correct: |case| {
            if let Some(found) = case.answer.as_mut().and_then(|answer| answer.get_mut("relations"))
            {
                case.answer = Some(found.take());
            }
            case.raises = None;
            let since = case.args.get("since").and_then(Value::as_str);
            if let Some(since) = since.and_then(super::args::millis) {
                each(case, |sent| body(sent)["since"] = since.into());
            }
        },
    },
    Rule {
        cases: &["mgmt.authz.what_can_target_access_with_relation/*"],
        why: "Both Pythons look for `relations`; Go and Node read a list of `resources`.",
        correct: |case| {
            let relations = case.answer.take().unwrap_or_default()["relations"].take();
            let found = relations.as_array().into_iter().flatten().map(|found| &found["resource"]);
            let resources: Value = found.cloned().collect();
            case.answer = Some(json!({ "resources": resources }));
            case.returned = Some(resources);
        },
    },
    Rule {
        cases: &["*_dsub@1.7.1", "*_dsub_token@1.7.1"],
        why: "The user of a token is `dsub`, if it has one, in 2.16.1 and Go; 1.7.1 does not know it.",
        correct: |case| {
            let returned = case.returned.as_mut().and_then(Value::as_object_mut);
            let Some(returned) = returned else { return };
            let dsub = returned
                .get("dsub")
                .or(returned.get("sessionToken").and_then(|token| token.get("dsub")))
                .cloned();
            for name in ["userId", "keyId"] {
                if let Some((id, dsub)) = returned.get_mut(name).zip(dsub.clone()) {
                    *id = dsub;
                }
            }
        },
    },
    Rule {
        cases: &["*_aud_project@1.7.1", "*_aud_list_project@1.7.1"],
        why: "A token for the project itself is accepted by 2.16.1, Go and Node.",
        correct: |case| {
            case.raises = None;
            case.returned = case.answer.as_ref().map(|answer| answer["user"].clone());
        },
    },
    Rule {
        cases: &["client.validate_session/variant_public_key_given_other_kid_fetches"],
        why: "A pinned key is the only one in Go and Node; nothing is fetched.",
        correct: |case| {
            case.requests.clear();
            case.raises = Some("Error".to_owned());
        },
    },
    Rule {
        cases: &["client.validate_session/variant_jwks_redirect_followed"],
        why: "Go follows no redirect.",
        correct: |case| {
            case.requests.truncate(1);
            case.raises = Some("Error".to_owned());
        },
    },
    Rule {
        cases: &["errors.*/status_302_with_location@1.7.1"],
        why: "A redirect is no success, in 2.16.1 and Go.",
        correct: |case| case.raises = Some("Error".to_owned()),
    },
    Rule {
        cases: &[
            "errors.mgmt.user.patch/status_200_*@1.7.1",
            "errors.mgmt.user.patch/status_204_no_content@1.7.1",
            "mgmt.user.*/response_empty_body@1.7.1",
        ],
        why: "The user that the answer holds is read in 2.16.1, Go and Node; 1.7.1 does not look.",
        correct: |case| case.raises = Some("Error".to_owned()),
    },
    Rule {
        cases: &["client.validate_and_refresh_session/reject_empty_session"],
        why: "A refresh token alone is enough for Go and Node, and for Python's documentation.",
        correct: |case| {
            let token = case.args["refresh_token"].as_str().unwrap_or_default().to_owned();
            case.requests = vec![Sent {
                line: "POST /v1/auth/refresh".to_owned(),
                bearer: format!("Bearer {PROJECT}:{token}"),
                body: Some(json!({})),
                ..Sent::default()
            }];
            let session = filled("<jwt:session2>");
            case.answer = Some(json!({ "sessionJwt": session }));
            (case.raises, case.returned) = (None, Some(json!({ "jwt": session })));
        },
    },
    Rule {
        cases: &["client.exchange_access_key/response_with_refresh_jwt"],
        why: "The exchange of an access key gives a session alone in Go and Node.",
        correct: |case| {
            case.returned
                .as_mut()
                .and_then(Value::as_object_mut)
                .unwrap()
                .remove("refreshSessionToken");
        },
    },
    Rule {
        cases: &["saml.start/minimal"],
        why: "The redirect URL of the project is taken if there is none, in Go and Node.",
        correct: |case| {
            let tenant = case.args["tenant"].as_str().unwrap_or_default().to_owned();
            case.requests = vec![Sent {
                line: "POST /v1/auth/saml/authorize".to_owned(),
                bearer: format!("Bearer {PROJECT}"),
                query: vec![("tenant".to_owned(), tenant)],
                body: Some(json!({})),
                ..Sent::default()
            }];
            case.answer = Some(json!({ "url": "https://idp.example.com" }));
            case.raises = None;
        },
    },
    Rule {
        cases: &["mgmt.group.load_all_groups_for_members/minimal"],
        why: "Go wants a user at least.",
        correct: |case| {
            case.requests.clear();
            case.raises = Some("Error".to_owned());
        },
    },
    Rule {
        cases: &["mgmt.authz.create_relations/minimal"],
        why: "Go calls the statuses of a query for users `userStatus`; Node and Python's docs `statuses`.",
        correct: |case| {
            each(case, |sent| {
                let relations = body(sent)["relations"].as_array_mut();
                for relation in relations.into_iter().flatten() {
                    if let Some(query) = relation["query"].as_object_mut()
                        && let Some(statuses) = query.remove("statuses")
                    {
                        query.insert("userStatus".to_owned(), statuses);
                    }
                }
            });
        },
    },
    Rule {
        cases: &["mgmt.flow.run_flow/*", "mgmt.flow.get_flow_async_result/*"],
        why: "Go and Node send the options of a run in a member of its own, and read `output`.",
        correct: |case| {
            each(case, |sent| {
                let Some(members) = body(sent).as_object_mut() else { return };
                let names = ["input", "preview", "tenant"];
                let options: Map<String, Value> =
                    names.iter().filter_map(|name| members.remove_entry(*name)).collect();
                if !options.is_empty() {
                    members.insert("options".to_owned(), options.into());
                }
            });
            case.returned = case.answer.clone();
            case.answer = Some(json!({ "output": case.answer }));
        },
    },
    Rule {
        cases: &["mgmt.jwt.sign_up/full", "mgmt.jwt.sign_up_or_in/full"],
        why: "What is verified stands beside the user in Go; 2.16.1 sends it twice.",
        correct: |case| {
            each(case, |sent| {
                let user = body(sent)["user"].as_object_mut().unwrap();
                user.retain(|name, _| {
                    !matches!(&**name, "emailVerified" | "phoneVerified" | "ssoAppId")
                });
            });
        },
    },
    Rule {
        cases: &["mgmt.user.generate_sign_up_embedded_link/full"],
        why: "2.16.1 sends the names of its own members, such as `given_name`; Go and Node `givenName`.",
        correct: |case| {
            each(case, |sent| {
                let user = body(sent)["user"].as_object_mut().unwrap();
                for (python, go) in [
                    ("given_name", "givenName"),
                    ("middle_name", "middleName"),
                    ("family_name", "familyName"),
                ] {
                    let name = user.remove(python).unwrap_or_default();
                    user.insert(go.to_owned(), name);
                }
            });
        },
    },
    Rule {
        cases: &["mgmt.user.set_password/minimal@2.16.1"],
        why: "1.7.1 and Go say whether the password is to be changed; 2.16.1 does not.",
        correct: |case| each(case, |sent| body(sent)["setActive"] = false.into()),
    },
    Rule {
        cases: &["mgmt.user.patch_batch/minimal"],
        why: "2.16.1 drops the additional login IDs that the caller gives.",
        correct: |case| {
            let users = case.args["users"].as_array().cloned().unwrap_or_default();
            each(case, |sent| {
                for (at, user) in users.iter().enumerate() {
                    if let Some(ids) = user.get("additional_login_ids") {
                        body(sent)["users"][at]["additionalLoginIds"] = ids.clone();
                    }
                }
            });
        },
    },
    Rule {
        cases: &["mgmt.project.export_snapshot/variant_format_empty"],
        why: "2.16.1 drops an empty text that the caller gives.",
        correct: |case| each(case, |sent| body(sent)["format"] = "".into()),
    },
    Rule {
        cases: &["mgmt.tenant.load_settings/*"],
        why: "The recorded answer has a name that is Go's own; the wire's is `enabled`.",
        correct: |case| {
            if let Some(answer) = case.answer.as_mut().and_then(Value::as_object_mut) {
                let enabled = answer.remove("sessionSettingsEnabled").unwrap_or_default();
                answer.insert("enabled".to_owned(), enabled);
            }
        },
    },
];

/// What Go does, and the name of the rule, if it is not what Python does.
pub(crate) fn corrected(case: &Case) -> Option<(&'static str, Case)> {
    let name = format!("{}@{}", case.name, case.version);
    let fits = |pattern: &&&str| covers(pattern, &case.name) || covers(pattern, &name);
    let (pattern, rule) =
        RULES.iter().find_map(|rule| Some((rule.cases.iter().find(fits)?, rule)))?;
    let mut case = case.clone();
    (rule.correct)(&mut case);
    Some((pattern, case))
}

/// The names of all rules.
pub(crate) fn patterns() -> impl Iterator<Item = &'static str> {
    RULES.iter().flat_map(|rule| rule.cases).copied()
}

fn each(case: &mut Case, correct: impl Fn(&mut Sent)) {
    case.requests.iter_mut().for_each(correct);
}

fn body(sent: &mut Sent) -> &mut Value {
    sent.body.get_or_insert_default()
}

#[test]
fn every_rule_has_its_reason() {
    assert!(RULES.iter().all(|rule| rule.why.ends_with('.') && !rule.cases.is_empty()));
}
