use super::{Refused, difference};

fn refused(host: &str, port: u16, count: u64) -> Refused {
    Refused { host: host.to_owned(), port, reason: "not-listed".to_owned(), count, last: count }
}

#[test]
fn only_what_happened_since_counts() {
    let before = [refused("a.example.com", 443, 2), refused("b.example.com", 443, 5), refused("c.example.com", 443, 9)];
    let now = vec![
        refused("a.example.com", 443, 2),
        refused("b.example.com", 443, 6),
        refused("a.example.com", 80, 1),
        refused("c.example.com", 443, 3),
    ];
    let since = difference(&before, now);
    let shown: Vec<String> = since.iter().map(|one| format!("{}:{} {}", one.host, one.port, one.count)).collect();
    assert_eq!(shown, ["b.example.com:443 1", "a.example.com:80 1", "c.example.com:443 3"]);
}
