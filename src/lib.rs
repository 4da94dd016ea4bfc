//! Skeleton.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs_descope, feature(doc_cfg))]

pub mod clock;
#[cfg(feature = "emulator")]
pub mod emulator;
pub mod transport;
