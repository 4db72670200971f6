//! The language of keepalived.conf, statement by statement (reference §1.1 to §1.10): tables of text and what it comes
//! to. Everything ends in the argument of one `notify`, or in findings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use understudy_core::config::{self, Environment, Parsed, Source};

/// Files in memory; a name that ends with `/` is a directory, one with `*x` can be executed.
struct Memory(BTreeMap<String, String>);

impl Source for Memory {
    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let names = self.0.keys().map(|name| name.trim_end_matches('/').to_owned());
        names.filter(|name| config::glob::matches(pattern, name)).collect()
    }

    fn read(&mut self, name: &str) -> Result<Vec<u8>, String> {
        if self.0.contains_key(&format!("{name}/")) {
            return Err("a directory".into());
        }
        match self.0.get(name) {
            Some(_) if name.ends_with("exec.conf") => Err("executable".into()),
            Some(text) => Ok(text.clone().into_bytes()),
            None => Err("no such file".into()),
        }
    }
}

fn parse_in(files: &[(&str, &str)], environment: &Environment) -> Parsed {
    let files = files.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect();
    config::parse(&mut Memory(files), files_main(environment), environment)
}

fn files_main(environment: &Environment) -> &'static str {
    if environment.directory.is_empty() { "main.conf" } else { "conf/main.conf" }
}

fn environment() -> Environment {
    let variables = BTreeMap::from([("ROLE".to_owned(), "db".to_owned())]);
    Environment { config_id: "db1".into(), variables, seed: 7, ..Environment::default() }
}

fn findings(parsed: &Parsed) -> String {
    let mut text = String::new();
    for finding in &parsed.diagnostics {
        let place = finding.span.map_or((0, 0), |span| {
            let (_, line, column) = parsed.files.position(span);
            (line, column)
        });
        writeln!(text, "{} {}:{} {}", finding.code, place.0, place.1, finding.message).unwrap();
    }
    text
}

/// An instance with `lines` in it.
fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {{ 10.0.0.1 }}\n{lines}\n}}\n"
    )
}

/// The argument vector of the one instance's `notify`.
fn argv(parsed: &Parsed) -> Vec<String> {
    assert_eq!(findings(parsed), "");
    let settings = parsed.settings.as_ref().unwrap();
    settings.vrrp.instances[0].notify.any.as_ref().unwrap().argv.clone()
}

/// `text` stands in front of an instance with the line `notify`.
fn notify_after(text: &str, notify: &str) -> Vec<String> {
    let whole = format!("{text}\n{}", instance(notify));
    argv(&parse_in(&[("main.conf", &whole)], &environment()))
}

#[test]
fn definitions_and_references() {
    // (lines in front, the line with the script, what it runs)
    let cases: &[(&str, &str, &[&str])] = &[
        ("$A=1", "notify \"/x ${A}2 $A \"", &["/x", "12", "1"]),
        ("$A=  1", "notify \"/x ${A}\"", &["/x", "1"]),
        ("$A=1\n$A=2", "notify \"/x ${A}\"", &["/x", "2"]),
        ("$B=${A}\n$A=late", "notify \"/x ${B}\"", &["/x", "late"]),
        // A bare name ends before a blank, a comma or a parenthesis only.
        ("$A=1", "notify \"/x $A,$A) $A \"", &["/x", "1,1)", "1"]),
        ("", "notify \"/x $NOBODY ${_HASH}a ${_BANG}b\"", &["/x", "$NOBODY", "#a", "!b"]),
        ("", "notify \"/x $_INSTANCE ${_ENV ROLE} [${_ENV NONE}]\"", &["/x", "db1", "db", "[]"]),
        ("", "notify \"/x ${_RANDOM 5 5} ${_RANDOM 32767}\"", &["/x", "5", "32767"]),
        ("$_INSTANCE=mine", "notify \"/x ${_INSTANCE}\"", &["/x", "mine"]),
        // A comment is looked for again in what a definition gave, and only there.
        ("$A=1 \\# 2", "notify \"/x ${A}\"", &["/x", "1", "#", "2"]),
        ("$A=1", "notify /x\\#y", &["/x#y"]),
        ("$A=1", "notify ${A}\\#y # why\n notify_stop /x", &["1"]),
        ("$A=/x\\#y", "notify ${A}", &["/x"]),
        // Text that only comes out of a definition is no definition and no condition.
        ("$A=@db2 ", "notify \"/x ${A}\"", &["/x", "@db2"]),
        // Several lines: the first joins what stands before it.
        ("$N= \"/x a\" \\\n notify_stop /y", "notify $N", &["/x", "a"]),
        ("$N=notify /x \\\n \\\n  nopreempt", "$N", &["/x"]),
        ("$N=notify /x \\ \n  nopreempt", "$N", &["/x"]),
        ("$I=notify /x \\\n nopreempt\n$O=$I \\\n ", "$O", &["/x"]),
        (
            "$N=nopreempt \\\n ~SEQ(I, 2) $L=${I} \\\n @db1 notify \"/x ${L}\" \\\n @db2 notify /y",
            "$N",
            &["/x", "2"],
        ),
        ("$N=nopreempt \\\n $IN=3 \\\n notify \"/x ${IN}\"", "$N", &["/x", "3"]),
    ];
    for (before, line, expected) in cases {
        assert_eq!(notify_after(before, line), *expected, "{before:?} {line:?}");
    }
}

