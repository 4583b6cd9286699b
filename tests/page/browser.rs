//! The page in a real browser: what a person does, and what others try. One browser for all of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use cloister::control::approvals::card::CardId;
use cloister::control::approvals::choice::{Choice, Reach, Span, Term};
use cloister::control::protocol::{CardView, Mistake};
use cloister::policy::decision::Verdict;

use crate::activity;
use crate::desk::{Desk, card, waiting_choices};
use crate::driver::{Browser, ENTER, ESCAPE, TAB};
use crate::pictures;
use crate::repository;
use crate::served::Served;
use crate::texts::{card_full_of, fill};

/// Longer than a card takes no answer.
const SETTLED: Duration = Duration::from_millis(600);
const ALLOW: Choice = Choice { verdict: Verdict::Allow, term: Term::Session, reach: Reach::Exact };
const DENY: Choice = Choice { verdict: Verdict::Deny, term: Term::Session, reach: Reach::Exact };

#[tokio::test]
async fn a_person_decides_on_the_page_and_nobody_else() {
    let (browser, served) = (Browser::start().await, Served::start().await);
    a_link_logs_in_once(&browser, &served).await;
    a_click_allows(&browser, &served).await;
    keys_deny_and_allow_one_card_at_a_time(&browser, &served).await;
    what_reaches_far_has_to_be_typed(&browser, &served).await;
    what_was_answered_elsewhere_vanishes(&browser, &served).await;
    repository::what_it_asks_for_is_shown_and_answered_for_the_folder(&browser, &served).await;
    what_just_appeared_or_moved_takes_no_answer(&browser, &served).await;
    what_changed_is_another_card(&browser, &served).await;
    what_the_sandbox_says_later_is_shown(&browser, &served).await;
    what_an_answer_does_by_now_is_read_before_it_is_given(&browser, &served).await;
    what_is_refused_is_said(&browser, &served).await;
    what_was_decided_is_told_and_undone_at_once(&browser, &served).await;
    how_long_something_waits_is_counted_and_moves_nothing(&browser, &served).await;
    a_broken_policy_is_told_on_every_view(&browser, &served).await;
    screen_readers_are_told(&browser, &served).await;
    text_of_others_does_nothing(&browser, &served).await;
    other_pages_get_nowhere(&browser, &served).await;
    two_tabs_show_the_same(&browser, &served).await;
    a_decision_is_undone(&browser, &served).await;
    rules_are_searched(&browser, &served).await;
    let _log = activity::write(&served);
    entries_of_the_log_are_searched(&browser, &served).await;
    pictures::every_view_fits_and_is_readable(&browser, &served).await;
    let served = news_come_again_after_a_restart(&browser, served).await;
    logging_out_ends_it(&browser, &served).await;
    browser.end().await;
}

async fn log_in(browser: &Browser, served: &Served) {
    browser.open(&served.link()).await;
    browser.until("document.body.dataset.link === 'live'").await;
}

/// Shows the inbox with these cards and waits until they take answers.
async fn show(browser: &Browser, desk: &Desk, titles: &[&str]) {
    desk.clear();
    browser.until("document.querySelectorAll('.card').length === 0").await;
    for (at, title) in titles.iter().enumerate() {
        desk.put(card(at as u64 + 1, title));
    }
    browser.until(&format!("document.querySelectorAll('.card').length === {}", titles.len())).await;
    browser.until("document.querySelector('.settling') === null").await;
}

#[track_caller]
fn assert_decided(desk: &Desk, expected: &[(u64, Choice)]) {
    let expected: Vec<_> = expected.iter().map(|(id, choice)| (CardId(*id), choice.clone())).collect();
    assert_eq!(desk.decided(), expected);
}

/// Where the focus is: the number of the card, the id of an element, or the name of one.
const FOCUS: &str = "const at = document.activeElement; return at.dataset.card ?? (at.id || at.localName)";

async fn a_link_logs_in_once(browser: &Browser, served: &Served) {
    let link = served.link();
    browser.open(&link).await;
    assert_eq!(browser.address().await, format!("http://127.0.0.1:{}/", served.port), "its secret left the address");
    browser.until("document.body.dataset.link === 'live'").await;
    assert_eq!(browser.run("return document.cookie").await, "", "no script reads the cookie");
    browser.forget_cookies().await;
    browser.open(&link).await;
    browser.until("document.body.textContent.includes('log in first')").await;
    log_in(browser, served).await;
}

