//! The filter language of lists: `role eq 1 and (caller like "+1516%" or not joined eq null)`.
//!
//! ```text
//! condition  = all { "or" all }
//! all        = one { "and" one }
//! one        = "not" one | "(" condition ")" | field test
//! test       = ("eq" | "ne") (value | "null") | ("gt" | "ge" | "lt" | "le") value
//!            | ("like" | "ilike") text | "in" "(" value { "," value } ")"
//! value      = text | number | "true" | "false"
//! text       = '"' … '"' | "'" … "'"        with \" \' \\ and, in patterns, \% for a plain per cent sign
//! ```
//!
//! Words of the language are read in any case, fields as they are written on the wire. A value is taken for one of its
//! field's kind: a text that is a number compares with numbers, a number with texts by its digits.

mod evaluate;
mod lexer;
mod parser;

pub(crate) use evaluate::{compare, matches};

use model::query::Filter;

use crate::error::ApiError;
use crate::fields::Wire;
use parser::Parser;

/// Longest filter, in octets.
const LENGTH_MAX: usize = 16 * 1024;
/// The query parameter that carries it.
pub(crate) const PARAMETER: &str = "filter";

/// What is wrong with a filter, and where.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    /// Octets before the place.
    at: usize,
    /// What was expected.
    message: String,
}

/// Reads a filter of lists of `D`.
pub(crate) fn parse<D: Wire>(text: &str) -> Result<Filter, ApiError> {
    if text.len() > LENGTH_MAX {
        return Err(ApiError::wrong_value(
            PARAMETER,
            "expected at most 16384 octets of UTF-8",
        ));
    }
    let read = Parser::new(text, D::PLAIN, D::NESTED).read();
    read.map_err(|fault| {
        let before = text.get(..fault.at).unwrap_or(text);
        let character = before.chars().count().saturating_add(1);
        ApiError::wrong_value(PARAMETER, format!("at character {character}: {}", fault.message))
    })
}
