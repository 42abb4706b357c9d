//! The server's counters, in Prometheus' format. Never content, names or addresses.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chinwag_protocol::Event;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

pub(crate) struct Metrics {
    registry: Registry,
    pub connections: Gauge,
    messages: Counter,
    events: Family<[(&'static str, &'static str); 1], Counter>,
    pub encodings: Counter,
    pub deliveries: Counter,
    pub log_pages: Counter,
    pub refusals: Counter,
    pub protocol_errors: Counter,
    pub upload_refusals: Counter,
    uploads: Counter,
    upload_bytes: Counter,
    swept_files: Counter,
    closes: Family<Vec<(&'static str, String)>, Counter>,
    requests: Family<Vec<(&'static str, String)>, Counter>,
    queued_writes: Gauge,
    read_statements: Counter,
    batch_jobs: Histogram,
    commit_seconds: Histogram,
    pub nodes: Gauge,
    node: Family<Vec<(&'static str, String)>, Gauge>,
    pub push_jobs: Gauge,
    pub push_dropped: Counter,
    pub outbox_refusals: Counter,
    pushes: Family<Vec<(&'static str, String)>, Counter>,
    webhook_calls: Family<Vec<(&'static str, String)>, Counter>,
    webhook_lag: Family<Vec<(&'static str, String)>, Gauge>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("chinwag");
        let connections = Gauge::default();
        registry.register("websocket_connections", "Open WebSocket connections", connections.clone());
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let messages = counter("messages", "Messages committed to a log");
        let encodings = counter("fanout_encodings", "Events encoded for live delivery, once each");
        let deliveries = counter("fanout_deliveries", "Events written live to a connection");
        let log_pages =
            counter("catch_up_log_pages", "Pages of the log read for connections that were behind");
        let refusals = counter("refusals", "Commands and requests refused");
        let protocol_errors = counter("protocol_errors", "Connections closed for breaking RFC 6455");
        let push_dropped = counter("push_dropped", "Notifications dropped because too many waited");
        let outbox_refusals =
            counter("outbox_refusals", "Messages of applications' own transactions refused");
        let uploads = counter("uploads", "Files uploaded");
        let upload_bytes = counter("upload_bytes", "Bytes of files uploaded, as they are kept");
        let upload_refusals = counter("upload_refusals", "Uploads refused, at any stage");
        let swept_files = counter("swept_files", "Uploads and files that nobody finished or sent, removed");
        let events = Family::default();
        registry.register("events", "Events committed to a log, by type", events.clone());
        let closes = Family::default();
        registry.register(
            "websocket_closes",
            "WebSocket connections that the server closed, by code",
            closes.clone(),
        );
        let requests = Family::default();
        registry.register("http_requests", "HTTP requests answered, by route and status", requests.clone());
        let queued_writes = Gauge::default();
        registry.register("queued_writes", "Changes that wait for the writer", queued_writes.clone());
        let read_statements = Counter::default();
        let help = "Statements that read the database";
        registry.register("read_statements", help, read_statements.clone());
        let batch_jobs = Histogram::new(exponential_buckets(1.0, 2.0, 13));
        registry.register("commit_batch_jobs", "Changes in one transaction", batch_jobs.clone());
        let commit_seconds = Histogram::new(exponential_buckets(0.000_1, 2.0, 16));
        registry.register("commit_seconds", "Time of a commit, with its sync", commit_seconds.clone());
        let nodes = Gauge::default();
        registry.register("nodes", "Servers of the database that were seen in the last 10 s", nodes.clone());
        nodes.set(1);
        let node = Family::default();
        registry.register("node", "This server among those of its database", node.clone());
        let push_jobs = Gauge::default();
        registry.register("push_jobs", "Notifications that wait to be sent", push_jobs.clone());
        let pushes = Family::default();
        registry.register("push_calls", "Calls of push services, by outcome", pushes.clone());
        let webhook_calls = Family::default();
        let help = "Calls of webhooks, by outcome";
        registry.register("webhook_calls", help, webhook_calls.clone());
        let webhook_lag = Family::default();
        let help = "Events that a webhook has not passed yet, whether it wants them or not";
        registry.register("webhook_lag_events", help, webhook_lag.clone());
        Self {
            registry,
            connections,
            messages,
            events,
            encodings,
            deliveries,
            log_pages,
            refusals,
            protocol_errors,
            upload_refusals,
            uploads,
            upload_bytes,
            swept_files,
            closes,
            requests,
            queued_writes,
            read_statements,
            batch_jobs,
            commit_seconds,
            nodes,
            node,
            push_jobs,
            push_dropped,
            outbox_refusals,
            pushes,
            webhook_calls,
            webhook_lag,
        }
    }

    /// Names this server among those of its database.
    pub(crate) fn note_node(&self, name: &str) {
        let version = env!("CARGO_PKG_VERSION");
        self.node.get_or_create(&vec![("name", name.to_owned()), ("version", version.to_owned())]).set(1);
    }

    /// Counts one transaction.
    pub(crate) fn committed(&self, jobs: usize, events: &[Event], commit: Duration) {
        for event in events {
            self.messages.inc_by(u64::from(event.is_message()));
            if let Some(kind) = event.kind() {
                self.events.get_or_create(&[("type", kind.as_str())]).inc();
            }
        }
        self.batch_jobs.observe(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
        self.commit_seconds.observe(commit.as_secs_f64());
    }

    /// Counts a file of this size.
    pub(crate) fn note_upload(&self, bytes: u64) {
        self.uploads.inc();
        self.upload_bytes.inc_by(bytes);
    }

    /// Counts files that were removed because nobody finished or sent them.
    pub(crate) fn note_swept(&self, files: u64) {
        self.swept_files.inc_by(files);
    }

    /// Counts a WebSocket that the server closed with this code.
    pub(crate) fn note_close(&self, code: u16) {
        self.closes.get_or_create(&vec![("code", code.to_string())]).inc();
    }

    /// Counts an answered request.
    pub(crate) fn note_request(&self, route: String, status: u16) {
        let labels = vec![("route", route), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts the outcome of a push service's call.
    pub(crate) fn note_push(&self, outcome: &'static str) {
        self.pushes.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// Counts the outcome of a webhook's call.
    pub(crate) fn note_webhook(&self, id: i64, outcome: &'static str) {
        let labels = vec![("webhook", id.to_string()), ("outcome", outcome.to_owned())];
        self.webhook_calls.get_or_create(&labels).inc();
    }

    /// Records how far webhooks are behind, and drops those that are not listed.
    pub(crate) fn note_webhook_lags(&self, lags: &[(i64, i64)]) {
        self.webhook_lag.clear();
        for (id, lag) in lags {
            self.webhook_lag.get_or_create(&vec![("webhook", id.to_string())]).set(*lag);
        }
    }

    /// Records how many changes wait for the writer now.
    pub(crate) fn note_queue(&self, waiting: usize) {
        self.queued_writes.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// Records how many statements have read the database since the start.
    pub(crate) fn note_statements(&self, total: u64) {
        self.read_statements.inner().store(total, Ordering::Relaxed);
    }

    /// The text for `/metrics`.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let result = encode(&mut text, &self.registry);
        debug_assert!(result.is_ok());
        text
    }
}
