//! Names that pretend to be others: letters of other scripts (punycode), mixed scripts, one letter beside a known name, a
//! known name in front of another one, addresses in disguise.

use super::{Level, Risk, named};
use crate::policy::host::Host;
use crate::policy::rule::Rule;

/// Names that are worth pretending to be, besides those that are listed. Registries are known by the rules of presets.
const KNOWN: &[&str] = &[
    "amazon.com",
    "anthropic.com",
    "apple.com",
    "bitbucket.org",
    "claude.ai",
    "cloudflare.com",
    "docker.com",
    "github.com",
    "githubusercontent.com",
    "gitlab.com",
    "google.com",
    "googleapis.com",
    "microsoft.com",
    "openai.com",
    "rust-lang.org",
    "slack.com",
    "stackoverflow.com",
    "wikipedia.org",
];

/// Letters that look like Latin ones (from Unicode's confusables, UTS #39), and what is written with two for one.
const SAME: &[(&str, &str)] = &[
    ("а", "a"),
    ("ɑ", "a"),
    ("α", "a"),
    ("в", "b"),
    ("ь", "b"),
    ("с", "c"),
    ("ϲ", "c"),
    ("ԁ", "d"),
    ("е", "e"),
    ("ё", "e"),
    ("ҽ", "e"),
    ("ɡ", "g"),
    ("ց", "g"),
    ("һ", "h"),
    ("հ", "h"),
    ("і", "i"),
    ("ı", "i"),
    ("ι", "i"),
    ("ј", "j"),
    ("к", "k"),
    ("κ", "k"),
    ("ӏ", "l"),
    ("м", "m"),
    ("п", "n"),
    ("ո", "n"),
    ("о", "o"),
    ("ο", "o"),
    ("σ", "o"),
    ("օ", "o"),
    ("р", "p"),
    ("ρ", "p"),
    ("ԛ", "q"),
    ("г", "r"),
    ("ѕ", "s"),
    ("т", "t"),
    ("τ", "t"),
    ("υ", "u"),
    ("ս", "u"),
    ("ν", "v"),
    ("ѵ", "v"),
    ("ԝ", "w"),
    ("ш", "w"),
    ("ω", "w"),
    ("х", "x"),
    ("χ", "x"),
    ("у", "y"),
    ("γ", "y"),
    ("ү", "y"),
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("0", "o"),
    ("1", "l"),
    ("3", "e"),
    ("5", "s"),
    ("i", "l"),
];

/// Returns every warning about the name itself.
pub(super) fn of<'a>(host: &Host, listed: impl IntoIterator<Item = &'a Rule>) -> Vec<Risk> {
    let decoded: Vec<String> = host.as_str().split('.').map(decode).collect();
    let shown = decoded.join(".");
    let mut found = Vec::new();
    if shown != host.as_str() {
        let mixed = if decoded.iter().any(|label| is_mixed(label)) {
            ", with letters of several scripts in one word"
        } else {
            ""
        };
        found.push(format!("the name is not plain ASCII{mixed}: it can be shown as `{shown}`"));
    }
    let known = KNOWN.iter().map(|name| (*name).to_owned());
    let listed = listed.into_iter().filter_map(named).filter_map(|host| registrable(host.as_str()).map(str::to_owned));
    let mut known: Vec<String> = known.chain(listed).collect();
    known.sort();
    known.dedup();
    found.extend(pretended(host.as_str(), &shown, &known));
    found.extend(address_like(host.as_str()));
    found.into_iter().map(|sentence| Risk { level: Level::Deceptive, sentence }).collect()
}

/// Says which known name a host pretends to be.
fn pretended(host: &str, shown: &str, known: &[String]) -> Option<String> {
    let own = registrable(host)?;
    if known.iter().any(|name| name == own) {
        return None;
    }
    let labels = own.split('.').count();
    let parts: Vec<&str> = shown.split('.').collect();
    let own_shown = parts[parts.len().saturating_sub(labels)..].join(".");
    let skeleton = skeleton(&own_shown);
    for name in known {
        if skeleton == self::skeleton(name) {
            return Some(format!("it looks like {name}, and is not"));
        }
    }
    for name in known {
        if is_typo(&own_shown, name) {
            return Some(format!("it is one letter beside {name}, and is not it"));
        }
    }
    let inside = |name: &&String| {
        host.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with(['.', '-']))
            || host.contains(&format!(".{name}."))
    };
    let named = known.iter().find(inside)?;
    Some(format!("it begins like {named}, and belongs to whoever has {own}"))
}

/// One letter more, less, other, or two that changed places; short names are too near to each other to say so.
fn is_typo(own: &str, name: &str) -> bool {
    name.len() >= 8 && strsim::damerau_levenshtein(own, name) == 1
}

/// The part that somebody registered: the public suffix and one label.
fn registrable(name: &str) -> Option<&str> {
    psl::domain_str(name)
}

/// What a name looks like. Both sides are reduced alike, so that it only matters what becomes the same.
fn skeleton(name: &str) -> String {
    SAME.iter().fold(name.to_lowercase(), |text, (from, to)| text.replace(from, to))
}

/// Parts of the name that are an address, as services have that lead wherever the name says.
fn address_like(host: &str) -> Option<String> {
    let is_number = |part: &&str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = host.split(['.', '-']).collect();
    let quad = parts.windows(4).find(|window| window.iter().all(is_number))?;
    Some(format!("the name holds the address {}: such names lead wherever they say", quad.join(".")))
}

/// Whether letters of Latin and of another script stand in one label.
fn is_mixed(label: &str) -> bool {
    let letters = || label.chars().filter(|character| character.is_alphabetic());
    letters().any(is_latin) && !letters().all(is_latin)
}

fn is_latin(letter: char) -> bool {
    letter.is_ascii() || matches!(letter, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

/// Returns a label with its letters (RFC 3492); one that is no punycode, or holds something that is no letter or digit, stays.
fn decode(label: &str) -> String {
    let plain = |text: &String| text.chars().all(|character| character.is_alphanumeric() || character == '-');
    label.strip_prefix("xn--").and_then(punycode).filter(plain).unwrap_or_else(|| label.to_owned())
}

/// Decodes punycode (RFC 3492 §6.2) with the parameters of §5.
fn punycode(text: &str) -> Option<String> {
    let (basic, extended) = text.rsplit_once('-').unwrap_or(("", text));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let (start, mut weight) = (index, 1_u32);
        for step in 1.. {
            let digit = digit(digits.next()?)?;
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = (36 * step as u32).saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        bias = adapt(index - start, length, start == 0);
        code = code.checked_add(index / length)?;
        index %= length;
        output.insert(index as usize, char::from_u32(code)?);
        index += 1;
    }
    Some(output.into_iter().collect())
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

/// RFC 3492 §6.1.
fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}
