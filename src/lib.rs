//! Django's sessions, in Rust, on Actix Web.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "site")]
pub mod application;
pub mod clock;
pub mod crypto;
pub mod db;
mod error;
#[cfg(feature = "site")]
pub mod management;
pub mod sessions;
#[cfg(feature = "site")]
pub mod settings;
pub mod signing;
#[cfg(feature = "site")]
pub mod site;
#[cfg(feature = "testing")]
pub mod testing;
