//! The management of users end to end, against the emulator.

use descope::auth::DeliveryMethod::{Email, Sms};
use descope::auth::LoginOptions;
use descope::clock::Clock;
use descope::emulator::{Emulator, Fault};
use descope::mgmt::user::{
    AddressUpdate, AttributeKind, AttributeOption, BatchUser, CustomAttribute, EmbeddedLinkOptions,
    GeneratedSignIn, HashFunction, HashedPassword, Invitation, LoadOptions, LogoutOptions,
    NamesUpdate, NewUser, PasswordState, ProviderTokenOptions, TestLinkOptions, UserPatch,
    UserProfile, UserSearch, Users,
};
use descope::{Client, Result, Scope, Sort, TenantRoles, User, UserStatus, codes};
use serde_json::json;

fn emulated() -> (Emulator, Client) {
    let emulator = Emulator::new();
    let seed = json!({
        "permissions": [{ "name": "read" }, { "name": "write" }],
        "tenants": [{ "id": "acme", "name": "Acme" }, { "id": "evil", "name": "Evil" }],
        "roles": [
            { "name": "Reader", "permissionNames": ["read"] },
            { "name": "Editor", "permissionNames": ["read", "write"] },
            { "name": "Owner", "tenantId": "acme", "permissionNames": ["write"] },
        ],
    });
    emulator.seed(&seed).unwrap();
    let client = Client::builder().emulator(&emulator).build().unwrap();
    (emulator, client)
}

fn total(client: &Client, search: &UserSearch) -> u64 {
    client.mgmt().user().search(search).unwrap().total.unwrap()
}

#[test]
fn the_life_of_a_user() {
    let (_emulator, client) = emulated();
    let users = client.mgmt().user();
    let new = NewUser::default()
        .name("Ada")
        .email("ada@example.com")
        .verified_email(true)
        .roles(["Reader"])
        .additional_login_ids(["countess"])
        .custom_attributes([("engines", json!(1)), ("notes", json!({ "g": null }))]);
    let created = users.create("ada", &new).unwrap();
    assert_eq!(created.login_ids, ["ada", "countess"]);
    assert_eq!(users.load("countess").unwrap(), created);
    assert_eq!(users.load_by_user_id(&created.user_id).unwrap(), created);
    let id = &*created.user_id;
    let known = users
        .load_batch(&[id, "U2nobody"], &LoadOptions::default().include_invalid(false))
        .unwrap();
    assert_eq!(known, std::slice::from_ref(&created));
    assert_eq!(
        users.load_batch(&[id, "U2nobody"], &LoadOptions::default().include_invalid(true)).unwrap()
            [1]
        .user_id,
        "U2nobody"
    );
    let taken = users.create("countess", &NewUser::default()).unwrap_err();
    assert_eq!(taken.code(), Some(codes::USER_ALREADY_EXISTS));

    let patch = UserPatch::default().given_name("Augusta").custom_attributes([("engines", 2)]);
    let patched = users.patch("ada", &patch).unwrap();
    assert_eq!(
        (
            patched.name.as_deref().unwrap_or_default(),
            patched.given_name.as_deref().unwrap_or_default()
        ),
        ("Ada", "Augusta")
    );
    assert_eq!(patched.custom_attributes["engines"], 2);
    assert_eq!(patched.custom_attributes["notes"], json!({ "g": null }));
    assert_eq!((&*patched.roles[0], patched.verified_email), ("Reader", true));
    let cleared = users.patch("ada", &UserPatch::default().email("").roles([""; 0])).unwrap();
    assert_eq!(
        (
            cleared.email.as_deref().unwrap_or_default(),
            cleared.roles.len(),
            cleared.name.as_deref().unwrap_or_default()
        ),
        ("", 0, "Ada")
    );
    assert_eq!(users.load("ada").unwrap(), cleared);

    let updated = users.update("ada", &UserProfile::default().phone("+12025550101")).unwrap();
    assert_eq!(
        (
            updated.phone.as_deref().unwrap_or_default(),
            updated.name.as_deref().unwrap_or_default(),
            updated.given_name.as_deref().unwrap_or_default()
        ),
        ("+12025550101", "", "")
    );
    assert!(updated.custom_attributes.is_empty());
    assert_eq!((&updated.login_ids[..], &*updated.user_id), (&["ada".to_owned()][..], id));

    users.create("grace", &NewUser::default()).unwrap();
    assert_eq!(total(&client, &UserSearch::default()), 2);
    users.delete("ada").unwrap();
    let gone = users.load("ada").unwrap_err();
    assert_eq!(gone.code(), Some(codes::MANAGEMENT_USER_NOT_FOUND));
    assert!(users.delete("ada").unwrap_err().is_not_found());
    assert_eq!(total(&client, &UserSearch::default()), 1);
    let grace = users.load("grace").unwrap().user_id;
    users.delete_by_user_id(&grace).unwrap();
    let ids = ["a", "b", "c"].map(|name| users.create(name, &NewUser::default()).unwrap().user_id);
    users.delete_batch(&[&ids[0], &ids[2]]).unwrap();
    let left: Vec<User> = users.iter(&UserSearch::default()).map(Result::unwrap).collect();
    assert_eq!((left.len(), &*left[0].login_ids[0]), (1, "b"));
}

