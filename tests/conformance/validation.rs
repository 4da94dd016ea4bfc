//! The static helpers of the seed: what it takes for a phone number and an e-mail address, and how it
//! makes paths and base URLs. They send nothing; what ours takes shows in whether a call is sent.
//!
//! Descope decides which addresses it takes. Ours refuses only what cannot be right, so that it takes some
//! that Python refuses, and refuses some nonsense that Python sends. `OTHERWISE` says which, and why.

use std::sync::{Arc, Mutex};

use descope::auth::{DeliveryMethod, MessageSignUpOptions};
use descope::transport::{Request, Response};
use descope::{Client, Error, UserDetails};
use serde_json::{Value, json};

use super::PROJECT;
use super::args::{Args, Unsayable};
use super::auth::delivery;
use super::case::{self, Case};

/// Where ours judges otherwise: the end of the case's name, perhaps with the version, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("/email_04", "test set-ups use `localhost`"),
    ("/email_05", "test set-ups use `.test`"),
    ("/email_07", "test set-ups use `.local`"),
    ("/email_15", "whether a domain exists is for Descope to say"),
    ("/email_17", "phone companies handed out local parts with such dots"),
    ("/email_19", "phone companies handed out local parts with such dots"),
    ("/email_20", "a local part may be quoted (RFC 5321 section 4.1.2)"),
    ("/email_32", "whether a domain exists is for Descope to say"),
    ("/phone_12", "one digit is not a number"),
    ("/phone_13", "two digits are not a number"),
    ("/phone_14", "three digits are not a number"),
    ("/phone_15@2.16.1", "the shortest subscriber numbers have four digits, as in 1.7.1"),
    ("/phone_16@2.16.1", "the shortest subscriber numbers have four digits, as in 1.7.1"),
    ("/phone_19", "a country code alone is not a number"),
    ("/phone_21", "a dash is not a number"),
    ("/phone_22", "a space is not a number"),
    ("/phone_28", "a number holds no control characters"),
    ("/phone_31", "a number does not begin with a slash"),
    ("/phone_32", "a number does not begin with a backslash"),
    ("/phone_34", "a number has 20 digits at most (ITU-T E.164, after a prefix)"),
    ("/phone_36", "an extension alone is not a number"),
    ("/phone_37", "an extension alone is not a number"),
    ("/phone_39@2.16.1", "groups of one digit are fine, as in 1.7.1"),
];

/// What a call put on the wire.
struct Wire {
    host: String,
    path: String,
    body: Value,
}

/// Signs a user up with a code, and tells what was sent.
fn sign_up(
    project: &str,
    method: DeliveryMethod,
    login_id: &str,
    user: UserDetails,
) -> descope::Result<Wire> {
    let sent = Arc::new(Mutex::new(None));
    let log = Arc::clone(&sent);
    let client = Client::builder()
        .ignore_env()
        .project_id(project)
        .transport(move |request: Request| {
            *log.lock().unwrap() = Some(request);
            Ok(Response::new(json!({ "maskedEmail": "E", "maskedPhone": "P" }).to_string().into()))
        })
        .build()?;
    let answer = client.auth().otp().sign_up(
        method,
        login_id,
        &MessageSignUpOptions::default().user(user),
    )?;
    assert_eq!(
        answer.masked_email.as_deref().zip(answer.masked_phone.as_deref()),
        Some(("E", "P"))
    );
    let request = sent.lock().unwrap().take().unwrap();
    Ok(Wire {
        host: format!("https://{}", request.uri().authority().unwrap()),
        path: request.uri().path().to_owned(),
        body: serde_json::from_slice(request.body()).unwrap(),
    })
}

fn accepts(method: DeliveryMethod, login_id: &str, user: UserDetails) -> bool {
    match sign_up(PROJECT, method, login_id, user) {
        Ok(_) => true,
        Err(Error::Argument { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

/// What Python and ours say to a case, or that ours has no such question.
fn verdicts(case: &Case) -> Option<(Value, Value)> {
    let args = Args::new(&case.args);
    let python = match &case.raises {
        Some(_) => Value::Bool(false),
        None => case.result().cloned().unwrap_or(Value::Null),
    };
    // A check that returns nothing was passed.
    let passed = |value: Value| if value.is_null() { true.into() } else { value };
    let (ada, method) = (UserDetails::default(), delivery(&args));
    Some(match case.method().1 {
        "validate_phone" => {
            let phone = args.text("phone").ok()?;
            (passed(python), accepts(method.ok()?, phone, ada).into())
        }
        "validate_email" => {
            let email = args.text("email").ok()?;
            (passed(python), accepts(DeliveryMethod::Email, email, ada).into())
        }
        "adjust_and_verify_delivery_method" => {
            let user = super::auth::user(&args).ok()?;
            (python, accepts(method.ok()?, args.text("login_id").ok()?, user).into())
        }
        "base_url_for_project_id" => {
            let wire = sign_up(args.text("project_id").ok()?, DeliveryMethod::Sms, "123456", ada);
            (python, wire.ok()?.host.into())
        }
        "compose_url" => {
            let path = wire_of(method)?.path;
            (python, path.replace("/v1/auth/otp/signup", args.text("base").ok()?).into())
        }
        "get_method_string" => (python, wire_of(method)?.path.rsplit('/').next()?.into()),
        "get_login_id_by_method" => {
            let (name, python) = (python[0].as_str()?.to_owned(), python[1].clone());
            let user =
                ada.email(args.object("user").ok()??.text("email").ok()?).phone("+12025550101");
            let body = sign_up(PROJECT, method.ok()?, "ada", user).ok()?.body;
            // The number that was recorded is too short to be one.
            let sent =
                if body[&name] == "+12025550101" { json!("+1") } else { body[&name].clone() };
            (python, sent)
        }
        _ => return None,
    })
}

fn wire_of(method: Result<DeliveryMethod, Unsayable>) -> Option<Wire> {
    let method = method.ok()?;
    let login_id = if method.is_phone() { "+12025550101" } else { "ada@example.com" };
    sign_up(PROJECT, method, login_id, UserDetails::default()).ok()
}

#[test]
fn differs_from_the_seed_only_where_listed() {
    let (mut report, mut used, mut equal) = (Vec::new(), Vec::new(), 0);
    for case in case::all().filter(|case| case.area() == "_validation") {
        let Some((python, ours)) = verdicts(&case) else { continue };
        let name = format!("{}@{}", case.name, case.version);
        let reason =
            OTHERWISE.iter().find(|(end, _)| case.name.ends_with(end) || name.ends_with(end));
        match reason {
            _ if python == ours => equal += 1,
            Some((name, _)) => used.push(*name),
            None => report.push(format!("{name}: {ours}, not {python}")),
        }
    }
    println!("static helpers: {equal} equal, {} otherwise", used.len());
    let unused = OTHERWISE.iter().filter(|(name, _)| !used.contains(name));
    report.extend(unused.map(|(name, why)| format!("{name} ({why}) is listed but not otherwise")));
    assert!(report.is_empty(), "{} cases\n{}", report.len(), report.join("\n"));
    assert!(equal > 100);
}
