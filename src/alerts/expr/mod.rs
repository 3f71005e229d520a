//! An expression of the subset that Laggard evaluates: what `promql-parser` read, made small.
//!
//! In: the text of a rule's `expr`. Out: an [`Expr`], or what of it is outside the subset. It
//! never evaluates.

/// The series that a Prometheus makes of the alerts of its own rules.
pub(crate) const ALERTS: &str = "ALERTS";

mod compile;
mod series;

pub(crate) use compile::compile;
pub(crate) use series::{names, selectors};

use std::sync::Arc;

use regex::Regex;

/// What is evaluated.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    /// A number.
    Number(f64),
    /// The samples of a series.
    Select(Selector),
    /// A minus sign.
    Negate(Box<Expr>),
    /// Two sides.
    Binary(Box<Binary>),
    /// Many samples made one.
    Aggregate(Box<Aggregate>),
    /// 1 if there is no sample.
    Absent(Box<Absent>),
}

impl Expr {
    /// Whether it gives one number rather than samples.
    pub(crate) fn is_scalar(&self) -> bool {
        match self {
            Self::Number(_) => true,
            Self::Negate(inner) => inner.is_scalar(),
            Self::Binary(binary) => binary.left.is_scalar() && binary.right.is_scalar(),
            Self::Select(_) | Self::Aggregate(_) | Self::Absent(_) => false,
        }
    }
}

/// A series with conditions on its labels.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    /// The series.
    pub(crate) name: Arc<str>,
    /// All must hold.
    pub(crate) matchers: Vec<Matcher>,
}

/// A condition on a label; one that is missing is empty.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    /// The label.
    pub(crate) label: Arc<str>,
    /// What of it.
    pub(crate) is: Is,
}

/// What a label's value must be.
#[derive(Clone, Debug)]
pub(crate) enum Is {
    /// This.
    Equal(Arc<str>),
    /// Not this.
    NotEqual(Arc<str>),
    /// Matched as a whole.
    Match(Regex),
    /// Not matched as a whole.
    NoMatch(Regex),
}

impl Is {
    /// Whether a value fulfils it.
    pub(crate) fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equal(wanted) => **wanted == *value,
            Self::NotEqual(unwanted) => **unwanted != *value,
            Self::Match(regex) => regex.is_match(value),
            Self::NoMatch(regex) => !regex.is_match(value),
        }
    }
}

/// Two sides and what is done with them.
#[derive(Clone, Debug)]
pub(crate) struct Binary {
    pub(crate) op: Op,
    pub(crate) left: Expr,
    pub(crate) right: Expr,
    /// For comparisons: 1 or 0 instead of a filter.
    pub(crate) bool: bool,
    pub(crate) matching: Matching,
}

/// What is done with two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Math(Math),
    Compare(Compare),
    Set(Set),
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Math {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Operations on sets of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    And,
    Or,
    Unless,
}

/// Which samples of two sides belong together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matching {
    /// Those that agree in these labels, or in all but these.
    pub(crate) by: Labels,
    /// How many of a side may belong to one of the other.
    pub(crate) card: Card,
    /// Labels that the many take from the one.
    pub(crate) include: Vec<Arc<str>>,
}

/// How many of a side may belong to one of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Card {
    /// One.
    #[default]
    OneToOne,
    /// `group_left`: many on the left.
    ManyToOne,
    /// `group_right`: many on the right.
    OneToMany,
}

/// Some labels, or all but some.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Labels {
    /// `on`, `by`: these.
    Only(Vec<Arc<str>>),
    /// `ignoring`, `without`: all but these.
    AllBut(Vec<Arc<str>>),
}

impl Default for Labels {
    fn default() -> Self {
        Self::AllBut(Vec::new())
    }
}

/// Many samples made one for each set of labels.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate {
    pub(crate) op: Fold,
    pub(crate) by: Labels,
    pub(crate) of: Expr,
}

/// How many samples become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    Sum,
    Min,
    Max,
    Avg,
    Count,
}

/// `absent`.
#[derive(Clone, Debug)]
pub(crate) struct Absent {
    pub(crate) of: Expr,
    /// The labels that the conditions of a plain selector tell.
    pub(crate) labels: Vec<(Arc<str>, Arc<str>)>,
}