#[test]
fn one_thing_changes_at_a_time() {
    let (_emulator, client) = emulated();
    let users = client.mgmt().user();
    users.create("ada", &NewUser::default().email("ada@example.com")).unwrap();
    users.create("grace@example.com", &NewUser::default()).unwrap();
    let verified = AddressUpdate::default().verified(true).fail_on_conflict(true);
    let conflict = users.update_email("ada", "grace@example.com", &verified).unwrap_err();
    assert_eq!(conflict.code(), Some(codes::USER_ALREADY_EXISTS));
    assert_eq!(users.load("ada").unwrap().email.as_deref(), Some("ada@example.com"));
    let ada = users.update_email("ada", "countess@example.com", &verified).unwrap();
    assert_eq!(
        (ada.email.as_deref().unwrap_or_default(), ada.verified_email),
        ("countess@example.com", true)
    );
    let ada = users.update_email("ada", "", &AddressUpdate::default()).unwrap();
    assert_eq!((ada.email.as_deref().unwrap_or_default(), ada.verified_email), ("", false));
    let ada = users.update_phone("ada", "+12025550101", &verified).unwrap();
    assert_eq!(
        (ada.phone.as_deref().unwrap_or_default(), ada.verified_phone),
        ("+12025550101", true)
    );
    let names = NamesUpdate::default().name("Ada Lovelace").middle_name("King");
    users.update_names("ada", &names).unwrap();
    let ada = users.update_names("ada", &NamesUpdate::default().given_name("Ada")).unwrap();
    assert_eq!(
        (
            ada.name.as_deref().unwrap_or_default(),
            ada.middle_name.as_deref().unwrap_or_default(),
            ada.given_name.as_deref().unwrap_or_default()
        ),
        ("Ada Lovelace", "King", "Ada")
    );
    assert_eq!(
        users.update_picture("ada", "https://x/a.png").unwrap().picture.as_deref(),
        Some("https://x/a.png")
    );
    assert_eq!(users.update_picture("ada", "").unwrap().picture.as_deref(), None);
    let ada = users.update_custom_attribute("ada", "k", json!([1, null])).unwrap();
    assert_eq!(ada.custom_attributes["k"], json!([1, null]));
    let ada = users.update_custom_attribute("ada", "k", json!(null)).unwrap();
    assert!(!ada.custom_attributes.contains_key("k"), "a null reads as an absence");
    assert_eq!(users.add_sso_apps("ada", &["a", "b"]).unwrap().sso_app_ids, ["a", "b"]);
    assert_eq!(users.remove_sso_apps("ada", &["a"]).unwrap().sso_app_ids, ["b"]);
    assert_eq!(users.set_sso_apps("ada", &["c"]).unwrap().sso_app_ids, ["c"]);
    assert_eq!(users.set_sso_apps("ada", &[]).unwrap().sso_app_ids, [""; 0]);
    let renamed = users.update_login_id("ada", "countess").unwrap();
    assert_eq!((renamed.login_ids, &renamed.user_id), (vec!["countess".to_owned()], &ada.user_id));
    assert!(users.load("ada").unwrap_err().is_not_found());
    users.patch("countess", &UserPatch::default().additional_login_ids(["ada"])).unwrap();
    assert_eq!(users.remove_login_id("countess").unwrap().login_ids, ["ada"]);
    assert!(users.remove_login_id("ada").is_err(), "the last one");
}