async fn a_click_allows(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    assert_eq!(browser.run(FOCUS).await, "body", "a card that appears takes no focus");
    browser.click(".card [data-key=a]").await;
    browser.until("document.querySelector('.card') === null").await;
    browser.until("!document.getElementById('nothing').hidden").await;
    assert_decided(&served.desk, &[(1, ALLOW)]);
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.click(".card [data-key=d]").await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(1, DENY)]);
}

async fn keys_deny_and_allow_one_card_at_a_time(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["first.example.com:443", "second.example.com:443"]).await;
    browser.press("a").await;
    browser.press("j").await;
    assert_eq!(browser.run(FOCUS).await, "1", "no card has the focus until somebody gives it");
    browser.press("d").await;
    browser.until("document.querySelectorAll('.card').length === 1").await;
    assert_eq!(browser.run(FOCUS).await, "heading", "nor has the next one afterwards");
    browser.press("d").await;
    tokio::time::sleep(SETTLED).await;
    assert_decided(&served.desk, &[(1, DENY)]);
    browser.press("ja").await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(1, DENY), (2, ALLOW)]);
    show(browser, &served.desk, &["one.example.com:443", "two.example.com:443"]).await;
    browser.press("jj").await;
    assert_eq!(browser.run(FOCUS).await, "2");
    browser.press("jk").await;
    assert_eq!(browser.run(FOCUS).await, "1");
    browser.press(ENTER).await;
    assert_eq!(browser.run("return document.activeElement.firstChild.textContent").await, "Allow once");
    assert_eq!(browser.run("return document.querySelector('.card .wider').open").await, true);
    browser.press(ESCAPE).await;
    assert_eq!(browser.run(FOCUS).await, "1");
    browser.press(TAB).await;
    browser.press(ENTER).await;
    browser.until("document.querySelectorAll('.card').length === 1").await;
    let once = Choice { term: Term::Once, ..ALLOW };
    assert_decided(&served.desk, &[(1, once)]);
}

/// Picks among the wider answers.
async fn pick(browser: &Browser, reach: &str, term: &str) {
    browser
        .run(&format!(
            "const pick = (selector, name) => {{
                 const list = document.querySelector(selector);
                 list.value = name;
                 list.dispatchEvent(new Event('change'));
             }};
             pick('.reach', '{reach}');
             pick('.term', '{term}');"
        ))
        .await;
    browser.until("document.querySelector('.settling') === null").await;
}

async fn what_reaches_far_has_to_be_typed(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.press(&format!("j{ENTER}")).await;
    pick(browser, "exactly what is asked", "for an hour").await;
    browser.click(".wider button.deny").await;
    browser.until("document.querySelector('.card') === null").await;
    let hour = Choice { term: Term::For(Span::Hour), ..DENY };
    assert_decided(&served.desk, &[(1, hour)]);
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.press(&format!("j{ENTER}")).await;
    pick(browser, "*.example.com", "for this folder").await;
    browser.click(".wider button.allow").await;
    browser.until("document.querySelector('.settling') === null").await;
    browser.press(&format!("*.example.org{ENTER}")).await;
    browser.until("document.querySelector('.failed').textContent.includes('not what has to be typed')").await;
    assert_decided(&served.desk, &[]);
    browser.until("document.querySelector('.settling') === null").await;
    browser.run("document.querySelector('.confirm input').value = ''").await;
    browser.press(&format!("*.example.com{ENTER}")).await;
    browser.until("document.querySelector('.card') === null").await;
    let far = Choice { term: Term::Project, reach: Reach::Wildcard("*.example.com".into()), ..ALLOW };
    assert_decided(&served.desk, &[(1, far)]);
}

async fn what_was_answered_elsewhere_vanishes(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["one.example.com:443", "two.example.com:443", "three.example.com:443"]).await;
    served.desk.take(2);
    browser.until("document.querySelectorAll('.card').length === 2").await;
    let left = browser.run("return [...document.querySelectorAll('.card')].map((card) => card.dataset.card)").await;
    assert_eq!(left, serde_json::json!(["1", "3"]), "in their order");
    served.desk.change(|cards| cards[0].count = 12);
    browser.until("document.querySelector('.times').textContent.includes('12 times')").await;
    assert_eq!(browser.run("return document.querySelectorAll('.settling').length <= 1").await, true);
}

