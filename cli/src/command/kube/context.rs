//! An encryption context as the plugin's flag has it: a record of CSV, in the dialect of Go's `encoding/csv`.

use std::collections::BTreeMap;

/// The pairs of `a=b,"c=d,e"`, perhaps in brackets; the last of two of one name counts. None where the plugin would
/// refuse the text.
pub(super) fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let items = items(text.trim_matches(['[', ']']).trim_end_matches(['\r', '\n']))?;
    let pair = |item: &String| item.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    items.iter().map(pair).collect()
}

fn items(text: &str) -> Option<Vec<String>> {
    let mut items = Vec::new();
    if text.is_empty() {
        return Some(items);
    }
    let mut rest = text.chars().peekable();
    loop {
        let mut item = String::new();
        if rest.next_if_eq(&'"').is_some() {
            // A doubled quote is one; a single one ends the item, and must be there.
            loop {
                match rest.next()? {
                    '"' if rest.next_if_eq(&'"').is_none() => break,
                    c => item.push(c),
                }
            }
        } else {
            while let Some(c) = rest.next_if(|c| !matches!(c, ',' | '"' | '\n')) {
                item.push(c);
            }
        }
        items.push(item);
        match rest.next() {
            None => return Some(items),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_those_of_the_plugin() {
        let read = |text| pairs(text).map(|it| it.into_iter().map(|(a, b)| format!("{a}|{b}")).collect::<Vec<_>>());
        for (text, expected) in [
            ("", &[][..]),
            ("a=b,c=d", &["a|b", "c|d"]),
            ("[a=b,c=d]", &["a|b", "c|d"]),
            (r#""a=x,y",c=d"#, &["a|x,y", "c|d"]),
            (r#"a=b=c,"d=e ""f""",g="#, &["a|b=c", "d|e \"f\"", "g|"]),
            ("a=b,a=c", &["a|c"]),
            ("\"a=b\nc\"\n", &["a|b\nc"]),
        ] {
            assert_eq!(read(text).unwrap_or_else(|| panic!("{text:?} is refused")), expected, "{text:?}");
        }
        for text in ["a", "a=b,c", "a=b,", ",", r#"a="b""#, r#""a=b"c"#, r#""a=b"#, "a=b\nc=d"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