#[test]
fn roles_and_tenants_are_in_the_tokens() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    let acme = TenantRoles::new("acme").roles(["Owner"]);
    users.create("ada", &NewUser::default().roles(["Reader"]).tenants([acme])).unwrap();
    let sign_in = || {
        let jwt = emulator.sign_in("ada").unwrap()["sessionJwt"].as_str().unwrap().to_owned();
        client.auth().session().validate(&jwt).unwrap()
    };
    let claims = sign_in();
    assert!(claims.has_roles(Scope::Project, ["Reader"]));
    assert!(claims.has_permissions(Scope::Project, ["read"]));
    assert!(!claims.has_permissions(Scope::Project, ["write"]));
    assert!(claims.has_roles(Scope::Tenant("acme"), ["Owner"]));
    assert!(!claims.has_roles(Scope::Tenant("evil"), ["Owner"]));

    users.add_roles("ada", &["Editor"]).unwrap();
    assert!(sign_in().has_roles(Scope::Project, ["Reader", "Editor"]));
    users.remove_roles("ada", &["Reader"]).unwrap();
    assert!(!sign_in().has_roles(Scope::Project, ["Reader"]));
    users.set_roles("ada", &["Reader"]).unwrap();
    let claims = sign_in();
    assert!(claims.has_roles(Scope::Project, ["Reader"]));
    assert!(!claims.has_permissions(Scope::Project, ["write"]));

    users.add_tenant("ada", "evil").unwrap();
    users.add_tenant_roles("ada", "evil", &["Reader"]).unwrap();
    users.set_tenant_roles("ada", "acme", &["Editor"]).unwrap();
    let claims = sign_in();
    assert!(claims.has_permissions(Scope::Tenant("evil"), ["read"]));
    assert!(claims.has_permissions(Scope::Tenant("acme"), ["read", "write"]));
    assert!(!claims.has_roles(Scope::Tenant("acme"), ["Owner"]));
    users.remove_tenant_roles("ada", "evil", &["Reader"]).unwrap();
    let ada = users.remove_tenant("ada", "acme").unwrap();
    assert_eq!((ada.user_tenants.len(), &*ada.user_tenants[0].tenant_id), (1, "evil"));
    let claims = sign_in();
    assert!(!claims.has_roles(Scope::Tenant("evil"), ["Reader"]));
    assert!(!claims.has_permissions(Scope::Tenant("acme"), ["read"]));
    assert!(users.add_roles("ada", &["Nobody"]).is_err());
}

#[test]
fn status_and_logout_end_sessions() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    let ada = users.create("ada", &NewUser::default()).unwrap();
    let refresh = || {
        let session = emulator.sign_in("ada").unwrap();
        session["refreshJwt"].as_str().unwrap().to_owned()
    };
    let (first, second) = (refresh(), refresh());
    let session = client.auth().session();
    session.refresh(&first).unwrap();
    users.logout("ada", &LogoutOptions::default()).unwrap();
    for token in [&first, &second] {
        assert_eq!(session.refresh(token).unwrap_err().code(), Some(codes::LOGGED_OUT));
    }
    let third = refresh();
    users.logout_by_user_id(&ada.user_id, &LogoutOptions::default()).unwrap();
    assert_eq!(session.refresh(&third).unwrap_err().code(), Some(codes::LOGGED_OUT));

    let fourth = refresh();
    users.deactivate("ada").unwrap();
    assert!(session.refresh(&fourth).is_err() && emulator.sign_in("ada").is_err());
    assert_eq!(total(&client, &UserSearch::default().statuses([UserStatus::Disabled])), 1);
    users.activate("ada").unwrap();
    session.refresh(&fourth).unwrap();
    let history = users.load_history(&[&ada.user_id]).unwrap();
    assert_eq!(history.len(), 4);
    assert!(history.iter().all(|sign_in| sign_in.user_id == ada.user_id));
}

