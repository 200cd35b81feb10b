//! The counter site: the seed document's pages around the session layer.
//!
//! ```
//! use actix_web::{App, middleware::from_fn};
//! use sessionid::site::{IndexView, as_view, default_headers};
//!
//! let app = App::new().wrap(from_fn(default_headers)).service(as_view("/", IndexView::get));
//! # drop(app);
//! ```

mod body_timeout;
mod built_in;
mod client_address;
pub(crate) mod cross_origin;
mod error_pages;
mod headers;
mod hosts;
mod static_files;
mod templates;
mod urls;
mod views;

pub(crate) use self::body_timeout::{BodyTimeout, limit_body};
pub(crate) use self::client_address::{TrustedProxies, client_address};
pub use self::error_pages::{ShowCauses, error_pages};
pub(crate) use self::headers::date_by_the_clock;
pub use self::headers::default_headers;
pub use self::hosts::AllowedHosts;
pub use self::templates::{TemplateError, Templates};
pub(crate) use self::urls::as_action;
pub use self::urls::{as_view, configure};
pub use self::views::{
    ActixHelloWorldView, HelloPlainView, HelloPokeView, HelloWorld2View, HelloWorldView, IndexView, ViewError,
};
