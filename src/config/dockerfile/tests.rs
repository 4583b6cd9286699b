use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Dockerfile {
    parse(&Source::new("Dockerfile", text))
}

fn told(found: &[Spanned<String>]) -> Vec<String> {
    let line = |one: &Spanned<String>| one.origin.location.as_ref().map_or(0, |place| place.line);
    found.iter().map(|one| format!("{} {}", line(one), one.value)).collect()
}

#[test]
fn a_frontend_is_found_wherever_a_builder_looks_for_it() {
    let cases = [
        ("# syntax=docker/dockerfile:1\nFROM a", Some("1 docker/dockerfile:1")),
        ("#SYNTAX = evil\nFROM a", Some("1 evil")),
        ("\u{feff}# syntax=evil\r\nFROM a", Some("1 evil")),
        ("#!/usr/bin/env x\n# syntax=evil\nFROM a", Some("2 evil")),
        ("# escape=`\n# check=skip=all\n# syntax=evil\nFROM a", Some("3 evil")),
        ("# unknown=x\n# syntax=evil\nFROM a", Some("2 evil")),
        ("// syntax=evil\nFROM a", Some("1 evil")),
        ("{\"syntax\": \"evil\"}", Some("1 evil")),
        ("# a comment\n# syntax=evil\nFROM a", None),
        ("\n# syntax=evil\nFROM a", None),
        ("FROM a\n# syntax=evil", None),
        ("# syntax=\nFROM a", None),
    ];
    for (text, expected) in cases {
        let found: Vec<_> = parsed(text).syntax.into_iter().collect();
        assert_eq!(told(&found).first().map(String::as_str), expected, "{text}");
    }
}

#[test]
fn what_the_engine_would_fetch_is_found() {
    let cases: &[(&str, &[&str])] = &[
        ("FROM a\nADD http://x.example.com/y /y", &["2 http://x.example.com/y"]),
        ("FROM a\nadd --checksum=sha256:1 HTTPS://x.example.com/y a.txt /y/", &["2 HTTPS://x.example.com/y"]),
        ("FROM a\nADD [\"http://x.example.com/y\", \"/y\"]", &["2 http://x.example.com/y"]),
        ("FROM a\nADD \"http://x.example.com/y\" /y", &["2 http://x.example.com/y"]),
        ("FROM a\nA\\\nDD \\\n# comment\n\n  http://x.example.com/y /y", &["2 http://x.example.com/y"]),
        ("# escape=`\nFROM a\nADD `\nhttp://x.example.com/y /y", &["3 http://x.example.com/y"]),
        ("FROM a\nONBUILD ADD http://x.example.com/y /y", &["2 http://x.example.com/y"]),
        ("FROM a\nADD git@git.example.com:a/b.git /y", &["2 git@git.example.com:a/b.git"]),
        ("FROM a\nADD ssh://git.example.com/a /y", &["2 ssh://git.example.com/a"]),
        ("FROM a\nADD ht\"tp:\"\\//x.example.com/y /y", &["2 ht\"tp:\"\\//x.example.com/y"]),
        ("ARG U=.\nFROM a\nADD ${U} /y", &["3 ${U}"]),
        ("FROM a\nRUN <<E\nx\nE\nADD http://x.example.com/y /y", &["5 http://x.example.com/y"]),
        ("FROM a\nRUN <<E\nADD http://x.example.com/y /y\nE", &[]),
        ("FROM a\nRUN cat <<-'E' <<F\nADD http://x.example.com/y /y\n\tE\nF\nADD b://c /", &["6 b://c"]),
        ("FROM a\nENV X <<E\nADD http://x.example.com/y /y\nE", &["3 http://x.example.com/y"]),
        ("FROM a\nRUN x \\\\\nADD http://x.example.com/y /y", &["3 http://x.example.com/y"]),
        ("FROM a\nCOPY http://x.example.com/y /y\nADD . /app\n# ADD http://x.example.com/y /y", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&parsed(text).fetches()), *expected, "{text}");
    }
}

