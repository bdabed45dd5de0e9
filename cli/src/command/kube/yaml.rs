//! Scalars as YAML writes them.

/// A string: plain where every reader takes it for that string, else in double quotes, where JSON's escapes are YAML's.
pub(super) fn string(text: &str) -> String {
    let plain_start = |c: char| c.is_ascii_alphabetic() || c == '/';
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,@+".contains(c);
    // A colon is plain unless a blank follows or it is the end.
    let is_plain = text.trim_start_matches("--").starts_with(plain_start)
        && text.chars().all(|c| plain(c) || c == ':')
        && !text.ends_with(':');
    // YAML 1.1 has many words for yes and no, and kube-apiserver's reader knows them.
    let is_word = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if is_plain && !is_word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_string_to_all_readers_stands_plain() {
        for plain in
            ["secrets", "--key=arn:aws:kms:eu-west-1:1:key/a", "/var/run/a.sock", "--encryption-context=a=b,c=d"]
        {
            assert_eq!(string(plain), plain);
        }
        for quoted in ["", "yes", "No", "null", "1", "*.*", "a: b", "a:", "- a", "a #b", "\"", "&a", "é", "-1", "~"] {
            let written = string(quoted);
            assert!(written.starts_with('"'), "{written}");
            assert_eq!(serde_json::from_str::<String>(&written).ok().as_deref(), Some(quoted));
        }
    }
}
