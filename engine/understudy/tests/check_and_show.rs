//! `check` and `show` as a person or a script calls them.

use std::path::PathBuf;
use std::process::{Command, Output};

fn understudy(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_understudy"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// A folder of files that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("understudy-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("conf.d")).unwrap();
        for (file, text) in files {
            std::fs::write(path.join(file), text).unwrap();
        }
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

const GOOD: &str = "vrrp_instance read {\n    interface eth0\n    virtual_router_id 51\n    virtual_ipaddress { 10.0.0.1 }\n    authentication {\n        auth_type PASS\n        auth_pass s3cretpw\n    }\n}\n";

#[test]
fn a_mistake_is_shown_with_its_line_and_a_proposal() {
    let folder = Folder::new("mistake", &[("a.conf", &GOOD.replace("router_id", "routr_id"))]);
    let file = folder.file("a.conf");
    let output = understudy(&["check", &file]);
    assert_eq!(output.status.code(), Some(2));
    let expected = format!(
        "error[E0207]: unknown keyword `virtual_routr_id`\n --> {file}:3:5\n  |\n3 |     virtual_routr_id 51\n  |     ^^^^^^^^^^^^^^^^ in block vrrp_instance `read`\n  |\n  = help: did you mean `virtual_router_id`?\n\n{file}: invalid, 1 error\n"
    );
    assert_eq!(text(&output), expected);
}

#[test]
fn json_has_the_same_fields() {
    let folder = Folder::new("json", &[("a.conf", &GOOD.replace("router_id", "routr_id"))]);
    let output = understudy(&["check", "--json", &folder.file("a.conf")]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list[0]["code"], "E0207");
    assert_eq!(list[0]["severity"], "error");
    assert_eq!(list[0]["line"], 3);
    assert_eq!(list[0]["column"], 5);
    assert_eq!(list[0]["help"], "did you mean `virtual_router_id`?");
    assert_eq!(list[0]["file"], folder.file("a.conf"));
}

#[test]
fn exit_codes_are_stable() {
    let warned = GOOD.replace("    interface", "    nopreempt\n    nopreempt\n    interface");
    let folder = Folder::new("codes", &[("good.conf", GOOD), ("warned.conf", &warned)]);
    let code = |arguments: &[&str]| understudy(arguments).status.code();
    assert_eq!(code(&["check", "--strict", &folder.file("good.conf")]), Some(0));
    assert_eq!(code(&["check", &folder.file("warned.conf")]), Some(0));
    assert_eq!(code(&["check", "--strict", &folder.file("warned.conf")]), Some(1));
    assert_eq!(code(&["check", &folder.file("missing.conf")]), Some(2));
    assert_eq!(code(&["check", "--nonsense"]), Some(64));
}

#[test]
fn includes_come_from_the_files_folder_and_executables_are_skipped() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = [
        ("a.conf", "include conf.d/*.conf\n"),
        ("conf.d/1.conf", GOOD),
        ("conf.d/2.conf", "nonsense\n"),
    ];
    let folder = Folder::new("include", &files);
    let script = folder.file("conf.d/2.conf");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = understudy(&["check", &folder.file("a.conf")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("an executable file is no configuration"), "{}", text(&output));
}

#[test]
fn show_fills_in_defaults_and_masks_the_password() {
    let folder = Folder::new("show", &[("a.conf", GOOD)]);
    let output = understudy(&["show", &folder.file("a.conf")]);
    assert!(text(&output).contains("    priority 100\n"));
    assert!(!text(&output).contains("s3cretpw"));
    let output = understudy(&["show", "--json", &folder.file("a.conf")]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["vrrp"]["instances"][0]["auth_pass"], "********");
    let bytes: Vec<String> = b"s3cretpw".iter().map(ToString::to_string).collect();
    let compact = text(&output).split_whitespace().collect::<String>();
    assert!(!compact.contains(&bytes.join(",")), "the password as numbers");
}

#[test]
fn keywords_are_listed_with_their_status() {
    let output = understudy(&["show", "--keywords", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 531);
    for keyword in list {
        let status = keyword["status"].as_str().unwrap();
        assert!(["working", "ignored", "not_yet"].contains(&status));
        assert!(status != "ignored" || keyword["reason"].is_string());
    }
}

/// What the sites in the repository render is what this engine reads, every keyword of it.
#[test]
fn rendered_configurations_have_no_findings() {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../test/golden");
    let mut tried = 0;
    for site in std::fs::read_dir(golden).unwrap() {
        for host in std::fs::read_dir(site.unwrap().path()).unwrap() {
            let path = host.unwrap().path().join("etc/understudy/understudy.conf");
            let Ok(rendered) = std::fs::read_to_string(&path) else { continue };
            // The password is put in at the deployment.
            let parts: Vec<&str> = rendered.split("@@").collect();
            let filled: Vec<&str> = parts
                .iter()
                .enumerate()
                .map(|(n, part)| if n % 2 == 1 { "eight888" } else { part })
                .collect();
            let folder = Folder::new("golden", &[("a.conf", &filled.concat())]);
            let output = understudy(&["check", "--strict", &folder.file("a.conf")]);
            assert_eq!(output.status.code(), Some(0), "{}: {}", path.display(), text(&output));
            tried += 1;
        }
    }
    assert!(tried >= 4, "{tried} tried");
}

#[test]
fn a_plan_has_addresses_routes_and_rules_in_their_order() {
    let more = "    virtual_rules { from 10.1.0.0/16 table 100 priority 500 }\n    virtual_routes { 10.1.0.0/16 via 10.0.0.9 }\n}\n";
    let conf =
        format!("{}{more}static_routes {{ blackhole fd10::/64 }}\n", &GOOD[..GOOD.len() - 2]);
    let folder = Folder::new("plan", &[("a.conf", &conf)]);
    let output = text(&understudy(&["plan", &folder.file("a.conf")]));
    let expected = "# always
ip -6 route prepend blackhole fd10::/64 table main protocol keepalived
# while read (VRID 51) is MASTER
ip address add 10.0.0.1/32 dev eth0
ip route prepend 10.1.0.0/16 protocol keepalived scope global via 10.0.0.9
ip rule add priority 500 from 10.1.0.0/16 protocol keepalived table 100
";
    assert_eq!(output, expected);
    let json = understudy(&["plan", "--json", &folder.file("a.conf")]);
    let plan: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(plan["addresses"][1]["routes"][0]["table"], 254);
}