#[test]
fn a_step_that_gets_more_than_others_is_found() {
    let cases: &[(&str, &[&str])] = &[
        ("RUN --network=host make", &["1 --network=host"]),
        ("RUN --security=insecure make", &["1 --security=insecure"]),
        ("RUN --mount=type=secret,id=a --mount=type=cache,target=/x make", &["1 --mount=type=secret,id=a"]),
        ("RUN --mount=type=cache,type=ssh make", &["1 --mount=type=cache,type=ssh"]),
        ("RUN --mount=\"type=secret\" make", &["1 --mount=\"type=secret\""]),
        ("RUN --netw\\ork=host make", &["1 --netw\\ork=host"]),
        ("RUN --device=gpu make", &["1 --device=gpu"]),
        ("RUN --network=$N make", &["1 --network=$N"]),
        ("ONBUILD RUN --network=host make", &["1 --network=host"]),
        ("RUN --network=none --mount=target=/x,from=b --mount=type=tmpfs,target=/t make --network=host", &[]),
    ];
    for (text, expected) in cases {
        let parsed = parsed(text);
        assert_eq!(told(&parsed.run_grants()), *expected, "{text}");
        assert!(parsed.runs_commands(), "{text}");
    }
    assert!(!parsed("FROM a\nCMD RUN").runs_commands());
}

#[test]
fn stages_know_their_base_and_their_name() {
    let text = "ARG V=3.1\nARG W=\"${V}-slim\"\nFROM --platform=linux/amd64 python:${W} AS Build\nFROM build as b\nFROM x:${NONE:-7}${V:+y}\nFROM $UNKNOWN\nFROM scratch\nCOPY --from=build /a /b\nCOPY --from=0 /a /b\nCOPY --from=tools.example.com/t /a /b\nRUN --mount=type=bind,from=other,target=/x make";
    let parsed = parsed(text);
    let stages = parsed.stages(&BTreeMap::new());
    let bases: Vec<_> = stages.iter().map(|stage| stage.base.as_str()).collect();
    assert_eq!(bases, ["python:3.1-slim", "build", "x:7y", "$UNKNOWN", "scratch"]);
    assert_eq!(stages[0].name.as_deref(), Some("build"));
    assert_eq!(stages[0].platform.as_deref(), Some("linux/amd64"));
    let images = ["3 python:3.1-slim", "5 x:7y", "6 $UNKNOWN", "10 tools.example.com/t", "11 other"];
    assert_eq!(told(&parsed.images(&BTreeMap::new())), images);
}

#[test]
fn what_no_builder_accepts_is_a_diagnostic() {
    let cases = [
        ("FROM a\nFETCH b", "2 `FETCH` is not an instruction"),
        ("FROM a\nRUN <<E\nx", "2 the heredoc `E` is not closed"),
        ("FROM a\n\u{7}", "2 `\\u{7}` is not an instruction"),
    ];
    for (text, expected) in cases {
        let diagnostics = parsed(text).diagnostics;
        let told: Vec<_> = diagnostics.iter().map(|one| format!("{} {}", one.location.line, one.message)).collect();
        assert_eq!(told, [expected], "{text}");
    }
    let large = format!("FROM a\n#{}", "x".repeat(SIZE_LIMIT));
    assert!(parsed(&large).diagnostics[0].message.starts_with("the file is larger than"));
    assert_eq!(parsed("\u{feff}# x\r\n\r\nFROM a \\\r\n  AS b\r\nRUN make \\").diagnostics, []);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(# ?(syntax|escape)=.|FROM |ADD |RUN |ONBUILD |ARG A=|--[a-z]+=|<<-?[A-C'\"]|\\$\\{?[A:+}-]{0,4}|[\\\\`\n\r\t \"'\\[\\]{}é\u{feff}a#=<]){0,50}") {
        let parsed = parsed(&text);
        let _ = (parsed.fetches(), parsed.run_grants(), parsed.declared(), parsed.images(&BTreeMap::new()), parsed.images_on_build(), parsed.beyond_classic());
    }
}