async fn what_just_appeared_or_moved_takes_no_answer(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &[]).await;
    // What clicks is as quick as can be: in the turn in which the card appears or moves.
    let hasty = "window.clicks = 0;
        const hasty = () => {
            for (const button of document.querySelectorAll('.card [data-key=a]')) { window.clicks += 1; button.click(); }
        };
        window.hasty = new MutationObserver(hasty);
        window.hasty.observe(document.getElementById('cards'), { childList: true });";
    browser.run(hasty).await;
    served.desk.put(card(1, "first.example.com:443"));
    browser.until("window.clicks === 1").await;
    browser.run("document.querySelector('.card').focus()").await;
    browser.press("a").await;
    tokio::time::sleep(SETTLED).await;
    assert_decided(&served.desk, &[]);
    browser.run("window.hasty.disconnect()").await;
    served.desk.put(card(2, "second.example.com:443"));
    browser.until("document.querySelectorAll('.card').length === 2").await;
    browser.until("document.querySelector('.settling') === null").await;
    // The first goes, and the second comes up to where the pointer was.
    browser.run(hasty).await;
    served.desk.take(1);
    browser.until("window.clicks === 1").await;
    browser.run("window.hasty.disconnect()").await;
    tokio::time::sleep(SETTLED).await;
    assert_decided(&served.desk, &[]);
    browser.click(".card [data-key=a]").await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(2, ALLOW)]);
    // So does what opens up above it.
    show(browser, &served.desk, &["first.example.com:443", "second.example.com:443"]).await;
    browser.run("document.querySelector('.card .wider').open = true").await;
    browser.until("document.querySelector('[data-card=\"2\"]').classList.contains('settling')").await;
}

async fn what_changed_is_another_card(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.press("j").await;
    served.desk.change(|cards| {
        cards[0].title = "api.example.org:443".into();
        cards[0].digest = "sha256:other".into();
    });
    browser.until("document.querySelector('.title').textContent === 'api.example.org:443'").await;
    assert_eq!(browser.run(FOCUS).await, "heading", "the focus is not on what nobody read");
    browser.press("a").await;
    tokio::time::sleep(SETTLED).await;
    assert_decided(&served.desk, &[]);
}

/// Which program asks is known a moment later: the card stays the same one, and takes no answer while its place changes.
async fn what_the_sandbox_says_later_is_shown(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.run("window.before = document.querySelector('.card')").await;
    served.desk.change(|cards| cards[0].facts.push(("sandbox says".into(), "<b>curl</b>: curl\u{202e} -s".into())));
    browser.until("document.querySelector('.card .facts').textContent.includes('<b>curl</b>: curl<U+202E> -s')").await;
    assert_eq!(browser.run("return window.before === document.querySelector('.card')").await, true);
    assert_eq!(browser.run("return document.querySelector('.card .hides').hidden").await, false);
    browser.run("document.querySelector('.card [data-key=a]').click()").await;
    assert_decided(&served.desk, &[]);
    browser.until("document.querySelector('.settling') === null").await;
    browser.run("document.querySelector('.card [data-key=a]').click()").await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(1, ALLOW)]);
}

async fn what_was_decided_is_told_and_undone_at_once(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443", "b.example.com:443"]).await;
    assert_eq!(browser.run("return document.getElementById('told').ariaLive").await, "polite");
    browser.press("ja").await;
    browser.until("document.querySelectorAll('.card').length === 1").await;
    let line = "document.querySelector('#told span')?.textContent";
    browser.until(&format!("{line} === 'allowed until it stops: api.example.com:443'")).await;
    assert_eq!(served.desk.decisions(), 1);
    browser.press(TAB).await;
    assert_eq!(browser.run("return document.activeElement.textContent").await, "Undo", "the next key reaches it");
    browser.press(ENTER).await;
    browser.until(&format!("{line} === 'undone: allowed until it stops: api.example.com:443'")).await;
    assert_eq!(served.desk.decisions(), 0);
    browser.until("document.activeElement.id === 'heading'").await;
}

