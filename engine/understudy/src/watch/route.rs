//! The way to a file: every directory and symbolic link that has a say in what its path means, also where it ends early.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// A directory on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Where it is.
    pub directory: PathBuf,
    /// The entry of it that matters; `None`: only the directory itself.
    pub entry: Option<OsString>,
    /// The entry is the file, there or not.
    pub is_last: bool,
}

/// As many symbolic links as the kernel follows.
const LINKS: u32 = 40;

/// All stops on the way to `path`.
pub fn route(path: &Path) -> Vec<Stop> {
    let mut stops = Vec::new();
    let mut at = PathBuf::from("/");
    let mut parts: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(part) = parts.pop_front() {
        if part == ".." {
            at.pop();
            continue;
        }
        let full = at.join(&part);
        let is_last = parts.is_empty();
        let found = full.symlink_metadata();
        let is_link = found.as_ref().is_ok_and(|it| it.file_type().is_symlink());
        if !is_link && !is_last && found.is_ok() {
            stops.push(Stop { directory: full.clone(), entry: None, is_last: false });
            at = full;
            continue;
        }
        stops.push(Stop { directory: at.clone(), entry: Some(part), is_last: is_last && !is_link });
        links += 1;
        let target = full.read_link().ok().filter(|_| is_link && links <= LINKS);
        let Some(target) = target else { break };
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        for part in self::parts(&target).collect::<Vec<_>>().into_iter().rev() {
            parts.push_front(part);
        }
    }
    stops
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(_) | Component::ParentDir => Some(part.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_way_leads_over_links_and_ends_at_what_is_missing() {
        let root = std::env::temp_dir().join(format!("understudy-route-{}", std::process::id()));
        let root = {
            fs::create_dir_all(root.join("a/b")).unwrap();
            root.canonicalize().unwrap()
        };
        symlink("a/b", root.join("link")).unwrap();
        symlink(root.join("a/../a/b/file"), root.join("a/b/other")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let way = |path: &str| -> Vec<(String, String, bool)> {
            let below = |it: &Path| match it.strip_prefix(&root) {
                Ok(it) => it.to_str().unwrap().to_owned(),
                Err(_) => "-".to_owned(),
            };
            let entry = |it: &Stop| it.entry.clone().unwrap_or_default().into_string().unwrap();
            let stops = route(&root.join(path)).into_iter();
            stops
                .map(|it| (below(&it.directory), entry(&it), it.is_last))
                .filter(|it| it.0 != "-")
                .collect()
        };
        let stop = |directory: &str, entry: &str, is_last| {
            (directory.to_owned(), entry.to_owned(), is_last)
        };
        assert_eq!(
            way("a/b/file"),
            [
                stop("", "", false),
                stop("a", "", false),
                stop("a/b", "", false),
                stop("a/b", "file", true)
            ]
        );
        assert_eq!(way("a/c/d/file").last().unwrap(), &stop("a", "c", false));
        let linked = way("link/other");
        assert!(linked.contains(&stop("", "link", false)), "{linked:?}");
        assert!(linked.contains(&stop("a/b", "other", false)), "{linked:?}");
        assert_eq!(linked.last().unwrap(), &stop("a/b", "file", true));
        assert!(way("loop").len() <= 42);
        fs::remove_dir_all(&root).unwrap();
    }
}