#[test]
fn values_that_double_at_each_step_do_not_fill_the_memory() {
    let doubled = (1..60).map(|step| format!("ARG A{step}=${{A{0}}}${{A{0}}}\n", step - 1)).collect::<String>();
    let text = format!("ARG A0=xxxxxxxxxx\n{doubled}FROM ${{A59}}\n");
    let dockerfile = parse(&Source::new("Dockerfile", text));
    assert!(dockerfile.stages(&BTreeMap::new())[0].base.len() <= 2 * 4096);
}

#[test]
fn only_what_stands_above_is_a_stage() {
    let cases: &[(&str, &[&str])] = &[
        ("FROM a AS x\nFROM b AS y\nCOPY --from=x / /\nCOPY --from=0 / /", &["1 a", "2 b"]),
        ("FROM a AS x\nCOPY --from=y / /\nFROM b AS y", &["1 a", "2 y", "3 b"]),
        ("FROM a AS x\nCOPY --from=x / /", &["1 a", "2 x"]),
        ("FROM a AS x\nCOPY --from=0 / /\nCOPY --from=1 / /\nFROM b", &["1 a", "2 0", "3 1", "4 b"]),
        ("FROM a\nFROM 0\nFROM X", &["1 a", "2 0", "3 X"]),
        ("FROM\nFROM a", &["1 ", "2 a"]),
        ("FROM a\nCOPY --fr\\om=b.example.com/c / /\nRUN --m\\ount=\"from=d\" x", &["1 a", "2 b.example.com/c", "3 d"]),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&parsed(text).images(&BTreeMap::new())), *expected, "{text}");
    }
    let triggered = parsed("FROM a AS x\nONBUILD COPY --from=x / /\nFROM x");
    assert_eq!(told(&triggered.images_on_build()), ["2 x"]);
}

#[test]
fn arguments_of_the_build_win_over_defaults() {
    let args = BTreeMap::from([("V".to_owned(), "2".to_owned()), ("W".to_owned(), "3".to_owned())]);
    let cases = [
        ("ARG V=1\nFROM a:$V", "a:2"),
        ("ARG V\nFROM a:$V", "a:2"),
        ("ARG U=1\nARG U\nFROM a:$U", "a:$U"),
        ("FROM a:$V", "a:$V"),
        ("ARG V=1 X=${V}-slim\nFROM a:${X}", "a:2-slim"),
    ];
    for (text, base) in cases {
        assert_eq!(parsed(text).stages(&args)[0].base, base, "{text}");
    }
}

#[test]
fn what_only_buildkit_knows_is_found() {
    let cases: &[(&str, &[&str])] = &[
        (
            "FROM --platform=$P a AS x\nCOPY --from=x --chown=1 a b\nADD a b\nHEALTHCHECK --timeout=1s CMD x\nRUN make --flag",
            &[],
        ),
        (
            "COPY --chmod=755 a b\nCOPY --li\\nk a b\nADD --checksum=x a b",
            &["1 --chmod=755", "2 --li\\nk", "3 --checksum=x"],
        ),
        (
            "RUN --mount=type=cache,target=/x make\nONBUILD RUN --network=none make",
            &["1 --mount=type=cache,target=/x", "2 --network=none"],
        ),
        ("RUN <<E\nx\nE\nCOPY <<E /f\nx\nE", &["1 RUN <<", "4 COPY <<"]),
    ];
    for (text, expected) in cases {
        assert_eq!(told(&parsed(text).beyond_classic()), *expected, "{text}");
    }
    assert_eq!(
        told(&parsed("ARG HTTP_PROXY A=\"x y\" ht\\tp_proxy=1").declared()),
        ["1 HTTP_PROXY", "1 A", "1 http_proxy"]
    );
}

#[test]
fn what_only_a_cloning_builder_understands_is_told_apart() {
    let repositories =
        ["git@example.com:a/b.git", "https://example.com/a/b.git#main", "github.com/a/b", "ssh://example.com/a"];
    let files = ["https://example.com/a.tar.gz", "http://example.com/", "$URL", "https://example.com/b.git.tar"];
    for (source, expected) in
        repositories.map(|source| (source, true)).into_iter().chain(files.map(|source| (source, false)))
    {
        assert_eq!(is_repository(source), expected, "{source}");
    }
}