async fn how_long_something_waits_is_counted_and_moves_nothing(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443", "b.example.com:443"]).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let until = u64::try_from(now).unwrap() + 42_000;
    served.desk.change(|cards| cards[0].until = Some(until));
    let left = "document.querySelector('.card .left').textContent";
    browser.until(&format!("{left}.endsWith(' s left')")).await;
    let first = browser.run(&format!("return {left}")).await;
    let places = "return Array.from(document.querySelectorAll('.card'), (card) => card.offsetTop)";
    let before = browser.run(places).await;
    browser.until(&format!("{left} !== {first}")).await;
    assert_eq!(browser.run(places).await, before);
    assert_eq!(browser.run("return document.querySelector('.settling')").await, serde_json::Value::Null);
    assert_eq!(browser.run("return document.querySelectorAll('.left')[1].textContent").await, "", "nothing waits");
}

async fn a_broken_policy_is_told_on_every_view(browser: &Browser, served: &Served) {
    let mistake = Mistake {
        place: "/home/me/config.json5:3:14".into(),
        message: "expected <b>a value</b>\u{202e}".into(),
        since: Some(1_800_000_000_000),
    };
    let told = "document.getElementById('mistakes').textContent";
    browser.until("document.getElementById('mistakes').hidden").await;
    served.desk.break_policy(vec![mistake.clone()]);
    browser.until(&format!("{told}.includes('config.json5:3:14 expected <b>a value</b><U+202E>; in force: ')")).await;
    for (_, path) in pictures::VIEWS {
        browser.open(&format!("http://127.0.0.1:{}/{path}", served.port)).await;
        browser.until(&format!("{told}.includes('config.json5:3:14 expected <b>a value</b>')")).await;
        browser.until("!document.getElementById('mistakes').hidden").await;
    }
    served.desk.break_policy(vec![Mistake { since: None, ..mistake }]);
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
    browser.until(&format!("{told}.includes('nothing is allowed')")).await;
    served.desk.break_policy(Vec::new());
    browser.until("document.getElementById('mistakes').hidden").await;
    browser.until("document.body.dataset.link === 'live'").await;
}

/// Nothing waits any more: the same answers let the next request through in place of this one.
async fn what_an_answer_does_by_now_is_read_before_it_is_given(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    let once = "return document.querySelector('.choices.least button span').textContent";
    assert!(browser.run(once).await.as_str().unwrap().starts_with("lets what waits now"));
    browser.run("window.kept = document.querySelector('.card')").await;
    browser.press("j").await;
    let asked = |cards: &mut Vec<CardView>, waiting| {
        cards[0].waiting = waiting;
        cards[0].choices = waiting_choices(waiting);
    };
    served.desk.change(|cards| asked(cards, 0));
    browser.until("document.querySelector('.times').textContent.includes('nothing waits any more')").await;
    // At once: no answer counts for half a second.
    browser.press("a").await;
    assert_decided(&served.desk, &[]);
    assert!(browser.run(once).await.as_str().unwrap().starts_with("lets the next request"));
    assert_eq!(browser.run("return document.querySelector('.card') === window.kept").await, true);
    assert_eq!(browser.run(FOCUS).await, "1", "it is the same question");
    tokio::time::sleep(SETTLED).await;
    browser.click(".choices.least button").await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(1, Choice { term: Term::Once, ..ALLOW })]);
}

async fn what_is_refused_is_said(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.run("document.querySelector('.card').view.digest = 'sha256:old'").await;
    browser.click(".card [data-key=a]").await;
    browser.until("document.querySelector('.failed').textContent === 'that is not what is asked any more'").await;
    assert_decided(&served.desk, &[]);
}

async fn screen_readers_are_told(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    assert_eq!(browser.label(".card").await, "wants to reach api.example.com:443");
    assert_eq!(browser.run("return document.getElementById('news').ariaLive").await, "polite");
    browser
        .until("document.getElementById('news').textContent === 'new: shop wants to reach api.example.com:443'")
        .await;
    assert_eq!(browser.run("return document.title").await, "(1) Inbox · cloister");
    browser.press(&format!("j{ENTER}")).await;
    assert_eq!(browser.label(".wider .reach").await, "Hosts");
    pick(browser, "*.example.com", "for every sandbox").await;
    browser.click(".wider button.allow").await;
    assert_eq!(browser.label(".confirm input").await, "To confirm, type *.example.com");
    assert_eq!(browser.label("header nav").await, "views");
}