#[test]
fn what_is_wrong_with_a_reference_is_said() {
    let cases = [
        ("notify \"/x ${_ENV}\"", "takes exactly one name"),
        ("notify \"/x ${_ENV A B}\"", "takes exactly one name"),
        ("notify \"/x ${_RANDOM 9 5}\"", "9 is more than 5"),
        ("notify \"/x ${_RANDOM 40000}\"", "40000 is more than 32767"),
        ("notify \"/x ${_RANDOM a}\"", "at most two numbers"),
        ("notify \"/x ${_RANDOM +1}\"", "at most two numbers"),
        ("notify \"/x ${_HASH 1}\"", "`$_HASH` takes no parameters"),
        ("notify \"/x ${DEF 1}\"", "takes no parameters"),
        ("notify ${UNDEFINED}", "nothing defines `$UNDEFINED`"),
        ("notify $LINES x", "has several lines"),
        ("notify \"/x $DEF\"", "`$DEF` before `\"` is text"),
        ("notify \"/x $DEF/y\"", "`$DEF` before `/` is text"),
        ("notify $SELF", "makes this line too long"),
    ];
    for (line, expected) in cases {
        let before = "$DEF=1\n$SELF=x $SELF\n$LINES=a \\\n b\n";
        let text = format!("{before}{}", instance(line));
        let found = findings(&parse_in(&[("main.conf", &text)], &environment()));
        assert!(found.contains(expected), "{line}: {found}");
        assert!(!found.contains("nexpected"), "{line}: {found}");
    }
}

#[test]
fn the_working_directory_is_that_of_the_file() {
    let text = instance("include sub/b.conf\n notify_stop \"/x ${_PWD}\"");
    let files = [("conf/main.conf", text.as_str()), ("conf/sub/b.conf", "notify \"/x ${_PWD}\"\n")];
    let environment = Environment { directory: "/etc".into(), ..environment() };
    let parsed = parse_in(&files, &environment);
    assert_eq!(argv(&parsed), ["/x", "/etc/conf/sub"]);
    let settings = parsed.settings.unwrap();
    let stop = settings.vrrp.instances[0].notify.stop.as_ref().unwrap();
    assert_eq!(stop.argv[1], "/etc/conf");
}

