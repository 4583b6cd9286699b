use super::{Activity, Count, HEIGHT, HOSTS, PLOTS, RECENT, SLOT, SLOTS, View};
use time::UtcOffset;

use crate::control::audit::event::{Decision, Failed, Gap, Record, Sandbox, What};
use crate::control::audit::read::Seen;

fn decided(time: u64, host: &str, allowed: bool) -> Seen {
    let what = What::Decision(Decision {
        connection: 1,
        method: "CONNECT".into(),
        host: host.into(),
        port: 443,
        allowed,
        reason: "not-allowed".into(),
        rule: String::new(),
        approval: None,
        address: None,
    });
    seen(time, what)
}

fn seen(time: u64, what: What) -> Seen {
    let sandbox = Some(Sandbox { id: "0123456789ab".into(), name: "shop".into() });
    let record = Record { number: time, time, sandbox, origin: None, what };
    Seen { record, line: String::new(), connected: None }
}

fn view(now: u64, seen: impl IntoIterator<Item = Seen>) -> View {
    let mut activity = Activity::default();
    seen.into_iter().for_each(|seen| activity.take(&seen, UtcOffset::UTC));
    activity.view(now)
}

/// A time in the middle of the day that is shown.
const NOON: u64 = 1000 * SLOT;

#[test]
fn requests_are_counted_for_each_host_and_half_hour() {
    let shown = view(
        NOON,
        [
            decided(NOON, "a.example.com", true),
            decided(NOON, "a.example.com", true),
            decided(NOON - SLOT, "a.example.com", false),
            decided(NOON, "b.example.com", false),
        ],
    );
    assert_eq!(shown.all.count, Count { allowed: 2, refused: 2, failed: 0 });
    assert_eq!(shown.hosts.iter().map(|line| line.host.text()).collect::<Vec<_>>(), ["a.example.com", "b.example.com"]);
    let plot = &shown.hosts[0].plot;
    assert_eq!((plot.count, plot.most), (Count { allowed: 2, refused: 1, failed: 0 }, 2));
    let bars: Vec<_> = plot.bars.iter().map(|bar| (bar.x / 4, bar.allowed, bar.refused)).collect();
    assert_eq!(bars, [(SLOTS - 2, 0, (HEIGHT - 1) / 2), (SLOTS - 1, HEIGHT - 1, 0)]);
}

#[test]
fn a_day_is_shown_and_nothing_of_before() {
    let first = NOON - (SLOTS - 1) * SLOT;
    let shown = view(NOON, [decided(first - 1, "old.example.com", true), decided(first, "new.example.com", true)]);
    assert_eq!(shown.hosts.iter().map(|line| line.host.text()).collect::<Vec<_>>(), ["new.example.com"]);
    assert_eq!(shown.hosts[0].plot.bars[0].x, 0);
    assert_eq!(shown.recent.len(), 2, "the log is older");
}

#[test]
fn no_bar_leaves_its_plot_and_the_smallest_is_seen() {
    for (allowed, refused) in [(1, 0), (0, 1), (1, 10_000), (10_000, 1), (5000, 5000), (3, 4)] {
        let many = (0..allowed).map(|_| true).chain((0..refused).map(|_| false));
        let shown = view(NOON, many.map(|allowed| decided(NOON, "a.example.com", allowed)));
        let bar = &shown.all.bars[0];
        assert_eq!((bar.allowed > 0, bar.refused > 0), (allowed > 0, refused > 0));
        assert!(bar.refused_y + bar.refused == bar.allowed_y && bar.allowed_y + bar.allowed == HEIGHT, "{bar:?}");
    }
}

#[test]
fn a_flood_of_hosts_and_entries_is_bounded_and_told() {
    let mut activity = Activity::default();
    for at in 0..3 * HOSTS as u64 {
        activity.take(&decided(NOON + at, &format!("{at}.example.com"), false), UtcOffset::UTC);
    }
    assert_eq!(activity.hosts.len(), HOSTS);
    let shown = activity.view(NOON);
    assert_eq!((shown.hosts.len(), shown.more), (PLOTS, HOSTS - PLOTS));
    assert_eq!(shown.recent.len(), RECENT);
    assert_eq!(shown.recent[0].time, NOON + 3 * HOSTS as u64 - 1, "the newest first");
}

#[test]
fn every_entry_has_a_text() {
    let gap = What::Gap(Gap { epoch: "e1".into(), first: 3, last: Some(5) });
    let shown = view(NOON, [seen(1, gap), decided(2, "a.example.com", false)]);
    let told: Vec<_> = shown.recent.iter().map(|one| (one.word, one.tone, one.text.text())).collect();
    let expected = [
        ("refused", "deny", "CONNECT a.example.com:443, not-allowed".to_owned()),
        ("gap", "deny", "events 3 to 5 of guardian e1 lost".to_owned()),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_failed_is_neither_allowed_nor_refused() {
    let failed = What::Failed(Failed { connection: 1, reason: "not-found".into() });
    let failed = Seen { connected: Some(("a.example.com".into(), 443)), ..seen(NOON, failed) };
    let shown = view(NOON, [decided(NOON - SLOT, "a.example.com", true), failed]);
    assert_eq!(shown.all.count, Count { allowed: 0, refused: 0, failed: 1 });
    assert_eq!((shown.recent[0].word, shown.recent[0].tone), ("failed", ""));
}
