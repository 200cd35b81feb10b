//! What a client and the log are told of a [`SessionError`].

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};

use crate::error::chain;
use crate::sessions::error::SessionError;
use crate::throttle;

/// Seconds after which a client may ask again when the store did not answer.
const RETRY_AFTER: &str = "5";

impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Interrupted => StatusCode::BAD_REQUEST,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The cause travels with the response: an application that wraps this error in one of its own, and answers with
    /// this response, finds it in the log all the same.
    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
        }
        let mut response = response.body(status.canonical_reason().unwrap_or_default());
        response.extensions_mut().insert(Cause(Some(self.clone())));
        response
    }
}

/// The error behind a response, until it is written to the log: once.
pub(super) struct Cause(Option<SessionError>);

impl Cause {
    /// Writes it down with the request that it answers.
    pub(super) fn log(cause: Option<Self>, request: &HttpRequest) {
        if let Some(error) = cause.and_then(|mut cause| cause.0.take()) {
            write(&error, &format!("{} {}: ", request.method(), request.path()));
        }
    }
}

/// No session middleware has seen the response.
impl Drop for Cause {
    fn drop(&mut self) {
        if let Some(error) = self.0.take() {
            write(&error, "");
        }
    }
}

fn write(error: &SessionError, request: &str) {
    match error {
        // Written down when the session was accessed, whatever the application has made of it.
        SessionError::Unreadable(_) => {}
        // The same for every request while it lasts.
        error @ SessionError::Unavailable(_) => throttle::error(module_path!(), request, &chain(error)),
        error if error.status_code().is_server_error() => log::error!("{request}{}", chain(error)),
        error => log::warn!("{request}{}", chain(error)),
    }
}
