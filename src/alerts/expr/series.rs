//! Which series an expression reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Expr, Selector};

/// The names of the series that `expr` reads.
pub(crate) fn names(expr: &Expr) -> BTreeSet<Arc<str>> {
    let all = selectors(expr).into_iter();
    all.map(|selector| Arc::clone(&selector.name)).collect()
}

/// What `expr` selects, from left to right.
pub(crate) fn selectors(expr: &Expr) -> Vec<&Selector> {
    let mut found = Vec::new();
    collect(expr, &mut found);
    found
}

fn collect<'a>(expr: &'a Expr, found: &mut Vec<&'a Selector>) {
    match expr {
        Expr::Number(_) => {}
        Expr::Select(selector) => found.push(selector),
        Expr::Negate(inner) => collect(inner, found),
        Expr::Binary(binary) => {
            collect(&binary.left, found);
            collect(&binary.right, found);
        }
        Expr::Aggregate(aggregate) => collect(&aggregate.of, found),
        Expr::Absent(absent) => collect(&absent.of, found),
    }
}
