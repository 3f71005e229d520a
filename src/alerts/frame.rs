//! The samples that rules are evaluated on: read off their source once a name, with labels as
//! numbers, so that hundreds of rules over hundreds of thousands of series take a moment.
//!
//! In: a [`Source`]. Out: samples by series name, found by a label's value where that is asked.
//! A frame lives for one evaluation of all rules.

use std::collections::hash_map::Entry;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::{self, Doubt, Graded, Options};
use crate::model::Snapshot;

use super::expr::{Is, Labels, Matcher, Selector};

/// A label: name, value.
pub(crate) type Label<'a> = (&'a str, &'a str);

/// Where samples come from.
pub(crate) trait Source {
    /// Gives every sample of the series `name` to `sink`.
    fn samples(&self, name: &str, sink: &mut dyn FnMut(&[Label<'_>], Graded));
}

/// A snapshot's series, as the catalog has them.
pub(crate) struct Catalog<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) options: &'a Options,
}

impl Source for Catalog<'_> {
    fn samples(&self, name: &str, sink: &mut dyn FnMut(&[Label<'_>], Graded)) {
        if let Some(series) = catalog::find(name) {
            series.graded(self.snapshot, self.options, sink);
        }
    }
}

/// A word: a label's name or value.
type Word = u32;
/// A set of labels.
pub(crate) type SetId = u32;

/// One sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Its labels, the name left out.
    pub(crate) labels: SetId,
    /// Its value. One without is missing only because it is not known: it counts for holding.
    pub(crate) value: Option<f64>,
    /// How sure that is.
    pub(crate) doubt: Doubt,
}

/// Below this many samples an index is not worth making.
const WORTH_AN_INDEX: usize = 64;

/// The samples of one series.
#[derive(Default)]
struct Series {
    samples: Vec<Sample>,
    /// Which samples have a value of a label.
    index: FxHashMap<Word, FxHashMap<Word, Vec<u32>>>,
}

/// The samples of one evaluation.
pub(crate) struct Frame<'a> {
    source: &'a dyn Source,
    words: FxHashMap<Arc<str>, Word>,
    texts: Vec<Arc<str>>,
    sets: FxHashMap<Box<[(Word, Word)]>, SetId>,
    by_id: Vec<Box<[(Word, Word)]>>,
    series: FxHashMap<Arc<str>, Rc<Series>>,
    parts: FxHashMap<Labels, FxHashMap<SetId, SetId>>,
}

