use super::*;
use crate::cli::approve::text::tests::asked;
use crate::control::approvals::card::CardId;
use crate::control::protocol::Ended;

fn card(id: u64, digest: &str, waiting: u64) -> CardView {
    CardView { id: CardId(id), digest: digest.to_owned(), waiting, ..asked("x") }
}

#[test]
fn what_happens_to_a_card_is_said_once() {
    let shown = card(1, "a", 1);
    let mut said = Said { has_waited: true, ..Said::default() };
    let said_of = |text: &str| Heard::Said(text.to_owned());
    let inbox = |cards: &[CardView]| Inbox { cards: cards.to_vec(), ..Inbox::default() };
    let waits_no_more = "nobody answered in time: it waits no more, and an answer is for the next time";
    let steps = [
        (vec![shown.clone()], Heard::Nothing),
        (vec![shown.clone(), card(2, "b", 1)], said_of("1 more waits")),
        (vec![shown.clone(), card(2, "b", 1), card(3, "c", 1)], said_of("2 more wait")),
        (vec![shown.clone()], Heard::Nothing),
        (vec![shown.clone(), card(4, "b", 1)], Heard::Nothing),
        (vec![card(1, "a", 0)], said_of(waits_no_more)),
        (vec![card(1, "a", 2)], Heard::Nothing),
        (vec![card(1, "a", 0)], Heard::Nothing),
        (vec![card(1, "x", 1)], said_of("more is asked for than is shown: Enter shows it again")),
        (vec![card(1, "y", 1)], Heard::Nothing),
    ];
    for (cards, expected) in steps {
        assert_eq!(said.hear(&inbox(&cards), &shown), expected, "{cards:?}");
    }
}

#[test]
fn a_card_that_is_gone_says_why() {
    let cases = [
        (Some(Ended::Answered), "answered elsewhere"),
        (Some(Ended::Expired), "it waits no more: nobody answered in time, or whoever asked is gone"),
        (Some(Ended::Overtaken), "a rule answers it now"),
        (None, "it waits no more"),
    ];
    for (ended, expected) in cases {
        let ended = ended.map(|ended| (CardId(1), ended));
        let inbox = Inbox { ended: ended.into_iter().collect(), ..Inbox::default() };
        assert_eq!(Said::default().hear(&inbox, &card(1, "a", 1)), Heard::Gone(expected.to_owned()));
    }
}
