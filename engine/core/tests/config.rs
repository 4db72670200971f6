//! The configuration language against its fixtures: every `conf/*.conf` gives its `.expected` (settings as `show`
//! prints them, and all findings). `UPDATE=1` rewrites them; the diff is to be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use understudy_core::config::{self, Environment, Parsed, Source, Status};
use understudy_core::vrrp::settings::InstanceSettings;

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
    Environment { config_id: "db1".into(), variables, seed: 7, ..Environment::default() }
}

fn parse_all(files: &[(&str, &str)]) -> Parsed {
    let files = files.iter().map(|(n, t)| ((*n).to_owned(), t.as_bytes().to_vec())).collect();
    config::parse(&mut Memory(files), "main.conf", &environment())
}

fn parse(text: &str) -> Parsed {
    parse_all(&[("main.conf", text)])
}

/// Secrets as `show` prints them.
fn hide(instance: &mut InstanceSettings) {
    if let Some(secret) = &mut instance.auth_pass {
        secret.0 = b"********".to_vec();
    }
    for key in instance.wire.hmac.iter_mut().flat_map(|hmac| &mut hmac.keys) {
        key.value.0 = [b'*'; 32].to_vec();
    }
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
        let first = parse(&text);
        let Some(mut settings) = first.settings.clone() else { continue };
        settings.vrrp.instances.iter_mut().for_each(hide);
        let shown = config::show(&settings);
        let again = parse(&shown);
        // What `show` adds is never wrong; what was suspicious as written may stay so.
        let known = findings(&first);
        for line in findings(&again).lines() {
            assert!(known.contains(&line[..6]), "{line}: {}:\n{shown}", path.display());
        }
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

// -- the language

/// An instance that is complete with `lines` in it.
fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {{ 10.0.0.1 }}\n{lines}\n}}\n"
    )
}

fn priority(parsed: &Parsed) -> u8 {
    assert_eq!(findings(parsed), "");
    parsed.settings.as_ref().unwrap().vrrp.instances[0].priority
}

#[test]
fn definitions_are_replaced_when_they_are_used() {
    let text = format!("$A=1\n$B=${{A}}${{A}}0\n{}", instance("priority $B\n"));
    assert_eq!(priority(&parse(&text)), 110);
    let late = format!("{}$P=9\n", instance("$P=8\n priority $P\n $P=7\n"));
    assert_eq!(priority(&parse(&late)), 8);
}

#[test]
fn a_definition_may_have_several_lines_with_braces() {
    let text = "$BODY= interface eth0 \\\n  virtual_router_id 7 \\\n  $VIPS\n\
        $VIPS=virtual_ipaddress { \\\n 10.0.0.1 \\\n }\n\
        vrrp_instance A { \n $BODY\n priority 33\n }\n";
    assert_eq!(priority(&parse(text)), 33);
}

#[test]
fn predefined_names_are_known() {
    let text = instance(
        "notify \"/x $_INSTANCE ${_ENV ROLE} ${_HASH}1 ${_PWD}\"\n priority ${_RANDOM 9 9}\n",
    );
    let parsed = parse(&text);
    assert_eq!(priority(&parsed), 9);
    let notify = parsed.settings.unwrap().vrrp.instances[0].notify.any.clone().unwrap();
    assert_eq!(notify.argv, ["/x", "db1", "db", "#1", "."]);
}

#[test]
fn an_undefined_name_in_braces_is_an_error_and_closes_nothing() {
    let found = findings(&parse(&instance("$PRIO=5\n priority ${PRI}\n")));
    assert!(found.starts_with("E0106 "), "{found}");
    assert!(found.contains("did you mean `PRIO`?"), "{found}");
    assert!(!found.contains("unexpected"), "{found}");
}

#[test]
fn a_definition_that_contains_itself_ends() {
    let found = findings(&parse("$A=x $A\nrouter $A\n"));
    assert!(found.contains("E0105"), "{found}");
}

