//! From tokens to conditions, by recursive descent.

use model::Pattern;
use model::query::{Filter, Relation, Scalar, Test};

use super::Fault;
use super::lexer::{Kind, Token, pattern, tokens, unescaped};
use crate::fields::{Plain, Shape};

/// Deepest nesting of parentheses and `not`.
const DEPTH_MAX: usize = 50;
/// Longest text to look for, in characters: as long as the longest text there is.
const TEXT_MAX: usize = crate::value::TEXT_MAX;
/// Most values in one filter.
const VALUES_MAX: usize = 2000;
const OPERATORS: &str = "expected one of eq, ne, gt, ge, lt, le, like, ilike and in";

/// Reads one filter.
pub(super) struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    /// What is no token, where the tokens end before the text does.
    unknown: Option<Fault>,
    next: usize,
    depth: usize,
    values: usize,
    plain: &'static [Plain],
    nested: &'static [&'static str],
}

impl<'a> Parser<'a> {
    /// For objects with these fields.
    pub(super) fn new(text: &'a str, plain: &'static [Plain], nested: &'static [&'static str]) -> Self {
        let (tokens, unknown) = tokens(text);
        Self {
            tokens,
            unknown,
            next: 0,
            depth: 0,
            values: 0,
            plain,
            nested,
        }
    }

    /// The whole filter, or the first of its faults.
    pub(super) fn read(mut self) -> Result<Filter, Fault> {
        match (self.whole(), self.unknown) {
            (Err(fault), Some(unknown)) if fault.at < unknown.at => Err(fault),
            (_, Some(unknown)) => Err(unknown),
            (read, None) => read,
        }
    }

    fn whole(&mut self) -> Result<Filter, Fault> {
        let filter = self.condition()?;
        match self.peek().kind {
            Kind::End => Ok(filter),
            Kind::Word(_) | Kind::Quoted(_) | Kind::Number(_) | Kind::Open | Kind::Close | Kind::Comma => {
                self.fault("expected and, or, or the end")
            }
        }
    }

    fn condition(&mut self) -> Result<Filter, Fault> {
        let mut any = vec![self.all()?];
        while self.takes("or") {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 {
            any.remove(0)
        } else {
            Filter::Or(any)
        })
    }

    fn all(&mut self) -> Result<Filter, Fault> {
        let mut all = vec![self.one()?];
        while self.takes("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 {
            all.remove(0)
        } else {
            Filter::And(all)
        })
    }

    fn one(&mut self) -> Result<Filter, Fault> {
        if self.depth >= DEPTH_MAX {
            return self.fault("nested deeper than 50 levels");
        }
        self.depth = self.depth.saturating_add(1);
        let one = if self.takes("not") {
            self.one().map(|inner| Filter::Not(Box::new(inner)))
        } else if self.peek().kind == Kind::Open {
            self.advance();
            let inner = self.condition();
            inner.and_then(|inner| {
                self.expect(Kind::Close, "expected ) or another condition")
                    .map(|()| inner)
            })
        } else {
            self.test()
        };
        self.depth = self.depth.saturating_sub(1);
        one
    }

    fn test(&mut self) -> Result<Filter, Fault> {
        let field = self.field()?;
        let name = field.name;
        let passes = |test| Filter::Field { name, test };
        let not = |test| Filter::Not(Box::new(passes(test)));
        let Kind::Word(operator) = self.peek().kind else {
            return self.fault(OPERATORS);
        };
        let operator = operator.to_ascii_lowercase();
        let is = |relation| move |value| Test::Is(relation, value);
        match operator.as_str() {
            "eq" => self.after().value_or_null(field).map(passes),
            "ne" => self.after().value_or_null(field).map(not),
            "gt" => self.after().value(field).map(is(Relation::Greater)).map(passes),
            "ge" => self
                .after()
                .value(field)
                .map(is(Relation::GreaterOrEqual))
                .map(passes),
            "lt" => self.after().value(field).map(is(Relation::Less)).map(passes),
            "le" => self
                .after()
                .value(field)
                .map(is(Relation::LessOrEqual))
                .map(passes),
            "like" => self.after().pattern(field, false).map(passes),
            "ilike" => self.after().pattern(field, true).map(passes),
            "in" => self.after().list(field).map(passes),
            _ => self.fault(OPERATORS),
        }
    }

    fn field(&mut self) -> Result<Plain, Fault> {
        let Kind::Word(word) = self.peek().kind else {
            return self.fault("expected a field, not or (");
        };
        if self.nested.contains(&word) {
            return self.fault(format!("{word} holds a list or an object and can't be compared"));
        }
        match self.plain.iter().find(|field| field.name == word) {
            Some(field) => {
                self.advance();
                Ok(*field)
            }
            None => self.fault(format!("there is no field called {word}")),
        }
    }

    fn value_or_null(&mut self, field: Plain) -> Result<Test, Fault> {
        match self.takes("null") {
            true => Ok(Test::Missing),
            false => self.value(field).map(|value| Test::Is(Relation::Equal, value)),
        }
    }

    fn list(&mut self, field: Plain) -> Result<Test, Fault> {
        self.expect(Kind::Open, "expected ( and a list of values")?;
        let mut values = vec![self.value(field)?];
        while self.peek().kind == Kind::Comma {
            self.advance();
            values.push(self.value(field)?);
        }
        self.expect(Kind::Close, "expected , or )")?;
        Ok(Test::In(values))
    }

    fn pattern(&mut self, field: Plain, ignore_case: bool) -> Result<Test, Fault> {
        let Kind::Quoted(text) = self.peek().kind else {
            return self.fault("expected a text in quotes, such as \"A%\"");
        };
        if field.shape == Shape::Flag {
            return self.fault(format!("{} is true or false and like nothing else", field.name));
        }
        if text.chars().count() > TEXT_MAX {
            return self.fault("expected a text of at most 4096 characters");
        }
        self.count()?;
        self.advance();
        Ok(Test::Like(Pattern::new(pattern(text), ignore_case)))
    }

    fn value(&mut self, field: Plain) -> Result<Scalar, Fault> {
        let text = match self.peek().kind {
            Kind::Quoted(text) => Some(unescaped(text)),
            Kind::Number(text) => Some(text.to_owned()),
            Kind::Word(word) => Some(word.to_ascii_lowercase()).filter(|w| w == "true" || w == "false"),
            Kind::Open | Kind::Close | Kind::Comma | Kind::End => None,
        };
        let bare = matches!(self.peek().kind, Kind::Word(_));
        let scalar = text.and_then(|text| match field.shape {
            Shape::Text => (!bare).then_some(Scalar::Text(text)),
            Shape::Number => number(&text),
            Shape::Flag => text.to_ascii_lowercase().parse().ok().map(Scalar::Flag),
        });
        let Some(scalar) = scalar else {
            return self.fault(expected(field));
        };
        self.count()?;
        self.advance();
        Ok(scalar)
    }

    fn count(&mut self) -> Result<(), Fault> {
        self.values = self.values.saturating_add(1);
        match self.values <= VALUES_MAX {
            true => Ok(()),
            false => self.fault("more than 2000 values"),
        }
    }

    fn peek(&self) -> Token<'a> {
        let end = Token {
            at: 0,
            kind: Kind::End,
        };
        self.tokens
            .get(self.next)
            .or(self.tokens.last())
            .copied()
            .unwrap_or(end)
    }

    fn advance(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    fn after(&mut self) -> &mut Self {
        self.advance();
        self
    }

    /// Whether `word` of the language is next; it is taken then.
    fn takes(&mut self, word: &str) -> bool {
        let next = matches!(self.peek().kind, Kind::Word(found) if found.eq_ignore_ascii_case(word));
        if next {
            self.advance();
        }
        next
    }

    fn expect(&mut self, kind: Kind<'_>, message: &str) -> Result<(), Fault> {
        if self.peek().kind != kind {
            return self.fault(message);
        }
        self.advance();
        Ok(())
    }

    fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault {
            at: self.peek().at,
            message: message.into(),
        })
    }
}

fn number(text: &str) -> Option<Scalar> {
    let whole = text.parse().ok().map(Scalar::Whole);
    let real = || {
        text.parse()
            .ok()
            .filter(|real: &f64| real.is_finite())
            .map(Scalar::Real)
    };
    whole.or_else(real)
}

fn expected(field: Plain) -> String {
    let value = match field.shape {
        Shape::Text => "a text in quotes",
        Shape::Number => "a number",
        Shape::Flag => "true or false",
    };
    format!("{} needs {value} here", field.name)
}
