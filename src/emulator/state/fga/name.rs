//! Names of relations.

/// The name of a relation together with its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::emulator) struct Name {
    pub(in crate::emulator) of: String,
    pub(in crate::emulator) name: String,
}

impl Name {
    pub(in crate::emulator) fn new(of: &str, name: &str) -> Self {
        Self { of: of.to_owned(), name: name.to_owned() }
    }
}
