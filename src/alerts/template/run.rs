//! Filling a template in.

use std::sync::Arc;

use super::functions;
use super::parse::{Command, Node, Pipe, Term};
use super::value::Value;
use super::{LabelMap, Query};

/// A template being filled in.
pub(super) struct Run<'a> {
    labels: Arc<LabelMap>,
    value: f64,
    query: &'a mut dyn Query,
    variables: Vec<(String, Value)>,
    dot: Value,
    /// Only tried out: every branch is walked, and a query finds one sample.
    trial: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        labels: &LabelMap,
        value: f64,
        query: &'a mut dyn Query,
        trial: bool,
    ) -> Self {
        Self {
            labels: Arc::new(labels.clone()),
            value,
            query,
            variables: Vec::new(),
            dot: Value::Alert,
            trial,
        }
    }

    /// The text of some nodes.
    pub(super) fn text(&mut self, nodes: &[Node]) -> Result<String, String> {
        let (mut out, scope) = (String::new(), self.variables.len());
        for node in nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Print(pipe) => out.push_str(&self.pipe(pipe)?.print()),
                Node::Set(name, pipe) => {
                    let value = self.pipe(pipe)?;
                    self.variables.push((name.clone(), value));
                }
                Node::If(pipe, then, otherwise) => {
                    let is = self.pipe(pipe)?.is_true();
                    out.push_str(&self.branch(is, then, otherwise)?);
                }
                Node::With(pipe, then, otherwise) => {
                    let value = self.pipe(pipe)?;
                    let is = value.is_true();
                    let before = std::mem::replace(&mut self.dot, value);
                    if !is && !self.trial {
                        self.dot = before;
                        out.push_str(&self.text(otherwise)?);
                        continue;
                    }
                    out.push_str(&self.text(then)?);
                    self.dot = before;
                    if self.trial {
                        self.text(otherwise)?;
                    }
                }
                Node::Range(pipe, each, otherwise) => {
                    let value = self.pipe(pipe)?;
                    out.push_str(&self.range(value, each, otherwise)?);
                }
            }
        }
        self.variables.truncate(scope);
        Ok(out)
    }

    fn branch(&mut self, is: bool, then: &[Node], otherwise: &[Node]) -> Result<String, String> {
        if self.trial {
            self.text(then)?;
            return self.text(otherwise);
        }
        self.text(if is { then } else { otherwise })
    }

    fn range(&mut self, of: Value, each: &[Node], otherwise: &[Node]) -> Result<String, String> {
        let Value::Samples(samples) = of else {
            return Err(format!("`range` does not go over {}", of.kind()));
        };
        let mut out = String::new();
        for (labels, value) in samples.iter() {
            let sample = Value::Sample(Arc::new(labels.clone()), *value);
            let before = std::mem::replace(&mut self.dot, sample);
            out.push_str(&self.text(each)?);
            self.dot = before;
        }
        if samples.is_empty() || self.trial {
            out.push_str(&self.text(otherwise)?);
        }
        Ok(out)
    }

    fn pipe(&mut self, pipe: &Pipe) -> Result<Value, String> {
        let mut last = None;
        for command in pipe {
            last = Some(self.command(command, last)?);
        }
        last.ok_or_else(|| "a value is missing".to_owned())
    }

    fn command(&mut self, command: &Command, last: Option<Value>) -> Result<Value, String> {
        let Some((head, rest)) = command.split_first() else {
            return Err("a value is missing".to_owned());
        };
        let Term::Name(name) = head else {
            if !rest.is_empty() || last.is_some() {
                return Err("only a function takes values".to_owned());
            }
            return self.term(head);
        };
        if !functions::is_known(name) {
            return Err(functions::unknown(name));
        }
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for term in rest {
            arguments.push(self.term(term)?);
        }
        arguments.extend(last);
        match (name.as_str(), arguments.as_slice()) {
            ("query", [Value::Text(expr)]) => self.ask(expr),
            ("and", [.., last]) => {
                let stop = arguments.iter().find(|a| !a.is_true());
                Ok(stop.unwrap_or(last).clone())
            }
            ("or", [.., last]) => {
                let stop = arguments.iter().find(|a| a.is_true());
                Ok(stop.unwrap_or(last).clone())
            }
            (name, arguments) => functions::call(name, arguments),
        }
    }

    fn ask(&mut self, expr: &str) -> Result<Value, String> {
        let mut found = self.query.query(expr)?;
        if self.trial && found.is_empty() {
            found.push((LabelMap::new(), 1.5));
        }
        Ok(Value::Samples(found.into()))
    }

    fn term(&mut self, term: &Term) -> Result<Value, String> {
        match term {
            Term::Name(name) => self.command(&vec![Term::Name(name.clone())], None),
            Term::Text(text) => Ok(Value::text(text.as_str())),
            Term::Int(number) => Ok(Value::Int(*number)),
            Term::Float(number) => Ok(Value::Float(*number)),
            Term::Bool(is) => Ok(Value::Bool(*is)),
            Term::Pipe(pipe) => self.pipe(pipe),
            Term::Dot(fields) => self.fields(self.dot.clone(), fields),
            Term::Variable(name, fields) => {
                let value = self.variable(name)?;
                self.fields(value, fields)
            }
        }
    }

    fn variable(&self, name: &str) -> Result<Value, String> {
        let own = self.variables.iter().rev().find(|(n, _)| n == name);
        if let Some((_, value)) = own {
            return Ok(value.clone());
        }
        match name {
            "labels" => Ok(Value::Labels(Arc::clone(&self.labels))),
            "value" => Ok(Value::Float(self.value)),
            "" => Ok(Value::Alert),
            "externalLabels" => Ok(Value::Labels(Arc::default())),
            _ => Err(format!(
                "there is no variable `${name}`; there are $labels and $value"
            )),
        }
    }

    fn fields(&self, value: Value, fields: &[String]) -> Result<Value, String> {
        let Some((first, rest)) = fields.split_first() else {
            return Ok(value);
        };
        let next = match (&value, first.as_str()) {
            (Value::Labels(labels), name) => {
                Value::Text(labels.get(name).cloned().unwrap_or_default())
            }
            (Value::Alert, "Labels") => Value::Labels(Arc::clone(&self.labels)),
            (Value::Alert, "Value") => Value::Float(self.value),
            (Value::Sample(labels, _), "Labels") => Value::Labels(Arc::clone(labels)),
            (Value::Sample(_, value), "Value") => Value::Float(*value),
            (other, name) => return Err(format!("{} has no field `{name}`", other.kind())),
        };
        self.fields(next, rest)
    }
}
