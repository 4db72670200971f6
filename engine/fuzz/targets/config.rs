//! The text of a configuration. Lines `>>> NAME` begin further files, which the text before them may include.
//!
//! Whatever it says: findings point into their files, and what `show` prints of good settings is good again and means
//! the same.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use understudy_core::config::{self, Environment, Parsed, Source};

const MAIN: &str = "main.conf";

struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    fn of(input: &[u8]) -> Self {
        let mut files = BTreeMap::new();
        let mut name = MAIN.to_owned();
        let mut text = Vec::new();
        for line in input.split_inclusive(|byte| *byte == b'\n') {
            if let Some(next) = line.strip_prefix(b">>> ") {
                let next = String::from_utf8_lossy(next).trim_end().to_owned();
                files.insert(std::mem::replace(&mut name, next), std::mem::take(&mut text));
            } else {
                text.extend_from_slice(line);
            }
        }
        files.insert(name, text);
        Self(files)
    }
}

impl Source for Memory {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        self.0.keys().filter(|name| config::glob::matches(pattern, name)).cloned().collect()
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        self.0.get(name).cloned().ok_or_else(|| "no such file".into())
    }
}

fn parse(mut files: Memory) -> Parsed {
    let variables = BTreeMap::from([("ROLE".to_owned(), "db".to_owned())]);
    let environment = Environment { config_id: "db1".into(), variables, ..Environment::default() };
    let parsed = config::parse(&mut files, MAIN, &environment);
    for finding in &parsed.diagnostics {
        let related = finding.related.iter().map(|(span, _)| *span);
        for span in finding.span.into_iter().chain(related) {
            let (_, line, column) = parsed.files.position(span);
            assert!(line > 0 && column > 0);
        }
    }
    parsed
}

fuzz_target!(|input: &[u8]| {
    let Some(settings) = parse(Memory::of(input)).settings else { return };
    let shown = config::show(&settings);
    let again = parse(Memory(BTreeMap::from([(MAIN.to_owned(), shown.clone().into_bytes())])));
    let Some(settings) = again.settings else {
        panic!("what show prints is refused: {:#?}\n{shown}", again.diagnostics)
    };
    assert_eq!(config::show(&settings), shown);
});
