//! The lab: pages around the bare ones that show what a session does. Mounted in `DEBUG` only.
//!
//! It watches sessions without touching them. The [`recorder`] writes down every request in the [`log`], with the
//! [`Outcome`](crate::sessions::Outcome) that the session middleware leaves; [`exercises`] are judged by
//! that; [`progress`] travels in the learner's cookie. Only [`play`] touches a session, inside the
//! session middleware like any other view.

mod actions;
mod at_once;
mod code;
mod demo_user;
mod drawing;
mod entrance;
mod error;
mod exercises;
mod feed;
mod foreign;
mod lead;
mod learner;
mod limits;
mod log;
mod loopback;
mod pages;
mod panels;
mod play;
mod progress;
mod recorder;
mod redirects;
mod report;
mod rooms;
mod rows;
mod state;
mod thief;
mod transfer;
mod urls;
mod views;
mod visit;

pub(crate) use self::entrance::{cookies_of_the_room, enter};
pub(crate) use self::log::{Ends, Place};
pub(crate) use self::loopback::address_is_loopback;
pub(crate) use self::recorder::record;
pub(crate) use self::state::{Lab, SecretKeys};
pub(crate) use self::urls::configure;
