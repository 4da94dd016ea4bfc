//! Links and codes that programs ask for, and what becomes of them.

use descope::AuthInfo;
use descope::auth::DeliveryMethod::{Email, Sms};
use descope::mgmt::user::{
    EmbeddedLinkOptions, GeneratedSignIn, NewUser, SignUpEmbeddedLinkOptions, TestLinkOptions,
};
use serde_json::Value;

use crate::world::{Fact, Outcome, World, done, holds, refused, same};

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "an_embedded_link_carries_claims_and_is_history", check: embedded },
    Fact { name: "an_embedded_link_signs_a_new_user_up", check: embedded_sign_up },
    Fact { name: "a_phone_number_as_login_id_is_found_in_either_spelling", check: phone_login },
    Fact { name: "a_code_for_a_test_user_outlives_a_change_of_address", check: codes_stay },
    Fact { name: "a_magic_link_for_a_test_user_outlives_a_change_of_address", check: links_stay },
    Fact {
        name: "an_enchanted_link_for_a_test_user_outlives_a_change_of_address",
        check: enchanted,
    },
    Fact { name: "a_link_that_is_none_is_called_a_token", check: unknown_link },
];

const PAGE: &str = "https://app.example.com/verify";

/// The claim that the holder of a session asked for. Descope has put such claims at the top and under `nsec`.
fn claimed(signed_in: &AuthInfo, name: &str) -> Value {
    let claims = signed_in.claims().as_map();
    let insecure = claims.get("nsec").and_then(|claims| claims.get(name));
    insecure.or_else(|| claims.get(name)).cloned().unwrap_or_default()
}

fn embedded(world: &World) -> Outcome {
    let login_id = world.name();
    world.user(&login_id, &NewUser::default().email(world.address()))?;
    let users = world.client.mgmt().user();
    let options = EmbeddedLinkOptions::default().custom_claims([("kuku", "kiki")]);
    let token = done("generate", users.generate_embedded_link(&login_id, &options))?;
    let signed_in = done("verify", world.client.auth().embedded_link().verify(token.expose()))?;
    same("the claim", claimed(&signed_in, "kuku"), "kiki")?;
    let history = done("load_history", users.load_history(&[&signed_in.user.user_id]))?;
    holds("management sees the sign-in", !history.is_empty())?;
    let refresh = signed_in.refresh_token().ok_or("no refresh token")?;
    let own = done("own history", world.client.auth().session().load_history(refresh))?;
    holds("the user sees the sign-in", !own.is_empty())?;
    done("logout", users.logout(&login_id, &Default::default()))?;
    refused("refresh", world.client.auth().session().refresh(refresh))?;
    Ok(())
}

fn embedded_sign_up(world: &World) -> Outcome {
    let login_id = world.name();
    world.will_create_user(&login_id);
    let options = SignUpEmbeddedLinkOptions::default()
        .sign_in(GeneratedSignIn::default().custom_claims([("signup", true)]));
    let users = world.client.mgmt().user();
    let token = done("generate", users.generate_sign_up_embedded_link(&login_id, &options))?;
    let signed_in = done("verify", world.client.auth().embedded_link().verify(token.expose()))?;
    same("the claim", claimed(&signed_in, "signup"), true)?;
    same("the login ID", signed_in.user.login_ids, [login_id])
}

fn phone_login(world: &World) -> Outcome {
    // Numbers of this range are set aside for fiction.
    let number = world.name().bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 100);
    let (written, kept) = (format!("+1-202-555-01{number:02}"), format!("+120255501{number:02}"));
    let user = world.user(&written, &NewUser::default().phone(&*written).verified_phone(true))?;
    same("the login ID", user.login_ids, [&*kept])?;
    let users = world.client.mgmt().user();
    let token = done("generate", users.generate_embedded_link(&written, &Default::default()))?;
    let signed_in = done("verify", world.client.auth().embedded_link().verify(token.expose()))?;
    let loaded = done("load", users.load(&kept))?;
    same("the user", &*loaded.user_id, &*signed_in.user.user_id)?;
    done("delete", users.delete(&written))?;
    holds("the user is gone", users.load(&kept).is_err_and(|error| error.is_not_found()))
}

fn test_user(world: &World) -> Outcome<String> {
    let login_id = world.name();
    world.test_user(&login_id, &NewUser::default().email(world.address()))?;
    Ok(login_id)
}

/// A session of a test user, by a code.
fn session(world: &World, login_id: &str) -> Outcome<String> {
    let users = world.client.mgmt().user();
    let code = users.generate_otp_for_test_user(Email, login_id, &Default::default());
    let code = done("generate", code)?.code;
    let verified = world.client.auth().otp().verify(Email, login_id, code.expose());
    let signed_in = done("verify", verified)?;
    Ok(signed_in.refresh_token().ok_or("no refresh token")?.to_owned())
}

fn codes_stay(world: &World) -> Outcome {
    let login_id = world.name();
    world.test_user(&login_id, &NewUser::default().email(world.address()).phone("+12025550142"))?;
    let refresh = session(world, &login_id)?;
    let (users, otp) = (world.client.mgmt().user(), world.client.auth().otp());
    let by_mail = users.generate_otp_for_test_user(Email, &login_id, &Default::default());
    let by_mail = done("generate", by_mail)?.code;
    let by_text = users.generate_otp_for_test_user(Sms, &login_id, &Default::default());
    let by_text = done("generate", by_text)?.code;
    let to = world.address();
    done("update_email", otp.update_email(&login_id, &to, &refresh, &Default::default()))?;
    let to = "+1-202-555-0143";
    done("update_phone", otp.update_phone(Sms, &login_id, to, &refresh, &Default::default()))?;
    done("verify by mail", otp.verify(Email, &login_id, by_mail.expose()))?;
    done("verify by text", otp.verify(Sms, &login_id, by_text.expose()))?;
    Ok(())
}

/// The parameter `t` of a link.
fn token_of(link: &str) -> Outcome<&str> {
    let (_, token) = link.split_once("t=").ok_or("the link has no token")?;
    Ok(token.split('&').next().unwrap_or(token))
}

fn links_stay(world: &World) -> Outcome {
    let login_id = test_user(world)?;
    let refresh = session(world, &login_id)?;
    let links = world.client.auth().magic_link();
    let options = TestLinkOptions::default().redirect_url(PAGE);
    let users = world.client.mgmt().user();
    let link = users.generate_magic_link_for_test_user(Email, &login_id, &options);
    let link = done("generate", link)?.link;
    let to = world.address();
    done("update_email", links.update_email(&login_id, &to, &refresh, &Default::default()))?;
    done("verify", links.verify(token_of(link.expose())?))?;
    Ok(())
}

fn enchanted(world: &World) -> Outcome {
    let login_id = test_user(world)?;
    let refresh = session(world, &login_id)?;
    let links = world.client.auth().enchanted_link();
    let options = TestLinkOptions::default().redirect_url(PAGE);
    let users = world.client.mgmt().user();
    let link = users.generate_enchanted_link_for_test_user(&login_id, &options);
    let link = done("generate", link)?;
    let to = world.address();
    done("update_email", links.update_email(&login_id, &to, &refresh, &Default::default()))?;
    done("verify", links.verify(token_of(link.link.expose())?))?;
    let signed_in = done("session", links.session(link.pending_ref.expose()))?;
    holds("there is a session", signed_in.is_some())
}

fn unknown_link(world: &World) -> Outcome {
    let message = refused("verify", world.client.auth().magic_link().verify("nothing"))?;
    holds(&format!("{message:?} names a token"), message.to_lowercase().contains("token"))
}
