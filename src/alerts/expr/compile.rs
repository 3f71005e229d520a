//! From the parser's tree to ours; what is outside the subset is an error that quotes it.

use std::sync::Arc;

use promql_parser::label::{MatchOp, Matcher as ParsedMatcher};
use promql_parser::parser::token::{
    T_ADD, T_AVG, T_COUNT, T_DIV, T_EQLC, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS,
    T_MAX, T_MIN, T_MOD, T_MUL, T_NEQ, T_POW, T_SUB, T_SUM, TokenType,
};
use promql_parser::parser::{
    self, AggregateExpr, BinModifier, BinaryExpr, Call, LabelModifier, VectorMatchCardinality,
    VectorSelector,
};

use super::{
    Absent, Aggregate, Binary, Card, Compare, Expr, Fold, Is, Labels, Matcher, Matching, Math, Op,
    Selector, Set,
};

const METRIC_NAME: &str = "__name__";

/// Deepest nesting that is read: an expression is walked by recursion.
const DEEPEST: usize = 64;
/// Longest expression that is read, in bytes.
const LONGEST: usize = 16 * 1024;

/// Reads an expression.
///
/// # Errors
///
/// What the parser says, or the part that is outside the subset with what to write instead.
pub(crate) fn compile(text: &str) -> Result<Expr, String> {
    // The parser recurses: what nests too deep is turned away before it.
    let depth = text
        .chars()
        .fold((0_usize, 0_usize), |(now, most), c| match c {
            '(' => (now + 1, most.max(now + 1)),
            ')' => (now.saturating_sub(1), most),
            _ => (now, most),
        });
    if depth.1 > DEEPEST || text.len() > LONGEST {
        return Err(format!(
            "it is too long or too deep: {LONGEST} bytes and {DEEPEST} parentheses are enough"
        ));
    }
    let parsed = parser::parse(text).map_err(|why| {
        let short: String = text.chars().take(120).collect();
        format!("`{short}`: {}", why.trim())
    })?;
    let expr = expr(&parsed)?;
    check_cards(&expr).map(|()| expr)
}

fn expr(parsed: &parser::Expr) -> Result<Expr, String> {
    match parsed {
        parser::Expr::NumberLiteral(number) => Ok(Expr::Number(number.val)),
        parser::Expr::Paren(paren) => expr(&paren.expr),
        parser::Expr::Unary(unary) => Ok(Expr::Negate(Box::new(expr(&unary.expr)?))),
        parser::Expr::VectorSelector(selector) => self::selector(selector).map(Expr::Select),
        parser::Expr::Binary(binary) => self::binary(binary),
        parser::Expr::Aggregate(aggregate) => self::aggregate(aggregate),
        parser::Expr::Call(call) => self::call(call),
        parser::Expr::MatrixSelector(matrix) => Err(format!(
            "`{matrix}`: ranges are not evaluated here; the catalog has rates and trends"
        )),
        parser::Expr::Subquery(subquery) => Err(format!(
            "`{subquery}`: subqueries are not evaluated here; the catalog has rates and trends"
        )),
        parser::Expr::StringLiteral(text) => Err(format!("`{text}`: a text has no value here")),
        parser::Expr::Extension(_) => Err("an extension is not evaluated here".to_owned()),
    }
}

fn selector(parsed: &VectorSelector) -> Result<Selector, String> {
    if parsed.offset.is_some() || parsed.at.is_some() {
        return Err(format!(
            "`{parsed}`: `offset` and `@` are not evaluated here: rules see what is true now"
        ));
    }
    if !parsed.matchers.or_matchers.is_empty() {
        return Err(format!(
            "`{parsed}`: `or` between matchers is not Prometheus'"
        ));
    }
    let on_name = |m: &&ParsedMatcher| m.name == METRIC_NAME;
    let name = match &parsed.name {
        Some(name) => name.clone(),
        None => match parsed.matchers.matchers.iter().find(on_name) {
            Some(m) if matches!(m.op, MatchOp::Equal) => m.value.clone(),
            _ => return Err(format!("`{parsed}`: a series must be named")),
        },
    };
    let matchers = parsed.matchers.matchers.iter().filter(|m| !on_name(m));
    Ok(Selector {
        name: name.into(),
        matchers: matchers.map(matcher).collect(),
    })
}