#[test]
fn conditions() {
    let cases = [
        ("@db1 notify /x\n@db2 notify /y", Some("/x")),
        ("@^db2 notify /x\n@^db1 notify /y", Some("/x")),
        ("@db1\tnotify /x", Some("/x")),
        ("@DB1 notify /x\n@db notify /x\n@ notify /x", None),
        ("@db1", None),
        ("@db1 include x.conf\n@db2 include y.conf", Some("/from-x")),
        ("@db1 $N=/x\n@db2 $N=/y\nnotify $N", Some("/x")),
        ("@db1 ~SEQ(I, 1) notify /x$I\n@db2 ~SEQ(I, 1) notify /y$I", Some("/x1")),
        ("@db2 notify {\nnotify /x", Some("/x")),
    ];
    for (lines, expected) in cases {
        let text = instance(lines);
        let files = [
            ("main.conf", text.as_str()),
            ("x.conf", "notify /from-x\n"),
            ("y.conf", "notify /from-y\n"),
        ];
        let parsed = parse_in(&files, &environment());
        assert_eq!(findings(&parsed), "", "{lines}");
        let notify = parsed.settings.unwrap().vrrp.instances[0].notify.any.clone();
        assert_eq!(notify.as_ref().map(|c| c.argv[0].as_str()), expected, "{lines}");
    }
    // A second condition is text, and so is one out of a definition.
    for line in ["@db1 @^db2 notify /x", "$A=@db1\n$A notify /x"] {
        let found = findings(&parse_in(&[("main.conf", &instance(line))], &environment()));
        assert!(found.contains("unknown keyword `@"), "{line}: {found}");
    }
}

#[test]
fn sequences() {
    let cases: &[(&str, &str)] = &[
        ("~SEQ(I, 3) s$I", "s1 s2 s3"),
        ("~SEQ(I, 2, 4) s$I", "s2 s3 s4"),
        ("~SEQ(I, 4, 2) s$I", "s4 s3 s2"),
        ("~SEQ(I, 1, 2, 6) s$I", "s1 s3 s5"),
        ("~SEQ(I, 9, -4, 1) s$I", "s9 s5 s1"),
        ("~SEQ(I, 0x10, 021) s$I", "s16 s17"),
        ("~SEQx(I, 9, 0xb) s$I", "s9 sa sb"),
        ("~SEQ(I, $LOW, ${HIGH}) s$I", "s2 s3"),
        ("~SEQ(I, 2) ~SEQ(J, 2) s${I}${J}", "s11 s12 s21 s22"),
        ("~LST(N, a, b) ~SEQ(J, 2) s${N}${J}", "sa1 sa2 sb1 sb2"),
        ("~LST(N, a, b) s$N", "sa sb"),
        ("~LST({M, N}, {a, b}, {c}) s${M}-${N}", "sa-b sc-"),
        ("~SEQ(I, 2) $BODY", "s1 s2 x x"),
        ("~SEQ(I, 1) s1 ~SEQ(I, 2) s3", "s1 ~SEQ(I, 2) s3"),
        ("~SEQ(I, 2) s1\ns${I}", "s1 s1 s2"),
        ("@db1 ~SEQ(I, 1) s$I", "s1"),
        ("~SEQ(I, 1) @db2 s$I", ""),
    ];
    for (lines, expected) in cases {
        // Members of a group are words on any lines; findings are in the order of their places.
        let text = format!(
            "$LOW=2\n$HIGH=3\n$BODY=s$I \\\n x\nvrrp_sync_group G {{ group {{\n{lines}\n}} }}\n"
        );
        let parsed = parse_in(&[("main.conf", &text)], &environment());
        let names: Vec<String> = parsed
            .diagnostics
            .iter()
            .filter_map(|d| d.message.strip_prefix("there is no vrrp_instance `"))
            .map(|rest| rest.trim_end_matches('`').to_owned())
            .collect();
        assert_eq!(names.join(" "), *expected, "{lines}\n{}", findings(&parsed));
    }
    for (line, expected) in [
        ("~SEQ(I, 1, 0, 3) x$I", "never leads"),
        ("~SEQ(I, 3, 1, 1) x$I", "never leads"),
        ("~SEQ(I) x$I", "one to three numbers"),
        ("~SEQ(I, a) x$I", "is not a number"),
        ("~SEQ(I, 1 x$I", "a `)` is missing"),
        ("~SEQx(I, -1, 3) x$I", "no negative numbers"),
        ("~LST({A, B}, {1, 2, 3}) x$A", "3 values for 2 names"),
        ("~SEQy(I, 1) x", "unknown sequence"),
    ] {
        let found = findings(&parse_in(&[("main.conf", line)], &environment()));
        assert!(found.contains(expected), "{line}: {found}");
    }
}

