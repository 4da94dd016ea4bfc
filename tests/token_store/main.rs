//! Sources of tokens over their stores, also in several processes.

mod oauth;
mod server;
mod source;
mod stress;
mod support;
