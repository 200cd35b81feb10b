//! The templates of the bare site, for a program that runs far from their folder.

macro_rules! pages {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../../templates/", $name)))),*] };
}

/// Everything in `templates/` but the lab's.
pub(super) const PAGES: [(&str, &str); 13] = pages![
    "base.html",
    "errors/400.html",
    "errors/403.html",
    "errors/404.html",
    "errors/405.html",
    "errors/413.html",
    "errors/500.html",
    "errors/503.html",
    "errors/base.html",
    "helloworld.html",
    "index.html",
    "plain.html",
    "poke.html",
];