#[test]
fn a_finding_in_a_definition_shows_where_it_is_used_and_where_it_is_made() {
    let parsed = parse(&format!("$P=300\n{}", instance("priority $P\n")));
    let finding = &parsed.diagnostics[0];
    assert_eq!(parsed.files.position(finding.span.unwrap()).1, 6);
    assert_eq!(parsed.files.position(finding.related[0].0), ("main.conf", 1, 4));
}

#[test]
fn one_service_has_one_virtual_server() {
    let server = "virtual_server fwmark 1 {\n lvs_sched rr\n lvs_method DR\n real_server 10.0.0.1 {\n }\n}\n";
    let found = findings(&parse(&format!("{server}{server}")));
    assert!(found.starts_with("E0401 7:23"), "{found}");
}

#[test]
fn conditions_choose_lines_by_host() {
    let text = instance("@db1 priority 50\n@db2 priority 60\n@^db1 priority 70\n");
    assert_eq!(priority(&parse(&text)), 50);
}

#[test]
fn sequences_and_lists_repeat_a_line() {
    let text = "~SEQ(I, 1, 3) vrrp_script s$I { script \"/bin/s ${I}\" }\n".to_owned()
        + &instance("track_script {\n~LST(N, s1, s2, s3) $N\n}\n");
    let parsed = parse(&text);
    assert_eq!(findings(&parsed), "");
    let scripts = parsed.settings.unwrap().vrrp.scripts;
    let commands: Vec<String> = scripts.iter().map(|s| s.command.argv.join(" ")).collect();
    assert_eq!(commands, ["/bin/s 1", "/bin/s 2", "/bin/s 3"]);
}

#[test]
fn includes_are_read_in_order_at_any_depth() {
    let parsed = parse_all(&[
        ("main.conf", &instance("include conf.d/*.conf\n")),
        ("conf.d/1.conf", "priority 20\n"),
        ("conf.d/2.conf", "nopreempt\n"),
    ]);
    assert_eq!(priority(&parsed), 20);
    assert!(!parsed.settings.unwrap().vrrp.instances[0].preempt);
    let names: Vec<&str> = parsed.files.0.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["main.conf", "conf.d/1.conf", "conf.d/2.conf"]);
}

#[test]
fn a_file_that_includes_itself_is_reported() {
    let parsed = parse_all(&[("main.conf", "include a.conf\n"), ("a.conf", "include main.conf\n")]);
    let found = findings(&parsed);
    assert!(found.contains("this file includes itself"), "{found}");
    let strict = findings(&parse("includem nothing.conf\n"));
    assert!(strict.starts_with("E0103"), "{strict}");
    let wild = findings(&parse("include nothing.d/*.conf\n"));
    assert_eq!(wild, "");
}

#[test]
fn a_finding_in_an_included_file_points_into_it() {
    let parsed = parse_all(&[("main.conf", "\n include b.conf\n"), ("b.conf", "\n\n  nonsens\n")]);
    let span = parsed.diagnostics[0].span.unwrap();
    assert_eq!(parsed.files.position(span), ("b.conf", 3, 3));
}

#[test]
fn objects_may_be_used_before_they_are_defined() {
    let text = instance("track_script { s weight 5 }\n") + "vrrp_script s { script /bin/x }\n";
    let parsed = parse(&text);
    assert_eq!(findings(&parsed), "");
    assert_eq!(parsed.settings.unwrap().vrrp.instances[0].tracks.scripts[0].weight, 5);
}

#[test]
fn a_missing_brace_costs_one_finding() {
    let text = "vrrp_script s\n script /bin/x\n }\n".to_owned() + &instance("");
    let found = findings(&parse(&text));
    let codes: Vec<&str> = found.lines().map(|l| &l[..5]).collect();
    assert_eq!(codes, ["E0204", "E0201"], "{found}");
    let open = findings(&parse(&instance("").replace("}\n", "\n")));
    assert!(open.contains("E0202"), "{open}");
}

// -- secrets

