//! `understudy events`: from the running engine, or from its journal when none runs.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use super::options::Options;
use crate::control::Ask;
use crate::control::client::{self, Client};
use crate::daemon::journal;
use crate::daemon::record::Record;
use crate::sys::clock;

/// Prints what changed, oldest last; with `--follow` what comes, too.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments, &["follow", "f"], &["instance", "i"])
        .and_then(Options::no_words)
    {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let follow = options.has("follow") || options.has("f");
    let instance = options.value(&["instance", "i"]).map(|v| v.to_string_lossy().into_owned());
    let paths = options.paths();
    let ask = Ask::Events { instance: instance.clone(), follow };
    let mut client = match Client::connect(&paths.socket()) {
        Ok(client) => client,
        Err(e) if client::is_absent(&e) && !follow => {
            let records = journal::read(&paths.events());
            let records =
                records.into_iter().filter(|r| instance.as_ref().is_none_or(|i| *i == r.subject));
            print(&records.collect::<Vec<_>>(), options.json, false);
            return ExitCode::SUCCESS;
        }
        Err(e) => {
            super::error(&client::explain(&paths.socket(), &e));
            return ExitCode::from(3);
        }
    };
    let answer = client.ask(&ask).and_then(|answer| answer.map_err(std::io::Error::other));
    let records = answer.and_then(|value| Ok(serde_json::from_value::<Vec<Record>>(value)?));
    match records {
        Ok(records) => print(&records, options.json, follow),
        Err(e) => {
            super::error(&format!("events: {e}"));
            return ExitCode::FAILURE;
        }
    }
    if !follow {
        return ExitCode::SUCCESS;
    }
    let _ = client.wait_forever();
    while let Ok(Ok(value)) = client.next() {
        let Ok(record) = serde_json::from_value::<Record>(value) else { continue };
        print(&[record], options.json, true);
    }
    super::error("the engine has ended");
    ExitCode::from(3)
}

/// A list is printed newest first, as one wants to read it; a stream in its order.
fn print(records: &[Record], json: bool, in_order: bool) {
    let mut out = std::io::stdout().lock();
    // Who reads us may have gone: that is no error of ours.
    let _ = match (json, in_order) {
        (true, true) => records.iter().try_for_each(|r| writeln!(out, "{}", value(r))),
        (true, false) => writeln!(out, "{}", Value::Array(records.iter().map(value).collect())),
        (false, true) => records.iter().try_for_each(|r| writeln!(out, "{}", line(r))),
        (false, false) => records.iter().rev().try_for_each(|r| writeln!(out, "{}", line(r))),
    };
    let _ = out.flush();
}

fn value(record: &Record) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}

fn line(record: &Record) -> String {
    let at = Duration::from_millis(record.at_ms);
    let (year, month, day, hour, minute, second) = clock::local(at);
    let ms = at.subsec_millis();
    format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}  {:<12} {:<22} {}",
        record.subject, record.change, record.why
    )
}
