//! The thief: a client of its own, on the server's side, that sends real requests to this very server. It stands for
//! somebody on another machine, and works without scripts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::http::header::HOST;
use actix_web::web::{Form, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::error::LabError;
use super::log::{Snapshot, THIEF};
use super::redirects::{see, way_back};
use super::rooms::Room;
use crate::clock::Clock;
use crate::sessions::cookie;
use crate::testing::Client;

/// A view that saves, and so gives a key to a client without one.
const COUNTER: &str = "/hello/world";
/// A view that tells who its client is taken for.
const WHOAMI: &str = "/play/whoami";

/// What the thief does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deed {
    /// Begins a session of its own, as any visitor.
    Visit,
    /// Copies the key that this browser sends, and uses it.
    Steal,
    /// Uses the key that it had last.
    Again,
}

#[derive(Debug, Deserialize)]
pub(super) struct ThiefForm {
    deed: Deed,
    back: Option<String>,
}

/// What a page tells of the thief.
#[derive(Debug, Default, Serialize)]
pub(super) struct Seen {
    /// 0 where there is none.
    n: u64,
    /// The key that it was given or has sent.
    key: Option<String>,
    note: Option<String>,
}

impl Seen {
    /// Its newest request.
    pub(super) fn of(log: &Snapshot) -> Option<Self> {
        let record = log.records.iter().rev().find(|record| record.thief)?;
        let key = record.key().or(record.sent_key.as_deref()).map(str::to_owned);
        Some(Self { n: record.n, key, note: record.note.clone() })
    }
}

/// Sends one request as the thief.
pub(super) async fn act(
    room: ReqData<Arc<Room>>,
    form: Form<ThiefForm>,
    request: HttpRequest,
) -> Result<HttpResponse, LabError> {
    let cookie_name = room.policy.get().cookie_name.clone();
    let mut thief = Client::new(origin(&request), Clock::System);
    thief.set_header("User-Agent", THIEF);
    if let Some(host) = request.headers().get(HOST).and_then(|host| host.to_str().ok()) {
        thief.set_header("Host", host);
    }
    if form.deed == Deed::Visit {
        thief.get(&format!("{}{COUNTER}", room.root)).await?;
    } else {
        thief
            .set_cookie(&cookie_name, &key(form.deed, &room, cookie::read(request.headers(), &cookie_name))?);
        thief.post(&format!("{}{WHOAMI}", room.root), &[]).await?;
    }
    Ok(see(&room.root, way_back(form.back.as_deref())))
}

/// The key that the thief uses.
fn key(deed: Deed, room: &Room, sent: Option<String>) -> Result<String, LabError> {
    match deed {
        Deed::Steal => sent.ok_or(LabError::BadInput("your browser has no key to steal")),
        Deed::Visit | Deed::Again => had(room),
    }
}

/// The key that the thief had last.
pub(super) fn had(room: &Room) -> Result<String, LabError> {
    let seen = Seen::of(&room.log.snapshot()).and_then(|seen| seen.key);
    seen.ok_or(LabError::BadInput("the attacker has no key yet"))
}

/// Where this server listens, as the machine itself reaches it.
fn origin(request: &HttpRequest) -> String {
    let mut address = request.app_config().local_addr();
    if address.ip().is_unspecified() {
        address = SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()));
    }
    format!("http://{address}")
}
