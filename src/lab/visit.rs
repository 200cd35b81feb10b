//! A request to the lab: what each of its pages and forms begins with.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::error::LabError;
use super::learner::Learner;
use super::log::Snapshot;
use super::progress::Moment;
use super::state::Lab;

/// The learner, and the log as it was when the request came.
pub(super) struct Visit {
    pub(super) lab: Data<Lab>,
    pub(super) learner: Learner,
    /// The one snapshot that all parts of the answer are made of.
    pub(super) log: Snapshot,
}

impl Visit {
    /// The answer with the learner's cookies.
    pub(super) fn answer(&self, response: HttpResponse) -> Result<HttpResponse, LabError> {
        self.learner.keep(response, &self.lab.progress, self.lab.now())
    }

    /// Refuses to change progress whose cookie was refused: a form must not replace it with an empty one in passing.
    pub(super) fn may_change(&self) -> Result<(), LabError> {
        if self.learner.refused { Err(LabError::ForgedProgress) } else { Ok(()) }
    }
}

impl FromRequest for Visit {
    type Error = LabError;
    type Future = Ready<Result<Self, LabError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(lab) = request.app_data::<Data<Lab>>() else { return ready(Err(LabError::NotMounted)) };
        let log = lab.log.snapshot();
        let session_cookie = &lab.policy.get().cookie_name;
        let learner = Learner::read(request.headers(), &lab.progress, session_cookie, || Moment::from(&log));
        ready(Ok(Self { lab: lab.clone(), learner, log }))
    }
}
