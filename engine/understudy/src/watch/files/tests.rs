use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use understudy_core::track::settings::FileInit;

use super::*;

const NOW: Time = Time::from_nanos(1);

/// A directory of its own, with one tracked file in it.
struct Place {
    root: PathBuf,
    files: Files,
}

impl Place {
    fn new(path: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("understudy-files-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(&root).unwrap();
        let mut place = Self { root, files: Files::default() };
        place.files.set(&[place.settings(path, None)], NOW);
        place
    }

    fn settings(&self, path: &str, init: Option<FileInit>) -> FileSettings {
        let path = self.at(path).to_str().unwrap().to_owned();
        FileSettings { name: "f".into(), path, init }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// What is told now, which the kernel has noted already.
    fn told(&mut self) -> Vec<i32> {
        let mut told = Vec::new();
        self.files.ready(|_, content| match content {
            Content::Number(number) => told.push(number),
            Content::TooBig => panic!("too big"),
        });
        told
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

#[test]
fn a_file_is_read_when_it_was_written_renamed_over_or_removed() {
    let mut it = Place::new("f");
    assert_eq!(it.files.read_all()["f"], Content::Number(0));
    fs::write(it.at("f"), "7\n").unwrap();
    assert_eq!(it.told(), [7]);
    fs::write(it.at("f"), "8\n").unwrap();
    assert_eq!(it.told(), [8]);
    fs::write(it.at("new"), "9\n").unwrap();
    assert_eq!(it.told(), [0; 0], "another file");
    fs::rename(it.at("new"), it.at("f")).unwrap();
    assert_eq!(it.told(), [9]);
    fs::rename(it.at("f"), it.at("old")).unwrap();
    assert_eq!(it.told(), [0]);
    fs::hard_link(it.at("old"), it.at("f")).unwrap();
    assert_eq!(it.told(), [9]);
    fs::remove_file(it.at("f")).unwrap();
    assert_eq!(it.told(), [0]);
    symlink("old", it.at("f")).unwrap();
    assert_eq!(it.told(), [9]);
    fs::write(it.at("old"), "10").unwrap();
    assert_eq!(it.told(), [10], "through the link");
}

#[test]
fn a_file_that_is_being_written_is_not_read() {
    let mut it = Place::new("f");
    let mut file = File::create(it.at("f")).unwrap();
    file.write_all(b"1").unwrap();
    assert_eq!(it.told(), [0; 0]);
    file.write_all(b"2").unwrap();
    drop(file);
    assert_eq!(it.told(), [12]);
}

#[test]
fn directories_on_the_way_may_come_and_go() {
    let mut it = Place::new("a/b/f");
    fs::create_dir(it.at("a")).unwrap();
    assert_eq!(it.told(), [0]);
    fs::create_dir(it.at("a/b")).unwrap();
    fs::write(it.at("a/b/f"), "3").unwrap();
    assert_eq!(it.told(), [3]);
    fs::rename(it.at("a"), it.at("c")).unwrap();
    assert_eq!(it.told(), [0]);
    // All at once.
    fs::create_dir_all(it.at("other/b")).unwrap();
    fs::write(it.at("other/b/f"), "4").unwrap();
    fs::rename(it.at("other"), it.at("a")).unwrap();
    assert_eq!(it.told(), [4]);
    fs::write(it.at("c/b/f"), "5").unwrap();
    assert_eq!(it.told(), [0; 0], "it was moved away");
    fs::remove_dir_all(it.at("a")).unwrap();
    assert_eq!(it.told(), [0]);
    // As Kubernetes changes a whole directory.
    for (name, number) in [("v1", "6"), ("v2", "7")] {
        fs::create_dir_all(it.at(name).join("b")).unwrap();
        fs::write(it.at(name).join("b/f"), number).unwrap();
    }
    symlink("v1", it.at("a")).unwrap();
    assert_eq!(it.told(), [6]);
    symlink("v2", it.at("next")).unwrap();
    fs::rename(it.at("next"), it.at("a")).unwrap();
    assert_eq!(it.told(), [7]);
}

#[test]
fn what_is_no_file_with_a_number_counts_as_zero() {
    let mut it = Place::new("f");
    fs::create_dir(it.at("f")).unwrap();
    assert_eq!(it.told(), [0]);
    fs::remove_dir(it.at("f")).unwrap();
    it.told();
    assert!(Command::new("mkfifo").arg(it.at("f")).status().unwrap().success());
    assert_eq!(it.told(), [0]);
}

#[test]
fn files_that_the_kernel_makes_up_are_polled() {
    let mut it = Place::new("f");
    let path = "/proc/self/oom_score_adj".to_owned();
    it.files.set(&[FileSettings { name: "p".into(), path, init: None }], NOW);
    assert!(it.files.descriptor().is_none());
    let due = it.files.deadline().unwrap();
    let mut told = 0;
    it.files.timer(NOW, |_, _| told += 1);
    assert_eq!(told, 0);
    it.files.timer(due, |_, _| told += 1);
    assert_eq!(told, 1);
    // And again the other kind.
    let settings = it.settings("f", None);
    it.files.set(&[settings], NOW);
    assert_eq!(it.files.deadline(), None);
    fs::write(it.at("f"), "1").unwrap();
    assert_eq!(it.told(), [1]);
}

#[test]
fn a_file_is_made_at_the_start() {
    let it = Place::new("f");
    let init = |value, overwrite| Some(FileInit { value, overwrite });
    create(&[it.settings("f", init(5, false))]);
    assert_eq!(fs::read_to_string(it.at("f")).unwrap(), "5\n");
    create(&[it.settings("f", init(6, false))]);
    assert_eq!(fs::read_to_string(it.at("f")).unwrap(), "5\n");
    create(&[it.settings("f", init(-6, true))]);
    assert_eq!(fs::read_to_string(it.at("f")).unwrap(), "-6\n");
    create(&[it.settings("g", None)]);
    assert!(!it.at("g").exists());
    // Nobody makes us write elsewhere.
    symlink(it.at("f"), it.at("link")).unwrap();
    create(&[it.settings("link", init(7, true))]);
    assert_eq!(fs::read_to_string(it.at("f")).unwrap(), "-6\n");
}