/// keepalived 2.2.7's exit status 6 of `-t`, tried for each keyword with each of these: a mark is an error.
#[test]
fn includes_are_as_strict_as_their_word() {
    let files = [
        ("good.conf", ""),
        ("exec.conf", ""),
        ("sub/", ""),
        ("a1.conf", ""),
        ("conf.d/1.conf", ""),
        ("conf.d/2.conf", ""),
    ];
    let patterns = [
        "good.conf",
        "conf.d/*.conf",
        "{good,a1}.conf",
        "nothing.conf",
        "no*.conf",
        "sub",
        "exec.conf",
        "{good,nothing}.conf",
        "{nope,nothing}.conf",
    ];
    let table = [
        ("include", "........."),
        ("includer", ".....xx.."),
        ("includem", "...x.xx.."),
        ("includew", "...xxxx.."),
        ("includeb", ".....xxxx"),
        ("includea", "...xxxxxx"),
    ];
    let failures = |before: &str, keyword: &str, environment: &Environment| -> String {
        let one = |pattern: &&str| {
            let text = format!("{before}{keyword} {pattern}\n");
            let mut all = files.to_vec();
            all.push(("main.conf", &text));
            let parsed = parse_in(&all, environment);
            let codes: Vec<String> =
                parsed.diagnostics.iter().map(|d| d.code.to_string()).collect();
            assert!(codes.iter().all(|c| c == "E0103" || c == "W0102"), "{text}: {codes:?}");
            if codes.iter().any(|c| c == "E0103") { 'x' } else { '.' }
        };
        patterns.iter().map(one).collect()
    };
    for (keyword, expected) in table {
        assert_eq!(failures("", keyword, &environment()), expected, "{keyword}");
    }
    let strict = Environment { strict_includes: true, ..environment() };
    assert_eq!(failures("", "include", &strict), "...xxxxxx");
    for (check, expected) in [
        ("include_check", "...xxxxxx"),
        ("include_check read", ".....xx.."),
        ("include_check match", "...x.xx.."),
        ("include_check wildcard_match", "....xxx.."),
        ("include_check brace_match", ".....xxxx"),
        ("include_check +match", "...x....."),
        ("include_check\ninclude_check -match -brace_match", "....xxx.."),
    ] {
        let before = format!("global_defs {{\n{check}\n}}\n");
        assert_eq!(failures(&before, "include", &environment()), expected, "{check}");
    }
}

#[test]
fn include_check_ends_with_its_file() {
    let files = [
        ("main.conf", "include checks.conf\ninclude nothing.conf\n"),
        ("checks.conf", "global_defs {\ninclude_check\n}\ninclude missing.conf\n"),
    ];
    let found = findings(&parse_in(&files, &environment()));
    assert_eq!(
        found,
        "W0102 2:9 no file matches `nothing.conf`\nE0103 4:9 no file matches `missing.conf`\n"
    );
}

#[test]
fn includes_stand_anywhere_and_count_in_order() {
    let text = "include a.conf\nvrrp_sync_group G {\ngroup { s1\ninclude b.conf\ns4 }\n}\n";
    let files = [
        ("main.conf", text),
        ("a.conf", "$N=s2"),
        ("b.conf", "include c.conf\r\ns3\n"),
        ("c.conf", "\t $N \r\n"),
    ];
    let parsed = parse_in(&files, &environment());
    let found = findings(&parsed);
    let order: Vec<&str> =
        found.lines().filter_map(|l| l.split('`').nth(1)).filter(|n| n.len() == 2).collect();
    assert_eq!(
        parsed.files.0.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["main.conf", "a.conf", "b.conf", "c.conf"]
    );
    assert_eq!(order.len(), 4, "{found}");
    // `include` alone is no include.
    let found = findings(&parse_in(&[("main.conf", "include\n")], &environment()));
    assert!(found.contains("unknown keyword `include`"), "{found}");
}

