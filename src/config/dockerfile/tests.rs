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
        ("FROM a\nADD http://x.example.com/y\\ /y/", &["2 http://x.example.com/y\\"]),
        ("FROM a\nADD a http://x.example.com/y\\ /y/", &["2 http://x.example.com/y\\"]),
        ("FROM a\nADD a \"b http://x.example.com/y /y/", &["2 http://x.example.com/y"]),
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
fn what_a_step_asks_for_is_told_by_its_flags() {
    use Asks::*;
    let cases: &[(&str, &[Asks])] = &[
        ("RUN --network=host make", &[HostNetwork]),
        ("RUN --netw\\ork=host make", &[HostNetwork]),
        ("RUN --network=\"none\" make", &[NoNetwork]),
        ("RUN --network=default make --network=host", &[SameNetwork]),
        ("RUN --network=$N make", &[More]),
        ("RUN --security=insecure make", &[More]),
        ("RUN --device=gpu make", &[More]),
        ("RUN --mount make", &[Mount]),
        ("RUN --mount=type=$T make", &[More]),
        ("RUN --mount=type=secret,id=a --mount=type=cache,target=/x make", &[Secret, Cache]),
        ("RUN --mount=type=cache,TYPE=ssh make", &[Secret]),
        ("RUN --mount=\"type=secret\" make", &[Secret]),
        ("RUN --mount=type=secret,required make", &[RequiredSecret]),
        ("RUN --mount=type=ssh,Required=$X make", &[RequiredSecret]),
        ("RUN --mount=required=true,type=secret make", &[RequiredSecret]),
        ("RUN --mount=type=secret,required=False,id=a make", &[Secret]),
        ("ONBUILD RUN --network=host make", &[HostNetwork]),
        ("RUN --mount=target=/x,from=b --mount=type=tmpfs,target=/t make", &[Mount, Mount]),
        ("COPY --network=host a b", &[]),
    ];
    for (text, expected) in cases {
        let parsed = parsed(text);
        let asks: Vec<Asks> = parsed.step_flags().into_iter().map(|flag| flag.asks).collect();
        assert_eq!(asks, *expected, "{text}");
        assert_eq!(parsed.runs_commands(), !text.starts_with("COPY"), "{text}");
    }
    assert!(!parsed("FROM a\nCMD RUN").runs_commands());
}

#[test]
fn the_widest_network_that_a_step_asks_for_counts() {
    let cases = [
        ("FROM a\nCOPY a b", StepNetwork::None),
        ("RUN --network=none a", StepNetwork::None),
        ("RUN --network=none a\nRUN b", StepNetwork::Builder),
        ("RUN b\nRUN --network=none a", StepNetwork::Builder),
        ("RUN --network=none --network=default a", StepNetwork::Builder),
        ("RUN --network=none a\nONBUILD RUN b", StepNetwork::Builder),
        ("RUN --network=host a\nRUN b", StepNetwork::Host),
        ("RUN --network=$N a", StepNetwork::Builder),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text).step_network(), expected, "{text}");
    }
}

#[test]
fn a_builder_gets_the_text_without_what_nothing_is_given_for() {
    let cases = [
        ("RUN --network=none a", Some("RUN                a")),
        (
            "RUN --mount=type=ssh --mount=type=tmpfs,target=/t a",
            Some("RUN                  --mount=type=tmpfs,target=/t a"),
        ),
        ("ONBUILD RUN --network=default a", Some("ONBUILD RUN                   a")),
        (
            "# x\nRUN \\\n  --mount=type=cache,target=/c \\\n  a",
            Some("# x\nRUN \\\n                               \\\n  a"),
        ),
        (
            "RUN --network=host --mount=type=secret,required a",
            Some("RUN --network=host --mount=type=secret,required a"),
        ),
        ("RUN a --network=none", Some("RUN a --network=none")),
        ("COPY --network=none a b", Some("COPY --network=none a b")),
        ("RUN --network=none <<E\n--network=none\nE", Some("RUN                <<E\n--network=none\nE")),
        ("RUN --net\\\nwork=none a", None),
        ("RUN \\\n# --network=none\n --network=none a", None),
        ("RUN --mount=source=--network=none --network=none a", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text).sent(Builder::Classic).as_deref(), expected, "{text}");
    }
    let kept = "RUN --network=none --mount=type=cache,target=/c --mount=type=secret,id=a x";
    let without = "RUN --network=none --mount=type=cache,target=/c                          x";
    assert_eq!(parsed(kept).sent(Builder::BuildKit), Some(format!("# escape=\\\n#\n{without}")));
}

