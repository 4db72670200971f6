//! The configuration language against its fixtures: every `conf/*.conf` gives its `.expected` (settings as `show`
//! prints them, and all findings). `UPDATE=1` rewrites them; the diff is to be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use understudy_core::config::{self, Environment, Parsed, Source, Status};

/// Files in memory.
struct Memory(BTreeMap<String, Vec<u8>>);

impl Source for Memory {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        self.0.keys().filter(|name| config::glob::matches(pattern, name)).cloned().collect()
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.0.get(name).cloned().ok_or_else(|| "no such file".into())
    }
}

fn environment() -> Environment {
    let variables = BTreeMap::from([("ROLE".to_owned(), "db".to_owned())]);
    Environment { config_id: "db1".into(), variables, seed: 7 }
}

fn parse_all(files: &[(&str, &str)]) -> Parsed {
    let files = files.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec())).collect();
    config::parse(&mut Memory(files), "main.conf", &environment())
}

fn parse(text: &str) -> Parsed {
    parse_all(&[("main.conf", text)])
}

/// One line per finding, with what belongs to it.
fn findings(parsed: &Parsed) -> String {
    let mut text = String::new();
    for d in &parsed.diagnostics {
        let place = d.span.map_or(String::new(), |span| {
            let (_, line, column) = parsed.files.position(span);
            format!("{line}:{column} ")
        });
        write!(text, "{} {place}{}", d.code, d.message).unwrap();
        if !d.label.is_empty() {
            write!(text, " ({})", d.label).unwrap();
        }
        if let Some(help) = &d.help {
            write!(text, "; {help}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// What is expected of `text`, in one text.
fn outcome(parsed: &Parsed) -> String {
    let shown = parsed.settings.as_ref().map_or_else(|| "refused\n".into(), config::show);
    format!("{}---\n{shown}", findings(parsed))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/conf");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "conf"))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

#[test]
fn fixtures_give_what_is_expected() {
    let mut wrong = Vec::new();
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let found = outcome(&parse(&text));
        let expected_path = path.with_extension("expected");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected_path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_show_prints_means_the_same() {
    let mut tried = 0;
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        // A password is shown as eight asterisks: so that is the password here.
        let text: String = text
            .lines()
            .map(|line| match line.split_once("auth_pass ") {
                Some((head, tail)) if tail.ends_with('}') => {
                    format!("{head}auth_pass ******** }}\n")
                }
                Some((head, _)) => format!("{head}auth_pass ********\n"),
                None => format!("{line}\n"),
            })
            .collect();
        let Some(settings) = parse(&text).settings else { continue };
        let shown = config::show(&settings);
        let again = parse(&shown);
        assert_eq!(findings(&again), "", "{}:\n{shown}", path.display());
        assert_eq!(again.settings.as_ref(), Some(&settings), "{}:\n{shown}", path.display());
        tried += 1;
    }
    assert!(tried >= 5);
}

#[test]
fn the_tables_hold_exactly_the_keywords_of_keepalived() {
    let text = include_str!("fixtures/keywords.tsv");
    let mut expected: Vec<(&str, &str)> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split('\t').skip(1);
            (fields.next().unwrap(), fields.next().unwrap())
        })
        .collect();
    let all = config::keywords();
    let mut found: Vec<(&str, &str)> = all.iter().map(|k| (k.block, k.keyword)).collect();
    assert_eq!(found.len(), 531);
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    let working = all.iter().filter(|k| k.status == Status::Working).count();
    assert!(working >= 180, "{working}");
}
