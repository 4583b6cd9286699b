use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn answers_as_the_source_does(text in "(\u{feff})?([ -~é\n\r]{0,40}){0,80}", at in 0usize..4000) {
        let mut start = at.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let source = Source::new("a.json", text.as_str());
        prop_assert_eq!(Locator::new(&source).locate(start..start), source.locate(start..start));
    }
}