#[test]
fn a_password_is_never_shown() {
    let cases = [
        instance("authentication {\n auth_type PASS\n auth_pass hunter2secret\n}\n"),
        instance("authentication {\n auth_type PASS\n auth_pas hunter2\n}\n"),
        "$PW=hunter2\n".to_owned()
            + &instance("authentication {\n auth_type PAS\n auth_pass $PW\n}\n"),
        instance("authentication {\n auth_type PASS\n auth_pass hunter2\n}\n"),
    ];
    let skipped = [
        instance("auth_hmac { key 1 hunter2 }\n"),
        instance("unheard_of { auth_pass hunter2 }\n"),
        instance("auth_pass hunter2\n"),
        "SSL { password hunter2 }\n".to_owned(),
    ];
    for text in cases.into_iter().chain(skipped) {
        let parsed = parse(&text);
        let shown = format!("{}{:?}{:?}", outcome(&parsed), parsed.files, parsed.settings);
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

// -- anything at all

/// Numbers that look random (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

const SCRAPS: &[&str] = &[
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    "!",
    "$",
    "${",
    "$A",
    "${A}",
    "$A=",
    "$B=${A} $A",
    "@db1 ",
    "@^db1 ",
    "~SEQ(A, 3) ",
    "~SEQ(A, 1, -1, -5) x$A",
    "~LST({A,B}, {1,2}) ",
    "include a.conf\n",
    "include *.conf\n",
    "é",
    "\u{0}",
    "-1",
    "256",
    "0.5",
    "10.0.0.1",
    "10.0.0.0/24",
    "fe80::1-ff",
    "weight",
    "${_RANDOM 5 1}",
    "${_ENV}",
    "dev eth0",
    "group",
    "fwmark",
    "\u{feff}",
    "PASS",
    "TUN type gue port 1",
];

#[test]
fn no_text_makes_it_panic_or_run_for_ever() {
    let words: Vec<&str> = config::keywords().iter().map(|k| k.keyword).collect();
    let seeds = std::env::var("SEEDS").map_or(500, |n| n.parse().unwrap());
    for seed in 0..seeds {
        let mut random = Random(seed);
        let mut text = String::new();
        for _ in 0..random.below(120) {
            match random.below(4) {
                0 | 1 => text.push_str(words[random.below(words.len())]),
                _ => text.push_str(SCRAPS[random.below(SCRAPS.len())]),
            }
            text.push_str(["", " ", " ", "\n", " {\n", "\n}\n"][random.below(6)]);
        }
        let parsed = parse_all(&[("main.conf", &text), ("a.conf", "$A=1\nvrrp_script a {\n")]);
        for d in &parsed.diagnostics {
            let Some(span) = d.span else { continue };
            let file = &parsed.files.0[usize::from(span.file)].text;
            let range = usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap();
            assert!(file.get(range).is_some(), "seed {seed}: {d:?} in {text:?}");
        }
    }
}

#[test]
fn a_configuration_with_a_line_lost_or_doubled_is_never_misread() {
    // Whatever is accepted must survive `show`; whatever is refused must say why.
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for seed in 0..60 {
            let mut random = Random(seed);
            let mut changed: Vec<&str> = lines.clone();
            let at = random.below(lines.len());
            match random.below(3) {
                0 => _ = changed.remove(at),
                1 => changed.insert(at, lines[random.below(lines.len())]),
                _ => changed.swap(at, random.below(lines.len())),
            }
            let mut parsed = parse(&changed.join("\n"));
            let Some(settings) = &mut parsed.settings else {
                assert!(findings(&parsed).contains('E'));
                continue;
            };
            for instance in &mut settings.vrrp.instances {
                hide(instance);
            }
            let shown = config::show(settings);
            let again = parse(&shown);
            assert_eq!(
                again.settings.as_ref(),
                Some(&*settings),
                "{path:?} {seed}\n{shown}\n{}",
                findings(&again)
            );
        }
    }
}
