//! `understudy show [--json] [FILE]`: the effective configuration. `understudy show --keywords [--json]`: what each
//! block accepts, and whether it works.

use std::process::ExitCode;

use lexopt::Parser;
use serde_json::{Value, json};
use understudy_core::config::{self, Listed, Reload, Status};
use understudy_core::node::settings::HostSettings;

use super::reading::Reading;
use crate::diagnostics::{print, render_all, renderer, summary};

const USAGE: &str = "usage: understudy show [--json] [--config-id ID] [FILE]\n\
       understudy show --keywords [--json]\n\n\
    Prints the effective configuration, all defaults filled in and secrets masked, as a\n\
    configuration file or as JSON; or all keywords, and which of them work.\n\n\
    Exit codes: 0 printed, 2 the configuration is invalid, 64 usage.";

/// Runs the command.
pub fn run(arguments: Parser) -> ExitCode {
    match Reading::parse(arguments, "keywords") {
        Ok(Some(options)) if options.own => keywords(options.json),
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

fn show(options: Reading) -> ExitCode {
    let json = options.json;
    let (file, parsed) = options.read();
    let Some(settings) = &parsed.settings else {
        let findings = render_all(&renderer(), &parsed);
        eprintln!("{findings}{file}: {}", summary(&parsed));
        return ExitCode::from(2);
    };
    if json {
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
