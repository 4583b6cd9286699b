//! Versions of engines and runtimes, as distributions write them: `26.1.5+dfsg1`, `1.4.0-rc.2`.

use std::cmp::Ordering;

/// A version; one that is being prepared comes before the one that it prepares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    numbers: [u32; 3],
    candidate: Option<u32>,
}

impl Version {
    /// Reads a version; `None` where it does not begin with numbers.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (release, rest) = text.split_at(end);
        let mut parts = release.split('.').filter(|part| !part.is_empty()).map(|part| part.parse().ok());
        let first = parts.next()??;
        let mut next = || parts.next().map_or(Some(0), |part| part);
        let numbers = [first, next()?, next()?];
        // `-rc.3`, `-rc3`, `~rc.3`; of `+ds1` and `~ds1` nothing follows.
        let candidate = rest.trim_start_matches(['-', '~']).strip_prefix("rc").map(|rest| {
            let digits: String = rest.trim_start_matches('.').chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        });
        Some(Self { numbers, candidate })
    }

    /// Returns a version that was released.
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { numbers: [major, minor, patch], candidate: None }
    }

    /// Returns a candidate for it.
    pub(super) const fn candidate(self, number: u32) -> Self {
        Self { candidate: Some(number), ..self }
    }

    /// Tells whether both are of one series: 1.3.0 and 1.3.9.
    pub(super) fn is_of(&self, major: u32, minor: u32) -> bool {
        self.numbers[..2] == [major, minor]
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let place = |version: &Self| (version.numbers, version.candidate.unwrap_or(u32::MAX));
        Some(place(self).cmp(&place(other)))
    }
}

#[cfg(test)]
mod tests;
