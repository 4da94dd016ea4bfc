//! The whole of the main job, offline: `cargo run --example quickstart --features emulator`.

use std::time::Duration;

use descope::auth::DeliveryMethod::Email;
use descope::auth::SignUpOptions;
use descope::emulator::Emulator;
use descope::{Client, Scope};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let emulator = Emulator::new();
    let client = Client::builder().emulator(&emulator).build()?;
    let (otp, session) = (client.auth().otp(), client.auth().session());

    let sent_to = otp.sign_up(Email, "ada@example.com", &SignUpOptions::default())?;
    println!("code sent to {sent_to}");
    let code = emulator.inbox().last_to("ada@example.com").and_then(|m| m.code).ok_or("no code")?;
    let signed_in = otp.verify(Email, "ada@example.com", &code)?;
    let refresh_token = signed_in.refresh_jwt().ok_or("no refresh token")?.to_owned();

    let claims = session.validate(signed_in.session_jwt())?;
    println!("signed in as {}", claims.user_id());
    assert!(!claims.has_roles(Scope::Project, ["admin"]));

    let mut forged = signed_in.session_jwt().to_owned();
    forged.truncate(forged.len() - 8);
    forged.push_str("AAAAAAAA");
    println!("forged: {}", session.validate(&forged).err().ok_or("a forged token passed")?);

    let editor =
        json!({"sub": "U2ada", "drn": "DS", "roles": ["editor"], "permissions": ["write"]});
    let claims = session.validate(&emulator.issue_token(editor)?)?;
    assert!(claims.has_roles(Scope::Project, ["editor"]));
    assert!(claims.has_permissions(Scope::Project, ["write"]));

    emulator.advance(Duration::from_secs(60 * 60));
    let expired = session.validate(signed_in.session_jwt()).err().ok_or("an old token passed")?;
    assert!(expired.is_token_expired());
    println!("an hour later: {expired}");

    let refreshed = session.refresh(&refresh_token)?;
    println!("refreshed until {}", refreshed.claims().expires_at().as_seconds());
    session.logout(refreshed.refresh_jwt().unwrap_or(&refresh_token))?;
    assert!(session.refresh(&refresh_token).is_err());
    println!("logged out");
    Ok(())
}