#[test]
fn batches_go_on_after_a_failure() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    users.create("grace", &NewUser::default()).unwrap();
    let people = [
        BatchUser::new("ada")
            .profile(UserProfile::default().email("ada@example.com").roles(["Reader"])),
        BatchUser::new("grace"),
        BatchUser::new("alan").profile(UserProfile::default().roles(["Nobody"])),
        BatchUser::new("joan").status(UserStatus::Disabled),
    ];
    let outcome = users.create_batch(&people).unwrap();
    let created: Vec<_> = outcome.created.iter().map(|user| &*user.login_ids[0]).collect();
    assert_eq!(created, ["ada", "joan"]);
    let failed: Vec<_> = outcome.failed.iter().map(|failure| failure.index.unwrap()).collect();
    assert_eq!(failed, [1, 2]);
    assert!(outcome.failed[1].reason.contains("Nobody"));
    assert_eq!(total(&client, &UserSearch::default()), 3);
    assert!(emulator.inbox().messages().is_empty());

    let people = [BatchUser::new("mary").profile(UserProfile::default().email("mary@example.com"))];
    let invitation = Invitation::default().url("https://example.com/hi").send_mail(true);
    let outcome = users.invite_batch(&people, &invitation).unwrap();
    assert_eq!(outcome.created[0].status, Some(UserStatus::Invited));
    let message = emulator.inbox().last_to("mary@example.com").unwrap();
    assert_eq!(message.link.as_deref(), Some("https://example.com/hi"));

    let patches = [
        ("ada", UserPatch::default().name("Ada")),
        ("nobody", UserPatch::default().name("Nobody")),
        ("joan", UserPatch::default().status(UserStatus::Enabled)),
    ];
    let outcome = users.patch_batch(&patches).unwrap();
    assert_eq!((outcome.patched.len(), outcome.failed.len()), (2, 1));
    assert_eq!(outcome.failed[0].index, Some(1));
    let ada = users.load("ada").unwrap();
    assert_eq!(
        (
            ada.name.as_deref().unwrap_or_default(),
            ada.email.as_deref().unwrap_or_default(),
            &*ada.roles[0]
        ),
        ("Ada", "ada@example.com", "Reader")
    );
    assert_eq!(users.load("joan").unwrap().status, Some(UserStatus::Enabled));
}

#[test]
fn test_users_sign_in_without_messages() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    users.create("ada", &NewUser::default()).unwrap();
    let test = NewUser::default().email("test@example.com").phone("+12025550101");
    assert!(users.create_test_user("test", &test).unwrap().test);
    let options = GeneratedSignIn::default().custom_claims([("theme", "dark")]);
    for method in [Email, Sms] {
        let otp = users.generate_otp_for_test_user(method, "test", &options).unwrap();
        let verify = |code: &str| client.auth().otp().verify(method, &otp.login_id, code);
        let signed_in = verify(otp.code.expose()).unwrap();
        assert_eq!(signed_in.claims().get::<String>("theme").unwrap().as_deref(), Some("dark"));
        assert!(verify(otp.code.expose()).is_err(), "codes are good once");
    }
    assert!(emulator.inbox().messages().is_empty());
    assert!(users.generate_otp_for_test_user(Email, "ada", &options).is_err());

    assert_eq!(total(&client, &UserSearch::default()), 1);
    assert_eq!(total(&client, &UserSearch::default().with_test_users(true)), 2);
    assert_eq!(users.search_test_users(&UserSearch::default()).unwrap().total, Some(1));
    let found: Vec<_> = users.iter_test_users(&UserSearch::default()).collect();
    assert_eq!(found.len(), 1);
    users.delete_all_test_users().unwrap();
    assert_eq!(users.search_test_users(&UserSearch::default()).unwrap().total, Some(0));
    assert!(users.load("ada").is_ok() && users.load("test").unwrap_err().is_not_found());
}

