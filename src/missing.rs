//! For an area whose feature is off, a hidden method with the name of its accessor. It cannot be called:
//! its bound is one that nothing meets, and makes the compiler name the feature instead of saying that
//! there is no such method. With the feature on, only the real accessor is there. The hints are beside the areas.

macro_rules! missing {
    ($handle:ty { $($accessor:ident $feature:tt $hint:tt,)* }) => { $(
        #[cfg(not(feature = $feature))]
        const _: () = {
            // A type that is yet unknown lets the compiler stop at this error.
            #[diagnostic::on_unimplemented(message = $hint, label = "its feature is off")]
            pub trait Enabled<Area> {
                fn area(self) -> Area;
            }
            impl $handle {
                #[doc(hidden)]
                pub fn $accessor<Area>(self) -> Area
                where
                    Self: Enabled<Area>,
                {
                    self.area()
                }
            }
        };
    )* };
}
pub(crate) use missing;
