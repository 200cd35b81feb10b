//! A learner's progress, as it travels in a signed cookie; nothing of it is kept on the server.

mod codec;
mod data;
mod stored;

pub(super) use self::codec::{ProgressCodec, Read};
pub(super) use self::data::{
    Attempt, Closed, MOST_EVIDENCE, Moment, NotedSession, OwnRows, Progress, SeenRows,
};
