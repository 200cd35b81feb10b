//! What a request did to a session of actix-session's own middleware.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, Key};
use actix_web::dev::ServiceResponse;
use serde::Serialize;

use super::row::RowView;
use super::text::shortened;
use crate::sessions::actix::stock::{STOCK_COOKIE, sealed_key};

/// The stock session of a request.
#[derive(Clone, Debug, Serialize)]
pub(in crate::lab) struct StockVisit {
    /// The cookie's value as the browser has it afterwards.
    pub(in crate::lab) value: String,
    /// Whether the browser had one before.
    pub(in crate::lab) was_sent: bool,
    /// The key that is sealed in it.
    pub(in crate::lab) key: Option<String>,
    /// The `Max-Age` that the answer has set.
    pub(in crate::lab) max_age: Option<i64>,
    /// The row under that key.
    pub(in crate::lab) row: Option<RowView>,
    /// Whether a row has the cookie's value as its key.
    pub(in crate::lab) value_is_a_key: bool,
}

impl StockVisit {
    /// What the answer to a request tells of its stock session; `None` where the browser has none afterwards.
    pub(in crate::lab) fn of<B>(response: &ServiceResponse<B>, key: &Key) -> Option<Self> {
        let set = response.response().cookies().find(|cookie| cookie.name() == STOCK_COOKIE);
        let max_age = set.as_ref().and_then(Cookie::max_age).map(Duration::whole_seconds);
        let cookie = set.map(Cookie::into_owned).or_else(|| sent(response.request()))?;
        Some(Self {
            value: shortened(cookie.value()),
            was_sent: sent(response.request()).is_some(),
            key: sealed_key(cookie, key),
            max_age,
            row: None,
            value_is_a_key: false,
        })
    }
}

fn sent(request: &HttpRequest) -> Option<Cookie<'static>> {
    request.cookie(STOCK_COOKIE)
}
