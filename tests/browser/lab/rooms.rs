//! Two browsers on one server, each in a room of its own.

use std::mem::swap;

use super::lesson::Lesson;
use crate::browser::Browser;
use crate::walk::{COUNTER, PLAIN, POKE};

/// The age of the room that the site is.
const AGE: u32 = 600;
const ROOM: &str = "return document.body.dataset.root";

/// Two learners, of whom one at a time has the lesson.
struct Class {
    lesson: Lesson,
    waiting: Browser,
    /// The root of the one who has it.
    root: String,
    other_root: String,
}

impl Class {
    fn begin() -> Self {
        let lesson = Lesson::begin(AGE);
        lesson.open("/lab");
        // The room is a browser's once it has come back with its cookie, as the page does by itself.
        lesson.wait_until("an answer to the page", "return asked");
        let mut class =
            Self { lesson, waiting: Browser::start(), root: String::new(), other_root: String::new() };
        class.other();
        class.lesson.open("/lab");
        let root = class.lesson.ask(ROOM);
        root.as_str().unwrap().clone_into(&mut class.root);
        class
    }

    /// Now the other one.
    fn other(&mut self) {
        swap(&mut self.lesson.walk.browser, &mut self.waiting);
        swap(&mut self.root, &mut self.other_root);
    }

    fn open(&self, path: &str) {
        self.lesson.open(&format!("{}{path}", self.root));
    }

    fn ticked(&self) -> u64 {
        self.lesson.ask("return document.querySelectorAll('.ticks .ticked').length").as_u64().unwrap()
    }

    fn age(&self) -> String {
        self.open("/lab");
        let age = self.lesson.ask("return document.querySelector('option[selected]').value");
        age.as_str().unwrap().to_owned()
    }
}

#[test]
fn nothing_crosses_over_between_two_browsers() {
    let mut class = Class::begin();
    assert!(class.root.starts_with("/room/") && class.other_root.is_empty(), "{}", class.root);
    for (number, path) in [(1, PLAIN), (2, POKE), (4, COUNTER)] {
        // Both lock, and only one of them does it.
        for _ in 0..2 {
            class.open(&format!("/lab/exercise/{number}"));
            if !class.root.is_empty() && number == 1 {
                class.lesson.choose_age(300);
            }
            class.lesson.predict("b");
            class.other();
        }
        class.other();
        if number == 2 {
            class.lesson.forget_the_cookie();
        }
        class.lesson.get(path);
        class.lesson.wait_for_the_why();
        class.other();
        class.open(&format!("/lab/exercise/{number}"));
        assert_eq!(class.ticked(), 0, "{number}: somebody else's request");
        if number == 2 {
            class.lesson.forget_the_cookie();
        }
        class.lesson.get(path);
        class.lesson.wait_for_the_why();
        if class.root.is_empty() {
            class.other();
        }
    }
    let keys: Vec<_> = (0..2)
        .map(|_| {
            assert_eq!(class.age(), if class.root.is_empty() { "600" } else { "300" });
            class.open("/lab/rows");
            let key = class.lesson.browser().sessionid().expect("a cookie").value;
            let page = class.lesson.ask("return document.querySelector('main').innerText");
            class.other();
            (key, page.as_str().unwrap().to_owned())
        })
        .collect();
    for (own, other) in [(0, 1), (1, 0)] {
        assert!(keys[own].1.contains(&keys[own].0), "{}", keys[own].1);
        assert!(!keys[own].1.contains(&keys[other].0), "{}", keys[own].1);
    }
}
