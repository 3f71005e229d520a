//! Filling a template in.

use std::sync::Arc;

use super::functions::{self, Failure};
use super::parse::{Command, Leave, Node, Pipe, Subject, Term};
use super::value::Value;
use super::{LabelMap, Query};

/// A template being filled in.
pub(super) struct Run<'a> {
    labels: Arc<LabelMap>,
    value: f64,
    query: &'a mut dyn Query,
    variables: Vec<(String, Value)>,
    dot: Value,
    /// The turn of a loop that is under way ends here.
    leave: Option<Leave>,
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
            leave: None,
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
                Node::Assign(name, pipe) => self.assign(name, pipe)?,
                Node::If(subject, then, otherwise) => {
                    out.push_str(&self.branch(subject, false, then, otherwise)?);
                }
                Node::With(subject, then, otherwise) => {
                    out.push_str(&self.branch(subject, true, then, otherwise)?);
                }
                Node::Range(subject, each, otherwise) => {
                    out.push_str(&self.range(subject, each, otherwise)?);
                }
                // When it is tried out, what stands behind is walked, too.
                Node::Leave(leave) => self.leave = Some(*leave).filter(|_| !self.trial),
            }
            if self.leave.is_some() {
                break;
            }
        }
        self.variables.truncate(scope);
        Ok(out)
    }

    fn assign(&mut self, name: &str, pipe: &Pipe) -> Result<(), String> {
        let value = self.pipe(pipe)?;
        let variable = self.variables.iter_mut().rev().find(|(n, _)| n == name);
        let (_, old) = variable
            .ok_or_else(|| format!("there is no variable `${name}` to set: `:=` makes one"))?;
        *old = value;
        Ok(())
    }

    /// `if`, and `with`, inside which the dot is its value.
    fn branch(
        &mut self,
        subject: &Subject,
        dotted: bool,
        then: &[Node],
        otherwise: &[Node],
    ) -> Result<String, String> {
        let (scope, value) = (self.variables.len(), self.pipe(&subject.pipe)?);
        for name in &subject.names {
            self.variables.push((name.clone(), value.clone()));
        }
        let is = value.is_true();
        let mut out = String::new();
        if is || self.trial {
            let before = self.dot.clone();
            if dotted {
                self.dot = value;
            }
            out.push_str(&self.text(then)?);
            self.dot = before;
        }
        if !is || self.trial {
            out.push_str(&self.text(otherwise)?);
        }
        self.variables.truncate(scope);
        Ok(out)
    }

    fn range(
        &mut self,
        subject: &Subject,
        each: &[Node],
        otherwise: &[Node],
    ) -> Result<String, String> {
        let turns = self.pipe(&subject.pipe)?.turns()?;
        let (mut out, scope) = (String::new(), self.variables.len());
        let empty = turns.is_empty();
        for (key, value) in turns {
            match subject.names.as_slice() {
                [] => {}
                [one] => self.variables.push((one.clone(), value.clone())),
                [first, second, ..] => {
                    self.variables.push((first.clone(), key));
                    self.variables.push((second.clone(), value.clone()));
                }
            }
            let before = std::mem::replace(&mut self.dot, value);
            out.push_str(&self.text(each)?);
            self.dot = before;
            self.variables.truncate(scope);
            if self.leave.take() == Some(Leave::Break) {
                break;
            }
        }
        if empty || self.trial {
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
            (name, arguments) => match functions::call(name, arguments) {
                // Of what is only tried out nothing is known yet.
                Err(Failure::Data(_, instead)) if self.trial => Ok(instead),
                called => called.map_err(|failure| match failure {
                    Failure::Form(why) | Failure::Data(why, _) => why,
                }),
            },
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
            Term::Fields(of, fields) => {
                let value = self.term(of)?;
                self.fields(value, fields)
            }
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
            "externalURL" => Err(functions::unknown("externalURL")),
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
            (Value::Alert, "ExternalLabels") => Value::Labels(Arc::default()),
            (Value::Alert, "ExternalURL") => return Err(functions::unknown("externalURL")),
            (Value::Sample(labels, _), "Labels") => Value::Labels(Arc::clone(labels)),
            (Value::Sample(_, value), "Value") => Value::Float(*value),
            (other, name) => return Err(format!("{} has no field `{name}`", other.kind())),
        };
        self.fields(next, rest)
    }
}
