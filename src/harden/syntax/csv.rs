//! One record of comma-separated values, with the quoting of Go's `encoding/csv`, which Docker's `--mount` uses.

/// Why a text is not one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quotation mark inside a field that does not begin with one.
    #[error("a quotation mark stands inside a field; quote the whole field instead")]
    BareQuote,
    /// A quoted field that does not end, or goes on after its end.
    #[error("a quoted field does not end where it should")]
    OpenQuote,
    /// A control character; Docker would read a second record or none.
    #[error("it contains a control character")]
    ControlCharacter,
}

/// Returns the fields of the record; the empty text has none.
pub fn record(text: &str) -> Result<Vec<String>, CsvError> {
    if text.chars().any(char::is_control) {
        return Err(CsvError::ControlCharacter);
    }
    let mut fields = Vec::new();
    let mut rest = Some(text).filter(|text| !text.is_empty());
    while let Some(text) = rest {
        let (field, after) =
            if let Some(quoted) = text.strip_prefix('"') { quoted_field(quoted)? } else { plain_field(text)? };
        fields.push(field);
        rest = after;
    }
    Ok(fields)
}

fn plain_field(text: &str) -> Result<(String, Option<&str>), CsvError> {
    let (field, after) = match text.split_once(',') {
        Some((field, after)) => (field, Some(after)),
        None => (text, None),
    };
    if field.contains('"') { Err(CsvError::BareQuote) } else { Ok((field.to_owned(), after)) }
}

fn quoted_field(text: &str) -> Result<(String, Option<&str>), CsvError> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or(CsvError::OpenQuote)?;
        field.push_str(part);
        if after.is_empty() {
            return Ok((field, None));
        } else if let Some(next) = after.strip_prefix(',') {
            return Ok((field, Some(next)));
        }
        rest = after.strip_prefix('"').ok_or(CsvError::OpenQuote)?;
        field.push('"');
    }
}

#[cfg(test)]
mod tests;
