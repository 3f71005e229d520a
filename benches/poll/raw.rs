//! The least that a poll can cost: raw requests, many groups and all of a leader's partitions in
//! one, pipelined over one connection a broker. Answers are decoded, for a reader must do that.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::future::try_join_all;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_protocol::messages::{
    GroupId, ListGroupsRequest, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest,
    OffsetFetchRequest, OffsetFetchResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tally::Tally;

const GROUPS_A_REQUEST: usize = 500;
const RUNS: usize = 5;

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

fn frame<R: Request>(version: i16, request: &R) -> io::Result<Bytes> {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(1);
    header
        .encode(&mut frame, R::header_version(version))
        .map_err(broken)?;
    request.encode(&mut frame, version).map_err(broken)?;
    let length = frame.len() as i32 - 4;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}

async fn answer<R: Request>(stream: &mut TcpStream, version: i16) -> io::Result<R::Response> {
    let length = stream.read_i32().await?;
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await?;
    let mut bytes = Bytes::from(bytes);
    ResponseHeader::decode(&mut bytes, R::Response::header_version(version)).map_err(broken)?;
    let answer = R::Response::decode(&mut bytes, version).map_err(broken)?;
    if bytes.has_remaining() {
        return Err(broken("bytes are left over"));
    }
    Ok(answer)
}

/// Sends requests of one kind one behind the other and reads all answers.
async fn pipelined<R: Request>(
    stream: &mut TcpStream,
    version: i16,
    requests: &[R],
) -> io::Result<Vec<R::Response>> {
    let mut frames = BytesMut::new();
    for request in requests {
        frames.extend_from_slice(&frame(version, request)?);
    }
    let (mut read, mut write) = stream.split();
    let send = async { write.write_all(&frames).await };
    let receive = async {
        let mut answers = Vec::new();
        for _ in requests {
            let length = read.read_i32().await?;
            let mut bytes = vec![0; length as usize];
            read.read_exact(&mut bytes).await?;
            answers.push(Bytes::from(bytes));
        }
        io::Result::Ok(answers)
    };
    let ((), answers) = tokio::try_join!(send, receive)?;
    answers
        .into_iter()
        .map(|mut bytes| {
            ResponseHeader::decode(&mut bytes, R::Response::header_version(version))
                .map_err(broken)?;
            R::Response::decode(&mut bytes, version).map_err(broken)
        })
        .collect()
}

/// What one broker leads and coordinates.
#[derive(Default)]
struct Part {
    address: String,
    partitions: BTreeMap<TopicName, Vec<i32>>,
    groups: Vec<GroupId>,
}

async fn layout(bootstrap: &str) -> io::Result<Vec<Part>> {
    let first = bootstrap.split(',').next().unwrap_or_default();
    let mut stream = TcpStream::connect(first).await?;
    let metadata = MetadataRequest::default().with_topics(None);
    stream.write_all(&frame(9, &metadata)?).await?;
    let metadata = answer::<MetadataRequest>(&mut stream, 9).await?;
    let mut parts: BTreeMap<i32, Part> = BTreeMap::new();
    for broker in &metadata.brokers {
        parts.entry(broker.node_id.0).or_default().address =
            format!("{}:{}", broker.host, broker.port);
    }
    for topic in metadata.topics {
        let Some(name) = topic.name.filter(|name| !name.starts_with("__")) else {
            continue;
        };
        for partition in topic.partitions {
            let part = parts.entry(partition.leader_id.0).or_default();
            part.partitions
                .entry(name.clone())
                .or_default()
                .push(partition.partition_index);
        }
    }
    Ok(parts.into_values().collect())
}

fn offsets(part: &Part, timestamp: i64) -> ListOffsetsRequest {
    let partition = |number: &i32| {
        ListOffsetsPartition::default()
            .with_partition_index(*number)
            .with_current_leader_epoch(-1)
            .with_timestamp(timestamp)
    };
    let topics = part.partitions.iter().map(|(name, numbers)| {
        ListOffsetsTopic::default()
            .with_name(name.clone())
            .with_partitions(numbers.iter().map(partition).collect())
    });
    ListOffsetsRequest::default()
        .with_replica_id((-1).into())
        .with_topics(topics.collect())
}

