//! One pattern. All of its readings are followed side by side, so that no pattern takes longer than its length times the
//! path's: a hostile one must not keep its reader busy.

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This character.
    One(char),
    /// `?`: one that is no slash.
    Any,
    /// `[a-z]`, `[^a-z]`.
    Class { negated: bool, ranges: Vec<(char, char)> },
    /// `*`: any number that are no slash.
    Star,
    /// `**` within a pattern: any number of whole folders.
    Folders,
    /// `**` at the end, or at the beginning of plain text: anything.
    Rest,
}

impl Glob {
    /// Reads a pattern; `None` where Go's `filepath.Match` would complain.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            tokens.push(match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    let slash = rest.next_if_eq(&'/').is_some();
                    let plain = !slash && tokens.is_empty() && !rest.clone().any(|next| "*?[]\\".contains(next));
                    if rest.peek().is_none() || plain { Token::Rest } else { Token::Folders }
                }
                '*' => Token::Star,
                '?' => Token::Any,
                '[' => class(&mut rest)?,
                '\\' => Token::One(rest.next()?),
                other => Token::One(other),
            });
        }
        Some(Self { tokens })
    }

    /// Tells whether the whole text matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let count = self.tokens.len();
        // `at[i]`: the first i tokens are done; `within[i]`: token i has eaten a part of a folder's name.
        let (mut at, mut within) = (vec![false; count + 1], vec![false; count]);
        at[0] = true;
        for character in text.chars() {
            self.skip(&mut at);
            let (mut next_at, mut next_within) = (vec![false; count + 1], vec![false; count]);
            for (index, token) in self.tokens.iter().enumerate() {
                let here = at[index];
                match token {
                    Token::Star | Token::Rest => next_at[index] |= here && (*token == Token::Rest || character != '/'),
                    Token::Folders => {
                        let inside = here || within[index];
                        next_within[index] |= inside;
                        next_at[index + 1] |= inside && character == '/';
                    }
                    single => next_at[index + 1] |= here && single.takes(character),
                }
            }
            (at, within) = (next_at, next_within);
        }
        self.skip(&mut at);
        at[count]
    }

    /// What may be nothing is passed over.
    fn skip(&self, at: &mut [bool]) {
        for (index, token) in self.tokens.iter().enumerate() {
            if at[index] && matches!(token, Token::Star | Token::Rest | Token::Folders) {
                at[index + 1] = true;
            }
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::One(one) => *one == character,
            Self::Any => character != '/',
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&character)) != *negated
            }
            Self::Star | Self::Folders | Self::Rest => false,
        }
    }
}

fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Token> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if rest.next_if_eq(&']').is_some() {
            return (!ranges.is_empty()).then_some(Token::Class { negated, ranges });
        }
        let low = member(rest)?;
        let high = if rest.next_if_eq(&'-').is_some() { member(rest)? } else { low };
        ranges.push((low, high));
    }
}

fn member(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '\\' => rest.next(),
        '-' | ']' => None,
        other => Some(other),
    }
}
