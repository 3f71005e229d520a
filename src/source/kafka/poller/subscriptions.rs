//! What members of classic groups subscribe to, which only the older listing tells.
//!
//! In: each member's bytes of the consumer protocol (`ConsumerProtocolSubscription`, versions 0 to 3). Out: its topics
//! and rack, by member id. The bytes are the clients' own and may be anything: what does not read as a subscription
//! is none, and no count in them is believed before the bytes that it counts are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::ffi::{GroupInfo, MemberInfo};
use crate::model::{Subscription, TopicName};

/// What members of one group told; none: something that cannot be read.
type OfGroup = FxHashMap<Arc<str>, Option<Arc<Subscription>>>;

/// The last that was told, by group and member id.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    groups: BTreeMap<Arc<str>, OfGroup>,
    is_behind: bool,
}

impl Subscriptions {
    /// Takes a listing in, but for groups that are not asked for. It may lack some: what was told of these stays.
    pub(super) fn take(&mut self, groups: &[GroupInfo], admits: impl Fn(&str) -> bool) {
        self.is_behind = false;
        // In a rebalance members have not told yet.
        let tells = |g: &&GroupInfo| g.protocol_type == "consumer" && g.state == "Stable";
        for group in groups.iter().filter(tells) {
            if group.error == 0 && admits(&group.group) {
                self.groups
                    .insert(Arc::clone(&group.group), of_group(&group.members));
            }
        }
    }

    /// Looks whether a group has members that have not been listed yet.
    pub(super) fn note_members<'a>(
        &mut self,
        group: &str,
        mut members: impl Iterator<Item = &'a str>,
    ) {
        let told = self.groups.get(group);
        let is_new = |id: &str| !told.is_some_and(|told| told.contains_key(id));
        self.is_behind |= members.any(is_new);
    }

    /// Whether somebody has joined since the last listing.
    pub(super) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Forgets groups that are gone.
    pub(super) fn keep(&mut self, known: impl Fn(&str) -> bool) {
        self.groups.retain(|group, _| known(group));
    }

    /// What a member told.
    pub(super) fn of(&self, group: &str, member: &str) -> Option<Arc<Subscription>> {
        self.groups.get(group)?.get(member).cloned()?
    }
}

/// Members mostly subscribe to the same: one copy serves all.
fn of_group(members: &[MemberInfo]) -> OfGroup {
    let mut shared: Vec<Arc<Subscription>> = Vec::new();
    let mut told = OfGroup::default();
    for member in members {
        let read = subscription(&member.metadata).map(|read| share(read, &mut shared));
        told.insert(Arc::clone(&member.member_id), read);
    }
    told
}

fn share(read: Subscription, shared: &mut Vec<Arc<Subscription>>) -> Arc<Subscription> {
    if let Some(same) = shared.iter().find(|s| ***s == read) {
        return Arc::clone(same);
    }
    let one = Arc::new(read);
    shared.push(Arc::clone(&one));
    one
}

/// Reads a `ConsumerProtocolSubscription`. A version beyond those known begins as the last known does: Kafka's own
/// classes rely on that too.
fn subscription(bytes: &[u8]) -> Option<Subscription> {
    let mut rest = Bytes(bytes);
    let version = rest.int16()?;
    if version < 0 {
        return None;
    }
    let mut topics = Vec::new();
    for _ in 0..rest.int32()? {
        topics.push(TopicName::from(rest.string()??));
    }
    topics.sort();
    topics.dedup();
    let mut read = Subscription { topics, rack: None };
    if version >= 3 {
        rest.skip_bytes()?;
        for _ in 0..rest.int32()? {
            rest.string()??;
            for _ in 0..rest.int32()? {
                rest.int32()?;
            }
        }
        rest.int32()?;
        read.rack = rest.string()?.map(Arc::from);
    }
    Some(read)
}

