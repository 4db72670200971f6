//! `understudy show [--json] [FILE]`: the effective configuration. `understudy show --keywords [--json]`: what each
//! block accepts, and whether it works.

use std::process::ExitCode;

use lexopt::{Arg, Parser};
use serde_json::{Value, json};
use understudy_core::config::{self, Listed, Reload, Status};
use understudy_core::node::settings::HostSettings;

use crate::config_files;
use crate::diagnostics::{print, render_all, renderer, summary};

const USAGE: &str = "usage: understudy show [--json] [--config-id ID] [FILE]\n\
       understudy show --keywords [--json]\n\n\
    Prints the effective configuration, all defaults filled in and secrets masked, as a\n\
    configuration file or as JSON; or all keywords, and which of them work.\n\n\
    Exit codes: 0 printed, 2 the configuration is invalid, 64 usage.";

#[derive(Default)]
struct Options {
    file: Option<String>,
    config_id: Option<String>,
    json: bool,
    keywords: bool,
}

/// Runs the command.
pub fn run(arguments: Parser) -> ExitCode {
    match options(arguments) {
        Ok(Some(options)) if options.keywords => keywords(options.json),
        Ok(Some(options)) => show(options),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("understudy show: {why}\n\n{USAGE}");
            ExitCode::from(64)
        }
    }
}

fn options(mut arguments: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("json") => options.json = true,
            Arg::Long("keywords") => options.keywords = true,
            Arg::Long("config-id") | Arg::Short('i') => {
                options.config_id = Some(arguments.value()?.to_string_lossy().into_owned());
            }
            Arg::Long("help") | Arg::Short('h') => return Ok(None),
            Arg::Value(file) if options.file.is_none() => {
                options.file = Some(file.to_string_lossy().into_owned());
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn show(options: Options) -> ExitCode {
    let file = options.file.unwrap_or_else(|| config_files::default_file().to_owned());
    let parsed = config_files::parse(&file, options.config_id);
    let Some(settings) = &parsed.settings else {
        let findings = render_all(&renderer(), &parsed);
        eprintln!("{findings}{file}: {}", summary(&parsed));
        return ExitCode::from(2);
    };
    if options.json {
        print(&format!("{:#}\n", as_json(settings)));
    } else {
        print(&config::show(settings));
    }
    ExitCode::SUCCESS
}

/// The settings as JSON, secrets masked.
fn as_json(settings: &HostSettings) -> Value {
    let mut value = serde_json::to_value(settings).unwrap_or_default();
    if let Some(instances) = value["vrrp"]["instances"].as_array_mut() {
        for instance in instances.iter_mut().filter(|i| !i["auth_pass"].is_null()) {
            instance["auth_pass"] = json!("********");
        }
    }
    value
}

fn keywords(as_json: bool) -> ExitCode {
    let all = config::keywords();
    if as_json {
        print(&format!("{:#}\n", all.iter().map(keyword_json).collect::<Value>()));
        return ExitCode::SUCCESS;
    }
    let width = all.iter().map(|k| k.block.len()).max().unwrap_or(0);
    let mut page = String::new();
    for listed in &all {
        let status = match listed.status {
            Status::Working if listed.reload == Reload::Restart => {
                "working, at a restart".to_owned()
            }
            Status::Working => "working".to_owned(),
            Status::Ignored(why) => format!("ignored: {why}"),
            Status::NotYet => "not yet".to_owned(),
            Status::Refused(why) => format!("not yet, refused: {why}"),
        };
        page += &format!("{:width$}  {:36}  {status}\n", listed.block, listed.keyword);
    }
    print(&page);
    ExitCode::SUCCESS
}

fn keyword_json(listed: &Listed) -> Value {
    let mut value = json!({ "block": listed.block, "keyword": listed.keyword });
    let (status, reason) = match listed.status {
        Status::Working => ("working", None),
        Status::Ignored(why) => ("ignored", Some(why)),
        Status::NotYet => ("not_yet", None),
        Status::Refused(why) => ("not_yet", Some(why)),
    };
    value["status"] = json!(status);
    if listed.status == Status::Working {
        value["on_reload"] = json!(listed.reload == Reload::Live);
    }
    if let Some(reason) = reason {
        value["reason"] = json!(reason);
    }
    value
}
