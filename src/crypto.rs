//! Which library does the cryptography.

/// A library that checks the signatures of tokens and encrypts connections; see
/// [`ClientBuilder::crypto`](crate::ClientBuilder::crypto).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoLibrary {
    /// *ring*, which is small and always there.
    #[default]
    Ring,
    /// AWS-LC, by the crate `aws-lc-rs`. Needs the feature `aws-lc-rs`.
    #[cfg(feature = "aws-lc-rs")]
    AwsLc,
}
