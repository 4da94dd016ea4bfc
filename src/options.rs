//! The chained setters of option structs.

/// Writes the setters of an options struct.
///
/// The struct itself is ordinary Rust beside the call, with its docs on the fields. The kinds are:
/// `opt` for an `Option`, `opt_number` for an `Option` of a number, so that a literal takes its type,
/// `flag` for a `bool`, `list` for a `Vec`, `opt_list` for an `Option<Vec>`, where "empty" and "not
/// set" differ, `map` for a map with `String` keys and `opt_map` for an optional one. `nested` is for
/// another options struct, `session` for the session that a sign-in adds to.
macro_rules! setters {
    ($name:ident { $($field:ident: $kind:ident $(<$inner:ty>)?),* $(,)? }) => {
        impl $name {
            $($crate::options::setters!(@$kind $field $(, $inner)?);)*
        }
    };
    (@opt $field:ident, $inner:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, value: impl Into<$inner>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    (@opt_number $field:ident, $inner:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, value: $inner) -> Self {
            self.$field = Some(value);
            self
        }
    };
    (@nested $field:ident, $inner:ty) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, value: $inner) -> Self {
            self.$field = value;
            self
        }
    };
    (@session $field:ident) => {
        /// Raises the session of this refresh token to a step-up session, for a sensitive action.
        ///
        /// The user must be the same. Together with [`add_factor`](Self::add_factor) it does both, to the
        /// session of the token that was given last.
        #[must_use]
        pub fn step_up(mut self, refresh_token: impl Into<$crate::Secret>) -> Self {
            self.$field.step_up(refresh_token.into());
            self
        }

        /// Adds this sign-in to the session of this refresh token as one more factor.
        ///
        /// The user must be the same. Together with [`step_up`](Self::step_up) it does both, to the session
        /// of the token that was given last.
        #[must_use]
        pub fn add_factor(mut self, refresh_token: impl Into<$crate::Secret>) -> Self {
            self.$field.add_factor(refresh_token.into());
            self
        }
    };
    (@flag $field:ident) => {
        #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, value: bool) -> Self {
            self.$field = value;
            self
        }
    };
    (@list $field:ident, $inner:ty) => {
        #[doc = concat!("Adds to [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, values: impl IntoIterator<Item = impl Into<$inner>>) -> Self {
            self.$field.extend(values.into_iter().map(Into::into));
            self
        }
    };
    (@opt_list $field:ident, $inner:ty) => {
        #[doc = concat!("Adds to [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, values: impl IntoIterator<Item = impl Into<$inner>>) -> Self {
            self.$field.get_or_insert_default().extend(values.into_iter().map(Into::into));
            self
        }
    };
    (@map $field:ident, $inner:ty) => {
        #[doc = concat!("Adds to [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(
            mut self,
            entries: impl IntoIterator<Item = (impl Into<String>, impl Into<$inner>)>,
        ) -> Self {
            self.$field.extend(entries.into_iter().map(|(k, v)| (k.into(), v.into())));
            self
        }
    };
    (@opt_map $field:ident, $inner:ty) => {
        #[doc = concat!("Adds to [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $field(
            mut self,
            entries: impl IntoIterator<Item = (impl Into<String>, impl Into<$inner>)>,
        ) -> Self {
            self.$field
                .get_or_insert_default()
                .extend(entries.into_iter().map(|(k, v)| (k.into(), v.into())));
            self
        }
    };
}
pub(crate) use setters;
