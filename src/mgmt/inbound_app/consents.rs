//! What users have allowed inbound applications to do.

use serde::{Deserialize, Serialize};

use super::InboundApps;
use crate::UnixMillis;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;
use crate::page::{Page, PageIter};

/// # Consents
impl<'c> InboundApps<'c> {
    /// Finds one page of the consents that meet every condition of a search.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::inbound_app::ConsentSearch;
    ///
    /// let search = ConsentSearch::default().user_id("U2abc");
    /// for consent in client.mgmt().inbound_app().search_consents(&search)?.items {
    ///     println!("{:?} may {:?}", consent.app_id, consent.scopes);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn search_consents(&self, search: &ConsentSearch) -> Result<Page<Consent>> {
        self.0
            .post("/v1/mgmt/thirdparty/consents/search")
            .safe()
            .fields(search)
            .send_page("consents")
    }

    /// Goes through all consents that meet every condition of a search, page by page, beginning with
    /// the search's page.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::inbound_app::ConsentSearch;
    ///
    /// let search = ConsentSearch::default().app_id("TPA1");
    /// for consent in client.mgmt().inbound_app().iter_consents(&search) {
    ///     println!("{:?}", consent?.user_id);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Items may be those of [`search_consents`](Self::search_consents).
    pub fn iter_consents(&self, search: &ConsentSearch) -> PageIter<'c, Consent> {
        let (apps, mut search) = (*self, search.clone());
        PageIter::new(
            search.page.unwrap_or_default(),
            |consent| &consent.id,
            move |page| {
                search.page = Some(page);
                apps.search_consents(&search)
            },
        )
    }

    /// Deletes the consents of users: those that meet every condition of the filter. The applications
    /// have to ask these users again. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::inbound_app::ConsentFilter;
    ///
    /// let filter = ConsentFilter::of_users(["U2abc"]).app_id("TPA1");
    /// client.mgmt().inbound_app().delete_consents(&filter)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list of IDs.
    pub fn delete_consents(&self, filter: &ConsentFilter) -> Result<()> {
        self.0
            .post("/v1/mgmt/thirdparty/consents/delete")
            .check(check_ids("consent_ids", filter.consent_ids.as_deref()))
            .check(check_ids("user_ids", filter.user_ids.as_deref()))
            .check(filter.app_id.as_ref().map_or(Ok(()), |id| check::id("app_id", id)))
            .fields(filter)
            .send_unit()
    }

    /// Deletes the consents that were given for a tenant as a whole: those that meet every condition
    /// of the filter. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// # emulator.seed(&serde_json::json!({
    /// #     "tenants": [{ "id": "acme", "name": "Acme" }],
    /// # })).unwrap();
    /// use descope::mgmt::inbound_app::TenantConsentFilter;
    ///
    /// let filter = TenantConsentFilter::of_app("TPA1");
    /// client.mgmt().inbound_app().delete_tenant_consents("acme", &filter)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty list of IDs.
    pub fn delete_tenant_consents(
        &self,
        tenant_id: &str,
        filter: &TenantConsentFilter,
    ) -> Result<()> {
        self.0
            .post("/v1/mgmt/thirdparty/consents/delete/tenant")
            .check(check::id("tenant_id", tenant_id))
            .check(check_ids("consent_ids", filter.consent_ids.as_deref()))
            .check(filter.app_id.as_ref().map_or(Ok(()), |id| check::id("app_id", id)))
            .field("tenantId", tenant_id)
            .fields(filter)
            .send_unit()
    }
}

fn check_ids(name: &'static str, ids: Option<&[String]>) -> Result<()> {
    let Some(ids) = ids else { return Ok(()) };
    check::not_empty(name, ids)?;
    ids.iter().try_for_each(|id| check::id(name, id))
}

/// The conditions of [`InboundApps::search_consents`]. Without any, all consents are found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConsentSearch {
    /// Given to this application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// Given by this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// With this ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_id: Option<String>,
    /// Given for this tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// How many a page holds at most. Descope decides if it is 0 or not set, and may send fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The number of the page. Defaults to 0, the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

setters!(ConsentSearch {
    app_id: opt<String>, user_id: opt<String>, consent_id: opt<String>, tenant_id: opt<String>,
    limit: opt_number<u32>, page: opt_number<u32>,
});

/// The consents that [`InboundApps::delete_consents`] deletes: it has at least one condition, and what
/// is deleted meets all of them.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ConsentFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
}

impl ConsentFilter {
    const ALL: Self = Self { consent_ids: None, app_id: None, user_ids: None, tenant_id: None };

    /// Those with these IDs.
    pub fn of_ids(consent_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::ALL.consent_ids(consent_ids)
    }

    /// Those given to this application.
    pub fn of_app(app_id: impl Into<String>) -> Self {
        Self::ALL.app_id(app_id)
    }

    /// Those given by these users.
    pub fn of_users(user_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::ALL.user_ids(user_ids)
    }

    /// Only those with these IDs.
    #[must_use]
    pub fn consent_ids(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { consent_ids: Some(ids.into_iter().map(Into::into).collect()), ..self }
    }

    /// Only those given to this application.
    #[must_use]
    pub fn app_id(self, app_id: impl Into<String>) -> Self {
        Self { app_id: Some(app_id.into()), ..self }
    }

    /// Only those given by these users.
    #[must_use]
    pub fn user_ids(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { user_ids: Some(ids.into_iter().map(Into::into).collect()), ..self }
    }

    /// Only those given for this tenant.
    #[must_use]
    pub fn tenant_id(self, tenant_id: impl Into<String>) -> Self {
        Self { tenant_id: Some(tenant_id.into()), ..self }
    }
}

/// The consents that [`InboundApps::delete_tenant_consents`] deletes: those that meet all conditions.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TenantConsentFilter {
    #[serde(skip_serializing_if = "Option::is_none")]
    consent_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_id: Option<String>,
}

impl TenantConsentFilter {
    const ALL: Self = Self { consent_ids: None, app_id: None };

    /// All those of the tenant. Descope's SDKs for Go and Node refuse this.
    pub fn all() -> Self {
        Self::ALL
    }

    /// Those with these IDs.
    pub fn of_ids(consent_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::ALL.consent_ids(consent_ids)
    }

    /// Those given to this application.
    pub fn of_app(app_id: impl Into<String>) -> Self {
        Self::ALL.app_id(app_id)
    }

    /// Only those with these IDs.
    #[must_use]
    pub fn consent_ids(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { consent_ids: Some(ids.into_iter().map(Into::into).collect()), ..self }
    }

    /// Only those given to this application.
    #[must_use]
    pub fn app_id(self, app_id: impl Into<String>) -> Self {
        Self { app_id: Some(app_id.into()), ..self }
    }
}

/// What a user, or a tenant, has allowed an application to do.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Consent {
    /// The consent's ID.
    pub id: String,
    /// The application's ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// The ID of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The tenant it was given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// The scopes that were allowed.
    pub scopes: Vec<String>,
    /// The ID of the user who gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
    /// When it was given, in milliseconds.
    #[serde(deserialize_with = "crate::time::millis_or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_time: Option<UnixMillis>,
    /// When it was last changed, in milliseconds.
    #[serde(deserialize_with = "crate::time::millis_or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_time: Option<UnixMillis>,
    /// When it expires, in milliseconds; `None` for never.
    #[serde(alias = "ExpireTime", deserialize_with = "crate::time::millis_or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<UnixMillis>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