#[test]
fn buildkit_gets_no_text_that_names_a_frontend() {
    let tops =
        ["# syntax=evil", "\u{feff}# syntax=evil", "#!x\n# syntax=evil", "// syntax=evil", "# escape=`\n# syntax=evil"];
    for top in tops {
        let before = parsed(&format!("{top}\nFROM a\nRUN b `\n c"));
        let after = parsed(&before.sent(Builder::BuildKit).unwrap_or_default());
        assert_eq!((before.syntax.is_some(), after.syntax.is_some()), (true, false), "{top}");
        let said = |one: &Dockerfile| one.instructions.iter().map(|one| one.words.clone()).collect::<Vec<_>>();
        assert_eq!(said(&before), said(&after), "{top}");
    }
}

#[test]
fn a_repository_that_takes_a_key_is_told_apart() {
    let cases = [
        ("git@git.example.com:a/b.git", true),
        ("ssh://git.example.com/a", true),
        ("SSH://git.example.com/a", true),
        ("s\"sh:\"//git.example.com/a", true),
        ("https://user@git.example.com/a.git", false),
        ("git://git.example.com/a", false),
        ("github.com/a/b@c", false),
    ];
    for (source, expected) in cases {
        assert_eq!(needs_key(source), expected, "{source}");
    }
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
        let _ = (parsed.fetches(), parsed.step_flags(), parsed.step_network(), parsed.sent(Builder::Classic), parsed.sent(Builder::BuildKit), parsed.declared(), parsed.images(&BTreeMap::new()), parsed.images_on_build(), parsed.beyond_classic());
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
        ("FROM a\nRUN --mount=type=bind,From=b.example.com/c x", &["1 a", "2 b.example.com/c"]),
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

/// Each of these made Engine 26.1 or `BuildKit` fetch what this parser had not seen.
#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let cases = [
        ("ADD [\"http:\\u002f\\u002fx.example.com\\u002fy\", \"/y\"] x", "is no JSON list"),
        ("ADD [\"http:\\u002f\\u002fx.example.com\\u002fy\", \"/\\ud800/\"]", "is no JSON list"),
        ("ADD --chown=0\u{a0}http://x.example.com/y /y/", "white space"),
        ("COPY --chown=0\u{a0}--from=x.example.com/i:1 /a /b", "white space"),
        ("COPY --chown=0\\ --from=x.example.com/i:1 /a /b", "an escape"),
        ("ARG A=1\u{a0}IMG=x.example.com/i:1", "white space"),
        ("ARG A=1\u{2003}HTTP_PROXY=x", "white space"),
        ("ARG A=1\u{b}HTTP_PROXY=x", "white space"),
        ("ARG I\\MG=x.example.com/i:1", "a name"),
        ("ARG \"IMG\"=x.example.com/i:1", "a name"),
        ("FROM x\\.example.com/i:1", "an escape"),
        ("RUN --network=none\u{a0}--network=host make", "white space"),
        ("RUN \u{a0}--network=host make", "white space"),
        ("RUN <<E\\OF\nADD http://x.example.com/y /y\nE\\OF", "a here-document"),
        ("RUN cat <<E <<\"USER root\"\nE\nUSER root", "a here-document"),
        ("ONBUILD ADD --chown=0\u{a0}http://x.example.com/y /y", "white space"),
    ];
    for (text, expected) in cases {
        let diagnostics = parsed(&format!("FROM a\n{text}")).diagnostics;
        assert!(diagnostics.first().is_some_and(|one| one.message.contains(expected)), "{text}: {diagnostics:?}");
    }
    let plain = [
        "FROM --platform=$BUILDPLATFORM \"img:${TAG:-1}\" AS base\nARG VARIANT=\"a b\" OTHER='x' _X\nARG P=a\\ b",
        "FROM a\nRUN [ -d /x ] && printf 'a\u{a0}b\\n' > y; test $((1<<2)) -eq 4 || cat <<< z",
        "FROM a\nRUN <<-'EOF' cat\n\u{a0}\\\n\tEOF\nCOPY <<\"E.1\" /y\nx\nE.1\nADD [\"a b\", \"/y\"]\nCOPY a\\[1\\] /y",
        "FROM a\r\nCOPY --chown=\"1:1\" --from=0 a \\\r\n\tb /y\r\nENV X=\u{a0}\\\\\r\nRUN\t--mount=type=bind,target=/x make",
    ];
    for text in plain {
        assert_eq!(parsed(text).diagnostics, [], "{text}");
    }
}
