//! Sessions of Actix Web's requests: the only room of the session layer that knows a web framework.
//!
//! [`SessionMiddleware`] leaves a [`Session`] in each request and carries it out at the response; what it decided stays
//! there as an [`Outcome`].

pub(crate) mod cookie;
mod error;
mod extension;
mod middleware;
mod outcome;
mod session;
#[cfg(feature = "actix-session")]
pub mod stock;

pub use self::extension::SessionExt;
pub use self::middleware::{SessionMiddleware, SessionService};
pub use self::outcome::{CookieAction, Decision, Outcome};
pub use self::session::Session;
