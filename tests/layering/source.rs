//! The source of the crate, and which file imports which: read as text, without a compiler.

use std::fs;
use std::path::{Path, PathBuf};

/// A path from the crate's root, such as `["sessions", "base", "SessionBase"]`.
pub(crate) type ModulePath = Vec<String>;

pub(crate) struct File {
    /// Below `src`, such as `sessions/base.rs`.
    pub(crate) name: String,
    /// Such as `["sessions", "base"]`.
    pub(crate) module: ModulePath,
    /// The code without comments and tests.
    pub(crate) code: String,
}

/// Something that a file names with `crate::`, `super::`, `self::` or through a child, in `use` lines and elsewhere.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) path: ModulePath,
    /// What it is called here, which is another name after `as`.
    pub(crate) called: String,
    /// Whether a `pub use` hands it on from the file's own child.
    pub(crate) is_reexport: bool,
}

/// Every file of the crate.
pub(crate) fn files() -> Vec<File> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&src, &mut paths);
    let name = |path: &Path| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    paths.iter().map(|path| File::new(&name(path), &fs::read_to_string(path).unwrap())).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, paths) } else { paths.push(path) }
    }
}

impl File {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let mut module: Vec<_> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Self { name: name.to_owned(), module, code }
    }

    /// The modules that it declares with `mod name;`.
    pub(crate) fn children(&self) -> Vec<String> {
        let tokens = tokens(&self.code);
        let declared = tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == ";");
        declared.map(|three| three[1].to_owned()).collect()
    }

    /// What it depends on. A re-export is no dependency, unless the file uses the name itself.
    pub(crate) fn imports(&self) -> Vec<ModulePath> {
        let used = self.words_in_use();
        let depends = |named: &Named| !named.is_reexport || used.contains(&named.called);
        self.named().into_iter().filter(depends).map(|named| named.path).collect()
    }

    pub(crate) fn named(&self) -> Vec<Named> {
        let (tokens, children) = (tokens(&self.code), self.children());
        let mut found = Vec::new();
        let mut in_public_use = false;
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map_or("", |before| tokens[before]);
            match *token {
                // `pub use` or `pub(crate) use`.
                "use" => in_public_use = before == "pub" || before == ")",
                ";" => in_public_use = false,
                _ => {}
            }
            // Neither the middle of a path nor `pub(in crate::lab)`.
            let begins = tokens.get(at + 1) == Some(&"::") && before != "::" && before != "in";
            if !begins {
                continue;
            }
            let Some((base, from)) = self.base(&tokens, at, &children) else { continue };
            let mut tree = Tree { tokens: &tokens, found: Vec::new() };
            tree.read(from, base);
            found.extend(tree.found.into_iter().map(|(path, called)| {
                let is_own = path.len() > self.module.len() && path.starts_with(&self.module);
                Named { path, called, is_reexport: in_public_use && is_own }
            }));
        }
        found
    }

    /// Where a path begins that starts at a token, and the token after its `::`.
    fn base(&self, tokens: &[&str], at: usize, children: &[String]) -> Option<(ModulePath, usize)> {
        let mut module = self.module.clone();
        match tokens[at] {
            "crate" => Some((Vec::new(), at + 2)),
            "self" => Some((module, at + 2)),
            "super" => {
                module.pop();
                let mut from = at + 2;
                while tokens[from] == "super" {
                    module.pop();
                    from += 2;
                }
                Some((module, from))
            }
            child if children.iter().any(|known| known == child) => Some((module, at)),
            _ => None,
        }
    }

    /// The words of its code beside `use` and `mod` lines.
    fn words_in_use(&self) -> Vec<String> {
        let mut declares = false;
        let mut words = Vec::new();
        for token in tokens(&self.code) {
            declares = (declares || ["use", "mod"].contains(&token)) && token != ";";
            if !declares {
                words.push(token.to_owned());
            }
        }
        words
    }
}

/// The rest of a path, with its braces.
struct Tree<'a> {
    tokens: &'a [&'a str],
    found: Vec<(ModulePath, String)>,
}

impl Tree<'_> {
    /// Reads one branch, and tells the token after it.
    fn read(&mut self, at: usize, mut path: ModulePath) -> usize {
        let token = |at: usize| self.tokens.get(at).copied().unwrap_or_default();
        if token(at) == "{" {
            let mut at = at + 1;
            while !["}", ""].contains(&self.tokens.get(at).copied().unwrap_or_default()) {
                at = self.read(at, path.clone());
                at += usize::from(self.tokens.get(at) == Some(&","));
            }
            return at + 1;
        }
        if !["self", "*"].contains(&token(at)) {
            path.push(token(at).to_owned());
        }
        if token(at + 1) == "::" {
            return self.read(at + 2, path);
        }
        let alias = token(at + 1) == "as";
        let called = if alias { token(at + 2) } else { token(at) }.to_owned();
        self.found.push((path, called));
        if alias { at + 3 } else { at + 1 }
    }
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, further) = rest.split_at(length);
        tokens.push(token);
        rest = further.trim_start();
    }
    tokens
}