#[test]
fn all_pages_are_read_in_order_and_an_error_ends_them() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    let names: Vec<String> = (0..25).map(|n| format!("user{n:02}")).collect();
    let people: Vec<_> = names.iter().rev().map(BatchUser::new).collect();
    assert_eq!(users.create_batch(&people).unwrap().created.len(), 25);
    let path = "/v2/mgmt/user/search";
    for (limit, requests) in [(10, 3), (5, 5), (25, 1), (100, 1)] {
        let search = UserSearch::default().sort([Sort::ascending("loginId")]).limit(limit);
        let before = emulator.requests(path);
        let found: Vec<String> =
            users.iter(&search).map(|user| user.unwrap().login_ids.remove(0)).collect();
        assert_eq!((&found, emulator.requests(path) - before), (&names, requests));
    }
    let search = UserSearch::default().limit(10);
    let mut found = users.iter(&search);
    assert!(found.by_ref().take(10).all(|user| user.is_ok()));
    emulator.fault(Fault::status(400).at(path).times(1));
    assert_eq!(found.next().unwrap().unwrap_err().status(), Some(400));
    assert!(found.next().is_none(), "an error is yielded once");
    let filtered = UserSearch::default().text("USER1").limit(3);
    assert_eq!(users.iter(&filtered).map(Result::unwrap).count(), 10);
}

#[test]
fn passwords_that_management_sets_sign_in() {
    let (_emulator, client) = emulated();
    let users = client.mgmt().user();
    users.create("ada", &NewUser::default()).unwrap();
    let sign_in = |login_id: &str, password: &str| {
        let outcome =
            client.auth().password().sign_in(login_id, password, &LoginOptions::default());
        outcome.map_or_else(|error| error.status().unwrap(), |_| 200)
    };
    assert_eq!(sign_in("ada", "Correct1horse"), 401);
    users.set_active_password("ada", "Correct1horse").unwrap();
    assert!(users.load("ada").unwrap().password);
    assert_eq!([sign_in("ada", "Correct1horse"), sign_in("ada", "correct1horse")], [200, 401]);
    users.expire_password("ada").unwrap();
    assert_eq!(sign_in("ada", "Correct1horse"), 401);
    users.set_password("ada", "Battery2staple", PasswordState::Active).unwrap();
    assert_eq!([sign_in("ada", "Battery2staple"), sign_in("ada", "Correct1horse")], [200, 401]);
    users.set_temporary_password("ada", "Correct1horse").unwrap();
    assert_eq!(sign_in("ada", "Correct1horse"), 401);

    // Those of `correct horse`, by Python's `bcrypt` and `hashlib`.
    let bcrypt = "$2a$05$5ctY.ZSOJsNgEOxLN85OwuA3Kgk06Pcz5laxzOIhKjoni6FdDATu6".to_owned();
    let django =
        "pbkdf2_sha256$1000$pepper$gQV4o8bSAk9lLV90oJ74VRcTZ9w9mWIZJC4kEwODp3Y=".to_owned();
    let sha = HashedPassword::Sha {
        hash: "00".into(),
        salt: "00".into(),
        function: HashFunction::Sha256,
    };
    let outcome = users
        .create_batch(&[
            BatchUser::new("clear").password("Correct1horse"),
            BatchUser::new("bcrypt").hashed_password(HashedPassword::Bcrypt { hash: bcrypt }),
            BatchUser::new("django").hashed_password(HashedPassword::Django { hash: django }),
            BatchUser::new("sha").hashed_password(sha),
            BatchUser::new("weak").password("weak"),
        ])
        .unwrap();
    assert_eq!((outcome.created.len(), outcome.failed.len()), (3, 2));
    assert!(outcome.failed[0].reason.contains("hashedPassword.sha"));
    assert!(!outcome.failed[1].reason.contains("weak"));
    assert_eq!(sign_in("clear", "Correct1horse"), 200);
    for name in ["bcrypt", "django"] {
        assert_eq!([sign_in(name, "correct horse"), sign_in(name, "wrong")], [200, 401]);
    }
}

