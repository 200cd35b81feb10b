//! What the peers share: the page and the command line.

use std::env;
use std::error::Error;
use std::fs;

use tera::{Context, Tera};

pub const COUNTER: &str = "counter";

/// The page, from `templates/helloworld.html` of the current folder.
#[derive(Clone)]
pub struct Page(Tera);

impl Page {
    /// # Errors
    ///
    /// When the template cannot be read or parsed.
    pub fn load() -> Result<Self, Box<dyn Error>> {
        let mut tera = Tera::new();
        tera.add_raw_templates([("helloworld.html", fs::read_to_string("templates/helloworld.html")?)])?;
        Ok(Self(tera))
    }

    /// # Errors
    ///
    /// When Tera cannot render it.
    pub fn render(&self, counter: i64) -> Result<String, tera::Error> {
        let mut context = Context::new();
        context.insert("counter", &counter);
        self.0.render("helloworld.html", &context)
    }
}

/// The argument at `index`.
///
/// # Errors
///
/// When it is missing.
pub fn argument(index: usize) -> Result<String, Box<dyn Error>> {
    env::args().nth(index).ok_or_else(|| format!("argument {index} is missing").into())
}
