//! What a test is told of a request that cannot be done.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::sessions::SessionError;

/// Why the clock or the sessions stayed as they were: the sentence is the test's, so it says all there is.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("{0}")]
    BadInput(String),
    #[error("no session has this key")]
    NoSuchSession,
    #[error("this SESSION_ENGINE cannot list its sessions")]
    NoRecords,
    #[error("this server only reads; start it with --write to change the database that was given")]
    ReadOnly,
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl ResponseError for ControlError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadInput(_) => StatusCode::BAD_REQUEST,
            Self::NoSuchSession => StatusCode::NOT_FOUND,
            Self::NoRecords => StatusCode::NOT_IMPLEMENTED,
            Self::ReadOnly => StatusCode::FORBIDDEN,
            Self::Session(error) => error.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).json(json!({ "error": self.to_string() }))
    }
}
