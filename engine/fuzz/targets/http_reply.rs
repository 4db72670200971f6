//! The answer of an HTTP server: the same verdict however it is cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use understudy_core::checks::http::Reply;
use understudy_core::checks::settings::Url;

fuzz_target!(|input: &[u8]| {
    let [asked, width, answer @ ..] = input else { return };
    let url = Url {
        path: "/".into(),
        digest: (asked & 1 != 0).then_some([0; 16]),
        status: if asked & 2 != 0 { vec![(100, 404)] } else { Vec::new() },
        virtualhost: None,
        close_notify: false,
    };
    let verdict = |pieces: &[&[u8]]| {
        let mut reply = Reply::new(&url);
        let taken = pieces.iter().try_for_each(|piece| reply.feed(piece));
        (taken, reply.end(), reply.digest(), reply.summary())
    };
    let whole = verdict(&[answer]);
    let pieces = verdict(&answer.chunks(usize::from(*width).max(1)).collect::<Vec<_>>());
    assert_eq!(whole, pieces);
});
