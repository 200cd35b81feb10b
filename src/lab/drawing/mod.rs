//! What is drawn from the log: pure functions from records and a moment to shapes, which `templates/lab/drawings.html` puts
//! on the page.

mod bars;
mod difference;
mod flow;
mod lives;
mod marks;
mod picture;
mod scale;
mod table;
mod words;

pub(super) use self::difference::Difference;
pub(super) use self::flow::Flow;
pub(super) use self::picture::{COMPACT, Picture, Size, WHOLE};
pub(super) use self::table::{Column, EVERYTHING, SHORT, Table};
