use super::*;

#[test]
fn each_path_is_read_and_the_old_one_of_a_renamed_one_is_not() {
    for (answer, expected) in [
        ("", &[][..]),
        (" M .vscode/tasks.json\0", &[".vscode/tasks.json"]),
        ("R  .idea/new name\0.idea/old\0 D .mcp.json\0", &[".idea/new name", ".mcp.json"]),
        ("nonsense", &["sense"]),
        ("é\0", &[]),
    ] {
        assert_eq!(paths(answer.as_bytes()), expected, "{answer:?}");
    }
}
