//! Words, texts, numbers and marks of a filter.

use super::Fault;

/// One token and the octets before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) at: usize,
    pub(super) kind: Kind<'a>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A field, an operator or another word.
    Word(&'a str),
    /// What stands between quotes, escapes and all.
    Quoted(&'a str),
    /// A number as it was written.
    Number(&'a str),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// Nothing follows.
    End,
}

/// Splits `text` up to what is no token, if there is such a thing; the last token is [`Kind::End`].
pub(super) fn tokens(text: &str) -> (Vec<Token<'_>>, Option<Fault>) {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let at = text.len().saturating_sub(rest.len());
        match one(rest, first, at) {
            Ok((kind, after)) => {
                tokens.push(Token { at, kind });
                rest = after.trim_start();
            }
            Err(fault) => {
                tokens.push(Token { at, kind: Kind::End });
                return (tokens, Some(fault));
            }
        }
    }
    let at = text.trim_end().len();
    tokens.push(Token { at, kind: Kind::End });
    (tokens, None)
}

fn one(text: &str, first: char, at: usize) -> Result<(Kind<'_>, &str), Fault> {
    let mark = |kind| Ok((kind, text.get(1..).unwrap_or_default()));
    match first {
        '(' => mark(Kind::Open),
        ')' => mark(Kind::Close),
        ',' => mark(Kind::Comma),
        '"' | '\'' => quoted(text, first, at),
        '-' | '0'..='9' => Ok(while_is(
            text,
            |c| c.is_ascii_alphanumeric() || ".+-".contains(c),
            Kind::Number,
        )),
        'a'..='z' | 'A'..='Z' | '_' => Ok(while_is(
            text,
            |c| c.is_ascii_alphanumeric() || c == '_',
            Kind::Word,
        )),
        _ => Err(Fault {
            at,
            message: format!(
                "{first:?} can't stand here; texts stand in quotes and operators are words, such as eq"
            ),
        }),
    }
}

fn while_is<'a>(
    text: &'a str,
    belongs: impl Fn(char) -> bool,
    kind: impl Fn(&'a str) -> Kind<'a>,
) -> (Kind<'a>, &'a str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    let (token, rest) = text.split_at(end);
    (kind(token), rest)
}

fn quoted(text: &str, quote: char, at: usize) -> Result<(Kind<'_>, &str), Fault> {
    let mut escaped = false;
    // The quote is one octet long.
    let inner = text.get(1..).unwrap_or_default();
    let end = inner.find(|c| {
        let ends = c == quote && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    match end.and_then(|end| Some((inner.get(..end)?, inner.get(end.checked_add(1)?..)?))) {
        Some((value, rest)) => Ok((Kind::Quoted(value), rest)),
        None => Err(Fault {
            at,
            message: "this text has no closing quote".to_owned(),
        }),
    }
}

/// What a quoted text says: a backslash makes the character after it a plain one.
pub(super) fn unescaped(quoted: &str) -> String {
    pieces(quoted, |_| false).concat()
}

/// The pieces of a quoted pattern between its per cent signs.
pub(super) fn pattern(quoted: &str) -> Vec<String> {
    pieces(quoted, |c| c == '%')
}

fn pieces(quoted: &str, splits: impl Fn(char) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut plain = false;
    for c in quoted.chars() {
        if !plain && c == '\\' {
            plain = true;
            continue;
        }
        match pieces.last_mut() {
            Some(piece) if plain || !splits(c) => piece.push(c),
            _ => pieces.push(String::new()),
        }
        plain = false;
    }
    pieces
}
