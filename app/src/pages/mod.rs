//! One file per screen: what it fetches, and a pure view that shows it. No page imports another.
//!
//! The browser loads one surface at a time. A surface is one split point and not one per screen: code shared by any two
//! split points becomes a file of its own, and eleven screens made a hundred of them.

use leptos::prelude::*;

/// A screen of a surface.
pub trait Screen: Sized {
    fn fetch() -> Self;
    fn show(self) -> AnyView;
}

/// Makes one lazily loaded surface of several screens, each with a route of its own. Fetching is part of the surface as
/// well: what it takes to read a screen's data would otherwise be in everybody's download. All its routes have one type,
/// because the router's code is made anew for each type.
macro_rules! surface {
    ($draw:ident: $($page:ident = $screen:ty),+) => {
        #[derive(Clone, Copy)]
        pub enum Page {
            $($page),+
        }

        #[leptos::lazy]
        fn $draw(page: Page) -> leptos::prelude::AnyView {
            use $crate::pages::Screen;
            match page {
                $(Page::$page => <$screen>::fetch().show()),+
            }
        }

        impl leptos_router::ChooseView for Page {
            async fn choose(self) -> leptos::prelude::AnyView {
                $draw(self).await
            }

            async fn preload(&self) {}
        }
    };
}

pub mod admin;
pub mod closed;
pub mod home;
pub mod not_found;
pub mod operator;
pub mod pay;
pub mod payer;
pub mod pod;
pub mod sign_in;
pub mod words_of_closed;
