//! The lab, as a learner goes through it; and whether its pages are fit for everybody.

mod inspection;
mod lesson;

mod by_keyboard;
mod front;
mod motion;
mod notices;
mod reopened;
mod rooms;
mod sandbox;
mod whole_way;
mod without_scripts;
