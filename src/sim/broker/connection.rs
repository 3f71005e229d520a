//! One connection: frames in, answers out, in order.
//!
//! A request is answered before the next is looked at, as Kafka does. Several answers leave in one write.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, ConsumerGroupDescribeRequest,
    DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    DescribeTopicPartitionsRequest, FetchRequest, FindCoordinatorRequest, ListGroupsRequest,
    ListOffsetsRequest, MetadataRequest, OffsetFetchRequest, RequestHeader, ResponseHeader,
    api_versions_response::ApiVersion,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::faults::{Subject, Table, Trouble};
use super::{ALLOWED, Forbidden, Shared};
use crate::sim::spec::Millis;

/// The longest frame that is taken.
const LONGEST: usize = 64 << 20;

/// What a handler knows of the request that it answers.
pub(super) struct Context<'a> {
    pub(super) shared: &'a Shared,
    pub(super) table: &'a Table,
    pub(super) broker: i32,
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) now: Millis,
}

impl Context<'_> {
    /// The injected error for the answer as a whole.
    pub(super) fn error(&self) -> i16 {
        self.table.error(self.broker, self.api, Subject::default())
    }

    /// The injected error for one group.
    pub(super) fn group_error(&self, group: &str) -> i16 {
        self.table.error(
            self.broker,
            self.api,
            Subject {
                group: Some(group),
                partition: None,
            },
        )
    }

    /// The injected error for one partition.
    pub(super) fn partition_error(&self, topic: &str, partition: i32) -> i16 {
        self.table.error(
            self.broker,
            self.api,
            Subject {
                group: None,
                partition: Some((topic, partition)),
            },
        )
    }
}

/// What becomes of a connection after a request.
enum Then {
    /// The answer is in the buffer.
    Go,
    /// The connection ends.
    Close,
    /// The client waits for ever.
    Hang,
}

