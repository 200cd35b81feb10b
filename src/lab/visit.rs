//! A request to the lab: what each of its pages and forms begins with.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse};

use super::error::LabError;
use super::foreign::other_site;
use super::learner::Learner;
use super::log::{Record, Snapshot};
use super::progress::{Moment, OwnRows};
use super::rooms::Room;
use super::state::Lab;
use crate::site::AllowedHosts;

/// The learner, and the log as it was when the request came.
pub(super) struct Visit {
    pub(super) lab: Data<Lab>,
    pub(super) room: Arc<Room>,
    pub(super) learner: Learner,
    /// The one snapshot that all parts of the answer are made of.
    pub(super) log: Snapshot,
    /// The same server under a name that is another site to the browser.
    pub(super) other_site: Option<String>,
}

impl Visit {
    /// The answer with the learner's cookies.
    pub(super) fn answer(&self, response: HttpResponse) -> Result<HttpResponse, LabError> {
        self.learner.keep(response, &self.lab.progress, &self.room, self.lab.now())
    }

    /// Leaves of the log only what this browser's own session did, where it is not known whether the room is this browser's:
    /// on `/`, where the lab's cookies do not come. Its script asks the feed, which knows.
    pub(super) fn forget_what_others_did(&mut self) {
        if self.room.is_main() && !self.room.is_taken(self.lab.now()) {
            return;
        }
        let sent = self.learner.sessionid.as_deref();
        let own = |record: &Arc<Record>| {
            sent.is_some() && [record.key(), record.sent_key.as_deref()].contains(&sent)
        };
        self.log.records.retain(own);
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
        let room = request.extensions().get::<Arc<Room>>().cloned();
        let (Some(lab), Some(room)) = (request.app_data::<Data<Lab>>(), room) else {
            return ready(Err(LabError::NotMounted));
        };
        let log = room.log.snapshot();
        let session_cookie = &room.policy.get().cookie_name;
        let mut learner =
            Learner::read(request.headers(), &lab.progress, session_cookie, || Moment::from(&log));
        remember_rows(&mut learner, &room);
        let hosts = request.app_data::<Data<AllowedHosts>>();
        let other_site = hosts.and_then(|hosts| other_site(request.headers(), hosts));
        ready(Ok(Self { lab: lab.clone(), room, learner, log, other_site }))
    }
}

/// The cookie and the room tell each other of rows: the one survives a restart, the other sees new ones.
fn remember_rows(learner: &mut Learner, room: &Room) {
    let rows = learner.progress.rows.take().filter(|rows| rows.room == room.root && !room.is_main());
    if let Some(rows) = rows {
        room.keys.restore(&rows.keys);
    }
    learner.progress.rows = OwnRows::of(room);
}
