//! Which file depends on which, through re-exports to the file that has the thing itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, ModulePath};

pub(crate) struct Graph<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> Graph<'a> {
    pub(crate) fn of(files: &'a [File]) -> Self {
        let edges = |file: &'a File| {
            let imports = file.imports();
            let named = imports.iter().filter_map(|path| resolve(files, path, files.len()));
            named.filter(|other| other.name != file.name).map(|other| other.name.as_str()).collect()
        };
        Self(files.iter().map(|file| (file.name.as_str(), edges(file))).collect())
    }

    /// Files that import each other in a circle, each circle once by its first file.
    pub(crate) fn circles(&self) -> Vec<Vec<&'a str>> {
        let circles = self.0.keys().filter_map(|start| self.way(start, start));
        let first = |circle: &Vec<&str>| circle.iter().min() == circle.first();
        circles.filter(first).collect()
    }

    /// The shortest way from a file to another, both named.
    fn way(&self, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
        let mut seen = BTreeSet::new();
        let mut ways = vec![vec![from]];
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in &self.0[way[way.len() - 1]] {
                    if *next == to {
                        return Some(way.iter().copied().chain([*next]).collect());
                    }
                    if seen.insert(*next) {
                        longer.push(way.iter().copied().chain([*next]).collect());
                    }
                }
            }
            ways = longer;
        }
        None
    }
}

/// The file that has what a path names.
fn resolve<'a>(files: &'a [File], path: &ModulePath, patience: usize) -> Option<&'a File> {
    let is_above = |file: &&File| path.starts_with(&file.module) && file.name != "main.rs";
    let file = files.iter().filter(is_above).max_by_key(|file| file.module.len())?;
    let Some(name) = path.get(file.module.len()).filter(|_| patience > 0) else { return Some(file) };
    let handed_on = file.named().into_iter().find(|named| named.is_reexport && named.called == *name);
    handed_on.map_or(Some(file), |named| resolve(files, &named.path, patience - 1))
}