/// Serves a connection until it ends.
pub(super) async fn serve(shared: Arc<Shared>, broker: i32, mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let (mut incoming, mut outgoing) = (BytesMut::with_capacity(16 << 10), BytesMut::new());
    loop {
        while let Some(frame) = take_frame(&mut incoming) {
            let Ok(frame) = frame else { return };
            match answer(&shared, broker, frame, &mut outgoing).await {
                Then::Go => {}
                Then::Close => {
                    let _ = stream.write_all(&outgoing).await;
                    return;
                }
                Then::Hang => {
                    let _ = stream.write_all(&outgoing).await;
                    return swallow(stream).await;
                }
            }
        }
        if !outgoing.is_empty() {
            if stream.write_all(&outgoing).await.is_err() {
                return;
            }
            outgoing.clear();
        }
        match stream.read_buf(&mut incoming).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Reads and never answers, until the client gives up.
async fn swallow(mut stream: TcpStream) {
    let mut scratch = [0_u8; 4096];
    while matches!(stream.read(&mut scratch).await, Ok(read) if read > 0) {}
}

/// The next whole frame, if it is there; an error if it can't be one.
fn take_frame(incoming: &mut BytesMut) -> Option<Result<Bytes, ()>> {
    let length = i32::from_be_bytes(incoming.get(..4)?.try_into().ok()?);
    let Ok(length) = usize::try_from(length) else {
        return Some(Err(()));
    };
    if !(8..=LONGEST).contains(&length) {
        return Some(Err(()));
    }
    if incoming.len() < 4 + length {
        return None;
    }
    incoming.advance(4);
    Some(Ok(incoming.split_to(length).freeze()))
}

async fn answer(shared: &Arc<Shared>, broker: i32, frame: Bytes, out: &mut BytesMut) -> Then {
    let api_key = i16::from_be_bytes([frame[0], frame[1]]);
    let version = i16::from_be_bytes([frame[2], frame[3]]);
    let Some(api) = ApiKey::try_from(api_key)
        .ok()
        .filter(|api| ALLOWED.contains(api))
    else {
        tracing::warn!(
            api_key,
            version,
            broker,
            "embedded broker refuses an API that is not read-only"
        );
        shared.refuse(Forbidden {
            api_key,
            version,
            broker,
        });
        return Then::Close;
    };
    shared.counted(api);
    let table = shared.faults.table();
    let before = out.len();
    let (mut cut, mut throttled) = (false, None);
    for trouble in table.transport(broker, api) {
        match trouble {
            Trouble::Slow(delay) => tokio::time::sleep(delay).await,
            Trouble::Hung => return Then::Hang,
            Trouble::Closed => return Then::Close,
            Trouble::Truncated => cut = true,
            Trouble::Throttled(by) => throttled = Some(by),
            Trouble::Error(_) => {}
        }
    }
    let now = (shared.clock)().as_millis();
    let mut context = Context {
        shared,
        table: &table,
        broker,
        api,
        version,
        now,
    };
    let answered = dispatch(&mut context, frame, out).await;
    if let Some(by) = throttled {
        tell_throttled(&mut out[before..], api, version, by);
    }
    match answered {
        Ok(()) if cut => {
            out.truncate(before + (out.len() - before) / 2);
            Then::Close
        }
        Ok(()) => Then::Go,
        Err(error) => {
            tracing::warn!(?api, version, broker, %error, "embedded broker cannot read a request");
            out.truncate(before);
            Then::Close
        }
    }
}

async fn dispatch(
    context: &mut Context<'_>,
    mut frame: Bytes,
    out: &mut BytesMut,
) -> anyhow::Result<()> {
    let (api, version) = (context.api, context.version);
    let range = versions(api);
    if !(range.0..=range.1).contains(&version) {
        if api == ApiKey::ApiVersions {
            return unsupported_api_versions(&frame, out);
        }
        anyhow::bail!("version {version} of {api:?} is not offered");
    }
    let header = RequestHeader::decode(&mut frame, api.request_header_version(version))?;
    if api == ApiKey::Fetch {
        let request = FetchRequest::decode(&mut frame, version)?;
        let response = context.fetch(request).await;
        return reply(out, header.correlation_id, &response, version);
    }
    let call = Call {
        context,
        correlation: header.correlation_id,
        frame,
        out,
    };
    match api {
        ApiKey::ApiVersions => call.with(|context, _: ApiVersionsRequest| api_versions(context)),
        ApiKey::Metadata => {
            call.with(|context, request: MetadataRequest| context.metadata(request))
        }
        ApiKey::DescribeCluster => {
            call.with(|context, _: DescribeClusterRequest| context.describe_cluster())
        }
        ApiKey::DescribeTopicPartitions => {
            call.with(|context, request: DescribeTopicPartitionsRequest| {
                context.describe_topic_partitions(request)
            })
        }
        ApiKey::FindCoordinator => {
            call.with(|context, request: FindCoordinatorRequest| context.find(request))
        }
        ApiKey::ListGroups => {
            call.with(|context, request: ListGroupsRequest| context.list_groups(&request))
        }
        ApiKey::DescribeGroups => {
            call.with(|context, request: DescribeGroupsRequest| context.describe(request))
        }
        ApiKey::ConsumerGroupDescribe => {
            call.with(|context, request: ConsumerGroupDescribeRequest| {
                context.describe_consumer(request)
            })
        }
        ApiKey::OffsetFetch => {
            call.with(|context, request: OffsetFetchRequest| context.offset_fetch(request))
        }
        ApiKey::ListOffsets => {
            call.with(|context, request: ListOffsetsRequest| context.list_offsets(request))
        }
        ApiKey::DescribeConfigs => {
            call.with(|context, request: DescribeConfigsRequest| context.describe_configs(request))
        }
        _ => anyhow::bail!("{api:?} has no handler"),
    }
}

struct Call<'a, 'b> {
    context: &'a Context<'a>,
    correlation: i32,
    frame: Bytes,
    out: &'b mut BytesMut,
}

impl Call<'_, '_> {
    fn with<R: Request>(
        mut self,
        handler: impl FnOnce(&Context<'_>, R) -> R::Response,
    ) -> anyhow::Result<()> {
        let request = R::decode(&mut self.frame, self.context.version)?;
        let response = handler(self.context, request);
        reply(self.out, self.correlation, &response, self.context.version)
    }
}

fn reply<R: Encodable + HeaderVersion>(
    out: &mut BytesMut,
    correlation: i32,
    response: &R,
    version: i16,
) -> anyhow::Result<()> {
    let start = out.len();
    out.put_i32(0);
    ResponseHeader::default()
        .with_correlation_id(correlation)
        .encode(out, R::header_version(version))?;
    response.encode(out, version)?;
    let length = (out.len() - start - 4) as i32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// The versions that are offered.
pub(super) fn versions(api: ApiKey) -> (i16, i16) {
    let range = api.valid_versions();
    let newest = match api {
        // Version 10 has topic ids in its request, which the protocol crate does not know yet.
        ApiKey::OffsetFetch => 9,
        // Later ones are between brokers.
        ApiKey::Fetch => 16,
        _ => range.max,
    };
    (range.min, newest)
}

fn api_versions(context: &Context<'_>) -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(context.error())
        .with_api_keys(offered())
}

fn offered() -> Vec<ApiVersion> {
    let offer = |api: &ApiKey| {
        let (min, max) = versions(*api);
        ApiVersion::default()
            .with_api_key(*api as i16)
            .with_min_version(min)
            .with_max_version(max)
    };
    // librdkafka reads record batches only from brokers that also take them: Produce is named and yet refused.
    ALLOWED
        .iter()
        .chain(&[ApiKey::Produce])
        .map(offer)
        .collect()
}

/// Writes a throttle time into an answer, where its version has one: it stands right after the header.
fn tell_throttled(answer: &mut [u8], api: ApiKey, version: i16, by: Duration) {
    let since = match api {
        ApiKey::ApiVersions => return,
        ApiKey::Metadata | ApiKey::OffsetFetch => 3,
        ApiKey::ListOffsets => 2,
        ApiKey::FindCoordinator | ApiKey::ListGroups | ApiKey::DescribeGroups => 1,
        _ => 0,
    };
    let at = 8 + usize::from(api.response_header_version(version) > 0);
    if let Some(field) = answer.get_mut(at..at + 4).filter(|_| version >= since) {
        field.copy_from_slice(&(by.as_millis() as i32).to_be_bytes());
    }
}

/// A client from the future is told, in version 0, what there is.
fn unsupported_api_versions(frame: &Bytes, out: &mut BytesMut) -> anyhow::Result<()> {
    let correlation = i32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]);
    let response = ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(offered());
    reply(out, correlation, &response, 0)
}