#[test]
fn what_a_provider_and_a_passkey_left_is_seen_and_taken_away() {
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    let state = json!({ "oauth": { "google": true }, "factors": ["webauthn"] });
    emulator.seed(&json!({ "users": [{ "loginId": "ada", "state": state }] })).unwrap();
    let token =
        users.load_provider_token("ada", "google", &ProviderTokenOptions::default()).unwrap();
    assert!(token.expiration > Some(emulator.clock().unix()));
    assert!(token.refresh_token.is_none_or(|token| token.expose().is_empty()));
    let options = ProviderTokenOptions::default().with_refresh_token(true).force_refresh(true);
    let newer = users.load_provider_token("ada", "google", &options).unwrap();
    assert_ne!(newer.access_token.expose(), token.access_token.expose());
    assert!(!newer.refresh_token.unwrap().expose().is_empty());
    assert!(users.load_provider_token("ada", "github", &options).unwrap_err().is_not_found());

    assert!(users.load("ada").unwrap().webauthn);
    users.remove_all_passkeys("ada").unwrap();
    assert!(!users.load("ada").unwrap().webauthn);
}

type Define = fn(&Users<'_>, &[CustomAttribute]) -> Result<Vec<CustomAttribute>>;
type Undefine = fn(&Users<'_>, &[&str]) -> Result<Vec<CustomAttribute>>;
type Defined = fn(&Users<'_>) -> Result<Vec<CustomAttribute>>;

#[test]
fn custom_attributes_are_defined_listed_and_deleted() {
    let cases: [(Define, Undefine, Defined); 2] = [
        (
            |users, new| users.create_custom_attributes(new),
            |users, names| users.delete_custom_attributes(names),
            |users| users.load_custom_attributes(),
        ),
        (
            |users, new| users.create_family_scoped_custom_attributes(new),
            |users, names| users.delete_family_scoped_custom_attributes(names),
            |users| users.load_family_scoped_custom_attributes(),
        ),
    ];
    let (emulator, client) = emulated();
    let users = client.mgmt().user();
    let plan = CustomAttribute::new("plan", AttributeKind::SingleSelect)
        .options([AttributeOption::labelled("paid", "Paid"), "free".into()])
        .default_value("free")
        .required(false);
    let born = CustomAttribute::new("born", AttributeKind::Date);
    for (define, undefine, defined) in cases {
        assert_eq!(defined(&users).unwrap(), []);
        let one = define(&users, std::slice::from_ref(&plan)).unwrap();
        assert_eq!(one, std::slice::from_ref(&plan));
        let both = define(&users, std::slice::from_ref(&born)).unwrap();
        assert_eq!(both, [plan.clone(), born.clone()]);
        assert!(define(&users, std::slice::from_ref(&plan)).is_err(), "the name is taken");
        assert_eq!(defined(&users).unwrap(), both);

        let other = Emulator::new();
        other.seed(&emulator.export()).unwrap();
        let copy = Client::builder().emulator(&other).build().unwrap();
        assert_eq!(defined(&copy.mgmt().user()).unwrap(), both);
        let left = undefine(&users, &["plan", "unknown"]).unwrap();
        assert_eq!(left, std::slice::from_ref(&born));
        assert_eq!(defined(&users).unwrap(), left);
    }
}

#[test]
fn links_of_test_users_and_embedded_links_sign_in() {
    let (_emulator, client) = emulated();
    let users = client.mgmt().user();
    users.create_test_user("test", &NewUser::default().email("test@example.com")).unwrap();
    let options = TestLinkOptions::default().redirect_url("https://example.com/verify");
    let link = users.generate_magic_link_for_test_user(Email, "test", &options).unwrap();
    let token = link.link.expose().strip_prefix("https://example.com/verify?t=").unwrap();
    let signed_in = client.auth().magic_link().verify(token).unwrap();
    assert_eq!(signed_in.user.login_ids, ["test"]);
    assert!(client.auth().magic_link().verify(token).is_err(), "links are good once");

    let link = users.generate_enchanted_link_for_test_user("test", &options).unwrap();
    let token = link.link.expose().strip_prefix("https://example.com/verify?t=").unwrap();
    let enchanted = client.auth().enchanted_link();
    assert!(enchanted.session(link.pending_ref.expose()).unwrap().is_none());
    enchanted.verify(token).unwrap();
    let signed_in = enchanted.session(link.pending_ref.expose()).unwrap().unwrap();
    assert_eq!(signed_in.user.login_ids, ["test"]);

    users.create("ada", &NewUser::default()).unwrap();
    let refused = users.generate_magic_link_for_test_user(Email, "ada", &options);
    assert!(refused.is_err(), "no test user");
    let token = users.generate_embedded_link("ada", &EmbeddedLinkOptions::default()).unwrap();
    let signed_in = client.auth().embedded_link().verify(token.expose()).unwrap();
    assert_eq!(signed_in.user.login_ids, ["ada"]);
}

#[test]
fn a_new_user_signs_in_with_the_password_they_are_given() {
    let (_emulator, client) = emulated();
    let (users, password) = (client.mgmt().user(), client.auth().password());
    // "password"
    let hash = || HashedPassword::Md5 { hash: "5f4dcc3b5aa765d61d8327deb882cf99".to_owned() };
    users.create("ada", &NewUser::default().password("s0me-Password")).unwrap();
    users.create("al", &NewUser::default().hashed_password(hash())).unwrap();
    users.create_test_user("bo", &NewUser::default().password("s0me-Password")).unwrap();
    users.create_test_user("cy", &NewUser::default().hashed_password(hash())).unwrap();
    for (login_id, right) in
        [("ada", "s0me-Password"), ("al", "password"), ("bo", "s0me-Password"), ("cy", "password")]
    {
        password.sign_in(login_id, right, &Default::default()).unwrap();
        assert!(password.sign_in(login_id, "s0me-0ther", &Default::default()).is_err());
    }
    let weak = users.create("di", &NewUser::default().password("weak"));
    assert!(!weak.unwrap_err().to_string().contains("\"weak\""));
    assert!(users.load("di").unwrap_err().is_not_found(), "nobody was created");
    for hashed in [
        HashedPassword::Bach { hash: "h".into(), key: "k".into() },
        HashedPassword::BuddyAuth { hash: "h".into() },
    ] {
        let refused = users.create("ed", &NewUser::default().hashed_password(hashed));
        assert_eq!(refused.unwrap_err().status(), Some(501), "not known how it is made");
    }
}

#[test]
fn recovery_addresses_and_status_are_created_updated_and_patched() {
    let (_emulator, client) = emulated();
    let users = client.mgmt().user();
    let new = NewUser::default()
        .recovery_email("ada@example.org")
        .recovery_phone("+12025550102")
        .verified_recovery_email(true)
        .status(UserStatus::Disabled);
    let ada = users.create("ada", &new).unwrap();
    let recovery = |user: &User| (user.recovery_email.clone(), user.recovery_phone.clone());
    let both = (Some("ada@example.org".to_owned()), Some("+12025550102".to_owned()));
    assert_eq!(recovery(&ada), both);
    assert!(ada.verified_recovery_email && !ada.verified_recovery_phone);
    assert_eq!(ada.status, Some(UserStatus::Disabled));

    let patch = UserPatch::default().verified_recovery_phone(true);
    let ada = users.patch("ada", &patch).unwrap();
    assert_eq!(recovery(&ada), both, "the rest stays");
    assert!(ada.verified_recovery_email && ada.verified_recovery_phone);
    let ada = users.patch("ada", &UserPatch::default().recovery_email("al@example.org")).unwrap();
    assert!(!ada.verified_recovery_email, "it is another one");

    let profile = UserProfile::default().recovery_phone("+12025550102").status(UserStatus::Enabled);
    let ada = users.update("ada", &profile).unwrap();
    assert_eq!(recovery(&ada), (None, both.1));
    assert!(ada.verified_recovery_phone, "it is the same one");
    assert_eq!(ada.status, Some(UserStatus::Enabled));
    let ada = users.update("ada", &UserProfile::default()).unwrap();
    assert_eq!((recovery(&ada), ada.status), ((None, None), Some(UserStatus::Enabled)));
}
