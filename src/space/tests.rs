use super::*;

const GIB: u64 = 1 << 30;

fn space(free: u64, total: u64) -> Space {
    Space { what: What::Engine, path: "/var/lib/docker".into(), free, total, files_free: 0, files_total: 0 }
}

#[test]
fn a_floor_is_what_was_wanted_or_a_tenth_of_what_is_there() {
    let cases = [
        // free, total, wanted, short
        (GIB, 100 * GIB, GIB, false),
        (GIB - 1, 100 * GIB, GIB, true),
        (0, 100 * GIB, 0, false),
        (GIB / 2, 2 * GIB, GIB, false),
        (GIB / 10, 2 * GIB, GIB, true),
        (0, 0, GIB, false),
        (90 * GIB, 100 * GIB, u64::MAX, false),
        (5 * GIB, 100 * GIB, u64::MAX, true),
    ];
    for (free, total, wanted, expected) in cases {
        assert_eq!(space(free, total).is_short(wanted), expected, "{free} of {total}, {wanted} wanted");
        assert_eq!(short([space(free, total)], wanted).is_some(), expected);
    }
}

#[test]
fn files_must_fit_as_well_where_they_are_counted() {
    let cases = [
        // free, total, wanted, short
        (100_000, 32 << 20, GIB, false),
        (99_999, 32 << 20, GIB, true),
        (0, 32 << 20, 0, false),
        (50, 500, 1, false),
        (49, 500, 1, true),
        (0, 0, GIB, false),
    ];
    for (files_free, files_total, wanted, expected) in cases {
        let space = Space { files_free, files_total, ..space(90 * GIB, 100 * GIB) };
        assert_eq!(space.is_short(wanted), expected, "{files_free} of {files_total}, {wanted} wanted");
    }
    let short = short([Space { files_free: 7, files_total: 32 << 20, ..space(90 * GIB, 100 * GIB) }], GIB).unwrap();
    let expected = "only 7 more files fit on the file system of the engine's data (`/var/lib/docker`), and 100000 must";
    assert_eq!(short.to_string(), expected);
    assert!(short.hint().contains("no `limits.freeSpace`"), "{}", short.hint());
}

#[test]
fn what_is_said_names_the_place_and_both_numbers() {
    let short = short([space(9 * GIB, 100 * GIB), space(GIB / 3, 100 * GIB)], GIB).unwrap();
    assert_eq!(
        short.to_string(),
        "only 341.3 MiB are free for the engine's data (`/var/lib/docker`), and 1.0 GiB must stay free"
    );
    assert!(short.hint().contains("`cloister gc`") && short.hint().contains("limits.freeSpace"));
}

#[test]
fn sizes_are_read_by_people() {
    let cases = [(0, "0 bytes"), (1023, "1023 bytes"), (1 << 10, "1.0 KiB"), (3 * GIB / 2, "1.5 GiB")];
    for (bytes, text) in cases {
        assert_eq!(size(bytes), text);
    }
    assert_eq!(size(u64::MAX), "16777215.9 TiB");
}