fn matcher(parsed: &ParsedMatcher) -> Matcher {
    Matcher {
        label: parsed.name.as_str().into(),
        is: match &parsed.op {
            MatchOp::Equal => Is::Equal(parsed.value.as_str().into()),
            MatchOp::NotEqual => Is::NotEqual(parsed.value.as_str().into()),
            MatchOp::Re(regex) => Is::Match(anchored(regex)),
            MatchOp::NotRe(regex) => Is::NoMatch(anchored(regex)),
        },
    }
}

/// Prometheus' dot matches a newline too; the parser's regex is anchored already.
fn anchored(regex: &regex::Regex) -> regex::Regex {
    regex::Regex::new(&format!("(?s){}", regex.as_str())).unwrap_or_else(|_| regex.clone())
}

fn binary(parsed: &BinaryExpr) -> Result<Expr, String> {
    let op = op(parsed.op).ok_or_else(|| {
        format!(
            "`{parsed}`: the operator `{}` is not evaluated here",
            parsed.op
        )
    })?;
    let matching = match &parsed.modifier {
        Some(modifier) => matching(modifier, parsed)?,
        None => Matching::default(),
    };
    Ok(Expr::Binary(Box::new(Binary {
        op,
        left: expr(&parsed.lhs)?,
        right: expr(&parsed.rhs)?,
        bool: parsed.return_bool(),
        matching,
    })))
}

fn op(token: TokenType) -> Option<Op> {
    Some(match token.id() {
        T_ADD => Op::Math(Math::Add),
        T_SUB => Op::Math(Math::Subtract),
        T_MUL => Op::Math(Math::Multiply),
        T_DIV => Op::Math(Math::Divide),
        T_MOD => Op::Math(Math::Modulo),
        T_POW => Op::Math(Math::Power),
        T_EQLC => Op::Compare(Compare::Equal),
        T_NEQ => Op::Compare(Compare::NotEqual),
        T_LSS => Op::Compare(Compare::Less),
        T_LTE => Op::Compare(Compare::LessOrEqual),
        T_GTR => Op::Compare(Compare::Greater),
        T_GTE => Op::Compare(Compare::GreaterOrEqual),
        T_LAND => Op::Set(Set::And),
        T_LOR => Op::Set(Set::Or),
        T_LUNLESS => Op::Set(Set::Unless),
        _ => return None,
    })
}

fn matching(modifier: &BinModifier, whole: &BinaryExpr) -> Result<Matching, String> {
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(format!("`{whole}`: `fill` is not evaluated here"));
    }
    let (card, include) = match &modifier.card {
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {
            (Card::OneToOne, Vec::new())
        }
        VectorMatchCardinality::ManyToOne(labels) => (Card::ManyToOne, words(&labels.labels)),
        VectorMatchCardinality::OneToMany(labels) => (Card::OneToMany, words(&labels.labels)),
    };
    Ok(Matching {
        by: labels(modifier.matching.as_ref()).unwrap_or_default(),
        card,
        include,
    })
}

fn labels(modifier: Option<&LabelModifier>) -> Option<Labels> {
    Some(match modifier? {
        LabelModifier::Include(labels) => Labels::Only(words(&labels.labels)),
        LabelModifier::Exclude(labels) => Labels::AllBut(words(&labels.labels)),
    })
}

fn words(labels: &[String]) -> Vec<Arc<str>> {
    labels.iter().map(|l| l.as_str().into()).collect()
}