#[test]
fn lines_words_and_braces() {
    // (the whole text, the findings without their texts)
    let cases: &[(&str, &[&str])] = &[
        ("\u{feff}", &["E0207"]),
        ("global_defs {\r\n router_id a\r\n}\r\n", &[]),
        ("global_defs{router_id a}", &[]),
        ("global_defs\n{\nrouter_id a\n}", &[]),
        ("global_defs {\nrouter_id a } # }", &[]),
        ("global_defs {\nrouter_id \"a } # !\"\n}", &[]),
        ("global_defs {\nrouter_id a!b\n}", &[]),
        ("global_defs {\nrouter_id a\\!b\\#c\n}", &[]),
        ("global_defs {\nrouter_id a\\\n}", &[]),
        ("global_defs {\nrouter_id 'a b'\n}", &["W0304"]),
        ("global_defs {\nrouter_id a\"b\"\n}", &["W0304"]),
        ("global_defs {\nrouter_id \"a\n}", &["E0104", "E0104"]),
        ("global_defs {\nrouter_id a\\{b\n}", &["E0203", "E0202"]),
        ("global_defs more {\nrouter_id a\n}", &[]),
        ("global_defs {\nrouter_id\n}", &["E0301"]),
        ("global_defs {\nrouter_id a\n", &["E0202"]),
        ("global_defs {\nrouter_id a\n}}", &["E0201"]),
        ("{\n}", &["E0203"]),
        ("a\0b\nglobal_defs {\n}", &["E0111"]),
        ("Global_defs {\n}", &["E0207"]),
        ("nonsense {\nstate MASTER\nglobal_defs {\n}\n}\nglobal_defs {\n}", &["E0207"]),
    ];
    for (text, expected) in cases {
        let parsed = parse_in(&[("main.conf", text)], &environment());
        let mut codes: Vec<String> =
            parsed.diagnostics.iter().map(|d| d.code.to_string()).collect();
        codes.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(codes, expected, "{text:?}: {}", findings(&parsed));
    }
}

#[test]
fn script_lines_are_cut_twice() {
    let cases: &[(&str, &[&str])] = &[
        (r"notify /x", &["/x"]),
        (r#"notify "/x a b""#, &["/x", "a", "b"]),
        (r#"notify '/x a b'"#, &["/x", "a", "b"]),
        (r#"notify "/x 'one arg' two""#, &["/x", "one arg", "two"]),
        (r#"notify '/x "one arg" two'"#, &["/x", "one arg", "two"]),
        (r#"notify /x" a"' b'"#, &["/x", "a", "b"]),
        (r#"notify "/x a\ b""#, &["/x", "a b"]),
        (r#"notify "/x \x41\102\t\E\cA\q""#, &["/x", "AB\t\x1b\x01q"]),
        (r#"notify "/x \"q\"""#, &["/x", "\"q\""]),
        (r#"notify "/x ''""#, &["/x", ""]),
        (r#"notify "/x {a}""#, &["/x", "{a}"]),
    ];
    for (line, expected) in cases {
        let parsed = parse_in(&[("main.conf", &instance(line))], &environment());
        assert_eq!(argv(&parsed), *expected, "{line}");
    }
    let user = parse_in(&[("main.conf", &instance("notify \"/x a\" bob :"))], &environment());
    let run_as = user.settings.unwrap().vrrp.instances[0].notify.any.clone().unwrap().run_as;
    let run_as = run_as.unwrap();
    assert_eq!((run_as.user.as_str(), run_as.group.as_deref()), ("bob", Some(":")));
    for line in ["notify \"/x 'a\"", "notify \"/x a\\\"", "notify", "notify \"\""] {
        let parsed = parse_in(&[("main.conf", &instance(line))], &environment());
        assert!(parsed.settings.is_none(), "{line}: {}", findings(&parsed));
    }
}
