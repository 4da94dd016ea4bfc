//! Users: how they are created, reached and signed in.

use descope::auth::DeliveryMethod::{Email, Sms};
use descope::auth::MessageSignUpOptions;
use descope::auth::password::Replacement;
use descope::codes;
use descope::mgmt::user::{BatchUser, Invitation, NewUser, UserPatch};
use descope::{UserDetails, UserStatus};

use crate::world::{Fact, Outcome, World, done, holds, refused, same};

const PHONE: &str = "+12025550142";
/// Passes the rules of any project that asks for no more than all kinds of characters.
const PASSWORD: &str = "Correct-horse-9";

pub(crate) const FACTS: &[Fact] = &[
    Fact { name: "a_created_user_is_invited", check: created_is_invited },
    Fact { name: "a_status_that_is_given_is_kept", check: given_status_is_kept },
    Fact { name: "a_login_id_that_is_an_address_is_where_the_user_is_reached", check: reached },
    Fact { name: "an_address_in_a_patch_is_verified", check: patched_is_verified },
    Fact { name: "phone_numbers_are_kept_in_e164", check: e164 },
    Fact { name: "an_invited_test_user_signs_up_by_otp", check: invited_signs_up },
    Fact { name: "a_test_user_can_be_created_again", check: test_user_again },
    Fact { name: "the_first_sign_in_enables_an_invited_user", check: first_sign_in },
    Fact { name: "a_user_created_with_a_password_signs_in", check: created_with_password },
    Fact { name: "a_wrong_password_and_an_unknown_user_look_the_same", check: credentials },
    Fact { name: "an_expired_password_says_so", check: expired_password },
    Fact { name: "refreshing_after_logout_says_why_not", check: after_logout },
    Fact { name: "an_unknown_user_has_a_code_of_its_own", check: unknown_user },
];

fn created_is_invited(world: &World) -> Outcome {
    let (login_id, test, batch) = (world.name(), world.name(), world.name());
    let invited = Some(UserStatus::Invited);
    same("the status", world.user(&login_id, &Default::default())?.status, invited.clone())?;
    let loaded = done("load", world.client.mgmt().user().load(&login_id))?;
    same("the loaded status", loaded.status, invited.clone())?;
    let user = world.test_user(&test, &Default::default())?;
    same("the status of a test user", user.status, invited.clone())?;
    world.will_create_user(&batch);
    let outcome =
        done("batch", world.client.mgmt().user().create_batch(&[BatchUser::new(&*batch)]))?;
    same("the status in a batch", outcome.created.first().and_then(|of| of.status.clone()), invited)
}

fn given_status_is_kept(world: &World) -> Outcome {
    for status in [UserStatus::Disabled, UserStatus::Enabled] {
        let user = NewUser::default().status(status.clone());
        same("the status", world.user(&world.name(), &user)?.status, Some(status))?;
    }
    Ok(())
}

fn reached(world: &World) -> Outcome {
    let [created, invited, batch] = [world.address(), world.address(), world.address()];
    let users = world.client.mgmt().user();
    let user = world.user(&created, &Default::default())?;
    same("the address", user.email.as_deref(), Some(&*created))?;
    holds("the address is verified", user.verified_email)?;

    world.will_create_user(&invited);
    let quietly = Invitation::default().send_mail(false).send_sms(false);
    let user = done("invite", users.invite(&invited, &Default::default(), &quietly))?;
    same("the address of an invited user", user.email.as_deref(), Some(&*invited))?;
    holds("the address of an invited user is verified", user.verified_email)?;

    world.will_create_user(&batch);
    let outcome = done("create_batch", users.create_batch(&[BatchUser::new(&*batch)]))?;
    let user = outcome.created.first().ok_or("nobody was created")?;
    same("the address in a batch", user.email.as_deref(), Some(&*batch))?;
    holds("the address in a batch is verified", user.verified_email)
}

fn patched_is_verified(world: &World) -> Outcome {
    let login_id = world.name();
    world.user(&login_id, &Default::default())?;
    let patch = UserPatch::default().phone(PHONE).middle_name("M");
    let user = done("patch", world.client.mgmt().user().patch(&login_id, &patch))?;
    same("the phone number", user.phone.as_deref(), Some(PHONE))?;
    holds("the phone number is verified", user.verified_phone)
}

fn e164(world: &World) -> Outcome {
    let login_id = world.name();
    let user = NewUser::default().phone("+1-202-555-0142").verified_phone(true);
    let user = world.user(&login_id, &user)?;
    same("the phone number", user.phone.as_deref(), Some(PHONE))?;
    let patch = UserPatch::default().phone("+1 (202) 555-0143");
    let user = done("patch", world.client.mgmt().user().patch(&login_id, &patch))?;
    same("the patched number", user.phone.as_deref(), Some("+12025550143"))
}