fn aggregate(parsed: &AggregateExpr) -> Result<Expr, String> {
    let op = match parsed.op.id() {
        T_SUM => Fold::Sum,
        T_MIN => Fold::Min,
        T_MAX => Fold::Max,
        T_AVG => Fold::Avg,
        T_COUNT => Fold::Count,
        _ => {
            return Err(format!(
                "`{parsed}`: `{}` is not evaluated here; sum, min, max, avg and count are",
                parsed.op
            ));
        }
    };
    // Without `by` or `without`, all becomes one.
    let by = labels(parsed.modifier.as_ref()).unwrap_or(Labels::Only(Vec::new()));
    Ok(Expr::Aggregate(Box::new(Aggregate {
        op,
        by,
        of: expr(&parsed.expr)?,
    })))
}

fn call(parsed: &Call) -> Result<Expr, String> {
    let (name, argument) = (parsed.func.name, parsed.args.args.first());
    let Some(argument) = argument.filter(|_| name == "absent") else {
        return Err(format!(
            "`{parsed}`: the function `{name}` is not evaluated here; only `absent` is"
        ));
    };
    let labels = match &**argument {
        parser::Expr::VectorSelector(selector) => told_by(&selector.matchers.matchers),
        _ => Vec::new(),
    };
    Ok(Expr::Absent(Box::new(Absent {
        of: expr(argument)?,
        labels,
    })))
}

/// The labels that what is absent would have: those with one condition alone, an equality.
fn told_by(matchers: &[ParsedMatcher]) -> Vec<(Arc<str>, Arc<str>)> {
    let mut told: Vec<(Arc<str>, Arc<str>)> = Vec::new();
    for m in matchers.iter().filter(|m| m.name != METRIC_NAME) {
        let others = matchers.iter().filter(|o| o.name == m.name).count();
        if matches!(m.op, MatchOp::Equal) && others == 1 && !m.value.is_empty() {
            told.push((m.name.as_str().into(), m.value.as_str().into()));
        }
    }
    told
}

/// What Prometheus' parser turns away and the library lets through.
fn check_cards(expr: &Expr) -> Result<(), String> {
    match expr {
        Expr::Number(_) | Expr::Select(_) => Ok(()),
        Expr::Negate(inner) => check_cards(inner),
        Expr::Aggregate(aggregate) => check_cards(&aggregate.of),
        Expr::Absent(absent) => check_cards(&absent.of),
        Expr::Binary(binary) => {
            let scalar = binary.left.is_scalar() || binary.right.is_scalar();
            if scalar && binary.matching.card != Card::OneToOne {
                return Err("`group_left` and `group_right` need series on both sides".to_owned());
            }
            if scalar && matches!(binary.op, Op::Set(_)) {
                return Err("`and`, `or` and `unless` need series on both sides".to_owned());
            }
            check_cards(&binary.left)?;
            check_cards(&binary.right)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset_is_read_and_the_rest_is_quoted() {
        for text in [
            "laggard_group_lag > 5",
            "a{x=\"1\",y=~\"a|b\"} > on (x) group_left (z) b or c unless d",
            "sum by (group) (a) / count without (topic) (a) >= bool 0.5",
            "absent(a{x=\"1\"}) and -b == 2 ^ 3 % 4",
            "{__name__=\"a\", x!=\"\"}",
        ] {
            compile(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
        for (text, part) in [
            ("rate(a[5m]) > 1", "`rate(a[5m])`"),
            ("a offset 5m > 1", "`a offset 5m`"),
            ("topk(3, a)", "topk"),
            ("a[5m]", "ranges"),
            ("max_over_time(a[5m:1m])", "max_over_time"),
            ("vector(1)", "`vector`"),
            ("{x=\"1\"}", "must be named"),
            ("a atan2 b", "atan2"),
            ("a >", "`a >`: invalid"),
            ("1 > 2", "BOOL"),
        ] {
            let error = compile(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(compile(&"(".repeat(100_000)).is_err());
    }
}
