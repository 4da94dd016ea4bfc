//! What holds of the source as a whole, whatever it does.

mod docs;
mod files;
mod layering;
