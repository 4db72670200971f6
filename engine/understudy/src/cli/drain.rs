//! `understudy drain|undrain ADDRESS[:PORT]`: a real server gets no new connections (weight 0), or gets them again. It
//! outlives restarts of the engine, and ends with `undrain`.

use std::ffi::OsString;
use std::process::ExitCode;

use serde_json::Value;

use super::options::Options;
use crate::control::Ask;
use crate::control::client::Client;
use crate::daemon::worker::Request;

/// Asks the running engine; `verb` is `drain` or `undrain`.
pub fn main(verb: &str, arguments: Vec<OsString>) -> ExitCode {
    let options = match Options::parse(arguments, &[], &[]) {
        Ok(options) => options,
        Err(text) => return super::usage(&text),
    };
    let [server] = options.words.as_slice() else {
        return super::usage(&format!("{verb} takes one server: ADDRESS or ADDRESS:PORT"));
    };
    let path = options.paths().socket();
    let request =
        Request { verb: verb.to_owned(), target: Some(server.clone()), arguments: Value::Null };
    match Client::connect(&path).and_then(|mut client| client.ask(&Ask::Move(request))) {
        Ok(Ok(value)) if options.json => println!("{value}"),
        Ok(Ok(value)) => {
            let what =
                if verb == "drain" { "gets no new connections" } else { "gets new connections" };
            println!("{server} {what} (in {} virtual servers)", value["servers"]);
        }
        Ok(Err(text)) => {
            super::error(&format!("{verb} {server}: {text}"));
            return ExitCode::from(2);
        }
        Err(e) => {
            super::error(&format!("ask the engine at {}: {e}", path.display()));
            return ExitCode::from(3);
        }
    }
    ExitCode::SUCCESS
}
