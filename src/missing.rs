//! For an area whose feature is off, a hidden method with the name of its accessor. It cannot be called:
//! its bound is one that nothing meets, and makes the compiler name the feature instead of saying that
//! there is no such method. With the feature on, only the real accessor is there.

macro_rules! missing {
    ($handle:ty { $($accessor:ident $feature:tt $hint:tt,)* }) => { $(
        #[cfg(not(feature = $feature))]
        const _: () = {
            // A type that is yet unknown lets the compiler stop at this error.
            #[diagnostic::on_unimplemented(message = $hint, label = "its feature is off")]
            pub trait Enabled<Area> {
                fn area(self) -> Area;
            }
            impl $handle {
                #[doc(hidden)]
                pub fn $accessor<Area>(self) -> Area
                where
                    Self: Enabled<Area>,
                {
                    self.area()
                }
            }
        };
    )* };
}

missing! { crate::auth::Auth<'_> {
    access_key "access-key" "enable the feature `access-key` of `descope`",
    embedded_link "embedded-link" "enable the feature `embedded-link` of `descope`",
    enchanted_link "enchanted-link" "enable the feature `enchanted-link` of `descope`",
    magic_link "magic-link" "enable the feature `magic-link` of `descope`",
    notp "notp" "enable the feature `notp` of `descope`",
    oauth "oauth" "enable the feature `oauth` of `descope`",
    otp "otp" "enable the feature `otp` of `descope`",
    outbound "mgmt-outbound-app" "enable the feature `mgmt-outbound-app` of `descope`",
    password "password" "enable the feature `password` of `descope`",
    saml "saml" "enable the feature `saml` of `descope`",
    session "session" "enable the feature `session` of `descope`",
    sso "sso" "enable the feature `sso` of `descope`",
    totp "totp" "enable the feature `totp` of `descope`",
    webauthn "webauthn" "enable the feature `webauthn` of `descope`",
} }

missing! { crate::mgmt::Mgmt<'_> {
    access_key "mgmt-access-key" "enable the feature `mgmt-access-key` of `descope`",
    audit "audit" "enable the feature `audit` of `descope`",
    authz "authz" "enable the feature `authz` of `descope`",
    descoper "mgmt-descoper" "enable the feature `mgmt-descoper` of `descope`",
    engine "mgmt-engine" "enable the feature `mgmt-engine` of `descope`",
    family "mgmt-family" "enable the feature `mgmt-family` of `descope`",
    fga "fga" "enable the feature `fga` of `descope`",
    flow "mgmt-flow" "enable the feature `mgmt-flow` of `descope`",
    group "mgmt-group" "enable the feature `mgmt-group` of `descope`",
    inbound_app "mgmt-inbound-app" "enable the feature `mgmt-inbound-app` of `descope`",
    jwt "mgmt-jwt" "enable the feature `mgmt-jwt` of `descope`",
    jwt_template "mgmt-jwt-template" "enable the feature `mgmt-jwt-template` of `descope`",
    list "mgmt-list" "enable the feature `mgmt-list` of `descope`",
    management_key "mgmt-management-key" "enable the feature `mgmt-management-key` of `descope`",
    outbound_app "mgmt-outbound-app" "enable the feature `mgmt-outbound-app` of `descope`",
    outbound_scim "mgmt-outbound-scim" "enable the feature `mgmt-outbound-scim` of `descope`",
    password "mgmt-password" "enable the feature `mgmt-password` of `descope`",
    permission "mgmt-permission" "enable the feature `mgmt-permission` of `descope`",
    project "mgmt-project" "enable the feature `mgmt-project` of `descope`",
    role "mgmt-role" "enable the feature `mgmt-role` of `descope`",
    scope_claim_mapping "mgmt-scope-claim-mapping" "enable the feature `mgmt-scope-claim-mapping` of `descope`",
    sso "mgmt-sso" "enable the feature `mgmt-sso` of `descope`",
    sso_application "mgmt-sso-app" "enable the feature `mgmt-sso-app` of `descope`",
    tenant "mgmt-tenant" "enable the feature `mgmt-tenant` of `descope`",
    theme "mgmt-theme" "enable the feature `mgmt-theme` of `descope`",
    user "mgmt-user" "enable the feature `mgmt-user` of `descope`",
} }