impl<'a> Frame<'a> {
    /// A frame that has read nothing yet.
    pub(crate) fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            words: FxHashMap::default(),
            texts: Vec::new(),
            sets: FxHashMap::default(),
            by_id: Vec::new(),
            series: FxHashMap::default(),
            parts: FxHashMap::default(),
        }
    }

    fn word(&mut self, text: &str) -> Word {
        if let Some(word) = self.words.get(text) {
            return *word;
        }
        let (text, word): (Arc<str>, _) = (text.into(), self.texts.len() as Word);
        self.texts.push(Arc::clone(&text));
        self.words.insert(text, word);
        word
    }

    fn set(&mut self, labels: &mut Vec<(Word, Word)>) -> SetId {
        labels.sort_unstable();
        if let Some(id) = self.sets.get(labels.as_slice()) {
            return *id;
        }
        let id = self.by_id.len() as SetId;
        let boxed: Box<[_]> = labels.as_slice().into();
        self.by_id.push(boxed.clone());
        self.sets.insert(boxed, id);
        id
    }

    /// The set of these labels; empty ones are none.
    pub(crate) fn labels<'b>(&mut self, labels: impl Iterator<Item = (&'b str, &'b str)>) -> SetId {
        let mut words: Vec<_> = labels
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (self.word(name), self.word(value)))
            .collect();
        self.set(&mut words)
    }

    /// A set's labels as text.
    pub(crate) fn texts(&self, set: SetId) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        let pairs = self.by_id[set as usize].iter();
        pairs.map(|(name, value)| (&self.texts[*name as usize], &self.texts[*value as usize]))
    }

    fn series(&mut self, name: &Arc<str>) -> Rc<Series> {
        if let Some(series) = self.series.get(name) {
            return Rc::clone(series);
        }
        let (source, mut samples, mut words) = (self.source, Vec::new(), Vec::new());
        source.samples(name, &mut |labels, graded| {
            words.clear();
            for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
                words.push((self.word(name), self.word(value)));
            }
            samples.push(Sample {
                labels: self.set(&mut words),
                value: graded.value,
                doubt: graded.doubt,
            });
        });
        let series = Rc::new(Series {
            samples,
            index: FxHashMap::default(),
        });
        self.series.insert(Arc::clone(name), Rc::clone(&series));
        series
    }

    /// Puts what is known for certain in the place of a series: the labels of each sample, all of them 1.
    pub(crate) fn put<'b, L>(&mut self, name: &str, all: impl Iterator<Item = L>)
    where
        L: Iterator<Item = (&'b str, &'b str)>,
    {
        let sample = |labels| Sample {
            labels: self.labels(labels),
            value: Some(1.0),
            doubt: Doubt::None,
        };
        let series = Series {
            samples: all.map(sample).collect(),
            index: FxHashMap::default(),
        };
        self.series.insert(name.into(), Rc::new(series));
    }

    /// The samples that a selector picks.
    pub(crate) fn select(&mut self, selector: &Selector) -> Vec<Sample> {
        let mut series = self.series(&selector.name);
        if selector.matchers.is_empty() {
            return series.samples.clone();
        }
        let indexed = selector.matchers.iter().find_map(equality);
        let Some((label, value)) = indexed.filter(|_| series.samples.len() >= WORTH_AN_INDEX)
        else {
            let picked = series.samples.iter();
            return picked.filter(|s| self.fits(s, selector)).copied().collect();
        };
        let (label, value) = (self.word(label), self.word(value));
        if !series.index.contains_key(&label) {
            let index = self.indexed(&series.samples, label);
            // Taken out, so that it is the only one and can be changed.
            self.series.remove(&selector.name);
            if let Some(only) = Rc::get_mut(&mut series) {
                only.index.insert(label, index);
            }
            self.series
                .insert(Arc::clone(&selector.name), Rc::clone(&series));
        }
        let places = series.index.get(&label).and_then(|by| by.get(&value));
        let picked = places
            .into_iter()
            .flatten()
            .map(|i| &series.samples[*i as usize]);
        picked.filter(|s| self.fits(s, selector)).copied().collect()
    }

    fn indexed(&self, samples: &[Sample], label: Word) -> FxHashMap<Word, Vec<u32>> {
        let mut index: FxHashMap<Word, Vec<u32>> = FxHashMap::default();
        for (at, sample) in samples.iter().enumerate() {
            if let Some(value) = self.value_of(sample.labels, label) {
                index.entry(value).or_default().push(at as u32);
            }
        }
        index
    }

    fn value_of(&self, set: SetId, label: Word) -> Option<Word> {
        let pairs = self.by_id[set as usize].iter();
        pairs
            .clone()
            .find(|(name, _)| *name == label)
            .map(|(_, value)| *value)
    }

    fn fits(&self, sample: &Sample, selector: &Selector) -> bool {
        let value = |label: &str| {
            let word = self.words.get(label)?;
            let value = self.value_of(sample.labels, *word)?;
            Some(&*self.texts[value as usize])
        };
        let mut matchers = selector.matchers.iter();
        matchers.all(|m| m.is.holds(value(&m.label).unwrap_or("")))
    }

    /// The part of a set of labels in which samples must agree.
    pub(crate) fn part(&mut self, set: SetId, labels: &Labels) -> SetId {
        if matches!(labels, Labels::AllBut(none) if none.is_empty()) {
            return set;
        }
        if let Some(part) = self.parts.get(labels).and_then(|known| known.get(&set)) {
            return *part;
        }
        let (named, keep) = match labels {
            Labels::Only(names) => (names, true),
            Labels::AllBut(names) => (names, false),
        };
        let named: Vec<_> = named.iter().map(|n| self.word(n)).collect();
        let pairs = self.by_id[set as usize].iter().copied();
        let mut kept: Vec<_> = pairs.filter(|(n, _)| named.contains(n) == keep).collect();
        let part = self.set(&mut kept);
        match self.parts.entry(labels.clone()) {
            Entry::Occupied(mut known) => known.get_mut().insert(set, part),
            Entry::Vacant(new) => new.insert(FxHashMap::default()).insert(set, part),
        };
        part
    }

    /// The labels of the many with some of them taken from the one.
    pub(crate) fn include(&mut self, many: SetId, one: SetId, names: &[Arc<str>]) -> SetId {
        if names.is_empty() {
            return many;
        }
        let names: Vec<_> = names.iter().map(|n| self.word(n)).collect();
        let pairs = self.by_id[many as usize].iter().copied();
        let mut labels: Vec<_> = pairs.filter(|(n, _)| !names.contains(n)).collect();
        let taken = self.by_id[one as usize].iter().copied();
        labels.extend(taken.filter(|(n, _)| names.contains(n)));
        self.set(&mut labels)
    }
}

/// A condition that an index can answer.
fn equality(matcher: &Matcher) -> Option<(&Arc<str>, &Arc<str>)> {
    match &matcher.is {
        Is::Equal(value) if !value.is_empty() => Some((&matcher.label, value)),
        _ => None,
    }
}
