//! Every metric of the gateway, declared once: the doc comment of a field is its help text.
//! Labels come from closed sets; a uid, an address or anything a stranger chooses is never one.

use prometheus::{
    Encoder, Gauge, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    TextEncoder,
};

mod declare;
pub mod lag;
mod manual;

/// The scripts by their files' names, and what is asked of Redis without a script.
#[rustfmt::skip]
pub(crate) const REDIS_COMMANDS: &[&str] = &[
    "issue", "hold", "release", "restore", "publish", "replay", "scan", "settle", "end", "view",
    "sing", "forget", "count", "audit", "write", "enqueue", "take", "postpone", "finish", "join",
    "quit", "members", "remember", "remembered", "get", "set", "hmget", "hvals", "spublish", "ssubscribe",
    "sunsubscribe", "wait",
];

declare::metrics! {
    "Scans" {
        /// Seconds from a scan's callback, at any node, to its event written to a page's socket here.
        scan_to_screen_seconds: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
        /// Seconds from a scan's callback to its result on the way to the page.
        scan_duration_seconds: Histogram(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
        /// Scans, by what came of them.
        scans_total: IntCounterVec(("result", &["accepted", "repeated", "used", "expired", "unknown", "mismatch", "failed"])),
        /// Attempts at what codes stand for, by what came of them.
        actions_total: IntCounterVec(("action", &["token", "renew", "login", "bind", "unbind", "points"]), ("result", &["done", "refused", "failed"])),
        /// Scans that a person is asked to confirm, and what came of them.
        confirmations_total: IntCounterVec(("result", &["asked", "confirmed", "declined", "wrong_number", "expired"])),
        /// Callbacks of WeChat, by how they were taken.
        callbacks_total: IntCounterVec(("result", &["url_check", "text", "message", "scan", "subscribe", "unsubscribe", "template_job", "other_event", "duplicate", "under_way", "failed", "forbidden", "malformed", "too_large", "too_slow", "not_configured"])),
    }
    "Node" {
        /// The running program: its version, and the revision that it was built from; always 1.
        build_info: IntGaugeVec(("version", &[]), ("revision", &[])),
        /// Unix time at which this node started.
        start_timestamp_seconds: IntGauge,
        /// 1 for the state that this node is in, as `/readyz` tells it, and 0 for the others.
        node_state: IntGaugeVec(("state", &["starting", "ready", "degraded", "draining"])),
    }
    "Connections" {
        /// Websockets open now.
        connections: IntGauge,
        /// Websockets that this node takes at most.
        connections_limit: IntGauge,
        /// Websockets opened.
        connections_opened_total: IntCounter,
        /// Websockets closed, by why, and by the close code that they were told (`none` where nobody was
        /// left to tell, `other` for one that only the page knows).
        connections_closed_total: IntCounterVec(("ending code", crate::ending::SERIES)),
        /// Requests to open a websocket that were refused, by why.
        handshakes_refused_total: IntCounterVec(("reason", &["method", "headers", "version", "origin", "limit", "address_limit", "draining"])),
        /// TLS handshakes that failed or took too long.
        tls_handshakes_failed_total: IntCounter,
        /// Unix time at which the first certificate of the served chain ends; 0 without TLS.
        certificate_expiry_timestamp_seconds: IntGauge,
        /// Times a new certificate was looked for and taken, or refused.
        tls_reloads_total: IntCounterVec(("result", &["ok", "refused"])),
        /// Connections of trusted proxies closed because their PROXY header was bad, cut or late.
        proxy_headers_refused_total: IntCounter,
        /// Times the accept loop paused because no file descriptor was left.
        accept_pauses_total: IntCounterVec(("listener", &["public", "push", "ops"])),
        /// TCP connections closed at once because the listener held as many as it may.
        accept_refusals_total: IntCounterVec(("listener", &["public", "push", "ops"])),
    }
    "Websockets" {
        /// Frames from pages, by what they were.
        messages_total: IntCounterVec(("kind", &["ping", "bind", "command", "ignored"])),
        /// Frames that came from pages, fragments and control frames too.
        websocket_frames_received_total: IntCounterVec(("kind", &["text", "binary", "ping", "pong", "close", "continuation"])),
        /// Frames that went to pages.
        websocket_frames_sent_total: IntCounterVec(("kind", &["text", "binary", "ping", "pong", "close", "continuation"])),
        /// Bytes that websockets brought, headers of frames included, after TLS.
        websocket_received_bytes_total: IntCounter,
        /// Bytes that websockets took, headers of frames included, before TLS.
        websocket_sent_bytes_total: IntCounter,
        /// Frames that a socket did not take at once and that waited for it.
        frames_queued_total: IntCounter,
        /// Bytes that wait for slow sockets now, counted as `limit.queue_bytes` counts them.
        outbox_bytes: IntGauge,
        /// Websockets given up because more waited for them than `limit.queue_bytes`.
        outbox_overflows_total: IntCounter,
    }
    "Sessions" {
        /// Sessions by state: all on record at the embedded broker; with Redis those that this node holds.
        sessions: IntGaugeVec(("state", &["waiting", "scanned", "done", "expired"])),
        /// Connections that hold a uid now.
        bindings: IntGauge,
        /// Binds, by how they were answered.
        binds_total: IntCounterVec(("result", &["ok", "ticket_mismatch", "uid_unknown", "unavailable"])),
        /// Claims to groups that were refused, by why; the bind itself stood.
        joins_refused_total: IntCounterVec(("code", &["join_refused", "group_full", "join_unavailable"])),
        /// What happened to sessions, by whether it came into their timelines.
        timeline_moments_total: IntCounterVec(("result", &["recorded", "sampled_out", "dropped"])),
        /// Moments of sessions on their way to a trace: `sent`; `refused` by the collector; `dropped`, because too many waited
        /// or it was not to be reached.
        trace_spans_total: IntCounterVec(("result", &["sent", "refused", "dropped"])),
        /// Codes asked for, by how the request was answered.
        qrcodes_total: IntCounterVec(("result", &["ok", "limited", "origin", "bad_action", "not_configured", "wechat", "unavailable"])),
    }
    "Pushes" {
        /// Pushes, by the door they came through and their result.
        pushes_total: IntCounterVec(("door", &["push", "api", "scan", "hook"]), ("result", &["ok", "queued", "fail", "unknown"])),
        /// Pushes that failed, by why.
        push_failures_total: IntCounterVec(("reason", &["uid_unknown", "ticket_mismatch", "bad_json", "no_uid", "too_long", "unavailable", "unauthorised", "not_held"])),
        /// Seconds from a push line read to its verdict, delivery to this node's sockets included.
        push_duration_seconds: Histogram(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.0),
        /// Backends connected to the push port now.
        push_connections: IntGauge,
        /// Broadcasts to all that this node left out, because too many waited.
        broadcasts_dropped_total: IntCounter,
    }
    "Delivery" {
        /// Seconds that live events took: to the broker's yes since they came in (`broker`), from there to
        /// this node (`node`, by the broker's clock of milliseconds), and on to the socket (`socket`).
        delivery_stage_duration_seconds: HistogramVec((("stage", &["broker", "node", "socket"]), &[0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5])),
        /// Events that the broker retained for this node's doors; a push id that it knew already is not counted again.
        events_retained_total: IntCounter,
        /// Events written to a websocket or queued for it.
        events_delivered_total: IntCounter,
        /// Retained events sent again to pages that bound with `since`.
        events_replayed_total: IntCounter,
        /// Times a page was told that events it missed are gone.
        gaps_total: IntCounter,
    }
    "Redis" {
        /// 1 while the connection to Redis stands; 0 with the embedded broker.
        redis_connected: IntGaugeVec(("connection", &["commands", "subscriptions"])),
        /// Commands to Redis, by name (a script by that of its file) and how they went: `refused` is an
        /// error that Redis told, `silent` no answer in time (for `wait`: too few replicas), `unavailable`
        /// one that was not sent.
        redis_commands_total: IntCounterVec(("command", REDIS_COMMANDS), ("result", &["ok", "refused", "silent", "unavailable"])),
        /// Seconds that answers of Redis took.
        redis_command_duration_seconds: HistogramVec((("command", REDIS_COMMANDS), &[0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1.0])),
        /// Seconds since the canary was last heard over the subscriptions; 0 with the embedded broker.
        redis_canary_age_seconds: Gauge,
        /// Times that messages came over the subscriptions faster than they were taken.
        redis_subscription_lags_total: IntCounter,
        /// Times that held uids were called to be resynced, by why. `audit` counts single uids, some of them only because an event was still on its way.
        redis_resyncs_total: IntCounterVec(("reason", &["lag", "reconnected", "moved", "canary", "audit"])),
    }
    "WeChat" {
        /// Calls of WeChat's API, by endpoint and class of answer.
        wechat_calls_total: IntCounterVec(("endpoint", &["stable_token", "qrcode_create", "user_info", "template_send"]), ("result", &["ok", "retry", "refresh_token", "fix_settings", "stop_for_today", "wait_a_minute", "drop_recipient", "fix_content", "bug", "give_up", "timeout", "unreachable"])),
        /// Seconds that calls of WeChat's API took.
        wechat_call_duration_seconds: Histogram(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
        /// Unix time at which the cached access_token of WeChat expires; 0 without one.
        wechat_token_expiry_timestamp_seconds: IntGauge,
        /// Unix time at which this node got that token, of the platform or of another node; 0 without one.
        wechat_token_fetched_timestamp_seconds: IntGauge,
    }
    "Messages and hooks" {
        /// Requests to `.send`, by how they were answered.
        sends_total: IntCounterVec(("result", &["accepted", "told", "token_unknown", "message_unknown", "no_text", "text_too_long", "malformed", "too_large", "too_slow", "limited", "method", "prefetch", "not_configured", "full", "unavailable"])),
        /// States that messages to persons came to.
        message_states_total: IntCounterVec(("state", &["sent", "delivered", "revoked", "not_following", "refused", "settings", "quota", "unreachable", "wechat"])),
        /// Requests that told the site's backend of an event, by what and how it was taken; `dropped`
        /// are events that found the queue full, `given_up` those whose last attempt failed.
        hooks_total: IntCounterVec(("event", &["scan", "command", "bind", "leave"]), ("result", &["ok", "refused", "timeout", "unreachable", "broken", "unpublished", "dropped", "given_up"])),
        /// Seconds that those requests took.
        hook_duration_seconds: Histogram(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0),
        /// Jobs on record, those under way included, as of this node's last look.
        jobs_waiting: IntGaugeVec(("queue", &["messages", "hooks", "confirmations"])),
    }
    "Runtime" {
        /// Tasks that live in the event loop.
        runtime_tasks: IntGauge,
        /// Threads that run them.
        runtime_workers: IntGauge,
        /// Seconds by which a timer of the event loop rang late; one is looked at each second.
        runtime_lag_seconds: Histogram(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
        /// Memory that the cgroup of this process may use; 0 without a limit.
        memory_limit_bytes: IntGauge,
    }
}

impl Metrics {
    /// The Prometheus text exposition, this process's own metrics included.
    pub fn render(&self) -> Vec<u8> {
        let limit = crate::cgroup::memory_limit().unwrap_or_default();
        self.memory_limit_bytes
            .set(limit.try_into().unwrap_or(i64::MAX));
        let mut families = self.registry.gather();
        families.extend(prometheus::core::Collector::collect(
            &prometheus::process_collector::ProcessCollector::for_self(),
        ));
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&families, &mut text)
            .expect("writing to memory");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a node may cost whoever scrapes it, in series; `docs/METRICS.md` states it.
    const BUDGET: usize = 1_000;

    #[test]
    fn every_series_stands_at_zero_from_the_start() {
        let text = String::from_utf8(Metrics::new().render()).unwrap();
        for line in [
            "scangate_connections 0",
            r#"scangate_pushes_total{door="push",result="ok"} 0"#,
            r#"scangate_pushes_total{door="scan",result="unknown"} 0"#,
            r#"scangate_actions_total{action="renew",result="done"} 0"#,
            r#"scangate_connections_closed_total{code="none",ending="lost"} 0"#,
            r#"scangate_redis_commands_total{command="publish",result="silent"} 0"#,
            r#"scangate_redis_command_duration_seconds_count{command="wait"} 0"#,
            r#"scangate_node_state{state="draining"} 0"#,
            "# HELP scangate_connections Websockets open now.",
            "# TYPE scangate_push_duration_seconds histogram",
        ] {
            assert!(text.contains(line), "{line} is missing from\n{text}");
        }
    }

    #[test]
    fn the_series_stay_within_the_budget() {
        let metrics = Metrics::new();
        metrics.build_info.with_label_values(&["1.2.3", "unknown"]);
        let text = String::from_utf8(metrics.render()).unwrap();
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(series <= BUDGET, "{series} series");
        // All but a few are there from the start: who adds labels sees it here, not in production.
        assert!(series > BUDGET / 2, "{series} series");
    }
}
