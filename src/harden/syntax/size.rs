//! Sizes as Docker reads them (`units.RAMInBytes`): `512m`, `2g`, `1.5gb`, `64 MiB`; every unit is a power of 1024.

/// Why a text is not a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number with an optional unit.
    #[error("it is not a size such as 512m or 2g")]
    Syntax,
    /// More than the engine can count.
    #[error("it is larger than any machine")]
    TooLarge,
}

/// Returns the number of bytes. Fractions are cut, signs and exponents refused.
pub fn bytes(text: &str) -> Result<u64, SizeError> {
    let end = text.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let shift = shift(unit).ok_or(SizeError::Syntax)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return Err(SizeError::Syntax);
    }
    let whole = digits(whole).ok_or(SizeError::TooLarge)?;
    let total = whole.checked_mul(1 << shift).and_then(|bytes| bytes.checked_add(part(fraction, shift)));
    let total = total.and_then(|bytes| i64::try_from(bytes).ok()).ok_or(SizeError::TooLarge)?;
    Ok(total.unsigned_abs())
}

fn shift(unit: &str) -> Option<u32> {
    let unit = unit.to_ascii_lowercase();
    let prefix = match unit.as_str() {
        "" | "b" => return Some(0),
        unit => unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit),
    };
    match prefix {
        "k" => Some(10),
        "m" => Some(20),
        "g" => Some(30),
        "t" => Some(40),
        "p" => Some(50),
        _ => None,
    }
}

fn digits(text: &str) -> Option<u128> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// Returns the bytes of a decimal fraction; 18 digits are finer than a byte in every unit.
fn part(fraction: &str, shift: u32) -> u128 {
    let fraction = &fraction[..fraction.len().min(18)];
    let scale = 10_u128.pow(u32::try_from(fraction.len()).expect("at most 18"));
    digits(fraction).unwrap_or(0) * (1 << shift) / scale
}

#[cfg(test)]
mod tests;
