//! The claims that OpenID Connect scopes give. Feature `mgmt-scope-claim-mapping`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Mgmt;
use crate::check;
use crate::error::Result;
use crate::extra::Extra;
use crate::options::setters;

/// The claims that scopes give; see [`Mgmt::scope_claim_mapping`].
#[derive(Clone, Copy, Debug)]
pub struct ScopeClaimMappings<'c>(Mgmt<'c>);

impl<'c> Mgmt<'c> {
    /// The claims that OpenID Connect scopes give, in the project as a whole.
    pub fn scope_claim_mapping(self) -> ScopeClaimMappings<'c> {
        ScopeClaimMappings(self)
    }
}

impl ScopeClaimMappings<'_> {
    /// Loads the claims of all scopes.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// for mapping in client.mgmt().scope_claim_mapping().load_all()? {
    ///     println!("{}: {:?}", mapping.scope, mapping.claims);
    /// }
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn load_all(&self) -> Result<Vec<ScopeClaims>> {
        let call = self.0.post("/v1/mgmt/scopeClaimMapping/get").safe();
        call.fields(&json!({})).send_list("mappings")
    }

    /// Replaces the claims of all scopes: a scope that is not in the list gives no claims.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// use descope::mgmt::scope_claim_mapping::ScopeClaims;
    ///
    /// let mappings = client.mgmt().scope_claim_mapping();
    /// let mut all = mappings.load_all()?;
    /// all.push(ScopeClaims::new("billing", [("plan", "{{user.customAttributes.plan}}")]));
    /// mappings.update(&all)?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Argument`](crate::Error::Argument) for an empty scope; use [`delete_all`](Self::delete_all) to
    /// remove all claims.
    pub fn update(&self, mappings: &[ScopeClaims]) -> Result<()> {
        let mut scopes = mappings.iter().map(|mapping| &mapping.scope);
        self.0
            .post("/v1/mgmt/scopeClaimMapping/set")
            .check(check::not_empty("mappings", mappings))
            .check(scopes.try_for_each(|scope| check::id("scope", scope)))
            .field("mappings", mappings)
            .send_unit()
    }

    /// Deletes the claims of all scopes. This cannot be undone.
    ///
    /// ```
    /// # let emulator = descope::emulator::Emulator::new();
    /// # let client = descope::Client::builder().emulator(&emulator).build()?;
    /// client.mgmt().scope_claim_mapping().delete_all()?;
    /// # Ok::<(), descope::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [every management call](crate::mgmt::Mgmt#errors).
    pub fn delete_all(&self) -> Result<()> {
        self.0.post("/v1/mgmt/scopeClaimMapping/delete").fields(&json!({})).send_unit()
    }
}

/// The claims that a scope gives.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
#[non_exhaustive]
pub struct ScopeClaims {
    /// The scope's name.
    pub scope: String,
    /// The claims' values by their names: a text, or a template such as `{{user.name}}` that is filled
    /// in when the token is made.
    pub claims: Map<String, Value>,
    /// A note for the console. It is in no token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What a newer Descope says beyond the above.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ScopeClaims {
    /// A scope that gives these claims.
    pub fn new(
        scope: impl Into<String>,
        claims: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let texts = claims.into_iter();
        let claims =
            texts.map(|(name, value)| (name.into(), Value::String(value.into()))).collect();
        Self { scope: scope.into(), claims, ..Self::default() }
    }
}

setters!(ScopeClaims { description: opt<String> });
