//! Answers in pages, as short and as empty as a test wants them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use serde::Deserialize;

/// How a service cuts its answers into pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Entries of a page, where the request allows as many: AWS may return fewer than asked for.
    #[serde(default)]
    pub length: Option<usize>,
    /// An empty page with a `NextToken` comes before each other page.
    #[serde(default)]
    pub empty: bool,
}

/// A token that no answer gave.
pub(super) struct InvalidToken;

impl Pages {
    /// The page of `all` that `token` asks for, of `limit` entries at most, and the token of the next.
    pub(super) fn cut<T>(
        self,
        all: Vec<T>,
        limit: usize,
        token: Option<&str>,
    ) -> Result<(Vec<T>, Option<String>), InvalidToken> {
        let (at, is_after_empty) = token.map_or(Ok((0, false)), read)?;
        if at > all.len() {
            return Err(InvalidToken);
        }
        if self.empty && !is_after_empty {
            return Ok((Vec::new(), Some(write(at, true))));
        }
        let length = self.length.map_or(limit, |length| length.min(limit));
        let total = all.len();
        let page: Vec<T> = all.into_iter().skip(at).take(length).collect();
        let next = at + page.len();
        Ok((page, (next < total).then(|| write(next, false))))
    }
}

fn write(at: usize, is_after_empty: bool) -> String {
    BASE64_URL_SAFE.encode(format!("{at}:{is_after_empty}"))
}

fn read(token: &str) -> Result<(usize, bool), InvalidToken> {
    let text = BASE64_URL_SAFE.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let read = |text: &str| {
        let (at, is_after_empty) = text.split_once(':')?;
        Some((at.parse().ok()?, is_after_empty.parse().ok()?))
    };
    text.as_deref().and_then(read).ok_or(InvalidToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(pages: Pages, total: usize) -> Vec<Vec<usize>> {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let Ok((page, next)) = pages.cut((0..total).collect(), 10, token.as_deref()) else { panic!("a bad token") };
            seen.push(page);
            token = next;
            if token.is_none() {
                return seen;
            }
        }
    }

    #[test]
    fn pages_hold_everything_once() {
        assert_eq!(walk(Pages::default(), 0), [[0_usize; 0]]);
        assert_eq!(walk(Pages { length: Some(2), empty: false }, 3), [vec![0, 1], vec![2]]);
        assert_eq!(walk(Pages { length: Some(2), empty: true }, 3), [vec![], vec![0, 1], vec![], vec![2]]);
    }

    #[test]
    fn a_token_of_nobody_is_refused() {
        for token in ["", "nonsense", "OTk6dHJ1ZQ=="] {
            assert!(Pages::default().cut(vec![1], 10, Some(token)).is_err(), "{token}");
        }
    }
}
