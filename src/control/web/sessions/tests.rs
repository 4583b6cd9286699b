use super::{LINK, MOST, SESSION, Sessions};

#[test]
fn a_link_is_good_once_and_for_a_minute() {
    let mut sessions = Sessions::default();
    sessions.invite("link", 0);
    assert!(!sessions.begin("another", ("cookie", "token"), 1), "nobody was invited by it");
    assert!(!sessions.begin("", ("cookie", "token"), 1), "nor by none");
    assert!(sessions.begin("link", ("cookie", "token"), LINK - 1));
    assert!(!sessions.begin("link", ("cookie", "token"), LINK - 1), "it is used up");
    sessions.invite("late", 0);
    assert!(!sessions.begin("late", ("cookie", "token"), LINK), "a minute is over");
}

#[test]
fn a_session_is_its_cookies_and_ends() {
    let mut sessions = Sessions::default();
    sessions.invite("link", 0);
    assert!(sessions.begin("link", ("cookie", "token"), 0));
    let token = |sessions: &Sessions, cookie: &str, now| sessions.of(cookie, now).map(|one| one.token.clone());
    assert_eq!(token(&sessions, "cookie", SESSION - 1).as_deref(), Some("token"));
    assert_eq!(token(&sessions, "cookie", SESSION), None, "a day's work is over");
    assert_eq!(token(&sessions, "token", 1), None);
    sessions.end("cookie", 1);
    assert_eq!(token(&sessions, "cookie", 1), None);
}

#[test]
fn what_lies_on_the_disk_logs_nobody_in() {
    let mut sessions = Sessions::default();
    sessions.invite("link", 0);
    sessions.invite("other", 0);
    assert!(sessions.begin("link", ("cookie", "token"), 0));
    let text = serde_json::to_string(&sessions).unwrap();
    assert!(!text.contains("cookie\"") || !text.contains("\"cookie\":\"cookie\""), "{text}");
    let mut again: Sessions = serde_json::from_str(&text).unwrap();
    assert!(again.of("cookie", 1).is_some(), "who was logged in stays so");
    assert!(!again.begin("other", ("cookie", "token"), 1), "a link that was printed is good no more");
    for digest in text.split('"').filter(|word| word.len() == 64) {
        assert!(again.of(digest, 1).is_none());
    }
}

#[test]
fn only_so_many_are_kept() {
    let mut sessions = Sessions::default();
    for number in 0..=MOST {
        sessions.invite(&format!("link {number}"), 0);
    }
    assert!(!sessions.begin("link 0", ("cookie", "token"), 1), "the oldest made place");
    assert!(sessions.begin("link 1", ("cookie", "token"), 1));
}
