//! The counter site: the seed document's pages around the session layer.

mod error_pages;
mod headers;
mod hosts;
mod templates;
mod urls;
mod views;

pub use self::error_pages::{ShowCauses, error_pages};
pub use self::headers::default_headers;
pub use self::hosts::AllowedHosts;
pub use self::templates::{TemplateError, Templates};
pub use self::urls::{as_view, configure};
pub use self::views::{
    ActixHelloWorldView, HelloPlainView, HelloPokeView, HelloWorld2View, HelloWorldView, IndexView, ViewError,
};
