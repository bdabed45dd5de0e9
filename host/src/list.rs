//! Lists as pflag reads them: one record of CSV, in the dialect of Go's `encoding/csv`.
//!
//! Written here because other readers of CSV forgive what Go refuses, and a context that is read in another way
//! decrypts nothing.

use std::collections::BTreeMap;

/// Why a text is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A double quote inside of an item that is not quoted.
    #[error("a double quote stands inside an item: put the whole item in quotes, and double those inside")]
    BareQuote,
    /// Something behind the closing quote.
    #[error("a quoted item is followed by something else than a comma")]
    AfterQuote,
    /// No closing quote.
    #[error("a quoted item has no end")]
    OpenQuote,
    /// A second record.
    #[error("a line break ends the list, and more follows it")]
    LineBreak,
    /// An item of this number, from 1, that is no pair.
    #[error("item {0} is not like name=value")]
    NoPair(usize),
}

/// The items between commas; none in an empty text.
///
/// # Errors
/// If the text is no single record of CSV, as Go reads it.
pub fn items(text: &str) -> Result<Vec<String>, ListError> {
    // What ends the record; a YAML block adds one.
    let text = text.trim_end_matches(['\r', '\n']);
    let mut items = Vec::new();
    let mut rest = text;
    while !rest.is_empty() || !items.is_empty() {
        let (item, after) = item(rest)?;
        items.push(item);
        match after {
            None => break,
            Some(after) => rest = after,
        }
    }
    Ok(items)
}

/// The first item, and what follows its comma.
fn item(text: &str) -> Result<(String, Option<&str>), ListError> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let (item, after) = text.split_once(',').map_or((text, None), |(item, after)| (item, Some(after)));
        return match () {
            () if item.contains('"') => Err(ListError::BareQuote),
            () if item.contains('\n') => Err(ListError::LineBreak),
            () => Ok((item.to_owned(), after)),
        };
    };
    let mut item = String::new();
    loop {
        let (part, after) = rest.split_once('"').ok_or(ListError::OpenQuote)?;
        item.push_str(part);
        match after.as_bytes().first() {
            None => return Ok((item, None)),
            Some(b',') => return Ok((item, Some(&after[1..]))),
            Some(b'"') => item.push('"'),
            Some(_) => return Err(ListError::AfterQuote),
        }
        rest = &after[1..];
    }
}

/// An encryption context: `a=b,c=d`, perhaps in brackets. The last of two pairs of one name counts, as in AEP; whether
/// there were such is told beside it.
///
/// # Errors
/// As [`items`], or if an item is no pair.
pub fn context(text: &str) -> Result<(BTreeMap<String, String>, bool), ListError> {
    let items = items(text.trim_matches(['[', ']']))?;
    let count = items.len();
    let pairs = items.iter().enumerate().map(|(index, item)| {
        let (name, value) = item.split_once('=').ok_or(ListError::NoPair(index + 1))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let context: BTreeMap<_, _> = pairs.collect::<Result<_, _>>()?;
    let is_ambiguous = context.len() < count;
    Ok((context, is_ambiguous))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

    use super::*;

    #[test]
    fn items_are_those_of_go() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            (" a , b", &[" a ", " b"]),
            (r#""a,b",c"#, &["a,b", "c"]),
            (r#""a ""quoted"" word","""#, &["a \"quoted\" word", ""]),
            ("\"a\nb\"\n", &["a\nb"]),
        ] {
            assert_eq!(items(text).unwrap(), expected, "{text:?}");
        }
        for (text, expected) in [
            (r#"a"b"#, ListError::BareQuote),
            (r#""a"b"#, ListError::AfterQuote),
            (r#""a"#, ListError::OpenQuote),
            ("a\nb", ListError::LineBreak),
        ] {
            assert_eq!(items(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn contexts_are_those_of_aep() {
        let read = |text: &str| context(text).map(|(context, _)| context.into_iter().collect::<Vec<_>>());
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read("[a=b,c=d]"), Ok(pairs(&[("a", "b"), ("c", "d")])));
        assert_eq!(read(r#"a=b=c,"d=e,f",g="#), Ok(pairs(&[("a", "b=c"), ("d", "e,f"), ("g", "")])));
        assert_eq!(read("a=b,c"), Err(ListError::NoPair(2)));
        assert_eq!(context("a=b,a=c").unwrap(), ([("a".to_owned(), "c".to_owned())].into(), true));
    }
}
