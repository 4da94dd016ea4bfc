//! Which SSO configuration users sign in by.

use super::sso::SsoSettings;
use super::store::Store;

impl Store {
    /// The SSO configuration by which users of a tenant sign in, if one is set up: the default one,
    /// or else another.
    pub(in crate::emulator) fn sso_settings(&self, tenant: &str) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        let default = of_tenant.clone().find(|settings| settings.id.is_none());
        default
            .filter(|settings| settings.provider().is_some())
            .or_else(|| of_tenant.find(|settings| settings.provider().is_some()))
    }

    /// The SSO configuration for e-mail addresses of a domain, with this ID if one is given: the
    /// domain is the configuration's own, or its tenant's.
    pub(in crate::emulator) fn sso_settings_for(
        &self,
        domain: &str,
        id: Option<&str>,
    ) -> Option<&SsoSettings> {
        let named =
            |domains: &[String]| domains.iter().any(|known| known.eq_ignore_ascii_case(domain));
        let own = self.sso_settings.iter().filter(|settings| named(&settings.domains));
        let tenants = self.tenants.iter().filter(|tenant| named(&tenant.domains));
        let of_tenants = tenants.filter_map(|tenant| match id {
            None => self.sso_settings(&tenant.id),
            Some(_) => self.sso_settings_of(&tenant.id, id),
        });
        own.chain(of_tenants).find(|settings| {
            settings.provider().is_some() && id.is_none_or(|id| settings.id.as_deref() == Some(id))
        })
    }

    /// The SSO configuration of a tenant with this ID, or its default one.
    pub(in crate::emulator) fn sso_settings_of(
        &self,
        tenant: &str,
        id: Option<&str>,
    ) -> Option<&SsoSettings> {
        let mut of_tenant = self.sso_settings.iter().filter(|settings| settings.tenant == tenant);
        of_tenant.find(|settings| settings.id.as_deref() == id)
    }
}