fn invited_signs_up(world: &World) -> Outcome {
    let login_id = world.name();
    world.test_user(&login_id, &NewUser::default().phone(PHONE).name("Live"))?;
    let users = world.client.mgmt().user();
    let otp = world.client.auth().otp();
    let code =
        done("generate", users.generate_otp_for_test_user(Sms, &login_id, &Default::default()))?;
    let details = UserDetails::default().name("Live").phone(PHONE);
    let options = MessageSignUpOptions::default().user(details);
    done("sign_up", otp.sign_up(Sms, &login_id, &options))?;
    done("verify", otp.verify(Sms, &login_id, code.code.expose()))?;
    let code =
        done("generate", users.generate_otp_for_test_user(Sms, &login_id, &Default::default()))?;
    done("sign_in", otp.sign_in(Sms, &login_id, &Default::default()))?;
    done("verify after sign_in", otp.verify(Sms, &login_id, code.code.expose()))?;
    Ok(())
}

fn test_user_again(world: &World) -> Outcome {
    let login_id = world.name();
    let first = world.test_user(&login_id, &NewUser::default().phone(PHONE))?;
    let second = world.test_user(&login_id, &NewUser::default().phone(PHONE))?;
    same("the login ID", second.login_ids, first.login_ids)
}

fn first_sign_in(world: &World) -> Outcome {
    let login_id = world.address();
    world.test_user(&login_id, &Default::default())?;
    let users = world.client.mgmt().user();
    let code =
        done("generate", users.generate_otp_for_test_user(Email, &login_id, &Default::default()))?;
    let signed_in = world.client.auth().otp().verify(Email, &login_id, code.code.expose());
    let signed_in = done("verify", signed_in)?;
    holds("the user was first seen", signed_in.first_seen)?;
    let status = done("load", users.load(&login_id))?.status;
    same("the status", status, Some(UserStatus::Enabled))
}

fn created_with_password(world: &World) -> Outcome {
    let login_id = world.name();
    world.user(&login_id, &NewUser::default().password(PASSWORD))?;
    let password = world.client.auth().password();
    done("sign_in", password.sign_in(&login_id, PASSWORD, &Default::default()))?;
    Ok(())
}

fn credentials(world: &World) -> Outcome {
    let login_id = world.name();
    world.user(&login_id, &Default::default())?;
    let set = world.client.mgmt().user().set_active_password(&login_id, PASSWORD);
    done("set_active_password", set)?;
    let password = world.client.auth().password();
    let sign_in = |login_id: &str| {
        refused("sign_in", password.sign_in(login_id, "Wrong-horse-9", &Default::default()))
    };
    let wrong = sign_in(&login_id)?;
    holds(
        &format!("{wrong:?} names the credentials"),
        wrong.contains("Invalid signin credentials"),
    )?;
    same("the answer for an unknown user", sign_in(&world.name())?, wrong)?;
    let replaced =
        password.replace(&login_id, Replacement { old: "Wrong-horse-9", new: "Other-horse-9" });
    let message = refused("replace", replaced)?;
    holds(&format!("{message:?} names the credentials"), message.contains("credentials"))
}

fn expired_password(world: &World) -> Outcome {
    let login_id = world.name();
    world.user(&login_id, &Default::default())?;
    let users = world.client.mgmt().user();
    done("set_active_password", users.set_active_password(&login_id, PASSWORD))?;
    done("expire_password", users.expire_password(&login_id))?;
    let refused = world.client.auth().password().sign_in(&login_id, PASSWORD, &Default::default());
    let code = refused.err().and_then(|error| error.code().map(str::to_owned));
    same("the code", code.as_deref(), Some(codes::PASSWORD_EXPIRED))
}

fn after_logout(world: &World) -> Outcome {
    let login_id = world.address();
    world.test_user(&login_id, &Default::default())?;
    let users = world.client.mgmt().user();
    let code =
        done("generate", users.generate_otp_for_test_user(Email, &login_id, &Default::default()))?;
    let signed_in = world.client.auth().otp().verify(Email, &login_id, code.code.expose());
    let signed_in = done("verify", signed_in)?;
    let refresh = signed_in.refresh_token().ok_or("no refresh token")?;
    let sessions = world.client.auth().session();
    done("logout", sessions.logout(refresh))?;
    let message = refused("me", sessions.me(refresh))?;
    holds(&format!("{message:?} names the logout"), message.contains("Expired due to logout"))
}

fn unknown_user(world: &World) -> Outcome {
    let error = world.client.mgmt().user().load(&world.name()).err().ok_or("there is one")?;
    same("the code", error.code(), Some(codes::MANAGEMENT_USER_NOT_FOUND))
}
