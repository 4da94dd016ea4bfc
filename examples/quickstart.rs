//! The whole of the main job, offline:
//!
//! ```text
//! cargo run --example quickstart --features emulator
//! ```
//!
//! A user signs up by a code, and their session is checked, refused where it should be, refreshed and
//! ended.

use std::error::Error;
use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::MessageSignUpOptions;
use descope::emulator::Emulator;
use descope::{Client, Scope, UserDetails};
use serde_json::json;

const ADA: &str = "ada@example.com";

fn main() -> Result<(), Box<dyn Error>> {
    // In production this is `Client::from_env()`, and all else is the same.
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build()?;
    let (otp, session) = (client.auth().otp(), client.auth().session());

    // Sign up by a code. The emulator's inbox has the message that Descope would have sent.
    let options = MessageSignUpOptions::default().user(UserDetails::default().name("Ada Lovelace"));
    println!("Sign up     a code goes to {}", otp.sign_up(Email, ADA, &options)?);
    let code = emulator.inbox().last_to(ADA).and_then(|message| message.code).ok_or("no code")?;
    println!("Inbox       the code is {code}");
    let signed_in = otp.verify(Email, ADA, &code)?;
    println!("Verify      {} is signed in", signed_in.user.name.as_deref().unwrap_or_default());

    // Check the session token of each request: locally, by the project's published keys.
    let token = signed_in.session_token();
    let claims = session.validate(token)?;
    println!("Validate    this is {}", claims.user_id());

    // What may they do? Here, a token of somebody who is an editor, but not in the tenant.
    let editor = json!({
        "sub": "U2grace", "drn": "DS", "roles": ["editor"], "permissions": ["post.write"],
    });
    let editor = session.validate(&emulator.issue_token(editor)?)?;
    for (who, claims) in [("Ada", &claims), ("Grace", &editor)] {
        println!(
            "Roles       {who}: editor {}, may write posts {}, editor at Acme {}",
            yes(claims.has_roles(Scope::Project, ["editor"])),
            yes(claims.has_permissions(Scope::Project, ["post.write"])),
            yes(claims.has_roles(Scope::Tenant("acme"), ["editor"])),
        );
    }
    assert!(editor.has_roles(Scope::Project, ["editor"]));
    assert!(!claims.has_permissions(Scope::Project, ["post.write"]));
    assert!(!editor.has_roles(Scope::Tenant("acme"), ["editor"]));

    // A token that somebody made up is refused for good.
    let forged = format!("{}AAAAAAAA", &token[..token.len() - 8]);
    let refusal = session.validate(&forged).err().ok_or("a forged token has passed")?;
    assert!(refusal.is_token_invalid());
    println!("Forged      {refusal}");

    // One that has expired can be replaced.
    emulator.advance(Duration::from_secs(60 * 60));
    let refusal = session.validate(token).err().ok_or("an old token has passed")?;
    assert!(refusal.is_token_expired());
    println!("Expired     {refusal}");
    let refresh_token = signed_in.refresh_token().ok_or("no refresh token")?;
    let refreshed = session.refresh(refresh_token)?;
    session.validate(refreshed.session_token())?;
    println!("Refresh     there is a new token, and it is good");

    session.logout(refresh_token)?;
    let refusal = session.refresh(refresh_token).err().ok_or("the session has not ended")?;
    assert!(refusal.is_unauthorized());
    println!("Log out     the refresh token is of no use any more");
    Ok(())
}

fn yes(so: bool) -> &'static str {
    if so { "yes" } else { "no" }
}
