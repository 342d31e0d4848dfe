//! The processes: settings, the HTTP surface around the App, the partners' endpoints, and the demo.

pub mod cli;
pub mod demo;
pub mod health;
pub mod layers;
pub mod partners;
pub mod router;
pub mod serve;
pub mod settings;
