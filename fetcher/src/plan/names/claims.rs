//! Paths that are taken, so that nothing is made twice and no file is where a directory must be.

use std::collections::BTreeMap;

/// Why a path can't be had, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Clash<T> {
    /// The same path, for a file.
    Same(T),
    /// The same path, for a file and for a directory.
    Kind(T),
    /// A directory above it is a file: this one.
    Below(String, T),
    /// It is a file, and there is something below it: this.
    Above(String, T),
}

impl<T> Clash<T> {
    /// Who has it.
    pub(crate) fn by(self) -> T {
        match self {
            Self::Same(by) | Self::Kind(by) | Self::Below(_, by) | Self::Above(_, by) => by,
        }
    }
}

/// Who makes what.
pub(crate) struct Claims<T> {
    taken: BTreeMap<String, (T, What)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    File,
    Directory,
}

impl<T> Default for Claims<T> {
    fn default() -> Self {
        Self { taken: BTreeMap::new() }
    }
}

impl<T: Copy> Claims<T> {
    /// Takes a path for a file, if nothing is in the way.
    pub(crate) fn file(&mut self, path: &str, by: T) -> Result<(), Clash<T>> {
        self.check_file(path)?;
        self.taken.insert(path.to_owned(), (by, What::File));
        Ok(())
    }

    /// Whether something is in the way of a file at this path.
    pub(crate) fn check_file(&self, path: &str) -> Result<(), Clash<T>> {
        match self.taken.get(path) {
            Some((by, What::File)) => return Err(Clash::Same(*by)),
            Some((by, What::Directory)) => return Err(Clash::Kind(*by)),
            None => self.check_above(path)?,
        }
        let inside = format!("{path}/");
        match self.taken.range(inside.clone()..).next() {
            Some((below, (by, _))) if below.starts_with(&inside) => Err(Clash::Above(below.clone(), *by)),
            _ => Ok(()),
        }
    }

    /// Takes a path for a directory, which several can share.
    pub(crate) fn directory(&mut self, path: &str, by: T) -> Result<(), Clash<T>> {
        if let Some((by, What::File)) = self.taken.get(path) {
            return Err(Clash::Kind(*by));
        }
        self.check_above(path)?;
        self.taken.entry(path.to_owned()).or_insert((by, What::Directory));
        Ok(())
    }

    /// That nothing above the path is a file.
    fn check_above(&self, path: &str) -> Result<(), Clash<T>> {
        let above = path.match_indices('/').map(|(at, _)| &path[..at]);
        for above in above {
            if let Some((by, What::File)) = self.taken.get(above) {
                return Err(Clash::Below(above.to_owned(), *by));
            }
        }
        Ok(())
    }
}
