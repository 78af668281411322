//! Whether an object passes a filter, by its fields as they travel.

use std::cmp::Ordering;

use model::query::{Filter, Scalar, Test};
use serde_json::{Number, Value};

use crate::pick::Picked;

/// Whether `object` passes.
pub(crate) fn matches(filter: &Filter, object: &Picked<'_>) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|one| matches(one, object)),
        Filter::Or(any) => any.iter().any(|one| matches(one, object)),
        Filter::Not(one) => !matches(one, object),
        Filter::Field { name, test } => passes(test, object.get(name).filter(|value| !value.is_null())),
    }
}

fn passes(test: &Test, value: Option<&Value>) -> bool {
    let Some(value) = value else {
        return matches!(test, Test::Missing);
    };
    match test {
        Test::Missing => false,
        Test::Is(relation, other) => order(value, other).is_some_and(|order| relation.holds(order)),
        Test::In(others) => others
            .iter()
            .any(|other| order(value, other) == Some(Ordering::Equal)),
        Test::Like(pattern) => match value.as_str() {
            Some(text) => pattern.matches(text),
            None => pattern.matches(&value.to_string()),
        },
    }
}

fn order(value: &Value, other: &Scalar) -> Option<Ordering> {
    match (value, other) {
        (Value::String(value), Scalar::Text(other)) => Some(value.as_str().cmp(other)),
        (Value::Bool(value), Scalar::Flag(other)) => Some(value.cmp(other)),
        (Value::Number(value), Scalar::Whole(other)) => Some(by_size(value, &Number::from(*other))),
        (Value::Number(value), Scalar::Real(other)) => value.as_f64()?.partial_cmp(other),
        _ => None,
    }
}

/// Order of two values of one field: what is missing, numbers by size, texts by letters.
pub(crate) fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Number(a)), Some(Value::Number(b))) => by_size(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Whole numbers exactly, others as they are rounded.
fn by_size(a: &Number, b: &Number) -> Ordering {
    match ((a.as_i64(), b.as_i64()), (a.as_u64(), b.as_u64())) {
        ((Some(a), Some(b)), _) => a.cmp(&b),
        (_, (Some(a), Some(b))) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}
