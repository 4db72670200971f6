//! Against a mail server on loopback that says what the test wants.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;
use crate::sys::clock;

/// Takes as many mails as told: what it was told, conversation by conversation.
fn serve(listener: TcpListener, mails: usize, answer: fn(&str) -> &str) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let talk = |_| {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut out = stream.try_clone().unwrap();
            out.write_all(b"220-this is\r\n220 a test\r\n").unwrap();
            let (mut heard, mut in_mail) = (String::new(), false);
            for line in BufReader::new(stream).lines() {
                let line = line.unwrap();
                heard.push_str(&line);
                heard.push('\n');
                let reply = if !in_mail {
                    answer(&line)
                } else if line == "." {
                    "250 taken"
                } else {
                    continue;
                };
                in_mail = reply.starts_with("354");
                out.write_all(format!("{reply}\r\n").as_bytes()).unwrap();
            }
            heard
        };
        (0..mails).map(talk).collect()
    })
}

fn kind(line: &str) -> &'static str {
    match line.split(' ').next().unwrap() {
        "DATA" => "354 go on",
        "QUIT" => "221 bye",
        _ => "250 ok",
    }
}

fn mailer(port: u16) -> Mailer {
    let mut mailer = Mailer::new(7);
    mailer.configure(&ProcessSettings {
        router_id: Some("lb1".to_owned()),
        mail: MailSettings {
            server: Some(Server { host: "127.0.0.1".to_owned(), port }),
            from: Mailbox::parse("lb1@a.example"),
            to: vec![
                Mailbox::parse("root@a.example").unwrap(),
                Mailbox::parse("gone@a.example").unwrap(),
            ],
            helo: Some("lb1.a.example".to_owned()),
            timeout: Duration::from_secs(1),
        },
        ..ProcessSettings::default()
    });
    mailer
}

fn add(mailer: &mut Mailer, subject: &str) {
    let alert = Alert { subject: subject.to_owned(), body: "=> yes <=\n.".to_owned() };
    mailer.add(&alert, Duration::from_secs(1_796_115_900), clock::now());
}

/// Turns of the loop until it is idle.
fn run(mailer: &mut Mailer) {
    let epoll = Epoll::new().unwrap();
    let end = clock::now() + Duration::from_secs(10);
    while !mailer.is_idle() {
        assert!(clock::now() < end);
        mailer.after(&epoll, clock::now());
        let mut ready = Vec::new();
        epoll.wait(false, &mut ready).unwrap();
        for event in &ready {
            assert_eq!(event.token, 7);
            mailer.ready(&epoll, clock::now());
        }
        if ready.is_empty() {
            thread::park_timeout(Duration::from_millis(2));
        }
        if mailer.deadline().is_some_and(|due| due <= clock::now()) {
            mailer.timer(&epoll, clock::now());
        }
    }
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Sends these to a server: what that heard.
pub fn deliver(alerts: &[Alert]) -> Vec<String> {
    let (listener, port) = listen();
    let server = serve(listener, alerts.len(), kind);
    let mut mailer = mailer(port);
    for alert in alerts {
        mailer.add(alert, Duration::from_secs(1_796_115_900), clock::now());
    }
    run(&mut mailer);
    server.join().unwrap()
}

#[test]
fn mails_arrive_in_order_each_in_a_conversation_of_its_own() {
    let (listener, port) = listen();
    let server = serve(listener, 2, kind);
    let mut mailer = mailer(port);
    add(&mut mailer, "first");
    add(&mut mailer, "second");
    run(&mut mailer);
    let heard = server.join().unwrap();
    let expected = "HELO lb1.a.example\nMAIL FROM:<lb1@a.example>\nRCPT TO:<root@a.example>\nRCPT TO:<gone@a.example>\nDATA\n\
        Date: Tue, 01 Dec 2026 09:05:00 +0000\nFrom: lb1@a.example\nSubject: [lb1] first\nX-Mailer: Understudy\n\
        To: root@a.example,\n gone@a.example\n\n=> yes <=\n..\n.\nQUIT\n";
    assert_eq!(heard[0], expected);
    assert_eq!(heard[1], expected.replace("first", "second"));
    assert_eq!((mailer.told, mailer.untold), (None, 0));
}

#[test]
fn a_refusal_is_told_once_and_the_next_mail_is_tried() {
    let (listener, port) = listen();
    let server =
        serve(listener, 3, |line| if line.starts_with("MAIL") { "451 later" } else { kind(line) });
    let mut mailer = mailer(port);
    for subject in ["first", "second", "third"] {
        add(&mut mailer, subject);
    }
    run(&mut mailer);
    for heard in server.join().unwrap() {
        assert_eq!(heard, "HELO lb1.a.example\nMAIL FROM:<lb1@a.example>\nQUIT\n");
    }
    assert!(mailer.told.is_some());
    assert_eq!(mailer.untold, 2);
}

#[test]
fn a_server_that_says_nothing_costs_its_time_and_one_that_is_not_there_none() {
    let (listener, port) = listen();
    let mut mailer = mailer(port); // it accepts (the kernel does), and says nothing
    add(&mut mailer, "never");
    let began = clock::now();
    run(&mut mailer);
    let took = clock::now().since(began);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(3), "{took:?}");
    drop(listener);
    for n in 0..WAITING + 5 {
        add(&mut mailer, &n.to_string());
    }
    assert_eq!(mailer.waiting.len(), WAITING);
    run(&mut mailer);
    assert_eq!(mailer.untold, u32::try_from(WAITING + 5).unwrap());
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let (_listener, port) = listen();
    let mut mailer = mailer(port);
    mailer.settings.timeout = Duration::from_secs(30);
    add(&mut mailer, "first");
    add(&mut mailer, "second");
    mailer.last_call(clock::now() + Duration::from_millis(100));
    let began = clock::now();
    run(&mut mailer);
    assert!(clock::now().since(began) < Duration::from_secs(2));
}

#[test]
fn a_name_that_nobody_knows_sends_nothing() {
    let mut mailer = mailer(25);
    let server = Some(Server { host: "mail.invalid".to_owned(), port: 25 });
    let mail = MailSettings { server, ..mailer.settings.clone() };
    mailer.configure(&ProcessSettings { mail, ..ProcessSettings::default() });
    add(&mut mailer, "first");
    assert!(mailer.is_idle());
}
