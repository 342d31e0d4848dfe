//! The design system: the parts that every screen is made of. A part owns its markup, its wording for screen readers
//! and its classes; pages never write those by hand.

pub mod account;
pub mod badge;
pub mod books_again;
#[cfg(feature = "ssr")]
pub mod card_fields;
pub mod dialog;
pub mod drawn;
pub mod empty;
pub mod exception_cure;
pub mod fault_note;
pub mod field;
pub mod frame;
pub mod invoice_card;
pub mod load;
pub mod page_title;
pub mod pager;
pub mod pdf_link;
pub mod search;
pub mod skeleton;
pub mod summary;
#[cfg(feature = "ssr")]
pub mod text_area;
pub mod toast;
pub mod unbroken;
pub mod when;
pub mod who;
