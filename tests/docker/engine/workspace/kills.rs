//! A start or a stop that is killed leaves nothing in the project once the next command ran.

use std::time::Duration;

use super::{tree, user};

#[test]
fn a_start_or_stop_that_is_killed_leaves_nothing_in_the_project() {
    let user = user();
    let before = tree(&user.project);
    for (command, delays) in [(&["start", "--detach"][..], [40, 150, 400, 700]), (&["stop"][..], [5, 60, 200, 400])] {
        for delay in delays {
            if command == ["stop"] {
                user.start();
            }
            let mut child = user.command(command).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(delay));
            child.kill().unwrap();
            child.wait().unwrap();
            user.listed();
            // What was through already runs, and is stopped in the ordinary way.
            user.run(&["shutdown"]).expect(0);
            assert_eq!(tree(&user.project), before, "{command:?} after {delay} ms");
        }
    }
}