async fn text_of_others_does_nothing(browser: &Browser, served: &Served) {
    let own = "return document.querySelectorAll('main :is(script, iframe, svg, object, a[href^=javascript]), main img').length";
    for text in [
        "<script>window.hurt = 1</script>",
        "<img src=x onerror='window.hurt = 1'>",
        "\"><svg onload=\"window.hurt = 1\">",
        "<iframe srcdoc='<script>parent.hurt = 1</script>'></iframe>",
        "<a href=\"javascript:window.hurt = 1\">x</a>",
        "' autofocus onfocus='window.hurt = 1",
    ] {
        show(browser, &served.desk, &[]).await;
        served.desk.put(card_full_of(1, text));
        fill(&served.desk, text);
        browser.until("document.querySelector('.card') !== null").await;
        assert_eq!(browser.run("return document.querySelector('.title').textContent").await, text);
        assert_eq!(browser.run(own).await, 0, "{text}");
        assert_eq!(browser.run("return window.hurt ?? null").await, serde_json::Value::Null, "{text}");
        for path in ["sandboxes", "policy"] {
            browser.open(&format!("http://127.0.0.1:{}/{path}", served.port)).await;
            assert_eq!(browser.run("return document.querySelector('main').textContent.includes('hurt')").await, true);
            assert_eq!(browser.run(own).await, 0, "{path}: {text}");
            assert_eq!(browser.run("return window.hurt ?? null").await, serde_json::Value::Null, "{path}: {text}");
        }
        browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
    }
    // Even if markup came through: no script runs that is not a file of the page's.
    browser
        .run("const made = document.createElement('script'); made.textContent = 'window.hurt = 1'; document.body.append(made);")
        .await;
    assert_eq!(browser.run("return window.hurt ?? null").await, serde_json::Value::Null);
    show(browser, &served.desk, &[]).await;
    served.desk.put(card_full_of(1, "safe\u{202e}elif\n"));
    browser.until("document.querySelector('.title mark')?.textContent === '<U+202E>'").await;
    assert_eq!(browser.run("return document.querySelector('.title').textContent").await, "safe<U+202E>elif\\n");
    assert_eq!(browser.run("return document.querySelector('.hides').hidden").await, false);
    show(browser, &served.desk, &[]).await;
    let long = format!("{}--upload-pack=evil", "x".repeat(5000));
    served.desk.put(card(1, &long));
    browser.until("document.querySelector('.title summary') !== null").await;
    let short = browser.run("return document.querySelector('.title summary').textContent").await;
    assert!(short.as_str().unwrap().ends_with("--upload-pack=evil"), "{short}");
    browser.until("document.querySelector('.settling') === null").await;
    browser.click(".title summary").await;
    assert_eq!(browser.run("return document.querySelector('.title .whole').textContent").await, long.as_str());
}

/// Another program on this machine serves a page: for cookies it is the same site.
async fn evil(page: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", page.len());
            let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
        }
    });
    port
}

async fn other_pages_get_nowhere(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    let port = served.port;
    let other = evil(format!("<title>evil</title><iframe src='http://127.0.0.1:{port}/'></iframe>")).await;
    browser.open(&format!("http://127.0.0.1:{other}/")).await;
    browser.enter_frame().await;
    assert_eq!(browser.run("return document.querySelector('#main')").await, serde_json::Value::Null, "it is framed");
    browser.leave_frame().await;
    let body = r#"{"card":1,"digest":"sha256:0000000000000000000000000000000000000000000000000000000000000001","choice":{"verdict":"allow","term":"session","reach":"exact"}}"#;
    let tried = browser
        .run(&format!(
            "const send = (mode, headers) => fetch('http://127.0.0.1:{port}/api/decide',
                 {{ method: 'POST', mode, credentials: 'include', headers, body: '{body}' }}).then(() => 'sent', () => 'refused');
             const read = fetch('http://127.0.0.1:{port}/', {{ credentials: 'include' }}).then(() => 'read', () => 'refused');
             return Promise.all([send('no-cors', {{}}), send('cors', {{ 'content-type': 'application/json' }}), read])"
        ))
        .await;
    assert_eq!(tried[1], "refused", "the preflight");
    assert_eq!(tried[2], "refused", "the page with its token is not read");
    tokio::time::sleep(SETTLED).await;
    assert_decided(&served.desk, &[]);
    // A window that another page opens is not in its hands (COOP).
    let opened = browser.run(&format!("window.opened = window.open('http://127.0.0.1:{port}/'); return true")).await;
    assert_eq!(opened, true);
    browser.until("window.opened === null || window.opened.closed").await;
    browser.open(&format!("http://127.0.0.1:{port}/")).await;
    browser.until("document.querySelector('.card') !== null").await;
}

