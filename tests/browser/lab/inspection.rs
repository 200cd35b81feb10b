//! Whether a page is fit for everybody: axe-core, no scrolling sideways, nothing refused, no errors; with a
//! picture of it for whoever wants to look.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use thirtyfour::BrowserLogEntry;

use super::lesson::Lesson;

const WIDTHS: [u32; 2] = [1280, 390];
/// WCAG's 1.4.10: as wide as 1280 px at four times the size. Only for scrolling sideways.
const NARROWEST: u32 = 320;
const HEIGHT: u32 = 900;
const SCHEMES: [&str; 2] = ["light", "dark"];
const AXE: &str = "axe-core/node_modules/axe-core/axe.min.js";
const VIOLATIONS: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then((result) =>
        result.violations.flatMap(({ id, nodes }) =>
            nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`)));";
const WIDER: &str = "const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth} px do not fit into ${clientWidth}`] : [];";
/// Targets of less than 24 px, but for links within a text.
const SMALL: &str = "
    const small = ({ width, height }) => width > 0 && (width < 24 || height < 24);
    return [...document.querySelectorAll('button, select, input:not([type=radio], [type=checkbox]), summary, nav a, .button, label:has(input)')]
        .filter((element) => small(element.getBoundingClientRect()))
        .map((element) => `target of less than 24 px: ${element.outerHTML.slice(0, 120)}`);";

pub(crate) struct Inspection {
    axe: String,
    folder: PathBuf,
    faults: Vec<String>,
    pages: usize,
}

impl Inspection {
    pub(crate) fn begin() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
        let axe = target.join(AXE);
        let axe = fs::read_to_string(&axe)
            .unwrap_or_else(|error| panic!("{}: {error}; `tests/run` installs axe-core", axe.display()));
        let folder = target.join("lab-screens");
        // Of an earlier run, if there was one.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self { axe, folder, faults: Vec::new(), pages: 0 }
    }

    pub(crate) fn look_at(&mut self, lesson: &Lesson, name: &str, path: &str) {
        lesson.open(path);
        self.look(lesson, name);
    }

    /// Looks at the open page, narrow and wide, light and dark.
    pub(crate) fn look(&mut self, lesson: &Lesson, name: &str) {
        self.pages += 1;
        lesson.ask(&format!("{}; return null", self.axe));
        lesson.ask("document.getAnimations().forEach((animation) => animation.finish())");
        for width in WIDTHS {
            set_width(lesson, Some(width));
            for scheme in SCHEMES {
                set_scheme(lesson, Some(scheme));
                self.judge(lesson, &format!("{name}-{width}-{scheme}"));
            }
        }
        set_width(lesson, Some(NARROWEST));
        self.note(&format!("{name}-{NARROWEST}"), &lesson.ask(WIDER));
        set_width(lesson, None);
        set_scheme(lesson, None);
        self.listen(lesson, name, |_| false);
    }

    fn judge(&mut self, lesson: &Lesson, name: &str) {
        for script in [VIOLATIONS, WIDER, SMALL] {
            self.note(name, &lesson.ask(script));
        }
        // What sticks to the top would stand in the middle of the picture.
        lesson.ask("scrollTo(0, 0)");
        let picture = lesson.cdp("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
        let picture = STANDARD.decode(picture["data"].as_str().expect("a picture")).unwrap();
        fs::write(self.folder.join(format!("{name}.png")), picture).unwrap();
    }

    fn note(&mut self, name: &str, found: &Value) {
        let found = found.as_array().expect("a list");
        self.faults.extend(found.iter().map(|fault| format!("{name}: {}", fault.as_str().unwrap())));
    }

    /// Light and dark by the lab's own switch, each against what the system asks for.
    pub(crate) fn look_with_the_labs_own_themes(&mut self, lesson: &Lesson, path: &str) {
        set_width(lesson, Some(WIDTHS[0]));
        lesson.open(path);
        for (button, theme, system) in
            [("◐ Auto", "dark", "light"), ("◐ Dark", "light", "dark"), ("◐ Light", "system", "light")]
        {
            set_scheme(lesson, Some(system));
            lesson.follow(button);
            assert_eq!(lesson.ask("return document.documentElement.dataset.theme"), theme);
            let light =
                lesson.ask("return getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'");
            assert_eq!(light, theme != "dark", "{theme} where the system is {system}");
            lesson.ask(&format!("{}; return null", self.axe));
            self.judge(lesson, &format!("theme-{theme}"));
        }
        set_scheme(lesson, None);
    }

    /// Does something during which the page cannot reach its server, and may say so.
    pub(crate) fn while_the_server_is_away(&mut self, lesson: &mut Lesson, action: impl FnOnce(&mut Lesson)) {
        self.listen(lesson, "before the server went", |_| false);
        action(lesson);
        self.listen(lesson, "while the server was away", |entry| entry.message.contains("net::ERR_"));
    }

    /// Does something that a view answers with an error, as the console will say.
    pub(crate) fn while_a_view_fails(&mut self, lesson: &mut Lesson, action: impl FnOnce(&mut Lesson)) {
        self.listen(lesson, "before a view failed", |_| false);
        action(lesson);
        self.listen(lesson, "while a view failed", |entry| entry.message.contains("status of 500"));
    }

    /// Takes in what the console and the page's policy have said.
    fn listen(&mut self, lesson: &Lesson, name: &str, expected: impl Fn(&BrowserLogEntry) -> bool) {
        let said = lesson.browser().drive(async |driver| driver.browser_log().await).unwrap();
        // A bare page has no icon, and the browser asks for one.
        let not_found = |entry: &BrowserLogEntry| {
            let page = name == "error" && entry.message.contains("/lab/nope");
            (page || entry.message.contains("/favicon.ico")) && entry.message.contains("404")
        };
        let unexpected = said.into_iter().filter(|entry| !expected(entry) && !not_found(entry));
        self.faults.extend(unexpected.map(|entry| format!("{name}: console: {}", entry.message)));
        let Value::Array(refused) = lesson.ask("return refused") else { panic!("{name}: nobody listens") };
        self.faults.extend(refused.iter().map(|what| format!("{name}: refused by the policy: {what}")));
    }

    pub(crate) fn end(mut self, lesson: &Lesson) {
        self.listen(lesson, "end", |_| false);
        assert!(self.pages > 50, "{} pages", self.pages);
        assert!(self.faults.is_empty(), "{} faults:\n{}", self.faults.len(), self.faults.join("\n"));
    }
}

/// A window of another width, or as it was.
pub(crate) fn set_width(lesson: &Lesson, width: Option<u32>) {
    match width {
        // A narrow one as on a telephone, where a page that is too wide makes everything smaller.
        Some(width) => lesson.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": width < 600 }),
        ),
        None => lesson.cdp("Emulation.clearDeviceMetricsOverride", json!({})),
    };
}

fn set_scheme(lesson: &Lesson, scheme: Option<&str>) {
    let feature = json!({ "name": "prefers-color-scheme", "value": scheme.unwrap_or_default() });
    lesson.cdp("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
}
