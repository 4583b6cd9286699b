use super::*;

fn outcome(text: &[u8]) -> Result<String, FormError> {
    form(text).map(|form| match form {
        Form::Machine => "machine".to_owned(),
        Form::Script(Interpreter { program, arguments }) => [vec![program], arguments].concat().join("|"),
    })
}

#[test]
fn the_first_line_says_what_runs_a_script() {
    let cases: &[(&[u8], Result<&str, FormError>)] = &[
        (b"\x7fELF\x02", Ok("machine")),
        (b"#!/bin/sh\necho", Ok("/bin/sh")),
        (b"#! /bin/sh -eu \necho", Ok("/bin/sh|-eu")),
        (b"#!/usr/bin/awk -f -v", Ok("/usr/bin/awk|-f -v")),
        (b"#!/usr/bin/env node\n", Ok("node")),
        (b"#!/usr/bin/env -S deno run --allow-net\n", Ok("deno|run|--allow-net")),
        (b"#!/usr/bin/env -S  /opt/x/node\n", Ok("/opt/x/node")),
        (b"", Err(FormError::Neither)),
        (b"echo hi\n", Err(FormError::Neither)),
        (b"#!\n", Err(FormError::Relative)),
        (b"#!./run\n", Err(FormError::Relative)),
        (b"#!node_modules/.bin/tsx\n", Err(FormError::Relative)),
        (b"#!/bin/sh\r\n", Err(FormError::Line)),
        (b"#!/bin/\xff\n", Err(FormError::Line)),
        (b"#!/usr/bin/env\n", Err(FormError::Env)),
        (b"#!/usr/bin/env -i sh\n", Err(FormError::Env)),
        (b"#!/usr/bin/env A=b sh\n", Err(FormError::Env)),
        (b"#!/usr/bin/env -S A=b sh\n", Err(FormError::Env)),
        (b"#!/usr/bin/env -S sh -c 'id'\n", Err(FormError::Env)),
        (b"#!/usr/bin/env -S ./node\n", Err(FormError::Env)),
        (b"#!/usr/bin/env -S ${X}\n", Err(FormError::Env)),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(text), expected.map(str::to_owned), "{}", String::from_utf8_lossy(text));
    }
    assert_eq!(outcome(format!("#!/bin/{}", "x".repeat(300)).as_bytes()), Err(FormError::Line));
}