async fn two_tabs_show_the_same(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    let (first, second) = browser.new_tab().await;
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
    browser.until("document.querySelector('.card') !== null && document.querySelector('.settling') === null").await;
    browser.click(".card [data-key=a]").await;
    browser.until("document.querySelector('.card') === null").await;
    browser.switch(&first).await;
    browser.until("document.querySelector('.card') === null").await;
    assert_decided(&served.desk, &[(1, ALLOW)]);
    browser.switch(&second).await;
    browser.close_tab(&first).await;
}

async fn a_decision_is_undone(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.click(".card [data-key=a]").await;
    browser.until("document.querySelector('.card') === null").await;
    browser.click("nav a[href='/policy']").await;
    browser.until("document.querySelector('[data-decision] code')?.textContent === 'api.example.com:443'").await;
    let ends = browser.run("return document.querySelector('[data-label=ends]').textContent").await;
    assert_eq!(ends, "when it stops", "what is for a sandbox's life ends with it");
    browser.click("[data-undo]").await;
    browser.until("document.querySelector('main')?.textContent.includes('Nobody decided anything')").await;
    assert_eq!(served.desk.decisions(), 0);
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
}

async fn rules_are_searched(browser: &Browser, served: &Served) {
    pictures::fill(&served.desk);
    browser.open(&format!("http://127.0.0.1:{}/policy", served.port)).await;
    let shown = "return [...document.querySelectorAll('#rule-table tbody tr')].filter((row) => !row.hidden).length";
    let all = browser.run(shown).await;
    browser.click("input[type=search]").await;
    browser.press("decision").await;
    assert_eq!(browser.run(shown).await, 1, "of {all}");
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
}

async fn entries_of_the_log_are_searched(browser: &Browser, served: &Served) {
    browser.open(&format!("http://127.0.0.1:{}/activity", served.port)).await;
    let shown = "return [...document.querySelectorAll('#log-table tbody tr')].filter((row) => !row.hidden).length";
    browser.click("input[type=search]").await;
    browser.press("telemetry").await;
    assert_eq!(browser.run(shown).await, 8);
    let label = browser.label("#hosts ~ p svg").await;
    assert_eq!(label.split(", at most").next(), Some("all hosts: 32 allowed, 8 refused"));
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
}

async fn news_come_again_after_a_restart(browser: &Browser, served: Served) -> Served {
    browser.open(&format!("http://127.0.0.1:{}/sandboxes", served.port)).await;
    let ended = served.end().await;
    browser.until("document.getElementById('away').checkVisibility()").await;
    let served = ended.start().await;
    browser.until("document.getElementById('away').hidden").await;
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
    show(browser, &served.desk, &["before.example.com:443"]).await;
    let ended = served.end().await;
    browser.until("document.body.dataset.link === 'lost'").await;
    browser.click(".card [data-key=a]").await;
    let served = ended.start().await;
    assert_decided(&served.desk, &[]);
    browser.until("document.body.dataset.link === 'live'").await;
    served.desk.put(card(2, "after.example.com:443"));
    browser.until("document.querySelectorAll('.card').length === 2").await;
    browser.until("document.querySelector('.settling') === null").await;
    browser.click("[data-card='2'] [data-key=a]").await;
    browser.until("document.querySelectorAll('.card').length === 1").await;
    assert_decided(&served.desk, &[(2, ALLOW)]);
    served
}

async fn logging_out_ends_it(browser: &Browser, served: &Served) {
    show(browser, &served.desk, &["api.example.com:443"]).await;
    browser.click("#logout").await;
    browser.until("document.querySelector('main').textContent.includes('You are logged out')").await;
    assert_eq!(browser.run("return document.querySelector('.card')").await, serde_json::Value::Null);
    browser.open(&format!("http://127.0.0.1:{}/", served.port)).await;
    browser.until("document.body.textContent.includes('log in first')").await;
}
