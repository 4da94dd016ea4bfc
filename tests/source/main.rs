//! What holds of the source as a whole, whatever it does.

mod arrows;
mod docs;
mod files;
mod floors;
mod layering;
mod methods;
