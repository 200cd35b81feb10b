//! Why a page of the lab gave no answer, and what its client is told.

use actix_web::error::HttpError;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use super::limits;
use crate::sessions::SessionError;
use crate::site::TemplateError;
use crate::testing::ClientError;

/// An error of the lab.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LabError {
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("{0}")]
    BadInput(&'static str),
    #[error("the age must be between {} and {} seconds", limits::AGE.start(), limits::AGE.end())]
    BadAge,
    #[error("the key must have {} to {} characters", limits::KEY.start(), limits::KEY.end())]
    BadKey,
    #[error(
        "a key to send must have {} to {} characters of a-z and 0-9",
        limits::PLANTED.start(),
        limits::PLANTED.end()
    )]
    BadPlantedKey,
    #[error("the value must not have more than {} characters", limits::LONGEST_VALUE)]
    BadValue,
    #[error("the seconds must be a whole number from {} to {}", limits::EXPIRY.start(), limits::EXPIRY.end())]
    BadExpiry,
    #[error("the signature of your progress cookie is not valid; open /lab to start over")]
    ForgedProgress,
    #[error(
        "this room is another browser's, and nothing was changed; open /lab, which leads you to a room of your own"
    )]
    NotYours,
    #[error("there is no such room; open /lab, which leads you to one")]
    NoSuchRoom,
    #[error("this operation fails on purpose, after its write")]
    OnPurpose,
    #[error("the lab is not mounted on this path")]
    NotMounted,
    #[error("a cookie cannot be written")]
    Cookie(#[source] HttpError),
    #[error("progress cannot be written as JSON")]
    Progress(#[from] serde_json::Error),
    #[error("the thief got no answer from this server")]
    Thief(#[from] ClientError),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl ResponseError for LabError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound(_) | Self::NoSuchRoom => StatusCode::NOT_FOUND,
            Self::NotYours => StatusCode::CONFLICT,
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
