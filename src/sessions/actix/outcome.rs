//! What became of a request's session: the rule that fired, and what it did.

use chrono::{DateTime, Utc};

use super::session::Session;
use crate::sessions::key::SessionKey;
use crate::sessions::policy::SessionPolicy;
use crate::sessions::store::SessionStore;

/// What the end of a request means for its session.
///
/// ```
/// use sessionid::sessions::{Decision, Outcome};
///
/// fn lost(outcome: &Outcome) -> bool {
///     outcome.decision == Decision::Save && !outcome.saved // the response was a 5xx
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// A cookie was sent, and the session is empty: the cookie is deleted.
    Delete,
    /// The session is to be saved; it is, unless the response is a 5xx.
    Save,
    /// Neither.
    Leave,
}

impl Decision {
    /// The three conditions of Django's `process_response`.
    fn new(sent: bool, empty: bool, modified: bool, save_every_request: bool) -> Self {
        if sent && empty {
            Self::Delete
        } else if (modified || save_every_request) && !empty {
            Self::Save
        } else {
            Self::Leave
        }
    }
}

/// What a response tells the browser about its cookie.
///
/// ```
/// use sessionid::sessions::CookieAction;
///
/// fn describe(cookie: CookieAction) -> String {
///     match cookie {
///         CookieAction::Set { max_age: Some(seconds) } => format!("kept for {seconds} s"),
///         CookieAction::Set { max_age: None } => "kept until the browser closes".to_owned(),
///         other => format!("{other:?}"),
///     }
/// }
/// # assert_eq!(describe(CookieAction::Set { max_age: Some(30) }), "kept for 30 s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieAction {
    /// Nothing.
    None,
    /// To keep it.
    Set {
        /// For so many seconds, or until the browser closes.
        max_age: Option<i64>,
    },
    /// To forget it.
    Delete,
}

/// What became of a request's session, left in the request's extensions for other middlewares.
///
/// ```
/// use actix_web::HttpMessage as _;
/// use actix_web::dev::ServiceResponse;
/// use sessionid::sessions::Outcome;
///
/// // In a middleware around the sessions'.
/// fn report<B>(response: &ServiceResponse<B>) {
///     if let Some(outcome) = response.request().extensions().get::<Outcome>() {
///         println!("{:?}, cookie: {:?}", outcome.decision, outcome.cookie);
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// What the cookie said, were it a key or not.
    pub sent: Option<String>,
    /// Whether the data was accessed.
    pub accessed: bool,
    /// Whether the session was marked as modified.
    pub modified: bool,
    /// Whether there was neither a key nor data.
    pub empty: bool,
    /// The rule that fired.
    pub decision: Decision,
    /// Whether the session was saved.
    pub saved: bool,
    /// What the browser was told.
    pub cookie: CookieAction,
    /// The key afterwards.
    pub key_out: Option<SessionKey>,
    /// When the session ends that was stored.
    pub expire_date: Option<DateTime<Utc>>,
}

impl Outcome {
    pub(super) fn before(session: &Session, store: &SessionStore, policy: &SessionPolicy) -> Self {
        let sent = session.sent().map(str::to_owned);
        let (accessed, modified, empty) = (store.accessed(), store.modified(), store.is_empty());
        let decision = Decision::new(sent.is_some(), empty, modified, policy.save_every_request);
        Self {
            sent,
            accessed,
            modified,
            empty,
            decision,
            saved: false,
            cookie: CookieAction::None,
            key_out: None,
            expire_date: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Decision::{self, Delete, Leave, Save};

    #[test]
    fn the_decision_is_djangos() {
        // (sent, empty, modified, SESSION_SAVE_EVERY_REQUEST)
        for (case, decision) in [
            ((false, true, false, false), Leave),
            ((false, true, true, true), Leave),
            ((false, false, true, false), Save),
            ((false, false, false, true), Save),
            ((true, true, false, false), Delete),
            ((true, true, true, true), Delete),
            ((true, false, false, false), Leave),
            ((true, false, true, false), Save),
            ((true, false, false, true), Save),
        ] {
            let (sent, empty, modified, every) = case;
            assert_eq!(Decision::new(sent, empty, modified, every), decision, "{case:?}");
        }
    }
}
