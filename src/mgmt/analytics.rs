//! Counts of what happened in the project, by action, tenant, time and more. Feature `analytics`.

use serde::{Deserialize, Serialize};

use super::Mgmt;
use crate::UnixMillis;
use crate::error::{Error, Result};
use crate::extra::Extra;
use crate::names::names;
use crate::options::setters;

/// Counts of what happened; see [`Mgmt::analytics`].
#[derive(Clone, Copy, Debug)]
pub struct Analytics<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// Counts of what happened in the project in the last twelve months.
    pub fn analytics(self) -> Analytics<'c> {
        Analytics(self)
    }
}

impl Analytics<'_> {
    /// Counts what happened, in groups: each `group_by` that is set splits the counts further.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # emulator.seed(&serde_json::json!({ "users": [{ "loginId": "ada@example.com" }] }))?;
    /// # emulator.sign_in("ada@example.com")?;
    /// # emulator.sign_in("ada@example.com")?;
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use std::time::{Duration, SystemTime};
    ///
    /// use descope::mgmt::analytics::{AnalyticsPeriod, AnalyticsSearch};
    ///
    /// let a_week_ago = SystemTime::now() - Duration::from_secs(7 * 24 * 60 * 60);
    /// let search = AnalyticsSearch::default()
    ///     .actions(["LoginSucceed"])
    ///     .from(a_week_ago)
    ///     .group_by_created(AnalyticsPeriod::Day)
    ///     .group_by_method(true);
    /// let counts = client.mgmt().analytics().search(&search)?;
    /// for count in &counts {
    ///     println!("{:?}: {} sign-ins by {}", count.created, count.count, count.method);
    /// }
    /// # assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] if the search ends before it begins.
    pub fn search(&self, search: &AnalyticsSearch) -> Result<Vec<AnalyticsRecord>> {
        let ends_too_early = search.from.zip(search.to).is_some_and(|(from, to)| from > to);
        self.0
            .post("/v1/mgmt/analytics/search")
            .safe()
            .check(if ends_too_early {
                Err(Error::argument("to", "is before `from`"))
            } else {
                Ok(())
            })
            .fields(search)
            .send_list("analytics")
    }
}

/// What to count, and how to group it. What is not set lets everything through.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AnalyticsSearch {
    /// Actions, such as `LoginSucceed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Actions to leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded_actions: Option<Vec<String>>,
    /// Kinds of device: `Bot`, `Mobile`, `Desktop`, `Tablet`, `Unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<String>>,
    /// Ways to sign in, such as `otp`, `totp`, `magiclink`, `oauth`, `saml`, `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Countries, as two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geos: Option<Vec<String>>,
    /// IDs of tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// Nothing earlier than this. At most twelve months ago, which is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<UnixMillis>,
    /// Nothing later than this. Defaults to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<UnixMillis>,
    /// Counts each action by itself. Defaults to `false`.
    pub group_by_action: bool,
    /// Counts each kind of device by itself. Defaults to `false`.
    pub group_by_device: bool,
    /// Counts each way to sign in by itself. Defaults to `false`.
    pub group_by_method: bool,
    /// Counts each country by itself. Defaults to `false`.
    pub group_by_geo: bool,
    /// Counts each tenant by itself. Defaults to `false`.
    pub group_by_tenant: bool,
    /// Counts each page that the visitors came from by itself. Defaults to `false`.
    pub group_by_referrer: bool,
    /// Counts each hour, day or longer by itself. Defaults to the whole time in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by_created: Option<AnalyticsPeriod>,
}

setters!(AnalyticsSearch {
    actions: opt_list<String>, excluded_actions: opt_list<String>, devices: opt_list<String>,
    methods: opt_list<String>, geos: opt_list<String>, tenants: opt_list<String>,
    from: opt<UnixMillis>, to: opt<UnixMillis>, group_by_action: flag, group_by_device: flag,
    group_by_method: flag, group_by_geo: flag, group_by_tenant: flag, group_by_referrer: flag,
    group_by_created: opt<AnalyticsPeriod>,
});

/// How long the time is that is counted by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnalyticsPeriod {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// Something newer than this version of the crate.
    Other(String),
}

names!(AnalyticsPeriod { Hour = "h", Day = "d", Week = "w", Month = "m", Quarter = "q" });

/// How often something happened. What the search does not group by is empty.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct AnalyticsRecord {
    /// The project it happened in.
    pub project_id: String,
    /// What happened, such as `LoginSucceed`.
    pub action: String,
    /// When the hour, day or longer begins, in milliseconds.
    #[serde(deserialize_with = "crate::time::millis_or_never")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<UnixMillis>,
    /// The kind of device it was done with.
    pub device: String,
    /// The way the users signed in.
    pub method: String,
    /// The country the requests came from, as two letters.
    pub geo: String,
    /// The tenant's ID.
    pub tenant: String,
    /// The page that the visitors came from.
    pub referrer: String,
    /// How often it happened.
    #[serde(rename = "cnt")]
    pub count: u64,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}