/// Kafka's fixed-length encoding, read from the front. `None`: it ends too early.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn int32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A nullable string; an invalid one is none at all.
    fn string(&mut self) -> Option<Option<&'a str>> {
        match self.int16()? {
            -1 => Some(None),
            count => {
                let text = self.take(usize::try_from(count).ok()?)?;
                Some(Some(std::str::from_utf8(text).ok()?))
            }
        }
    }

    fn skip_bytes(&mut self) -> Option<()> {
        match self.int32()? {
            -1 => Some(()),
            count => self.take(usize::try_from(count).ok()?).map(|_| ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::{BufMut as _, BytesMut};
    use kafka_protocol::messages::ConsumerProtocolSubscription;
    use kafka_protocol::messages::consumer_protocol_subscription::TopicPartition;
    use kafka_protocol::protocol::{Encodable as _, StrBytes};
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> StrBytes {
        StrBytes::from_string(text.to_owned())
    }

    fn written(topics: &[&str], rack: Option<&str>, version: i16) -> Vec<u8> {
        let owned = TopicPartition::default()
            .with_topic(text("owned").into())
            .with_partitions(vec![0, 7]);
        let mut told = ConsumerProtocolSubscription::default()
            .with_topics(topics.iter().map(|t| text(t)).collect())
            .with_user_data(Some(vec![1, 2, 3].into()));
        if version >= 1 {
            told = told.with_owned_partitions(vec![owned]);
        }
        if version >= 3 {
            told = told.with_rack_id(rack.map(text));
        }
        let mut bytes = BytesMut::new();
        bytes.put_i16(version);
        told.encode(&mut bytes, version).unwrap();
        bytes.to_vec()
    }

    #[test]
    fn each_version_that_kafka_wrote_is_read() {
        for version in 0..=3 {
            let rack = (version == 3).then_some("eu-1");
            let read = subscription(&written(&["b", "a"], rack, version)).unwrap();
            assert_eq!(read.topics, ["a".into(), "b".into()], "{version}");
            assert_eq!(read.rack.as_deref(), rack, "{version}");
        }
        let none = subscription(&written(&[], None, 3)).unwrap();
        assert!(none.topics.is_empty() && none.rack.is_none());
    }

    #[test]
    fn a_later_version_begins_as_the_last_known_does() {
        let mut bytes = written(&["a"], Some("r"), 3);
        bytes[1] = 9;
        bytes.extend([1, 2, 3]);
        assert_eq!(
            subscription(&bytes),
            subscription(&written(&["a"], Some("r"), 3))
        );
    }

    #[test]
    fn what_a_listing_lacks_stays_until_the_group_is_gone() {
        let listed = |group: &str, topics: &[&str]| GroupInfo {
            group: group.into(),
            error: 0,
            state: "Stable".into(),
            protocol_type: "consumer".into(),
            members: vec![MemberInfo {
                member_id: "m".into(),
                metadata: written(topics, None, 1),
            }],
            broker: 1,
        };
        let mut told = Subscriptions::default();
        told.take(&[listed("g", &["a"]), listed("h", &["b"])], |_| true);
        told.take(&[listed("h", &["c"])], |_| true);
        let topic = |told: &Subscriptions, group| Some(told.of(group, "m")?.topics[0].clone());
        assert_eq!(topic(&told, "g"), Some("a".into()));
        assert_eq!(topic(&told, "h"), Some("c".into()));
        told.keep(|group| group != "g");
        assert_eq!(topic(&told, "g"), None);
        told.take(&[listed("g", &["a"])], |group| group != "g");
        assert_eq!(topic(&told, "g"), None);
    }

    #[test]
    fn whoever_joined_since_the_last_listing_calls_for_another() {
        let listed = |state: &str, metadata: Vec<u8>| GroupInfo {
            group: "g".into(),
            error: 0,
            state: state.into(),
            protocol_type: "consumer".into(),
            members: vec![MemberInfo {
                member_id: "m".into(),
                metadata,
            }],
            broker: 1,
        };
        let mut told = Subscriptions::default();
        let behind = |told: &mut Subscriptions| {
            told.note_members("g", ["m"].into_iter());
            told.is_behind()
        };
        assert!(behind(&mut told));
        told.take(&[listed("CompletingRebalance", Vec::new())], |_| true);
        assert!(!told.is_behind());
        assert!(behind(&mut told), "it had not told yet");
        told.take(&[listed("Stable", vec![9])], |_| true);
        assert!(
            !behind(&mut told),
            "what cannot be read is not asked for over and over"
        );
        assert_eq!(told.of("g", "m"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_at_all_are_believed_beyond_their_end(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0_usize..80,
        ) {
            let _ = subscription(&bytes);
            // A count of two thousand million with nothing behind it.
            prop_assert_eq!(subscription(&[0, 1, 0x7f, 0xff, 0xff, 0xff]), None);
            let whole = written(&["orders", "payments"], Some("r"), 3);
            prop_assert_eq!(subscription(&whole[..cut.min(whole.len() - 1)]), None);
        }
    }
}
