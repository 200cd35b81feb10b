//! Why a page of the lab gave no answer, and what its client is told.

use actix_web::error::HttpError;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use super::limits;
use crate::sessions::SessionError;
use crate::site::TemplateError;

/// An error of the lab.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabError {
    #[error("no such {0}")]
    NotFound(&'static str),
    #[error("{0}")]
    BadInput(&'static str),
    #[error("an age is {} to {} seconds", limits::AGE.start(), limits::AGE.end())]
    BadAge,
    #[error("a key has {} to {} characters", limits::KEY.start(), limits::KEY.end())]
    BadKey,
    #[error(
        "a key to send has {} to {} characters of a-z and 0-9",
        limits::PLANTED.start(),
        limits::PLANTED.end()
    )]
    BadPlantedKey,
    #[error("a value has at most {} characters", limits::LONGEST_VALUE)]
    BadValue,
    #[error("seconds are a whole number from {} to {}", limits::EXPIRY.start(), limits::EXPIRY.end())]
    BadExpiry,
    #[error("the progress cookie has no good signature; open /lab to begin anew")]
    ForgedProgress,
    #[error("this operation answers 500, as it says")]
    OnPurpose,
    #[error("the lab is not mounted on this path")]
    NotMounted,
    #[error("a cookie cannot be written")]
    Cookie(#[source] HttpError),
    #[error("progress cannot be written as JSON")]
    Progress(#[from] serde_json::Error),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl ResponseError for LabError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadInput(_)
            | Self::BadAge
            | Self::BadKey
            | Self::BadPlantedKey
            | Self::BadValue
            | Self::BadExpiry
            | Self::ForgedProgress => StatusCode::BAD_REQUEST,
            Self::Session(error) => error.status_code(),
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            // It carries its cause to the log.
            Self::Session(error) => error.error_response(),
            _ => HttpResponse::new(self.status_code()),
        }
    }
}
