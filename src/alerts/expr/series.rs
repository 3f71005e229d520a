//! Which series an expression reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Expr;

/// The names of the series that `expr` reads.
pub(crate) fn names(expr: &Expr) -> BTreeSet<Arc<str>> {
    let mut names = BTreeSet::new();
    collect(expr, &mut names);
    names
}

fn collect(expr: &Expr, names: &mut BTreeSet<Arc<str>>) {
    match expr {
        Expr::Number(_) => {}
        Expr::Select(selector) => _ = names.insert(Arc::clone(&selector.name)),
        Expr::Negate(inner) => collect(inner, names),
        Expr::Binary(binary) => {
            collect(&binary.left, names);
            collect(&binary.right, names);
        }
        Expr::Aggregate(aggregate) => collect(&aggregate.of, names),
        Expr::Absent(absent) => collect(&absent.of, names),
    }
}
