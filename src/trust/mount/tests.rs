use serde_json::json;

use super::*;

#[test]
fn a_mount_has_a_source_and_a_target() {
    let (wanted, mistakes) = Wanted::read(&json!([{ "source": "~/data", "target": "/data" }]));
    assert_eq!(mistakes, []);
    assert_eq!(wanted[0].path(Path::new("/home/dev")), "/home/dev/data");
    let absolute = Wanted { source: "/srv/data".to_owned(), ..wanted[0].clone() };
    assert_eq!(absolute.path(Path::new("/home/dev")), "/srv/data");
    let odd = [
        json!("source=/a,target=/b,type=bind"),
        json!({ "source": "/a" }),
        json!({ "source": "/a", "target": 1 }),
        json!({ "source": "/a", "target": "/b", "readonly": false }),
        json!({ "source": "/a", "target": "/b", "type": "volume" }),
        json!(null),
    ];
    for odd in odd {
        let (wanted, mistakes) = Wanted::read(&json!([odd]));
        assert!(wanted.is_empty() && mistakes.len() == 1, "{odd}");
    }
    let flood = json!(vec![json!({ "source": "/a", "target": "/b" }); MOST + 1]);
    for odd in [flood, json!({}), json!("x")] {
        let (wanted, mistakes) = Wanted::read(&odd);
        assert!(wanted.is_empty() && mistakes.len() == 1 && mistakes[0].index.is_none());
    }
}