async fn starts_and_groups(
    part: &mut Part,
    stream: &mut TcpStream,
) -> io::Result<Vec<ListOffsetsResponse>> {
    let groups = pipelined(stream, 4, &[ListGroupsRequest::default()]).await?;
    part.groups = groups
        .into_iter()
        .flat_map(|answer| answer.groups)
        .map(|group| group.group_id)
        .collect();
    pipelined(stream, 6, &[offsets(part, -2)]).await
}

async fn commits(part: &Part, stream: &mut TcpStream) -> io::Result<Vec<OffsetFetchResponse>> {
    let requests: Vec<_> = part
        .groups
        .chunks(GROUPS_A_REQUEST)
        .map(|groups| {
            let wanted = |group: &GroupId| {
                OffsetFetchRequestGroup::default()
                    .with_group_id(group.clone())
                    .with_topics(None)
            };
            OffsetFetchRequest::default().with_groups(groups.iter().map(wanted).collect())
        })
        .collect();
    pipelined(stream, 8, &requests).await
}

/// All answers of one run, each stage of all brokers at once.
#[derive(Default)]
struct Answers {
    starts: Vec<ListOffsetsResponse>,
    commits: Vec<OffsetFetchResponse>,
    ends: Vec<ListOffsetsResponse>,
}

async fn run(parts: &mut [Part], streams: &mut [TcpStream]) -> io::Result<Answers> {
    let stage = parts
        .iter_mut()
        .zip(&mut *streams)
        .map(|(part, stream)| starts_and_groups(part, stream));
    let starts = try_join_all(stage).await?;
    let stage = parts
        .iter()
        .zip(&mut *streams)
        .map(|(part, stream)| commits(part, stream));
    let commits = try_join_all(stage).await?;
    let stage = parts
        .iter()
        .zip(&mut *streams)
        .map(|(part, stream)| async move { pipelined(stream, 6, &[offsets(part, -1)]).await });
    let ends = try_join_all(stage).await?;
    Ok(Answers {
        starts: starts.into_iter().flatten().collect(),
        commits: commits.into_iter().flatten().collect(),
        ends: ends.into_iter().flatten().collect(),
    })
}

impl Answers {
    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for group in self.commits.iter().flat_map(|answer| &answer.groups) {
            for topic in &group.topics {
                for row in &topic.partitions {
                    let (group, topic) = (&group.group_id, &topic.name);
                    tally.commit(group, topic, row.partition_index, row.committed_offset);
                }
            }
        }
        each(&self.starts, |topic, partition, offset| {
            tally.start(topic, partition, offset);
        });
        each(&self.ends, |topic, partition, offset| {
            tally.end(topic, partition, offset);
        });
        tally
    }
}

fn each(answers: &[ListOffsetsResponse], mut row: impl FnMut(&str, i32, i64)) {
    for topic in answers.iter().flat_map(|answer| &answer.topics) {
        for partition in &topic.partitions {
            row(&topic.name, partition.partition_index, partition.offset);
        }
    }
}

/// Seconds of the median of some runs: groups and log starts, commits, log ends; and what was read.
pub(crate) async fn read(bootstrap: &str) -> io::Result<(f64, Tally)> {
    let mut parts = layout(bootstrap).await?;
    let mut streams = Vec::new();
    for part in &parts {
        let stream = TcpStream::connect(&part.address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let (mut seconds, mut last) = (Vec::new(), Answers::default());
    for _ in 0..RUNS {
        drop(std::mem::take(&mut last));
        let started = Instant::now();
        last = run(&mut parts, &mut streams).await?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok((seconds[RUNS / 2], last.tally()))
}
